//! The door itself: its pages, with TLS or without, and the headers that every answer has.

use super::{
    Office,
    answer::{Code, Failure},
    openapi, settings, status,
};
use axum::{
    Router,
    body::HttpBody,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

/// How long requests under way may still take when the process stops.
const GRACE: Duration = Duration::from_secs(5);
/// What every answer has unless its page says otherwise.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// A certificate and its key, ready to be spoken with.
#[derive(Debug, Clone)]
pub struct Tls(RustlsConfig);

/// Reads a certificate and its key.
///
/// # Errors
/// A file can not be read, or is not what it should be.
pub async fn tls(files: &settings::Tls) -> io::Result<Tls> {
    // an error means that somebody was first, with the same choice
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    RustlsConfig::from_pem_file(&files.certificate, &files.key).await.map(Tls)
}

/// Serves people until `stop` resolves.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    office: Arc<Office>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = router(office).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let stopping = handle.clone();
    drop(tokio::spawn(async move {
        stop.await;
        stopping.graceful_shutdown(Some(GRACE));
    }));
    match tls {
        Some(Tls(config)) => axum_server::from_tcp_rustls(listener, config)?.handle(handle).serve(app).await,
        None => axum_server::from_tcp(listener)?.handle(handle).serve(app).await,
    }
}

fn router(office: Arc<Office>) -> Router {
    let (apis, _) = openapi::described().split_for_parts();
    Router::new()
        .route("/", get(status::page))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/status", get(status::json))
        .route("/metrics", get(status::metrics))
        .route("/api/v1/openapi.json", get(openapi::json))
        .merge(apis)
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(office.settings.max_body))
        .layer(middleware::from_fn(with_headers))
        .with_state(office)
}

async fn with_headers(request: Request, next: Next) -> Response {
    let has_body = request.version() <= Version::HTTP_11 && !request.body().is_end_stream();
    let mut response = next.run(request).await;
    if has_body && !response.status().is_success() {
        // who was refused before his body was read must not send the next request behind it: it would be lost
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// 503 while shutting down, and before anything of the store is known, when clients would meet routes and keys that are not there: a load
/// balancer then looks elsewhere, and a rolling update waits.
async fn ready(State(office): State<Arc<Office>>) -> Response {
    let why = match () {
        () if office.world.is_draining() => "shutting down\n",
        () if office.notices.standing().blank() => "the store is away, and nothing of it is known here yet\n",
        () => return "ready\n".into_response(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

async fn unknown() -> Failure {
    let message = "there are /, /healthz, /readyz, /status, /metrics, /client/v4/... and /api/v1/..., which /api/v1/openapi.json describes";
    Failure::new(Code::Unknown, message)
}

async fn wrong_method(request: Request) -> Failure {
    let message = format!(
        "{} does not take {}; /api/v1/openapi.json describes what it takes",
        request.uri().path(),
        request.method()
    );
    Failure::new(Code::WrongMethod, message)
}
