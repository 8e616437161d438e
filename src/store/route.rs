//! Routes as people work on them: versions that never change, and deployments that make one of them live.

use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// A named route. What it does is in its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// 32 hexadecimal digits, for ever.
    pub id: String,
    /// As in `dynamic/<name>`; unique.
    pub name: String,
    /// When it was made.
    pub created_at: SystemTime,
    /// When anything about it was changed last.
    pub modified_at: SystemTime,
    /// Grows by one with every change; a writer that expects another one is refused.
    pub revision: u64,
    /// The number of its newest version; versions are numbered from 1 without a gap.
    pub latest: u32,
    /// What is live; `None` before the first deployment.
    pub deployment: Option<Deployment>,
    /// Versions that stay callable as `dynamic/<name>@v<n>` whatever is live, in order.
    pub pins: Vec<u32>,
}

/// An immutable graph of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number within the route, from 1.
    pub number: u32,
    /// The `elements`, canonical JSON.
    pub elements: String,
    /// The SHA-256 of `elements`, in 64 hexadecimal digits.
    pub hash: String,
    /// Whether it could be deployed when it was made.
    pub valid: bool,
    /// Who made it: the name of an admin token.
    pub author: String,
    /// Why, in the author's words.
    pub comment: Option<String>,
    /// When it was made.
    pub created_at: SystemTime,
}

/// A version to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The `elements`, canonical JSON.
    pub elements: String,
    /// Whether it could be deployed.
    pub valid: bool,
    /// Why, in the author's words.
    pub comment: Option<String>,
}

/// What makes versions live.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// Its number within the route, from 1.
    pub number: u32,
    /// The version that is live.
    pub version: u32,
    /// A version that takes part of the traffic beside it.
    pub canary: Option<Canary>,
    /// Who deployed: the name of an admin token.
    pub author: String,
    /// Why, in the author's words.
    pub comment: Option<String>,
    /// When.
    pub created_at: SystemTime,
}

/// A version that takes a share of a route's traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The version.
    pub version: u32,
    /// Its share, above 0 and below 100 percent.
    pub percent: f64,
    /// What keeps a client with one version (`metadata.user_id`); by chance for each request where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}
