//! Whole documents: what is read, and every mistake at once.

use super::{Config, Mistake, Warning};
use crate::telemetry::log::Format;
use crate::{
    bootstrap::AccessLog,
    exchange::Clients,
    extproc::Listen,
    provider::{Credential, Lack, Price},
};
use std::{path::Path, time::Duration};

fn variables(name: &str) -> Option<String> {
    match name {
        "OPENAI_API_KEY" => Some("sk-1".into()),
        "BROKEN" => Some("sk\n".into()),
        "TOKEN" => Some("t-1".into()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<(Config, Vec<Warning>), Vec<Mistake>> {
    Config::parse(text, Path::new("/etc/attache"), &variables)
}

fn good(text: &str) -> Config {
    let (config, warnings) = parse(text).unwrap();
    assert_eq!(warnings, [], "{text}");
    config
}

fn mistakes(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn the_mistake(text: &str) -> String {
    let mut all = mistakes(text);
    assert_eq!(all.len(), 1, "{text}: {all:#?}");
    all.remove(0)
}

const DESIGN: &str = r#"
listen: {extproc: "unix:/tmp/attache.sock", admin: "127.0.0.1:8081"}
envoy:  {front: "0.0.0.0:8080", admin: "127.0.0.1:9901", max_body: 32MiB}
store:  "sqlite:attache.db"
ledger: "memory:"
routes: ./routes
auth:   {clients: optional}
providers:
  mock:      {dialect: openai, base_url: "http://127.0.0.1:9100/v1"}
  openai:    {dialect: openai, base_url: "https://api.openai.com/v1", api_key: "${OPENAI_API_KEY}"}
prices: {}
sessions: {enabled: false}
"#;

#[test]
fn the_usual_document() {
    let config = good(DESIGN);
    assert_eq!(config.routes.as_deref(), Some(Path::new("/etc/attache/./routes")));
    assert_eq!(config.exchange.clients, Clients::Optional);
    let [mock, openai] = config.providers.as_slice() else { panic!("{:?}", config.providers) };
    assert_eq!((mock.host.as_str(), mock.port, mock.tls), ("127.0.0.1", 9100, false));
    assert_eq!(mock.credential, Credential::None);
    assert!(matches!(&openai.credential, Credential::Bearer(key) if key.reveal() == "sk-1"));
}

#[test]
fn an_empty_document_has_every_default() {
    let config = good("");
    assert_eq!(config, good("listen:\nlimits: {}\nproviders:\n"));
    assert_eq!(config.extproc.listen, Listen::Unix("/tmp/attache.sock".into()));
    assert_eq!(config.extproc.max_message, 33 << 20);
    assert_eq!(config.exchange.limits.max_attempts, 32);
    assert_eq!(config.exchange.retry.after_max, Duration::from_secs(30));
    assert_eq!((config.log.format, &*config.log.filter), (Format::Json, "info"));
}

#[test]
fn every_setting_arrives() {
    let config = good(
        r#"
listen: {extproc: "127.0.0.1:9000", admin: "[::1]:81"}
envoy: {front: "127.0.0.1:1", admin: "127.0.0.1:2", max_body: 1MiB, access_log: stdout}
auth:
  clients: required
  keys: [{id: a, name: Team A, key: "${TOKEN}", metadata: {plan: pro, seats: 3, beta: true, t: "${TOKEN}"},
          models: ["openai/*"], routes: [support], routing: {active: true}, expires_at: "1970-01-01T00:00:09Z"}]
retry: {base: 1ms, max: 2s, jitter: 0, after_max: 0s}
limits: {max_attempts: 5, metadata_entries: 6, metadata_bytes: 7KiB, answer_buffer: 8KiB, event_bytes: 9KiB,
         abandoned: 10s, stream_idle: 11s, output_tokens: 12, drain: 13s, first_content: 14s}
replay: {requests: 7, bytes: 8KiB}
telemetry: {log: text, level: debug}
"#,
    );
    assert_eq!((config.exchange.replay.requests, config.exchange.replay.bytes), (7, 8 << 10));
    assert_eq!(config.extproc.listen, Listen::Tcp("127.0.0.1:9000".parse().unwrap()));
    assert_eq!(config.admin.listen, "[::1]:81".parse().unwrap());
    assert_eq!(config.envoy.front, "127.0.0.1:1".parse().unwrap());
    assert_eq!(config.envoy.admin, "127.0.0.1:2".parse().unwrap());
    assert_eq!(config.envoy.access_log, AccessLog::Stdout);
    assert_eq!(config.extproc.max_message, 2 << 20, "a body and its headers fit in one message");
    let key = &config.keys[0];
    assert_eq!((key.id.as_str(), key.name.as_str(), key.key.reveal()), ("a", "Team A", "t-1"));
    assert_eq!(
        serde_json::Value::Object(key.terms.metadata.clone()),
        serde_json::json!({"plan": "pro", "seats": 3, "beta": true, "t": "t-1"})
    );
    assert_eq!(
        (key.terms.models.as_slice(), key.terms.routes.as_slice()),
        (&["openai/*".into()][..], &["support".into()][..])
    );
    assert_eq!(key.terms.routing, Some(serde_json::json!({"active": true})));
    assert_eq!(key.expires_at, Some(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(9)));
    let (retry, limits) = (&config.exchange.retry, &config.exchange.limits);
    assert_eq!((retry.base, retry.max), (Duration::from_millis(1), Duration::from_secs(2)));
    assert_eq!((retry.jitter, retry.after_max), (0.0, Duration::ZERO));
    assert_eq!((limits.max_body, limits.max_attempts, limits.metadata_entries), (1 << 20, 5, 6));
    assert_eq!(
        (limits.metadata_bytes, limits.answer_buffer, limits.event_bytes),
        (7 << 10, 8 << 10, 9 << 10)
    );
    assert_eq!((limits.abandoned, limits.stream_idle), (Duration::from_secs(10), Duration::from_secs(11)));
    assert_eq!((limits.output_tokens, config.extproc.drain), (12, Duration::from_secs(13)));
    assert_eq!((config.log.format, &*config.log.filter), (Format::Text, "debug"));
}

#[test]
fn every_setting_of_a_provider_arrives() {
    let config = good(
        r#"
limits: {first_content: 7s}
providers:
  plain: {dialect: openai, base_url: "http://h"}
  full:
    dialect: openai
    base_url: "https://h:8443/x/"
    headers: {X-Org: "${TOKEN}"}
    timeout: 2m
    stream_usage: false
    models: [a, b]
    envoy: {connect_timeout: 1s, max_connections: 1, max_requests: 2, max_pending_requests: 3, ca: ca.pem,
            proxy: "proxy.corp:3128"}
"#,
    );
    let [plain, full] = config.providers.as_slice() else { panic!() };
    assert_eq!(plain.timeout, Duration::from_secs(7));
    assert_eq!((full.timeout, full.stream_usage), (Duration::from_mins(2), false));
    assert_eq!((full.authority.as_str(), full.base_path.as_str()), ("h:8443", "/x"));
    assert_eq!(full.headers["x-org"].reveal(), "t-1");
    assert_eq!(full.models, ["a", "b"]);
    let envoy = &full.envoy;
    assert_eq!((envoy.max_connections, envoy.max_requests, envoy.max_pending_requests), (1, 2, 3));
    assert_eq!(envoy.connect_timeout, Duration::from_secs(1));
    assert_eq!(envoy.ca.as_deref(), Some("/etc/attache/ca.pem"));
    assert_eq!(envoy.proxy.as_ref().map(|p| (p.host.as_str(), p.port)), Some(("proxy.corp", 3128)));
}

#[test]
fn prices_are_dollars_per_million_tokens() {
    let prices = good(r#"prices: {"openai/gpt-4o": {input: 2.5, output: 10.0, cached: 0.07}, "mock/*": {input: 1, output: 2}}"#).prices;
    let now = std::time::UNIX_EPOCH;
    assert_eq!(prices.of("openai", "gpt-4o", now), Some(Price::new(2_500_000, 70_000, 10_000_000)));
    assert_eq!(prices.of("mock", "x", now), Some(Price::new(1_000_000, 1_000_000, 2_000_000)));
    let whole = good(
        "prices: {p/m: {input: 1, output: 2, cached: 3, cache_write: 4, cache_write_1h: 4.5, audio_input: 5, image_input: 6, reasoning: 7,
         audio_output: 8, image_output: 9, request: 0.01}}",
    );
    let price = Price {
        input: 1_000_000,
        output: 2_000_000,
        cached: 3_000_000,
        cache_write: 4_000_000,
        cache_write_1h: 4_500_000,
        audio_input: 5_000_000,
        image_input: 6_000_000,
        reasoning: 7_000_000,
        audio_output: 8_000_000,
        image_output: 9_000_000,
        request: 10_000_000,
    };
    assert_eq!(whole.prices.of("p", "m", now), Some(price));
}

#[test]
fn a_price_has_versions() {
    let of = |list: &str| format!("prices: {{p/m: {list}}}");
    let prices = good(&of("[{input: 1, output: 1}, {from: 2026-01-01, input: 2, output: 2}]")).prices;
    let input = |moment: &str| {
        let at = moment.parse::<jiff::Timestamp>().unwrap().into();
        prices.of("p", "m", at).map(|price| price.input)
    };
    assert_eq!(input("2025-12-31T23:59:59Z"), Some(1_000_000));
    assert_eq!(input("2026-01-01T00:00:00Z"), Some(2_000_000));
    let twice = the_mistake(&of(
        "[{from: 2026-01-01, input: 1, output: 1}, {from: 2026-01-01, input: 2, output: 2}]",
    ));
    assert!(twice.starts_with("prices.p/m: two versions begin at the same time"), "{twice}");
    let when = the_mistake(&of("[{from: soon, input: 1, output: 1}]"));
    assert!(when.starts_with("prices.p/m[0].from: expected a date"), "{when}");
}

#[test]
fn an_unset_variable_costs_the_provider_not_the_program() {
    let text = r#"
providers:
  a: {dialect: openai, base_url: "http://a", api_key: "${NOT_SET}"}
  b: {dialect: openai, base_url: "http://b", headers: {x-key: "${NOT_SET_TOO}"}}
  c: {dialect: openai, base_url: "http://c", api_key: "${NOT_SET:-}"}
auth: {keys: [{id: k, key: "${NOT_SET}"}]}
"#;
    let (config, warnings) = parse(text).unwrap();
    let credentials: Vec<_> = config.providers.iter().map(|p| p.credential.clone()).collect();
    let missing = |variable: &str| Credential::Missing(Lack::Variable(variable.into()));
    assert_eq!(credentials, [missing("NOT_SET"), missing("NOT_SET_TOO"), Credential::None]);
    assert!(config.keys.is_empty());
    let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(
        told.iter().any(|w| w.starts_with("providers.a.api_key: the variable NOT_SET is not set")),
        "{told:#?}"
    );
    assert!(told.iter().any(|w| w.starts_with("providers.b.headers.x-key: the variable NOT_SET_TOO")));
    assert!(told.iter().any(|w| w.starts_with("auth.keys[0].key: the variable NOT_SET")));
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = r#"
listn: {}
listen: {admin: "localhost:80"}
envoy: {max_body: 32MB, access_log: maybe}
limits: {max_attempts: 0, drain: 30}
retry: {base: 9s}
providers:
  attempt: {dialect: openai, base_url: "http://h"}
  openai: {dialect: coherent, base_url: "ftp://h", api_kye: x, timeout: 60}
  bad: [1]
prices: {"gpt-4.1": {input: -1}}
"#;
    let all = mistakes(text);
    for expected in [
        "listn: unknown key; did you mean `listen`?",
        "listen.admin: expected an IP address with a port",
        "envoy.max_body: expected a size",
        "envoy.access_log: expected one of off, stdout, found \"maybe\"",
        "limits.max_attempts: expected a whole number from 1 to 1000, found 0",
        "limits.drain: expected a duration such as \"300ms\"",
        "retry.base: longer than `max`",
        "providers.attempt: this name is taken",
        "providers.openai.dialect: `coherent` is no dialect that is known here; known: openai",
        "providers.openai.base_url: the scheme `ftp` is not spoken here",
        "providers.openai.api_kye: unknown key; did you mean `api_key`?",
        "providers.openai.timeout: expected a duration",
        "providers.bad: expected a mapping, found a list",
        "providers.bad.dialect: missing",
        "prices.\"gpt-4.1\": expected `provider/model`",
        "prices.\"gpt-4.1\".input: expected US dollars",
        "prices.\"gpt-4.1\".output: missing",
    ] {
        assert!(all.iter().any(|m| m.starts_with(expected)), "{expected} is not among {all:#?}");
    }
    assert_eq!(all.len(), 17, "{all:#?}");
}

#[test]
fn single_mistakes_say_how_to_mend_them() {
    let provider = |rest: &str| {
        the_mistake(&format!("providers: {{p: {{dialect: openai, base_url: \"http://h\", {rest}}}}}"))
    };
    assert!(provider("headers: {X-Envoy-A: b}").contains("not the operator's to set"));
    assert!(provider("headers: {a: b, A: c}").contains("given twice"));
    assert!(provider("headers: {\"a b\": c}").contains("no header's name"));
    assert!(provider("api_key: k, headers: {Authorization: c}").contains("leave one of them out"));
    assert!(provider("envoy: {proxy: \"https://p\"}").contains("expected `host:port`"));
    let broken = provider("api_key: \"${BROKEN}\"");
    assert!(broken.contains("can not carry") && !broken.contains("sk"), "{broken}");
    assert!(
        provider("models: [\"${NOT_SET}\"]")
            .contains("NOT_SET is not set; mend that, or give a default: ${NOT_SET:-...}")
    );
    assert!(the_mistake("store: redis://x").contains("sqlite:FILE"));
    assert!(the_mistake("ledger: mongodb://x").contains("`redis://"));
    assert!(the_mistake("routes: \"${\"").contains("without its `}`"));
    assert!(the_mistake("listen: {extproc: \"unix:\"}").contains("names no socket"));
    assert!(
        the_mistake(&format!("listen: {{extproc: \"unix:/{}\"}}", "x".repeat(107))).contains("107 bytes")
    );
    assert!(the_mistake("auth: {keys: {a: b}}").contains("expected a list"));
    assert!(the_mistake("auth: {keys: [{id: a, key: x}, {id: b, key: x}]}").contains("same `key`"));
    assert!(the_mistake("auth: {keys: [{id: a}]}").starts_with("auth.keys[0].key: missing"));
    assert!(the_mistake("auth: {keys: [{id: a, key: 5}]}").contains("quote it"));
    assert!(the_mistake("auth: {keys: [{id: a, key: x, metadata: {a: [1]}}]}").contains("metadata is flat"));
    assert!(the_mistake("[1, 2]").contains("expected a mapping, found a list"));
}

#[test]
fn sessions_are_sealed_with_long_secrets() {
    assert!(the_mistake("session: off").contains("did you mean `sessions`?"));
    assert!(the_mistake("sessions: {keys: [short]}").contains("32 letters or more"));
    let long = "x".repeat(32);
    let config = good(&format!("sessions: {{ttl: 1h, keys: [{long}]}}"));
    assert_eq!(
        (config.exchange.sessions.ttl, config.exchange.sessions.keys.len()),
        (Duration::from_hours(1), 1)
    );
    assert!(!format!("{config:?}").contains(&long));
}

#[test]
fn what_is_no_yaml_has_a_line_and_a_column() {
    let unclosed = the_mistake("envoy: {front: 1\nlimits: 2\n");
    assert!(unclosed.contains("line 2"), "{unclosed}");
    let twice = the_mistake("routes: a\nroutes: b\n");
    assert!(twice.contains("duplicate") && twice.contains("line 2") && twice.contains("routes"), "{twice}");
    assert!(!twice.contains("Policy"), "{twice}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let mistakes = Config::load(Path::new("/nowhere/attache.yaml"), &variables).unwrap_err();
    assert!(mistakes[0].problem.contains("/nowhere/attache.yaml"));
}

#[test]
fn no_secret_is_printed() {
    let config = good(DESIGN);
    assert!(!format!("{config:?}").contains("sk-1"));
}

const DOCUMENTATION: &str = include_str!("../../docs/configuration.md");

#[test]
fn every_key_is_documented() {
    let text = r#"
"?": 1
listen: {"?": 1}
envoy: {"?": 1}
auth: {"?": 1, keys: [{id: k, key: k, "?": 1}]}
providers: {<name>: {dialect: openai, base_url: "http://h", "?": 1, envoy: {"?": 1}, aws: {"?": 1}, google: {"?": 1}}}
prices: {<provider>/<model>: {input: 1, output: 1, "?": 1}}
retry: {"?": 1}
limits: {"?": 1}
replay: {"?": 1}
health: {"?": 1}
sessions: {"?": 1}
telemetry: {"?": 1}
store: {"?": 1}
admin: {"?": 1, tls: {"?": 1}}
compat: {"?": 1}
ledger: {"?": 1}
"#;
    let told = mistakes(text);
    let mut sections = 0;
    for mistake in told.iter().filter(|m| m.contains("known here: ")) {
        let (path, known) = mistake.split_once(": unknown key; known here: ").unwrap();
        let section = path.replace('"', "").replace("[0]", "[]").replace('?', "");
        for key in known.split(", ") {
            assert!(
                DOCUMENTATION.contains(&format!("| `{section}{key}` |")),
                "`{section}{key}` is not documented"
            );
        }
        sections += 1;
    }
    assert_eq!(sections, 21, "{told:#?}");
}

#[test]
fn a_store_is_a_url_or_a_section_with_one() {
    let config = good(r#"store: {url: "sqlite:x.db", deadline: 1s, connections: 9, audit_kept: 48h}"#);
    assert_eq!(config.store.reveal(), "sqlite:/etc/attache/x.db");
    assert_eq!((config.kept.deadline, config.kept.connections), (Duration::from_secs(1), 9));
    assert_eq!(config.kept.audit_kept, Duration::from_hours(48));
    assert_eq!(good("store: {deadline: 1s}").store, good("").store);
    assert!(the_mistake("store: {url: mysql://h}").starts_with("store.url: expected `sqlite:FILE`"));
    assert!(the_mistake("store: {connections: 1}").starts_with("store.connections: "));
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let (_, block) = DOCUMENTATION.split_once("```yaml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert_eq!(good(block), good(""));
}
