//! How it goes: for machines as JSON, for people as a page.

use super::{Office, Standing, cloudflare::time};
use crate::{
    engine,
    provider::health::{Condition, Phase},
    telemetry::Telemetry,
};
use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Json, Response},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The numbers, for Prometheus.
pub(super) async fn metrics(State(office): State<Arc<Office>>) -> Response {
    office.telemetry.in_flight(office.world.in_flight());
    let troubled = office.health().into_iter().filter(|condition| condition.phase != Phase::Healthy);
    office.telemetry.cooling(troubled.map(|condition| {
        (condition.target.provider.into(), condition.target.model.into(), condition.phase.name())
    }));
    ([(header::CONTENT_TYPE, Telemetry::CONTENT_TYPE)], office.telemetry.render().await).into_response()
}

pub(super) async fn json(State(office): State<Arc<Office>>) -> Json<Value> {
    Json(status(&office))
}

pub(super) async fn page(State(office): State<Arc<Office>>) -> Response {
    let status = serde_json::to_string_pretty(&status(&office)).unwrap_or_default();
    let escaped = status.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>Attaché</title>\
         <style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:3rem auto;padding:0 1rem}}\
         pre{{background:#8881;padding:1rem;border-radius:.5rem;overflow:auto}}</style>\
         <h1>Attaché</h1><p><a href=/status>status</a> · <a href=/metrics>metrics</a></p><pre>{escaped}</pre>"
    );
    let policy = [(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )];
    (policy, Html(page)).into_response()
}

/// What this pair tells the others that share its store.
pub(super) fn summary(office: &Office) -> Value {
    let live = office.world.live();
    let snapshot = &live.snapshot;
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "state": state(office),
        "in_flight": office.world.in_flight(),
        "snapshot": snapshot.version,
        "change": office.notices.standing().change,
        "routes": snapshot.routes.len(),
        "problems": snapshot.problems.len() + office.notices.complaints().len(),
    })
}

fn state(office: &Office) -> &'static str {
    if office.world.is_draining() { "draining" } else { "serving" }
}

fn status(office: &Office) -> Value {
    let live = Arc::clone(&office.world.live());
    let snapshot = &live.snapshot;
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let routes: Vec<_> = snapshot
        .routes
        .values()
        .map(|r| {
            json!({"name": r.name, "version": r.live.number, "source": r.source,
                   "canary": r.canary.as_ref().map(|c| json!({"version": c.version.number, "percent": c.percent})),
                   "pinned": r.pinned.iter().map(|v| &v.number).collect::<Vec<_>>()})
        })
        .collect();
    let problems: Vec<_> = snapshot
        .problems
        .iter()
        .map(
            |p| json!({"source": p.source, "route": p.route, "key": p.key, "mistakes": p.mistakes, "kept_version": p.kept}),
        )
        .collect();
    let mut providers: Vec<_> = snapshot.providers.values().collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    let providers: Vec<_> = providers
        .iter()
        .map(|p| match p.credential.problem(office.world.now()) {
            Some(problem) => json!({"name": p.name, "usable": false, "problem": problem}),
            None => json!({"name": p.name, "usable": true}),
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "state": state(office),
        "in_flight": office.world.in_flight(),
        "sessions": office.world.sessions.len(),
        "snapshot": {
            "version": snapshot.version,
            "built_at": seconds(snapshot.built_at),
            "age_seconds": seconds(office.world.now()).saturating_sub(seconds(snapshot.built_at)),
        },
        "routes": routes,
        "problems": problems,
        "config_problems": office.notices.complaints(),
        "store": store(office),
        "ledger": ledger(office),
        "providers": providers,
        "targets": targets(office),
    })
}

/// The targets that cool or are probed.
fn targets(office: &Office) -> Vec<Value> {
    let told = |condition: Condition| match condition.phase {
        Phase::Healthy => None,
        Phase::Cooling { cause, left, .. } => Some(json!({
            "target": condition.target.to_string(), "state": condition.phase.name(), "cause": cause.name(),
            "until": time(office.world.now() + left),
        })),
        Phase::Probed { cause } => Some(json!({
            "target": condition.target.to_string(), "state": condition.phase.name(), "cause": cause.name(),
        })),
    };
    office.health().into_iter().filter_map(told).collect()
}

/// How it stands with the counters of limits.
fn ledger(office: &Office) -> Value {
    let Some(engine) = &office.world.engine else { return json!({"engine": "memory", "state": "here"}) };
    let address = engine.address().to_string();
    match &*engine.standing().borrow() {
        engine::Standing::Here => json!({"engine": address, "state": "here"}),
        engine::Standing::Away { why } => json!({"engine": address, "state": "away", "problem": why}),
    }
}

/// How it stands with the store.
fn store(office: &Office) -> Value {
    let Standing { away, change, from_disk } = office.notices.standing();
    match away {
        None => json!({"engine": office.store.kind(), "state": "here", "change": change}),
        Some((why, since)) => json!({
            "engine": office.store.kind(), "state": "away", "since": time(since), "problem": why, "change": change,
            "serving": if from_disk { "the last good snapshot, found on disk" } else { "what was read last" },
        }),
    }
}
