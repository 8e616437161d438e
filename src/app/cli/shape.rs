//! What is read of the API's answers. What is not read is shown only as it came.

use super::{table::NOTHING, trouble::Trouble};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

/// A route, with its live version, else its newest one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Route {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) modified_at: String,
    pub(super) elements: Vec<Value>,
    /// What is live.
    #[serde(deserialize_with = "live")]
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

/// An empty one stands where nothing is live: Cloudflare's clients want one in any case.
fn live<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Deployment>, D::Error> {
    Option::<Deployment>::deserialize(from).map(|live| live.filter(|live| !live.version_id.is_empty()))
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

/// Something that is called by its name or its id, and may be revoked.
pub(super) trait Named {
    /// Its id, its name, and whether it is revoked.
    fn names(&self) -> (&str, &str, bool);
}

/// The one that is meant: it has this id, else this name; a revoked one only where no other has the name.
pub(super) fn meant<T: Named>(all: Vec<T>, wanted: &str) -> Option<T> {
    let rank = |thing: &T| match thing.names() {
        (id, ..) if id == wanted => Some(0),
        (_, name, revoked) if name == wanted => Some(1 + u8::from(revoked)),
        _ => None,
    };
    let ranked = all.into_iter().filter_map(|thing| Some((rank(&thing)?, thing)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, thing)| thing)
}

impl Named for Key {
    fn names(&self) -> (&str, &str, bool) {
        (&self.id, &self.name, self.revoked_at.is_some())
    }
}

impl Named for Token {
    fn names(&self) -> (&str, &str, bool) {
        (&self.id, &self.name, self.revoked_at.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Thing(&'static str, &'static str, bool);

    impl Named for Thing {
        fn names(&self) -> (&str, &str, bool) {
            (self.0, self.1, self.2)
        }
    }

    #[test]
    fn a_name_means_what_is_in_use_and_an_id_goes_first() {
        let old = Thing("1", "app", true);
        let new = Thing("2", "app", false);
        let odd = Thing("3", "2", false);
        let all = vec![old.clone(), odd, new.clone()];
        assert_eq!(meant(all.clone(), "app"), Some(new.clone()));
        assert_eq!(meant(all.clone(), "2"), Some(new));
        assert_eq!(meant(all.clone(), "1"), Some(old.clone()));
        assert_eq!(meant(vec![old.clone()], "app"), Some(old));
        assert_eq!(meant(all, "nobody"), None);
    }

    #[test]
    fn versions_are_told_with_a_v_unless_they_are_hashes() {
        assert_eq!((v("3"), v("1a2b"), v("")), ("v3".into(), "1a2b".into(), String::new()));
    }
}
