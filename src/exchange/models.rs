//! `GET /v1/models`: routes first, then the client's logical names, then the models that routes and providers name.

use super::effect::Reply;
use crate::snapshot::{Client, Snapshot};
use serde_json::json;
use std::{collections::BTreeSet, time::UNIX_EPOCH};

/// The list for this client, in OpenAI's shape.
pub(super) fn list(snapshot: &Snapshot, client: Option<&Client>) -> Reply {
    let allows = |route: &str| client.is_none_or(|client| client.allows_route(route));
    let created = snapshot.built_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let entry =
        |id: &str, owner: &str| json!({"id": id, "object": "model", "created": created, "owned_by": owner});
    let routes = snapshot
        .routes
        .keys()
        .filter(|name| allows(name))
        .map(|name| entry(&format!("dynamic/{name}"), "attache"));
    let logical =
        client.into_iter().flat_map(|client| client.logical.keys()).map(|name| entry(name, "attache"));
    let mut models = BTreeSet::new();
    for route in snapshot.routes.values().filter(|route| allows(&route.name)) {
        models.extend(
            route.live.program.targets().into_iter().map(|t| (t.provider.to_string(), t.model.to_string())),
        );
    }
    for provider in snapshot.providers.values() {
        models.extend(provider.models.iter().map(|model| (provider.name.clone(), model.clone())));
    }
    let models = models.iter().map(|(provider, model)| entry(&format!("{provider}/{model}"), provider));
    let body = json!({"object": "list", "data": routes.chain(logical).chain(models).collect::<Vec<_>>()});
    Reply {
        status: 200,
        headers: vec![("content-type", "application/json".into())],
        body: body.to_string().into_bytes(),
    }
}
