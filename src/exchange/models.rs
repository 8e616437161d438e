//! `GET /v1/models`: routes first, then the models that they and the providers name.

use super::effect::Reply;
use crate::snapshot::Snapshot;
use serde_json::json;
use std::{collections::BTreeSet, time::UNIX_EPOCH};

/// The list, in OpenAI's shape.
pub(super) fn list(snapshot: &Snapshot, allows: impl Fn(&str) -> bool) -> Reply {
    let created = snapshot.built_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let entry =
        |id: &str, owner: &str| json!({"id": id, "object": "model", "created": created, "owned_by": owner});
    let routes = snapshot
        .routes
        .keys()
        .filter(|name| allows(name))
        .map(|name| entry(&format!("dynamic/{name}"), "attache"));
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
    let body = json!({"object": "list", "data": routes.chain(models).collect::<Vec<_>>()});
    Reply {
        status: 200,
        headers: vec![("content-type", "application/json".into())],
        body: body.to_string().into_bytes(),
    }
}
