//! What a simulation tells, and that it tells the truth.

mod drawn;
mod faithful;

use super::*;
use crate::{
    chat::{Fault, Kind},
    exchange::{Clients, Settings},
    graph::{Fact, Facts, Known, Target},
    provider::{Dialect, Prices, Provider, Secret},
    snapshot::{KeyDocument, Snapshot, Sources, Version, build},
    store::{Canary, Published, PublishedRoute, PublishedVersion, Terms},
};
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};

/// A limit, then `p/a` twice, then `p/b`; the metadata `skip` leads past all of them.
fn version() -> Version {
    let to = |id: &str| json!({"elementId": id});
    let model = |id: &str, retries: u32, fallback: &str| {
        json!({"id": id, "type": "model", "properties": {"provider": "p", "model": id, "retries": retries},
               "outputs": {"success": to("end"), "fallback": to(fallback)}})
    };
    let document = json!({"name": "r", "elements": [
        {"id": "start", "type": "start", "outputs": {"next": to("skip")}},
        {"id": "skip", "type": "conditional", "properties": {"conditions": {"$or": [{"skip": true}, {"time.hour": 3}]}},
         "outputs": {"true": to("end"), "false": to("limit")}},
        {"id": "limit", "type": "rate", "properties": {"key": "user", "limit": 9000, "limitType": "tokens", "window": 60},
         "outputs": {"success": to("a")}},
        model("a", 1, "b"), model("b", 0, "end"), {"id": "end", "type": "end"},
    ]});
    Version::of_document(document.to_string().as_bytes(), Known::Anything).unwrap()
}

