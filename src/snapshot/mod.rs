//! The compiled world: routes, providers and prices, built whole or not at all, and swapped whole.

mod build;

pub use build::{Problem, build};

use crate::{
    graph::Program,
    provider::{Prices, Provider},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

/// Everything that a deployment or a new `attache.yaml` replaces. An exchange keeps the one it began with.
#[derive(Debug)]
pub struct Snapshot {
    /// Routes by name.
    pub routes: BTreeMap<String, Arc<Route>>,
    /// Names of routes that have documents, but none that is valid.
    pub not_live: Vec<String>,
    /// Providers by name.
    pub providers: HashMap<String, Arc<Provider>>,
    /// What models cost.
    pub prices: Prices,
    /// What could not be taken over from the documents.
    pub problems: Vec<Problem>,
    /// A hash of all routes and their versions.
    pub version: String,
    /// When it was built.
    pub built_at: SystemTime,
}

/// A live route.
#[derive(Debug)]
pub struct Route {
    /// Its name, as in `dynamic/<name>`.
    pub name: String,
    /// Its version: the beginning of the SHA-256 of its document.
    pub version: String,
    /// Its graph.
    pub program: Program,
    /// Where its document stands.
    pub source: String,
}

impl Snapshot {
    /// A world without routes and providers.
    #[must_use]
    pub fn empty(now: SystemTime) -> Self {
        Self {
            routes: BTreeMap::new(),
            not_live: Vec::new(),
            providers: HashMap::new(),
            prices: Prices::default(),
            problems: Vec::new(),
            version: String::new(),
            built_at: now,
        }
    }
}
