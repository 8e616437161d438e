//! Client keys: who may ask, for what, and under which names.

use super::Route;
use crate::{
    provider::{Secret, matches},
    store::Terms,
};
use foldhash::fast::RandomState;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

/// A client key as `attache.yaml` has it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyDocument {
    /// What conditions, limits and logs call it; unique.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The token.
    pub key: Secret,
    /// What it allows and brings along.
    pub terms: Terms,
    /// From when on it opens nothing.
    pub expires_at: Option<SystemTime>,
}

/// A client key, ready for use.
#[derive(Debug)]
pub struct Client {
    /// What conditions, limits and logs call it; unique.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Metadata of every request made with it, above the client's own: strings, numbers, booleans.
    pub metadata: Map<String, Value>,
    /// Which `provider/model` it may name directly; `*` stands for any text.
    pub models: Vec<String>,
    /// Which routes it may call; `*` stands for any text.
    pub routes: Vec<String>,
    /// What its own model names mean, above `provider/model`.
    pub logical: BTreeMap<String, Arc<Route>>,
    /// Where it stands: `store` or `attache.yaml`.
    pub source: &'static str,
    /// The SHA-256 of its routing configuration; empty where there is none.
    pub(super) routing: String,
}

impl Client {
    /// Whether it may call this route.
    #[must_use]
    pub fn allows_route(&self, route: &str) -> bool {
        self.routes.iter().any(|pattern| matches(pattern, route))
    }

    /// Whether it may name this model directly, as `provider/model`.
    #[must_use]
    pub fn allows_model(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| matches(pattern, model))
    }
}

/// All client keys, found by the hash of their tokens: so the comparison tells nothing about a token.
#[derive(Debug, Default)]
pub struct Clients {
    pub(super) by_token: HashMap<[u8; 32], Opens, RandomState>,
    pub(super) by_id: BTreeMap<String, Arc<Client>>,
}

/// What a token opens.
#[derive(Debug)]
pub(super) struct Opens {
    pub(super) client: Arc<Client>,
    /// From when on it opens nothing.
    pub(super) expires_at: Option<SystemTime>,
}

impl Clients {
    /// The key that this token opens at this time.
    #[must_use]
    pub fn of_token(&self, token: &str, now: SystemTime) -> Option<&Arc<Client>> {
        if self.by_token.is_empty() {
            return None;
        }
        let opens = self.by_token.get(&hash(token))?;
        opens.expires_at.is_none_or(|end| now < end).then_some(&opens.client)
    }

    /// The key of this id, whether or not a token opens it now.
    #[must_use]
    pub fn of_id(&self, id: &str) -> Option<&Arc<Client>> {
        self.by_id.get(id)
    }

    /// Every key, by id.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.by_id.values()
    }
}

/// What is kept of a token.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
