//! What pairs serve by: everything that is live, in one piece that can also lie in a file.

use super::{Canary, ClientKey, StoredPrice};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// All that is live in a store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The number of the change that it stands at; grows with every change.
    pub change: u64,
    /// What tells that change from one of the same number in another database.
    #[serde(default)]
    pub mark: Option<String>,
    /// Every route that has a live version, by name.
    pub routes: Vec<Arc<PublishedRoute>>,
    /// The ids of the sessions that were ended since the state that was read on from.
    #[serde(skip)]
    pub ended: Vec<String>,
    /// Every client key that is neither revoked nor expired, by name.
    pub keys: Vec<ClientKey>,
    /// Every price, by name. (What was kept before there were any has none.)
    #[serde(default)]
    pub prices: Vec<StoredPrice>,
}

/// A route that has a live version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedRoute {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number of the version that is live.
    pub live: u32,
    /// A version that takes part of the traffic beside it.
    pub canary: Option<Canary>,
    /// The live version, the canary's and the pinned ones, by number, each once.
    pub versions: Vec<PublishedVersion>,
}

/// A version that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedVersion {
    /// Its number.
    pub number: u32,
    /// Its `elements`, canonical JSON.
    pub elements: String,
    /// The SHA-256 of `elements`, in 64 hexadecimal digits.
    pub hash: String,
}
