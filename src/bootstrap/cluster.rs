//! A provider as Envoy sees it: a cluster, and behind an HTTP proxy a tunnel.

use crate::provider::{EnvoyCluster, Provider};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Where certificate authorities are on Debian, Alpine and distroless systems.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";
const HTTP: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The provider's cluster, and that of its proxy.
pub(super) fn clusters(provider: &Provider) -> Vec<Value> {
    let address = match provider.envoy.proxy {
        Some(_) => json!({"envoy_internal_address": {"server_listener_name": tunnel_name(provider)}}),
        None => endpoint(&provider.host, provider.port),
    };
    let mut main = cluster(&provider.name, &provider.envoy, address);
    if let (true, Some(fields)) = (provider.tls, main.as_object_mut()) {
        fields.extend(tls(provider.envoy.ca.as_deref()));
    }
    let proxy = provider.envoy.proxy.as_ref();
    let proxy = proxy.map(|p| cluster(&proxy_name(provider), &provider.envoy, endpoint(&p.host, p.port)));
    [Some(main), proxy].into_iter().flatten().collect()
}

/// The internal listener that leads through the provider's proxy, where it has one: so that the proxy may have a
/// name, and TLS is spoken with the provider itself.
pub(super) fn tunnel(provider: &Provider) -> Option<Value> {
    provider.envoy.proxy.as_ref()?;
    let host =
        if provider.host.contains(':') { format!("[{}]", provider.host) } else { provider.host.clone() };
    let tcp_proxy = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": tunnel_name(provider),
        "cluster": proxy_name(provider),
        "tunneling_config": {"hostname": format!("{host}:{}", provider.port)},
    });
    Some(json!({
        "name": tunnel_name(provider),
        "internal_listener": {},
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": tcp_proxy}]}],
    }))
}

/// No provider's name has a colon: these names are free.
fn tunnel_name(provider: &Provider) -> String {
    format!("tunnel:{}", provider.name)
}

fn proxy_name(provider: &Provider) -> String {
    format!("proxy:{}", provider.name)
}

fn cluster(name: &str, settings: &EnvoyCluster, address: Value) -> Value {
    let by_name = address
        .pointer("/socket_address/address")
        .and_then(Value::as_str)
        .is_some_and(|host| host.parse::<IpAddr>().is_err());
    let mut cluster = json!({
        "name": name,
        "type": if by_name { "STRICT_DNS" } else { "STATIC" },
        "connect_timeout": format!("{}s", settings.connect_timeout.as_secs_f64()),
        "circuit_breakers": {"thresholds": [{
            "max_connections": settings.max_connections,
            "max_pending_requests": settings.max_pending_requests,
            "max_requests": settings.max_requests,
        }]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    });
    if let (true, Some(fields)) = (by_name, cluster.as_object_mut()) {
        fields.insert("dns_lookup_family".into(), "V4_PREFERRED".into());
    }
    cluster
}

fn endpoint(host: &str, port: u16) -> Value {
    json!({"socket_address": {"address": host, "port_value": port}})
}

/// TLS with the name in `:authority` as SNI, which the certificate must bear; HTTP/2 where the provider offers it.
fn tls(ca: Option<&str>) -> [(String, Value); 2] {
    let ca = json!({"trusted_ca": {"filename": ca.unwrap_or(SYSTEM_CA)}});
    let protocol = json!({
        "@type": format!("type.googleapis.com/{HTTP}"),
        "upstream_http_protocol_options": {"auto_sni": true, "auto_san_validation": true},
        "auto_config": {},
    });
    let socket = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {"validation_context": ca},
        },
    });
    [
        ("typed_extension_protocol_options".into(), json!({HTTP: protocol})),
        ("transport_socket".into(), socket),
    ]
}
