//! Envoy's file: the complete bootstrap of the pair, and that of a front before many, printed from the settings.

mod cluster;
mod flow;
mod front;
mod settings;

pub use front::{Door, Front};
pub use settings::{AccessLog, Settings};

use crate::{exchange::Limits, provider::Provider};
use flow::{block, flow};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path, time::Duration};

/// All that the bootstrap depends on.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// Listeners and logs.
    pub settings: &'a Settings,
    /// What must agree between Envoy and Attaché.
    pub limits: &'a Limits,
    /// Where Envoy finds Attaché.
    pub sidecar: Sidecar<'a>,
    /// One cluster each.
    pub providers: &'a [Provider],
}

/// Where Envoy finds Attaché.
#[derive(Debug, Clone, Copy)]
pub enum Sidecar<'a> {
    /// A Unix socket.
    Pipe(&'a Path),
    /// A TCP address.
    Tcp(SocketAddr),
}

/// The text that every pair shares, with its reasons; `<<name>>` stands for what differs.
const TEMPLATE: &str = include_str!("pair.yaml");
/// What Envoy buffers above the largest body, so that one of exactly that size passes.
const HEADROOM: usize = 64 << 10;
/// How deep the template's lists of listeners and clusters lie, and its list of local replies.
const RESOURCES: usize = 2;
const MAPPERS: usize = 12;
/// How much longer Envoy bears a silent stream than Attaché does.
const PATIENCE: u32 = 2;

/// The bootstrap, as YAML.
#[must_use]
pub fn yaml(pair: &Pair<'_>) -> String {
    let (settings, limits) = (pair.settings, pair.limits);
    let tunnels: Vec<Value> = pair.providers.iter().filter_map(cluster::tunnel).collect();
    let clusters: Vec<Value> = pair.providers.iter().flat_map(cluster::clusters).collect();
    let values = [
        ("admin", flow(&socket(settings.admin))),
        ("front", flow(&socket(settings.front))),
        ("body_buffer", (limits.max_body + HEADROOM).to_string()),
        ("idle", seconds(limits.stream_idle.saturating_mul(PATIENCE))),
        ("retries", limits.max_attempts.saturating_sub(1).to_string()),
        ("too_large", block(&[too_large(limits.max_body)], MAPPERS)),
        ("probed", flow(&json!(probed()))),
        ("no_sidecar", block(&[no_sidecar()], MAPPERS)),
        ("error", flow(&error("%LOCAL_REPLY_BODY%", "%RESPONSE_CODE_DETAILS%"))),
        ("access_log", flow(&access_log(settings.access_log))),
        ("sidecar", flow(&sidecar(pair.sidecar))),
        ("tunnels", block(&tunnels, RESOURCES)),
        ("providers", block(&clusters, RESOURCES)),
    ];
    filled(TEMPLATE, &values)
}

fn filled(template: &str, values: &[(&str, String)]) -> String {
    let filled = values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("<<{name}>>"), value));
    format!("{}\n", filled.trim_end())
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}

fn socket(address: SocketAddr) -> Value {
    json!({"address": address.ip().to_string(), "port_value": address.port()})
}

fn sidecar(sidecar: Sidecar<'_>) -> Value {
    match sidecar {
        Sidecar::Pipe(path) => json!({"pipe": {"path": path.to_string_lossy()}}),
        Sidecar::Tcp(address) => json!({"socket_address": socket(address)}),
    }
}

/// An answer of Envoy's own, in OpenAI's shape.
fn error(message: &str, code: &str) -> Value {
    json!({"json_format": {"error": {"message": message, "type": "gateway_error", "code": code, "param": null}}})
}

/// Names the limit to a client whose body is above it.
fn too_large(max_body: usize) -> Value {
    let message = format!("The request body is larger than {max_body} bytes, the limit of this gateway.");
    json!({"filter": status(413), "body_format_override": error(&message, "body_too_large")})
}

/// What a client hears while Attaché is away.
fn no_sidecar() -> Value {
    let message = "The gateway is restarting; try again in a moment.";
    let retry_after = json!({"header": {"key": "retry-after", "value": "1"}});
    json!({
        "filter": status(503),
        "headers_to_add": [retry_after],
        "body_format_override": error(message, "gateway_unavailable"),
    })
}

/// What a probe of /readyz reads: it is no client, so no error in a client's dialect.
fn probed() -> [Value; 2] {
    let text = |text: &str| json!({"text_format_source": {"inline_string": text}});
    [
        json!({"filter": {"response_flag_filter": {"flags": ["LH"]}}, "body_format_override": text("not ready\n")}),
        json!({"filter": status(200), "body_format_override": text("ready\n")}),
    ]
}

/// A filter on the status. (Envoy wants a name for overriding the number while it runs.)
fn status(code: u16) -> Value {
    let value = json!({"default_value": code, "runtime_key": format!("attache.status_{code}")});
    json!({"status_code_filter": {"comparison": {"op": "EQ", "value": value}}})
}

fn access_log(log: AccessLog) -> Value {
    let url = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
    match log {
        AccessLog::Off => json!([]),
        AccessLog::Stdout => json!([{
            "name": "envoy.access_loggers.stdout",
            "filter": {"not_health_check_filter": {}},
            "typed_config": {"@type": url, "log_format": {"json_format": logged()}},
        }]),
    }
}

/// One line of the access log.
fn logged() -> Value {
    json!({
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(:PATH)%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "cluster": "%UPSTREAM_CLUSTER%",
        "host": "%UPSTREAM_HOST%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "attache": "%DYNAMIC_METADATA(attache)%",
    })
}

#[cfg(test)]
mod tests;
