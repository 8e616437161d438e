//! Who asks: the key that a client shows, and what it may.

use super::{event::Headers, refuse::Refuse, settings};
use crate::dialect::Refusal;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, sync::Arc};

/// The client keys, found by the hash of their token: so the comparison tells nothing about the token.
#[derive(Debug, Default)]
pub struct Clients {
    rule: settings::Clients,
    by_hash: HashMap<[u8; 32], Arc<settings::ClientKey>>,
}

impl Clients {
    /// The keys of these settings.
    #[must_use]
    pub fn new(settings: &settings::Settings) -> Self {
        let by_hash =
            settings.keys.iter().map(|key| (hash(key.key.reveal()), Arc::new(key.clone()))).collect();
        Self { rule: settings.clients, by_hash }
    }

    /// The key that the request shows, or `None` for a client that needs none.
    pub(super) fn of(&self, headers: &Headers) -> Result<Option<Arc<settings::ClientKey>>, Box<Refuse>> {
        if self.rule == settings::Clients::Off {
            return Ok(None);
        }
        // without any key to find there is nothing to hash
        let token = token(headers).filter(|_| !self.by_hash.is_empty());
        let key = token.and_then(|token| self.by_hash.get(&hash(token)).cloned());
        if key.is_none() && self.rule == settings::Clients::Required {
            return Err(unknown_key().into());
        }
        Ok(key)
    }
}

impl settings::ClientKey {
    /// Whether it may call this route.
    #[must_use]
    pub fn allows_route(&self, route: &str) -> bool {
        self.routes.iter().any(|pattern| matches(pattern, route))
    }

    /// Whether it may name this model directly.
    #[must_use]
    pub fn allows_model(&self, provider: &str, model: &str) -> bool {
        let name = format!("{provider}/{model}");
        self.models.iter().any(|pattern| matches(pattern, &name))
    }
}

/// The metadata of a request: the client's own, under that of its key, so that nobody promotes himself.
pub(super) fn metadata(
    headers: &Headers,
    key: Option<&settings::ClientKey>,
    limits: &settings::Limits,
) -> Result<Map<String, Value>, Box<Refuse>> {
    let mut metadata = Map::new();
    for name in ["cf-aig-metadata", "x-portkey-metadata", "x-attache-metadata"] {
        if let Some(text) = headers.text(name) {
            metadata.extend(read_metadata(name, text, limits)?);
        }
    }
    if let Some(key) = key {
        metadata.extend(key.metadata.clone());
    }
    Ok(metadata)
}

fn read_metadata(
    name: &str,
    text: &str,
    limits: &settings::Limits,
) -> Result<Map<String, Value>, Box<Refuse>> {
    let refuse =
        |why: String| Box::new(Refuse::bad_request("invalid_metadata", format!("the header `{name}` {why}")));
    if text.len() > limits.metadata_bytes {
        return Err(refuse(format!(
            "has {} bytes; limits.metadata_bytes allows {}",
            text.len(),
            limits.metadata_bytes
        )));
    }
    let entries: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| refuse(format!("is not a JSON object: {error}")))?;
    if entries.len() > limits.metadata_entries {
        return Err(refuse(format!(
            "has {} entries; limits.metadata_entries allows {}",
            entries.len(),
            limits.metadata_entries
        )));
    }
    match entries
        .iter()
        .find(|(_, value)| !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)))
    {
        Some((key, _)) => Err(refuse(format!("has an entry `{key}` that is no string, number or boolean"))),
        None => Ok(entries),
    }
}

/// The bearer token: Cloudflare's header first, since its clients keep `authorization` for the provider; or the header in
/// which Anthropic's clients carry theirs.
fn token(headers: &Headers) -> Option<&str> {
    let bearer = headers.text("cf-aig-authorization").or_else(|| headers.text("authorization"));
    let Some(header) = bearer else { return headers.text("x-api-key").map(str::trim) };
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            rest.is_empty()
                || tail
                    .char_indices()
                    .map(|(i, _)| i)
                    .chain([tail.len()])
                    .any(|i| tail.get(i..).is_some_and(|tail| matches(rest, tail)))
        }),
    }
}

fn unknown_key() -> Refuse {
    Refuse {
        status: 401,
        refusal: Refusal {
            code: "invalid_api_key",
            message: "this needs a known client key: send it as `authorization: Bearer <key>`".into(),
            param: None,
            class: "invalid_request_error",
            attempts: Vec::new(),
        },
        headers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Secret;
    use serde_json::json;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect()
    }

    fn key() -> settings::ClientKey {
        settings::ClientKey {
            id: "k1".into(),
            name: "team".into(),
            key: Secret::new("s3cret"),
            metadata: json!({"plan": "free"}).as_object().cloned().unwrap(),
            models: vec!["openai/gpt-4*".into()],
            routes: vec!["*".into()],
        }
    }

    fn clients(rule: settings::Clients) -> Clients {
        Clients::new(&settings::Settings { clients: rule, keys: vec![key()], ..Default::default() })
    }

    #[test]
    fn required_means_a_known_key() {
        let known = headers(&[("authorization", "Bearer s3cret")]);
        let unknown = headers(&[("authorization", "Bearer other")]);
        let required = clients(settings::Clients::Required);
        assert_eq!(required.of(&known).unwrap().unwrap().id, "k1");
        assert_eq!(required.of(&unknown).unwrap_err().refusal.code, "invalid_api_key");
        let optional = clients(settings::Clients::Optional);
        assert!(optional.of(&known).unwrap().is_some() && optional.of(&unknown).unwrap().is_none());
        assert!(clients(settings::Clients::Off).of(&known).unwrap().is_none());
        let cloudflare =
            headers(&[("authorization", "Bearer sk-x"), ("cf-aig-authorization", "bearer s3cret")]);
        assert!(required.of(&cloudflare).unwrap().is_some());
        assert!(required.of(&headers(&[("x-api-key", "s3cret")])).unwrap().is_some());
    }

    #[test]
    fn a_client_can_not_promote_itself() {
        let asked = headers(&[("cf-aig-metadata", r#"{"plan":"paid","user":"u","n":1,"b":true}"#)]);
        let got = metadata(&asked, Some(&key()), &settings::Limits::default()).unwrap();
        assert_eq!(Value::Object(got), json!({"plan": "free", "user": "u", "n": 1, "b": true}));
    }

    #[test]
    fn bad_metadata_is_refused_and_says_why() {
        let limits = settings::Limits { metadata_entries: 2, metadata_bytes: 40, ..Default::default() };
        let why = |text: &str| {
            let headers = headers(&[("x-attache-metadata", text)]);
            metadata(&headers, None, &limits).unwrap_err().refusal.message
        };
        assert!(why("{").contains("not a JSON object"));
        assert!(why(r#"{"a":{}}"#).contains("`a`"));
        assert!(why(r#"{"a":1,"b":1,"c":1}"#).contains("metadata_entries"));
        assert!(why(&format!("{{\"a\":\"{}\"}}", "x".repeat(40))).contains("metadata_bytes"));
    }

    #[test]
    fn patterns_match_any_text_at_the_star() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("openai/*", "openai/gpt", true),
            ("openai/*", "azure/gpt", false),
            ("*/gpt-*-mini", "openai/gpt-4o-mini", true),
            ("*/gpt-*-mini", "openai/gpt-4o", false),
            ("a", "a", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
