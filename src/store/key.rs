//! Client keys: who may ask, and what is attached to the asking. Of tokens only hashes are kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::SystemTime;

/// A client key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientKey {
    /// 32 hexadecimal digits, for ever.
    pub id: String,
    /// What people call it; unique.
    pub name: String,
    /// What may be changed about it.
    pub terms: Terms,
    /// The tokens that open it, the newest first; one while none is being rotated.
    pub secrets: Vec<KeySecret>,
    /// When it was made.
    pub created_at: SystemTime,
    /// When anything about it was changed last.
    pub modified_at: SystemTime,
    /// From when on it opens nothing.
    pub expires_at: Option<SystemTime>,
    /// When it was revoked, for good.
    pub revoked_at: Option<SystemTime>,
    /// Grows by one with every change.
    pub revision: u64,
}

/// What a client key allows and brings along.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Metadata of every request made with it, above the client's own: strings, numbers, booleans.
    pub metadata: Map<String, Value>,
    /// Which routes it may call; `*` stands for any text.
    pub routes: Vec<String>,
    /// Which `provider/model` it may name directly; `*` stands for any text.
    pub models: Vec<String>,
    /// Its logical names, as a routing configuration.
    pub routing: Option<Value>,
}

/// One token of a client key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySecret {
    /// The SHA-256 of the token, in 64 hexadecimal digits.
    pub hash: String,
    /// The token's first letters, by which people tell it from others.
    pub prefix: String,
    /// From when on it opens nothing; set when another has replaced it.
    pub expires_at: Option<SystemTime>,
}
