//! The compiled world: routes, client keys, providers and prices, built whole or not at all, and swapped whole.

mod build;
mod client;
mod inline;
mod route;

pub use build::{Problem, STORE, Sources, build};
pub use client::{Client, Clients, KeyDocument};
pub use inline::Inlines;
pub use route::{Canary, Route, Version};

use crate::provider::{Prices, Provider};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

/// Everything that a deployment or a new `attache.yaml` replaces. An exchange keeps the one it began with.
#[derive(Debug)]
pub struct Snapshot {
    /// What `dynamic/<name>` may reach, by name.
    pub routes: BTreeMap<String, Arc<Route>>,
    /// Names of routes that have documents, but none that is valid.
    pub not_live: Vec<String>,
    /// The client keys.
    pub clients: Clients,
    /// Providers by name.
    pub providers: HashMap<String, Arc<Provider>>,
    /// What models cost.
    pub prices: Prices,
    /// What could not be taken over from the sources.
    pub problems: Vec<Problem>,
    /// A hash of all routes and client keys, and of all that is live of them.
    pub version: String,
    /// When it was built.
    pub built_at: SystemTime,
    /// Graphs that requests have brought along.
    pub inlines: Inlines,
}

impl Snapshot {
    /// A world without routes, keys and providers.
    #[must_use]
    pub fn empty(now: SystemTime) -> Self {
        Self {
            routes: BTreeMap::new(),
            not_live: Vec::new(),
            clients: Clients::default(),
            providers: HashMap::new(),
            prices: Prices::default(),
            problems: Vec::new(),
            version: String::new(),
            built_at: now,
            inlines: Inlines::default(),
        }
    }
}
