//! What differs from pair to pair.

use super::*;
use crate::provider::Dialect;
use std::time::Duration;

fn provider(name: &str, base_url: &str) -> Provider {
    Provider::new(name, Dialect::Openai, base_url.parse().unwrap())
}

fn bootstrap(settings: &Settings, limits: &Limits, providers: &[Provider]) -> Value {
    let sidecar = Sidecar::Pipe(Path::new("/run/attache.sock"));
    let text = yaml(&Pair { settings, limits, sidecar, providers });
    assert!(!text.contains("<<"), "a placeholder was left");
    serde_saphyr::from_str(&text).unwrap()
}

fn for_providers(providers: &[Provider]) -> Value {
    bootstrap(&Settings::default(), &Limits::default(), providers)
}

/// The item of the list at `pointer` that has this name.
fn named<'a>(tree: &'a Value, pointer: &str, name: &str) -> &'a Value {
    let items = tree.pointer(pointer).and_then(Value::as_array).unwrap();
    items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {pointer}"))
}

fn cluster<'a>(tree: &'a Value, name: &str) -> &'a Value {
    named(tree, "/static_resources/clusters", name)
}

fn listener<'a>(tree: &'a Value, name: &str) -> &'a Value {
    named(tree, "/static_resources/listeners", name)
}

fn connection_manager<'a>(tree: &'a Value, name: &str) -> &'a Value {
    listener(tree, name).pointer("/filter_chains/0/filters/0/typed_config").unwrap()
}

fn address(cluster: &Value) -> &Value {
    cluster.pointer("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address").unwrap()
}

#[test]
fn limits_agree_with_those_of_attache() {
    let limits = Limits {
        max_attempts: 8,
        max_body: 1 << 20,
        stream_idle: Duration::from_secs(10),
        ..Limits::default()
    };
    let tree = bootstrap(&Settings::default(), &limits, &[]);
    let front = connection_manager(&tree, "front");
    let policy = front.pointer("/route_config/virtual_hosts/0/routes/0/route/retry_policy").unwrap();
    assert_eq!(policy["num_retries"], 7);
    for name in ["front", "attempt"] {
        assert_eq!(listener(&tree, name)["per_connection_buffer_limit_bytes"], (1 << 20) + (64 << 10));
        let manager = connection_manager(&tree, name);
        assert_eq!(manager["stream_idle_timeout"], "20s");
    }
    let replies = connection_manager(&tree, "attempt")["local_reply_config"].to_string();
    assert!(replies.contains("larger than 1048576 bytes"), "the 413 names the limit");
}

#[test]
fn doors_and_logs_are_where_they_are_set() {
    let mut settings = Settings {
        front: "[::]:1".parse().unwrap(),
        admin: "127.0.0.1:2".parse().unwrap(),
        access_log: AccessLog::Stdout,
    };
    let tree = bootstrap(&settings, &Limits::default(), &[]);
    assert_eq!(
        listener(&tree, "front")["address"]["socket_address"],
        json!({"address": "::", "port_value": 1})
    );
    assert_eq!(tree["admin"]["address"]["socket_address"]["port_value"], 2);
    assert_eq!(address(cluster(&tree, "attache")), &json!({"pipe": {"path": "/run/attache.sock"}}));
    let log = &connection_manager(&tree, "attempt")["access_log"];
    assert!(log.to_string().contains("%DYNAMIC_METADATA(attache)%"));
    settings.access_log = AccessLog::Off;
    let tree = bootstrap(&settings, &Limits::default(), &[]);
    assert_eq!(connection_manager(&tree, "attempt")["access_log"], json!([]));
}

#[test]
fn attache_may_be_reached_over_tcp() {
    let (settings, limits) = (Settings::default(), Limits::default());
    let sidecar = Sidecar::Tcp("127.0.0.1:9000".parse().unwrap());
    let text = yaml(&Pair { settings: &settings, limits: &limits, sidecar, providers: &[] });
    let tree: Value = serde_saphyr::from_str(&text).unwrap();
    let expected = json!({"socket_address": {"address": "127.0.0.1", "port_value": 9000}});
    assert_eq!(address(cluster(&tree, "attache")), &expected);
}

#[test]
fn a_plain_provider_at_an_address() {
    let tree = for_providers(&[provider("mock", "http://[::1]:9100/v1")]);
    let mock = cluster(&tree, "mock");
    assert_eq!(mock["type"], "STATIC");
    assert_eq!(address(mock)["socket_address"], json!({"address": "::1", "port_value": 9100}));
    assert!(mock.get("transport_socket").is_none());
}

#[test]
fn a_provider_over_tls_is_verified() {
    let mut private = provider("private", "https://llm.corp:8443");
    private.envoy.ca = Some("/etc/ca.pem".into());
    private.envoy.max_requests = 7;
    private.envoy.connect_timeout = Duration::from_millis(250);
    let tree = for_providers(&[provider("openai", "https://api.openai.com/v1"), private]);
    let openai = cluster(&tree, "openai");
    assert_eq!(
        (&openai["type"], &openai["dns_lookup_family"]),
        (&json!("STRICT_DNS"), &json!("V4_PREFERRED"))
    );
    assert_eq!(address(openai)["socket_address"], json!({"address": "api.openai.com", "port_value": 443}));
    let trusted = "/transport_socket/typed_config/common_tls_context/validation_context/trusted_ca/filename";
    assert_eq!(openai.pointer(trusted).unwrap(), "/etc/ssl/certs/ca-certificates.crt");
    let options = openai["typed_extension_protocol_options"].to_string();
    assert!(options.contains(r#""auto_sni":true,"auto_san_validation":true"#), "{options}");
    let private = cluster(&tree, "private");
    assert_eq!(private.pointer(trusted).unwrap(), "/etc/ca.pem");
    assert_eq!(private["circuit_breakers"]["thresholds"][0]["max_requests"], 7);
    assert_eq!(private["connect_timeout"], "0.25s");
}

#[test]
fn a_proxy_is_tunnelled_through() {
    let mut far = provider("far", "https://api.openai.com/v1");
    far.envoy.proxy = Some("http://proxy.corp:3128".parse().unwrap());
    let tree = for_providers(&[far]);
    let far = cluster(&tree, "far");
    assert_eq!(address(far), &json!({"envoy_internal_address": {"server_listener_name": "tunnel:far"}}));
    assert!(far.get("transport_socket").is_some(), "TLS is with the provider, not with the proxy");
    let tunnel = connection_manager(&tree, "tunnel:far");
    assert_eq!(tunnel["cluster"], "proxy:far");
    assert_eq!(tunnel["tunneling_config"]["hostname"], "api.openai.com:443");
    let proxy = cluster(&tree, "proxy:far");
    assert_eq!(address(proxy)["socket_address"], json!({"address": "proxy.corp", "port_value": 3128}));
    assert!(proxy.get("transport_socket").is_none());
}
