//! A simulation at a server: through what is live there, or a version, or a client key's logical name.

use super::{
    super::{Failure, cli, content, print, runtime},
    Arguments,
};
use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) fn run(arguments: &Arguments, server: Option<&Url>) -> Result<(), Failure> {
    let server = match server {
        Some(server) => server.clone(),
        None => cli::usual_server().map_err(Failure::Arguments)?,
    };
    let body = asked(arguments)?;
    let client = arguments.admission.client(server)?;
    let call = client.ours(Method::POST, &["simulate"]).json(&body);
    let trace = runtime()?.block_on(call.send())?;
    print(&format!("{trace:#}\n"))
}

/// What the API is asked.
fn asked(arguments: &Arguments) -> Result<Value, Failure> {
    let mut body = object(&arguments.request.display(), &content(&arguments.request)?)?;
    body.extend(arguments.model.iter().map(|model| ("model".to_owned(), model.as_str().into())));
    let metadata =
        arguments.metadata.as_ref().map(|json| object(&"--metadata", json.as_bytes())).transpose()?;
    let headers: Map<String, Value> =
        arguments.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let fail: Map<String, Value> =
        arguments.failing.iter().map(|f| (f.target.to_string(), f.typed.as_str().into())).collect();
    let (route, version) = arguments.route.as_deref().map(named).unwrap_or_default();
    let time = arguments.time.and_then(|time| Timestamp::try_from(time).ok()).map(|time| time.to_string());
    let cooling: Vec<_> = arguments.cooling.iter().map(ToString::to_string).collect();
    Ok(json!({
        "request": {"path": arguments.path, "headers": headers, "metadata": metadata, "body": body},
        "route": route, "version_id": version, "key": arguments.key,
        "fail": fail, "over_limit": arguments.over, "cooling": cooling, "dice": arguments.dice, "time": time,
    }))
}

/// Reads `support` or `support@v3`.
fn named(route: &Path) -> (Option<String>, Option<String>) {
    let text = route.to_string_lossy();
    match text.rsplit_once("@v") {
        Some((name, version)) => (Some(name.to_owned()), Some(version.to_owned())),
        None => (Some(text.into_owned()), None),
    }
}

fn object(what: &dyn std::fmt::Display, bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::Said(format!("{what}: expected a JSON object: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_named_with_or_without_its_version() {
        let told = |text: &str| named(Path::new(text));
        assert_eq!(told("support"), (Some("support".into()), None));
        assert_eq!(told("support@v3"), (Some("support".into()), Some("3".into())));
    }
}
