//! Who asks: the key that a client shows, and what it brings along.

use super::{
    event::Headers,
    refuse::Refuse,
    settings::{Clients, Limits},
    world::Live,
};
use crate::{dialect::Refusal, snapshot::Client};
use serde_json::{Map, Value};
use std::{sync::Arc, time::SystemTime};

/// The key that the request shows, or `None` for a client that needs none.
pub(super) fn who(
    headers: &Headers,
    live: &Live,
    now: SystemTime,
) -> Result<Option<Arc<Client>>, Box<Refuse>> {
    if live.settings.clients == Clients::Off {
        return Ok(None);
    }
    let client =
        token(headers, live.settings.portkey).and_then(|token| live.snapshot.clients.of_token(token, now));
    if client.is_none() && live.settings.clients == Clients::Required {
        return Err(unknown_key().into());
    }
    Ok(client.cloned())
}

/// The metadata of a request: the client's own, under that of its key, so that nobody promotes himself.
pub(super) fn metadata(
    headers: &Headers,
    key: Option<&Client>,
    limits: &Limits,
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

fn read_metadata(name: &str, text: &str, limits: &Limits) -> Result<Map<String, Value>, Box<Refuse>> {
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
/// which Anthropic's clients carry theirs. Portkey's carry their provider's in `authorization`.
fn token(headers: &Headers, portkey: bool) -> Option<&str> {
    if portkey && let Some(key) = headers.text("x-portkey-api-key") {
        return Some(key.trim());
    }
    let bearer = headers.text("cf-aig-authorization").or_else(|| headers.text("authorization"));
    let Some(header) = bearer else { return headers.text("x-api-key").map(str::trim) };
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unknown_key() -> Refuse {
    refused(
        "this needs a known client key that has not expired: send it as `authorization: Bearer <key>`".into(),
    )
}

/// There is no client key of this id.
pub(super) fn no_such_key(id: &str) -> Refuse {
    refused(format!("there is no client key `{id}`"))
}

fn refused(message: String) -> Refuse {
    Refuse {
        status: 401,
        refusal: Refusal {
            code: "invalid_api_key",
            message,
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
    use crate::{
        exchange::Settings,
        provider::{Prices, Secret},
        snapshot::{KeyDocument, Snapshot, Sources, build},
        store::{Published, Terms},
    };
    use serde_json::json;
    use std::time::Duration;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect()
    }

    /// A world with one key, which ends a second after the epoch.
    fn live(rule: Clients) -> Live {
        let metadata = json!({"plan": "free"}).as_object().cloned().unwrap();
        let terms =
            Terms { metadata, routes: vec!["*".into()], models: vec!["openai/gpt-4*".into()], routing: None };
        let expires_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1));
        let key = Secret::new("s3cret");
        let keys = [KeyDocument { id: "k1".into(), name: "team".into(), key, terms, expires_at }];
        let (published, prices) = (Published::default(), Prices::default());
        let sources =
            Sources { documents: &[], published: &published, keys: &keys, providers: &[], prices: &prices };
        let nothing = Snapshot::empty(SystemTime::UNIX_EPOCH);
        let snapshot = build(&sources, &nothing, SystemTime::UNIX_EPOCH);
        Live { snapshot: Arc::new(snapshot), settings: Settings { clients: rule, ..Settings::default() } }
    }

    #[test]
    fn required_means_a_known_key() {
        let known = headers(&[("authorization", "Bearer s3cret")]);
        let unknown = headers(&[("authorization", "Bearer other")]);
        let now = SystemTime::UNIX_EPOCH;
        let required = live(Clients::Required);
        assert_eq!(who(&known, &required, now).unwrap().unwrap().id, "k1");
        assert_eq!(who(&unknown, &required, now).unwrap_err().refusal.code, "invalid_api_key");
        let later = now + Duration::from_secs(1);
        assert_eq!(who(&known, &required, later).unwrap_err().refusal.code, "invalid_api_key");
        let optional = live(Clients::Optional);
        assert!(who(&known, &optional, now).unwrap().is_some());
        assert!(who(&unknown, &optional, now).unwrap().is_none());
        assert!(who(&known, &live(Clients::Off), now).unwrap().is_none());
        let cloudflare =
            headers(&[("authorization", "Bearer sk-x"), ("cf-aig-authorization", "bearer s3cret")]);
        assert!(who(&cloudflare, &required, now).unwrap().is_some());
        assert!(who(&headers(&[("x-api-key", "s3cret")]), &required, now).unwrap().is_some());
    }

    #[test]
    fn a_client_can_not_promote_itself() {
        let asked = headers(&[("cf-aig-metadata", r#"{"plan":"paid","user":"u","n":1,"b":true}"#)]);
        let live = live(Clients::Optional);
        let key = live.snapshot.clients.of_id("k1").unwrap();
        let got = metadata(&asked, Some(key), &Limits::default()).unwrap();
        assert_eq!(Value::Object(got), json!({"plan": "free", "user": "u", "n": 1, "b": true}));
    }

    #[test]
    fn bad_metadata_is_refused_and_says_why() {
        let limits = Limits { metadata_entries: 2, metadata_bytes: 40, ..Default::default() };
        let why = |text: &str| {
            let headers = headers(&[("x-attache-metadata", text)]);
            metadata(&headers, None, &limits).unwrap_err().refusal.message
        };
        assert!(why("{").contains("not a JSON object"));
        assert!(why(r#"{"a":{}}"#).contains("`a`"));
        assert!(why(r#"{"a":1,"b":1,"c":1}"#).contains("metadata_entries"));
        assert!(why(&format!("{{\"a\":\"{}\"}}", "x".repeat(40))).contains("metadata_bytes"));
    }
}
