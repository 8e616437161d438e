//! The sections `providers` and `prices`.

use super::{
    reader::{Notes, Section},
    values::{boolean, count, duration, text},
};
use crate::provider::{BaseUrl, Credential, Dialect, EnvoyCluster, Price, Prices, Provider, Secret};
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Names that mean something else: Envoy's own clusters, and the models that are routes.
const RESERVED: [&str; 3] = ["attempt", "attache", "dynamic"];
const LONGEST: Duration = Duration::from_hours(1);

/// Every provider that can be read; `timeout` is for those that set none.
pub(super) fn read(root: &mut Section<'_>, timeout: Duration) -> Vec<Provider> {
    let notes = root.notes;
    let entries = root.entries("providers").into_iter();
    entries
        .filter_map(|(path, name, value)| {
            if let Err(problem) = named(name) {
                notes.mistake(path.as_str(), problem);
            }
            provider(name, Section::new(notes, path, value), timeout)
        })
        .collect()
}

fn named(name: &str) -> Result<(), String> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if RESERVED.contains(&name) {
        return Err("this name is taken; call the provider something else".into());
    }
    if name.is_empty() || name.len() > 63 || !name.chars().all(word) {
        return Err("a provider's name has 1 to 63 letters, digits, `-`, `_` and `.`".into());
    }
    Ok(())
}

fn provider(name: &str, mut section: Section<'_>, timeout: Duration) -> Option<Provider> {
    let dialect = section.required("dialect", |value| text(value)?.parse::<Dialect>());
    let base_url = section.required("base_url", |value| text(value)?.parse::<BaseUrl>());
    let mut missing = None;
    let api_key = api_key(&mut section, &mut missing);
    let headers = headers(&mut section, &mut missing);
    if api_key.is_some() && headers.contains_key("authorization") {
        let problem = "`api_key` sends this header already; leave one of them out";
        section.notes.mistake(section.at("headers.authorization"), problem);
    }
    let range = Duration::from_millis(1)..=LONGEST;
    let timeout = section.value("timeout", duration(range)).unwrap_or(timeout);
    let stream_usage = section.value("stream_usage", boolean).unwrap_or(true);
    let models = section.texts("models").unwrap_or_default();
    let envoy = cluster(section.section("envoy"));
    section.end();
    let credential = match (missing, api_key) {
        (Some(variable), _) => Credential::Missing { variable },
        (None, Some(key)) => Credential::Bearer(key),
        (None, None) => Credential::None,
    };
    Some(Provider {
        credential,
        headers,
        timeout,
        stream_usage,
        models,
        envoy,
        ..Provider::new(name, dialect?, base_url?)
    })
}

/// The key, where there is one that is not empty; the first variable without a value goes to `missing`.
fn api_key(section: &mut Section<'_>, missing: &mut Option<String>) -> Option<Secret> {
    let filled = section.secret("api_key")?;
    let key = present(section.notes, &section.at("api_key"), filled, missing)?;
    (!key.reveal().is_empty()).then_some(key)
}

fn headers(section: &mut Section<'_>, missing: &mut Option<String>) -> BTreeMap<String, Secret> {
    let notes = section.notes;
    let mut headers = BTreeMap::new();
    for (path, written, value) in section.entries("headers") {
        let name = match header_name(written) {
            Ok(name) => name,
            Err(problem) => {
                notes.mistake(path, problem);
                continue;
            }
        };
        let filled = notes.filled(&path, value).map(|filled| filled.map(Secret::new));
        let Some(secret) = filled.and_then(|filled| present(notes, &path, filled, missing)) else { continue };
        if headers.insert(name, secret).is_some() {
            notes.mistake(path, "given twice; the case of a header's name makes no difference");
        }
    }
    headers
}