fn simulation() -> Simulation {
    Simulation {
        path: "/v1/chat/completions".into(),
        headers: vec![("X-Attache-Metadata".into(), r#"{"user":"u"}"#.into())],
        body: br#"{"model":"dynamic/r","max_tokens":100}"#.to_vec(),
        key: None,
        dice: 0,
        now: SystemTime::UNIX_EPOCH,
    }
}

fn run(simulation: Simulation, settings: Settings, script: &mut Script) -> Value {
    let terms = Terms { routes: vec!["other".into()], ..Terms::default() };
    let (id, name, key) = ("k".into(), "k".into(), Secret::new("k"));
    let sources = Sources {
        documents: &[],
        published: &Published::default(),
        keys: &[KeyDocument { id, name, key, terms, expires_at: None }],
        providers: &[],
        prices: &Prices::default(),
    };
    let nothing = Snapshot::empty(SystemTime::UNIX_EPOCH);
    let live = Live { snapshot: Arc::new(build(&sources, &nothing, SystemTime::UNIX_EPOCH)), settings };
    serde_json::to_value(simulation.run_through(&version(), &live, script)).unwrap()
}

fn failing(faults: &[(&str, Fault)]) -> Script {
    let target = |model: &str| Target { provider: "p".into(), model: model.into() };
    let faults = faults.iter().map(|(model, fault)| (target(model), fault.clone())).collect();
    Script { faults, over: HashSet::new() }
}

fn step(element: &str, form: &str, output: impl Into<Value>, looked_at: Value, reason: &str) -> Value {
    json!({"element": element, "type": form, "output": output.into(), "looked_at": looked_at, "reason": reason})
}

#[test]
fn a_trace_tells_all_that_happened() {
    let null = Value::Null;
    let mut script = failing(&[("a", Fault::of_status(503))]);
    assert_eq!(
        run(simulation(), Settings::open(), &mut script),
        json!({
            "route": "r",
            "version": version().number,
            "path": ["start", "skip", "limit", "a", "b", "end"],
            "steps": [
                step("start", "start", "next", json!([]), "the walk begins"),
                step("skip", "conditional", "false", json!([{"path": "metadata.skip"}, {"path": "time.hour", "value": 0}]),
                     "the condition does not hold"),
                step("limit", "rate", "success", json!([{"path": "metadata.user", "value": "u"}]),
                     "`u` has room for 113 of 9000 tokens in 60 s"),
                step("a", "model", null.clone(), json!([]), "p/a fails: server_error 503; it is tried again"),
                step("a", "model", "fallback", json!([]), "p/a (try 2) fails: server_error 503; the walk goes on by `fallback`"),
                step("b", "model", "success", json!([]), "p/b answers"),
                step("end", "end", null, json!([]), "the client gets the answer of `b`"),
            ],
            "attempts": [
                {"element": "a", "provider": "p", "model": "a", "retry": 0, "outcome": "server_error", "status": 503},
                {"element": "a", "provider": "p", "model": "a", "retry": 1, "outcome": "server_error", "status": 503},
                {"element": "b", "provider": "p", "model": "b", "retry": 0, "outcome": "ok", "status": 200},
            ],
            "limits": [
                {"element": "limit", "key": "u", "amount": 113, "limit": 9000, "unit": "tokens", "allowed": true}
            ],
            "final": {"outcome": "answered", "element": "end", "cause": "b", "status": 200, "error": null},
        })
    );
}

#[test]
fn the_end_is_what_the_client_would_get() {
    let kind = Fault::new;
    for (faults, want) in [
        (
            vec![("a", kind(Kind::Reset)), ("b", kind(Kind::Timeout))],
            json!(["failed", 504, "all_attempts_failed"]),
        ),
        (
            vec![("a", kind(Kind::NoCredential)), ("b", kind(Kind::NoCredential))],
            json!(["failed", 503, "no_credential"]),
        ),
        (vec![("a", Fault::of_status(400))], json!(["failed", 400, null])),
        (vec![("a", Fault::of_status(401))], json!(["answered", 200, null])),
    ] {
        let end = &run(simulation(), Settings::open(), &mut failing(&faults))["final"];
        assert_eq!(json!([end["outcome"], end["status"], end["error"]]), want, "{faults:?}");
    }
    let mut over = Script { over: ["limit".to_owned()].into(), ..Script::default() };
    let limited = &run(simulation(), Settings::open(), &mut over)["final"];
    assert_eq!(
        *limited,
        json!({"outcome": "limited", "element": "limit", "cause": "limit", "status": 429, "error": "limit_exceeded"})
    );
}

#[test]
fn the_time_is_the_one_that_is_told() {
    let at_three = Simulation { now: SystemTime::UNIX_EPOCH + Duration::from_secs(3 * 3600), ..simulation() };
    let trace = run(at_three, Settings::open(), &mut Script::default());
    assert_eq!(trace["path"], json!(["start", "skip", "end"]));
    assert_eq!(trace["final"]["error"], "no_model_called");
}

#[test]
fn attempts_end_where_the_settings_end_them() {
    let mut settings = Settings::open();
    settings.limits.max_attempts = 2;
    let trace = run(simulation(), settings, &mut failing(&[("a", Fault::of_status(503))]));
    assert_eq!(trace["attempts"].as_array().unwrap().len(), 2);
    assert_eq!((&trace["final"]["status"], &trace["final"]["element"]), (&json!(503), &json!("b")));
    let last = &trace["steps"][5];
    assert_eq!(
        *last,
        step("b", "model", Value::Null, json!([]), "not called: limits.max_attempts allows 2 attempts")
    );
}

#[test]
fn a_request_that_would_be_refused_is_refused() {
    let keyed = Settings { clients: Clients::Required, ..Settings::default() };
    let body = |text: &str| Simulation { body: text.into(), ..simulation() };
    let mut known = simulation();
    known.headers.push(("authorization".into(), "Bearer k".into()));
    for (simulation, settings, want) in [
        (body("{"), Settings::open(), "invalid_json"),
        (body("{}"), Settings::open(), "missing_model"),
        (Simulation { path: "/x".into(), ..simulation() }, Settings::open(), "unknown_endpoint"),
        (simulation(), keyed.clone(), "invalid_api_key"),
        (known, keyed, "route_not_allowed"),
    ] {
        let trace = run(simulation, settings, &mut Script::default());
        assert_eq!((&trace["final"]["outcome"], &trace["final"]["error"]), (&json!("refused"), &json!(want)));
        assert!(trace["path"].as_array().unwrap().is_empty() && trace["final"]["message"].is_string());
    }
}

/// Two versions of a route, the second a canary by user, and a key that may call models of `p`.
fn living() -> Live {
    let version = |number: u32| {
        let elements = json!([
            {"id": "start", "type": "start", "outputs": {"next": {"elementId": "m"}}},
            {"id": "m", "type": "model", "properties": {"provider": "p", "model": format!("v{number}")},
             "outputs": {"success": {"elementId": "end"}}},
            {"id": "end", "type": "end"},
        ]);
        PublishedVersion { number, elements: elements.to_string(), hash: number.to_string() }
    };
    let canary = Some(Canary { version: 2, percent: 50.0, key: Some("metadata.user".into()) });
    let versions = vec![version(1), version(2), version(3)];
    let route = PublishedRoute { id: "i".into(), name: "r".into(), live: 1, canary, versions };
    let metadata = json!({"user": "of-the-key"}).as_object().cloned().unwrap();
    let terms = Terms { metadata, routes: vec!["r".into()], models: vec!["p/x*".into()], routing: None };
    let key =
        KeyDocument { id: "k".into(), name: "k".into(), key: Secret::new("k"), terms, expires_at: None };
    let sources = Sources {
        documents: &[],
        published: &Published { routes: vec![route.into()], ..Published::default() },
        keys: &[key],
        providers: &[Provider::new("p", Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap())],
        prices: &Prices::default(),
    };
    let snapshot = build(&sources, &Snapshot::empty(SystemTime::UNIX_EPOCH), SystemTime::UNIX_EPOCH);
    assert_eq!(snapshot.problems, []);
    Live { snapshot: Arc::new(snapshot), settings: Settings::open() }
}

fn asking(model: &str) -> Simulation {
    Simulation { body: json!({"model": model}).to_string().into_bytes(), ..simulation() }
}

#[test]
fn the_request_itself_names_what_is_walked_through() {
    let live = living();
    let run = |simulation: Simulation| simulation.run(&live, &mut Script::default());
    let of_key = |model: &str| Simulation { key: Some("k".into()), ..asking(model) };
    for (simulation, route, version, model) in [
        (asking("dynamic/r@v1"), "r", "1", "v1"),
        (asking("dynamic/r@2"), "r", "2", "v2"),
        (asking("dynamic/r@v3"), "r", "3", "v3"),
        (asking("p/anything"), "", "", "anything"),
        (of_key("p/x1"), "", "", "x1"),
    ] {
        assert_eq!(simulation.route(&live).unwrap().number, version);
        let trace = run(simulation);
        assert_eq!((&*trace.route, &*trace.version, &*trace.attempts[0].model), (route, version, model));
    }
    for (simulation, code, said) in [
        (asking("dynamic/r@v4"), "version_not_found", "the live one first: 1, 2, 3"),
        (asking("dynamic/s"), "route_not_found", "there are: r"),
        (of_key("dynamic/s"), "route_not_allowed", "`s`"),
        (of_key("p/y"), "model_not_allowed", "`p/y`"),
        (Simulation { key: Some("l".into()), ..asking("p/y") }, "invalid_api_key", "no client key `l`"),
    ] {
        let verdict = run(simulation).verdict;
        assert_eq!(verdict.error, Some(code));
        assert!(verdict.message.as_ref().unwrap().contains(said), "{verdict:?}");
    }
}

#[test]
fn a_canary_keeps_its_clients() {
    let live = living();
    let version = |simulation: Simulation| simulation.route(&live).unwrap().number.clone();
    let user = |user: u32, dice: u64| Simulation {
        headers: vec![("x-attache-metadata".into(), json!({"user": user}).to_string())],
        dice,
        ..asking("dynamic/r")
    };
    let taken = (0..1000).filter(|n| {
        let first = version(user(*n, 0));
        assert!((1..4).all(|dice| version(user(*n, dice)) == first), "user {n} moves");
        first == "2"
    });
    let taken = taken.count();
    assert!((400..600).contains(&taken), "{taken} of 1000 users take the 50 percent");
    // the metadata of the key wins over the client's: all of its requests take one arm
    let keyed = |n| version(Simulation { key: Some("k".into()), ..user(n, u64::from(n)) });
    assert!((0..50).all(|n| keyed(n) == keyed(0)));
}

#[test]
fn long_values_are_cut() {
    let facts = watched::Watched::new(&());
    let path = crate::graph::Path::parse("body.messages").unwrap();
    for _ in 0..2 {
        assert!(facts.look(&path).is_some());
    }
    let seen = facts.seen();
    let [looked] = &seen[..] else { panic!("{seen:?}") };
    let shown = looked.value.as_ref().unwrap().as_str().unwrap();
    assert!(shown.ends_with('…') && shown.len() < 1100, "{}", shown.len());
    assert!(facts.seen().is_empty());
}

impl Facts for () {
    fn look(&self, _: &crate::graph::Path) -> Option<Fact<'_>> {
        Some(Fact::Text("é".repeat(2000).into()))
    }

    fn dice(&self) -> u64 {
        0
    }
}
