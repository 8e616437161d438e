//! What is read of the API's answers. What is not read is shown only as it came.

use super::{table::NOTHING, trouble::Trouble};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

/// A route, with its live version, else its newest one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Route {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) modified_at: String,
    pub(super) elements: Vec<Value>,
    /// What is live.
    pub(super) deployment: Option<Deployment>,
    pub(super) version: Version,
    pub(super) revision: u64,
    pub(super) pins: Vec<u32>,
    /// It comes from a file of the server's routes folder.
    pub(super) read_only: bool,
    pub(super) source: String,
    #[serde(default)]
    pub(super) diagnostics: Vec<Trouble>,
}

/// A version of a route.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Version {
    /// Its number; a hash, where the route comes from a file.
    pub(super) version_id: String,
    pub(super) created_at: String,
    /// The elements, as JSON.
    pub(super) data: String,
    pub(super) is_valid: bool,
    pub(super) comment: Option<String>,
    pub(super) author: String,
}

/// A deployment of a route.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Deployment {
    pub(super) version_id: String,
    pub(super) canary: Option<Canary>,
}

/// A version that takes a share.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Canary {
    pub(super) version_id: String,
    pub(super) percent: f64,
}

/// A client key.
#[derive(Debug, Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) metadata: Map<String, Value>,
    pub(super) routes: Vec<String>,
    pub(super) models: Vec<String>,
    pub(super) routing: Option<Value>,
    pub(super) state: String,
    pub(super) secrets: Vec<Secret>,
    pub(super) created_at: String,
    pub(super) modified_at: String,
    pub(super) expires_at: Option<String>,
    pub(super) revoked_at: Option<String>,
    pub(super) revision: u64,
    /// Only in the answer that made it.
    pub(super) token: Option<String>,
}

/// A token that opens a key, without the token.
#[derive(Debug, Deserialize)]
pub(super) struct Secret {
    pub(super) prefix: String,
    pub(super) expires_at: Option<String>,
}

/// An admin token.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) prefix: String,
    pub(super) created_at: String,
    pub(super) expires_at: Option<String>,
    pub(super) revoked_at: Option<String>,
    /// Only in the answer that made it.
    pub(super) token: Option<String>,
}

/// What a document was found to be.
#[derive(Debug, Deserialize)]
pub(super) struct Checked {
    pub(super) diagnostics: Vec<Trouble>,
    /// In the server's spelling.
    pub(super) elements: Vec<Value>,
}

/// What a file of a route document holds, as it is written.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Written {
    pub(super) name: Option<String>,
    pub(super) elements: Box<RawValue>,
}

/// `v3`, or the hash of a file.
pub(super) fn v(version_id: &str) -> String {
    let number = !version_id.is_empty() && version_id.bytes().all(|b| b.is_ascii_digit());
    if number { format!("v{version_id}") } else { version_id.to_owned() }
}

impl Route {
    /// The live version, told.
    pub(super) fn live(&self) -> String {
        self.deployment.as_ref().map_or_else(|| NOTHING.into(), |live| v(&live.version_id))
    }

    /// The number of the live version, if one is.
    pub(super) fn live_number(&self) -> Option<u32> {
        self.deployment.as_ref()?.version_id.parse().ok()
    }

    pub(super) fn canary(&self) -> Option<&Canary> {
        self.deployment.as_ref()?.canary.as_ref()
    }
}

impl Version {
    pub(super) fn number(&self) -> Option<u32> {
        self.version_id.parse().ok()
    }
}

impl Canary {
    /// `v4 takes 10%`.
    pub(super) fn told(&self) -> String {
        format!("{} {}%", v(&self.version_id), self.percent)
    }
}