/// The secret, if it is there and a header can carry it. A variable without a value makes the provider unusable.
fn present(
    notes: &Notes<'_>,
    path: &str,
    filled: Result<Secret, String>,
    missing: &mut Option<String>,
) -> Option<Secret> {
    match filled {
        Ok(secret) if HeaderValue::from_str(secret.reveal()).is_ok() => Some(secret),
        Ok(_) => {
            notes.mistake(path, "has characters that a header can not carry (a line break at its end?)");
            None
        }
        Err(variable) => {
            let problem = format!("the variable {variable} is not set; the provider is unusable until it is");
            notes.warn(path, problem);
            missing.get_or_insert(variable);
            None
        }
    }
}

fn header_name(written: &str) -> Result<String, String> {
    let name = HeaderName::from_bytes(written.as_bytes()).map_err(|e| format!("no header's name: {e}"))?;
    let name = name.as_str();
    let framing = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade"];
    if framing.contains(&name) || name.starts_with("x-envoy-") || name.starts_with("x-attache-") {
        return Err("this header is not the operator's to set; leave it out".into());
    }
    Ok(name.into())
}

fn cluster(mut section: Section<'_>) -> EnvoyCluster {
    let mut cluster = EnvoyCluster::default();
    let folder = section.notes.folder;
    let most = 1..=u32::MAX;
    section.set(
        "connect_timeout",
        &mut cluster.connect_timeout,
        duration(Duration::from_millis(1)..=LONGEST),
    );
    section.set("max_connections", &mut cluster.max_connections, count(most.clone()));
    section.set("max_requests", &mut cluster.max_requests, count(most.clone()));
    section.set("max_pending_requests", &mut cluster.max_pending_requests, count(most));
    cluster.ca = section.value("ca", |value| {
        let path = folder.join(text(value)?);
        path.to_str().map(str::to_owned).ok_or_else(|| "the path is not UTF-8".to_owned())
    });
    cluster.proxy = section.value("proxy", |value| proxy(&text(value)?));
    section.end();
    cluster
}

/// Reads `host:port`, perhaps behind `http://`.
fn proxy(written: &str) -> Result<BaseUrl, String> {
    let wanted = || format!("expected `host:port` of an HTTP proxy, found `{written}`");
    let bare = written.strip_prefix("http://").unwrap_or(written);
    let url: BaseUrl = format!("http://{bare}").parse().map_err(|e| format!("{}: {e}", wanted()))?;
    url.path.is_empty().then_some(url).ok_or_else(wanted)
}

/// The built-in prices under those that are set.
pub(super) fn prices(root: &mut Section<'_>) -> Prices {
    let notes = root.notes;
    let entries = root.entries("prices").into_iter();
    let rows = entries.filter_map(|(path, name, value)| {
        let price = price(Section::new(notes, path.clone(), value));
        let Some((provider, model)) = name.split_once('/').filter(|(p, m)| !p.is_empty() && !m.is_empty())
        else {
            notes.mistake(path, "expected `provider/model`, or `provider/*` for every model of it");
            return None;
        };
        if model != "*" && model.contains('*') {
            notes.mistake(path, "`*` stands for a whole model only: `provider/*`");
            return None;
        }
        Some((provider, model, price?))
    });
    Prices::new(rows.collect::<Vec<_>>())
}

fn price(mut section: Section<'_>) -> Option<Price> {
    let input = section.required("input", pico_dollars);
    let output = section.required("output", pico_dollars);
    let cached = section.value("cached", pico_dollars);
    section.end();
    Some(Price { input: input?, cached: cached.or(input)?, output: output? })
}

/// US dollars per million tokens, to pico-dollars per token.
fn pico_dollars(value: &Value) -> Result<u64, String> {
    let wanted = || format!("expected US dollars per million tokens, from 0 to 1000000, found {value}");
    let dollars = value.as_f64().filter(|usd| (0.0..=1e6).contains(usd)).ok_or_else(wanted)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1e12, and whole")]
    Ok((dollars * 1e6).round() as u64)
}
