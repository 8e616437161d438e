//! Sources to a snapshot: all that is good is taken over, all that is bad keeps its last good version and says why.

mod folder;
mod keys;
mod logical;
mod prices;
mod stored;
#[cfg(test)]
mod tests;
mod version;

use super::{Snapshot, client::KeyDocument};
use crate::{
    graph::{Diagnostic, Known},
    provider::{Prices, Provider},
    store::{Document, Published},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::SystemTime,
};

/// What a snapshot is built from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The documents of the routes folder.
    pub documents: &'a [Document],
    /// What is live in the store.
    pub published: &'a Published,
    /// The client keys of `attache.yaml`.
    pub keys: &'a [KeyDocument],
    /// The providers.
    pub providers: &'a [Provider],
    /// What models cost, where the store does not say otherwise.
    pub prices: &'a Prices,
}

/// Something that could not be taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands: the path of a document, `store`, or `attache.yaml`.
    pub source: String,
    /// The route that it is about, where that can be told.
    pub route: Option<String>,
    /// The id of the client key that it is about.
    pub key: Option<String>,
    /// Every mistake in it.
    pub mistakes: Vec<String>,
    /// The version of the route that stays live.
    pub kept: Option<String>,
}

/// What comes from the store.
pub const STORE: &str = "store";
/// What comes from the operator's file.
const FILE: &str = "attache.yaml";

/// Builds the next snapshot; `last` lends what has not changed, and the last good version of what is broken now.
#[must_use]
pub fn build(sources: &Sources<'_>, last: &Snapshot, now: SystemTime) -> Snapshot {
    let mut building = Building::new(sources, last, now);
    for route in &sources.published.routes {
        building.stored(route);
    }
    building.folder(sources.documents);
    building.keys(sources);
    building.prices(sources);
    let mut next = building.next;
    next.not_live.retain(|name| !next.routes.contains_key(name));
    next.version = version::of(&next);
    next
}

/// A snapshot that is being built.
struct Building<'a> {
    names: Vec<&'a str>,
    last: &'a Snapshot,
    /// Whether documents mean what they meant: none refers to a provider that was not there, or is no more.
    same_providers: bool,
    /// Names that the store has, whether or not they can be served.
    taken: HashSet<&'a str>,
    /// Names of stored routes, files and ids of keys that were broken last: what was kept of them then is not what they say.
    broken: HashSet<&'a str>,
    next: Snapshot,
}

impl<'a> Building<'a> {
    fn new(sources: &Sources<'a>, last: &'a Snapshot, now: SystemTime) -> Self {
        let broken = last.problems.iter().filter_map(|problem| match &*problem.source {
            STORE if problem.route.is_some() => problem.route.as_deref(),
            _ if problem.key.is_some() => problem.key.as_deref(),
            file => Some(file),
        });
        let names: Vec<&str> = sources.providers.iter().map(|p| p.name.as_str()).collect();
        let before: BTreeSet<&str> = last.providers.keys().map(String::as_str).collect();
        let providers: HashMap<_, _> =
            sources.providers.iter().map(|p| (p.name.clone(), Arc::new(p.clone()))).collect();
        Self {
            same_providers: names.iter().copied().collect::<BTreeSet<_>>() == before,
            taken: sources.published.routes.iter().map(|route| route.name.as_str()).collect(),
            broken: broken.collect(),
            names,
            last,
            next: Snapshot { providers, ..Snapshot::empty(now) },
        }
    }

    fn known(&self) -> Known<'_> {
        Known::Providers(&self.names)
    }
}

fn told(diagnostics: &[Diagnostic]) -> impl Iterator<Item = String> {
    diagnostics.iter().map(ToString::to_string)
}
