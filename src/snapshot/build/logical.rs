//! Logical names of client keys: each compiled like any document, or bound to a route.

use super::{Building, keys::Key, told};
use crate::{
    import::routing::{self, Bound, Logical},
    snapshot::{Client, Route, Version, route::hash},
};
use std::{collections::BTreeMap, sync::Arc};

/// What the names of one key mean.
#[derive(Default)]
pub(super) struct Names {
    pub(super) by_name: BTreeMap<String, Arc<Route>>,
    /// The SHA-256 of the routing configuration; empty where there is none.
    pub(super) hash: String,
    pub(super) mistakes: Vec<String>,
}

impl Building<'_> {
    /// What the names of a key mean. A configuration with a mistake in it leaves them as they were.
    pub(super) fn names(&self, key: &Key<'_>) -> Names {
        let Some(routing) = &key.terms.routing else { return Names::default() };
        let last = self.last.clients.of_id(key.id).filter(|last| last.source == key.source);
        let mut names = Names { hash: hash(routing.to_string().as_bytes()), ..Names::default() };
        let unchanged = last.filter(|last| last.routing == names.hash);
        if let Some(last) = unchanged.filter(|_| self.same_providers && !self.broken.contains(key.id)) {
            self.keep_names(last, &mut names);
            return names;
        }
        match routing::read(routing, self.known()) {
            Ok(all) => all.into_iter().for_each(|logical| self.name(key, logical, &mut names)),
            Err(diagnostics) => {
                names.mistakes.extend(told(&diagnostics).map(|mistake| format!("routing: {mistake}")));
                if let Some(last) = last {
                    self.keep_names(last, &mut names);
                }
            }
        }
        names
    }

    fn name(&self, key: &Key<'_>, Logical { name, bound }: Logical, names: &mut Names) {
        let document = match bound {
            Bound::Route(route) => return self.bind(&name, &route, names),
            Bound::Document(document) => document.to_string(),
        };
        match Version::of_document(document.as_bytes(), self.known()) {
            Ok(version) => {
                let version = Version { name: name.clone(), logical: true, ..version };
                let source = format!("key {}", key.id);
                let mut route = Route::of(Arc::new(version), source);
                let last = self.last.clients.of_id(key.id).and_then(|last| last.logical.get(&name));
                if let Some(last) = last.filter(|last| last.live.logical) {
                    route.remember(last);
                }
                names.by_name.insert(name, Arc::new(route));
            }
            Err(diagnostics) => {
                names
                    .mistakes
                    .extend(told(&diagnostics).map(|mistake| format!("routing: `{name}`: {mistake}")));
            }
        }
    }

    /// Takes the names over as they were, those of routes with what these are now.
    fn keep_names(&self, last: &Client, names: &mut Names) {
        for (name, route) in &last.logical {
            if route.live.logical {
                names.by_name.insert(name.clone(), Arc::clone(route));
            } else {
                self.bind(name, &route.name, names);
            }
        }
    }

    fn bind(&self, name: &str, route: &str, names: &mut Names) {
        match self.next.routes.get(route) {
            Some(route) => drop(names.by_name.insert(name.to_owned(), Arc::clone(route))),
            None => names
                .mistakes
                .push(format!("routing: `{name}` is for the route `{route}`, which is not live")),
        }
    }
}
