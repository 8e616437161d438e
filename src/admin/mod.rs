//! People's door: how it goes, whether it is ready, and the numbers.

mod settings;
mod status;

pub use settings::Settings;

use crate::{exchange::World, telemetry::Telemetry};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Json, Response},
    routing::get,
};
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::TcpListener;

/// What people's door shows.
#[derive(Debug)]
pub struct Office {
    world: Arc<World>,
    telemetry: Arc<Telemetry>,
    /// What is wrong with `attache.yaml` as it stands now; what is live is the last good one.
    complaints: Mutex<Vec<String>>,
}

impl Office {
    /// Shows this world.
    #[must_use]
    pub fn new(world: Arc<World>, telemetry: Arc<Telemetry>) -> Self {
        Self { world, telemetry, complaints: Mutex::default() }
    }

    /// Replaces what is wrong with `attache.yaml`; tells whether that is news.
    pub fn complain(&self, complaints: Vec<String>) -> bool {
        let mut told = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *told != complaints;
        *told = complaints;
        news
    }

    fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves people until `stop` resolves.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    office: Arc<Office>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = Router::new()
        .route("/", get(status::page))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/status", get(status::json))
        .route("/metrics", get(metrics))
        .fallback(unknown)
        .with_state(office);
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}

/// 503 while shutting down: a load balancer then looks elsewhere.
async fn ready(State(office): State<Arc<Office>>) -> Response {
    if office.world.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    }
    "ready\n".into_response()
}

async fn metrics(State(office): State<Arc<Office>>) -> Response {
    office.telemetry.in_flight(office.world.in_flight());
    ([(header::CONTENT_TYPE, Telemetry::CONTENT_TYPE)], office.telemetry.render().await).into_response()
}

async fn unknown() -> Response {
    let message = "there are /, /healthz, /readyz, /status and /metrics";
    (StatusCode::NOT_FOUND, Json(json!({"error": {"message": message, "code": "not_found"}}))).into_response()
}
