//! Names that a client key brings along: the application asks for `chat-model`, the key says what that is.

use super::house::{Answer, Ask, House, Pair, chain, eventually, model};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Command};

const BEARER: &str = "Bearer client-key";

fn keys(routing: Value) -> Value {
    json!({"auth": {"keys": [{"id": "k", "key": "client-key", "routes": [], "models": [], "routing": routing}]}})
}

fn entry(name: &str, model: &str) -> Value {
    json!({"name": name, "provider": "mock", "modelNameOverride": model})
}

/// Shares of `chat-model` for `a` and `b`, each user keeping hers.
fn split(a: u32, b: u32) -> Value {
    let weighted = |model: &str, weight: u32| {
        let mut entry = entry("chat-model", model);
        entry["weight"] = weight.into();
        entry
    };
    let entries = [weighted("model-a", a), weighted("model-b", b)];
    keys(json!({"strategy": "traffic_splitting", "key": "metadata.user", "entries": entries}))
}

fn ask(pair: &Pair, name: &str) -> Ask {
    let body = json!({"model": name, "messages": [{"role": "user", "content": "hi"}]});
    pair.chat(body).header("authorization", BEARER)
}

async fn asked(pair: &Pair, name: &str, metadata: Value) -> Answer {
    let answer = ask(pair, name).header("x-attache-metadata", &metadata.to_string()).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// Which model each of a hundred users gets, once the name means what it did not mean in `before`.
async fn models(pair: &Pair, before: &str) -> (String, BTreeMap<u32, String>) {
    let version = eventually(async || {
        let version = asked(pair, "chat-model", json!({})).await.header("x-attache-route").to_owned();
        if version == before { Err(format!("still {before}")) } else { Ok(version) }
    })
    .await;
    let mut models = BTreeMap::new();
    for user in 0..100 {
        let answer = asked(pair, "chat-model", json!({"user": user})).await;
        assert_eq!(answer.header("x-attache-route"), version);
        models.insert(user, answer.header("x-attache-model").to_owned());
    }
    (version, models)
}

#[tokio::test]
async fn shares_of_a_name_are_changed_without_the_application() {
    let mut pair = House::new().settings(split(50, 50)).start().await;
    let (even, before) = models(&pair, "").await;
    assert!(even.starts_with("chat-model@"), "{even}");
    let of_b = |models: &BTreeMap<u32, String>| models.values().filter(|model| *model == "model-b").count();
    assert!((30..=70).contains(&of_b(&before)), "{before:?}");
    pair.configure(split(95, 5));
    let (uneven, after) = models(&pair, &even).await;
    assert!((1..=15).contains(&of_b(&after)), "{after:?}");
    let came = after.iter().filter(|(user, model)| *model == "model-b" && before[user] == "model-a");
    assert_eq!(came.count(), 0, "a smaller share takes nobody in");
    pair.configure(split(0, 1));
    let (_, all) = models(&pair, &uneven).await;
    assert_eq!(of_b(&all), 100);
}

#[tokio::test]
async fn the_first_condition_that_holds_says_which() {
    let matching = |model: &str, condition: Value| {
        let mut entry = entry("chat-model", model);
        entry["match"] = condition;
        entry
    };
    let entries = [
        matching("in-region", json!({"metadata.regulated": true})),
        matching("cheap", json!({"metadata.kind": "bulk"})),
        entry("chat-model", "quick"),
    ];
    let settings = keys(json!({"strategy": "conditional", "entries": entries}));
    let pair = House::new().settings(settings).start().await;
    for (metadata, model) in [
        (json!({"regulated": true, "kind": "bulk"}), "in-region"),
        (json!({"kind": "bulk"}), "cheap"),
        (json!({}), "quick"),
    ] {
        let answer = asked(&pair, "chat-model", metadata).await;
        assert_eq!(
            (answer.header("x-attache-model"), answer.content()),
            (model, format!("Hello from {model}: hi"))
        );
    }
    // what the application never heard of is what people see
    for model in ["in-region", "cheap", "quick"] {
        pair.metric_is("attache_attempts_total", &[("model", model), ("result", "ok")], 1.0).await;
    }
    let records = eventually(async || match pair.records() {
        records if records.len() == 3 => Ok(records),
        records => Err(format!("{} records", records.len())),
    })
    .await;
    let told: Vec<_> =
        records.iter().map(|r| json!([r["asked"], r["route"], r["model"], r["key"]])).collect();
    assert_eq!(told[0], json!(["chat-model", "chat-model", "in-region", "k"]));
    assert!(records.iter().all(|record| record["version"] != ""), "{records:?}");
}

#[tokio::test]
async fn a_name_can_be_a_route_or_look_like_a_model_and_needs_no_permission() {
    let entries =
        json!([entry("mock/plain", "other"), {"name": "help", "route": "support"}, entry("alias", "real")]);
    let settings = keys(json!({"entries": entries}));
    let route = chain("support", [model("down!status=503"), model("up")]);
    let mut pair = House::new().route(route).settings(settings.clone()).start().await;
    let version = pair.version("support").await;
    let help = asked(&pair, "help", json!({})).await;
    assert_eq!(help.header("x-attache-route"), format!("support@{version}"));
    assert_eq!((help.header("x-attache-model"), help.header("x-attache-attempts")), ("up", "2"));
    for (name, model) in [("mock/plain", "other"), ("alias", "real")] {
        assert_eq!(asked(&pair, name, json!({})).await.header("x-attache-model"), model);
    }
    // everybody else means a model by it, and the key itself may call neither routes nor models
    let direct = pair.chat(json!({"model": "mock/plain", "messages": []})).send().await;
    assert_eq!(direct.header("x-attache-model"), "plain");
    for (name, code) in [("dynamic/support", "route_not_allowed"), ("mock/real", "model_not_allowed")] {
        assert_eq!(ask(&pair, name).send().await.code(), code);
    }
    let listed = Answer::of(pair.request("/v1/models").header("authorization", BEARER)).await.json();
    let listed: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| json!([model["id"], model["owned_by"]]))
        .collect();
    for name in ["alias", "help", "mock/plain"] {
        assert!(listed.contains(&json!([name, "attache"])), "{listed:?}");
    }
    // a mistake leaves the names as they were, and is told
    let mut broken = settings;
    broken["auth"]["keys"][0]["routing"]["entries"][2]["provider"] = "nobody".into();
    pair.configure(broken);
    let problem = eventually(async || match &pair.status().await["problems"][0] {
        Value::Null => Err("the problem".to_owned()),
        problem => Ok(problem.clone()),
    })
    .await;
    assert_eq!((&problem["source"], &problem["key"]), (&json!("attache.yaml"), &json!("k")));
    assert!(problem["mistakes"][0].as_str().unwrap().contains("unknown-provider"), "{problem}");
    assert_eq!(asked(&pair, "alias", json!({})).await.header("x-attache-model"), "real");
}

fn attache(arguments: &[&str], config: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("attache.yaml"), config).unwrap();
    std::fs::write(folder.path().join("body.json"), r#"{"model": "chat-model"}"#).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_attache"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_commands_know_them() {
    let config = |provider: &str| {
        let mut config = keys(json!({"entries": [entry("chat-model", "real")]}));
        config["auth"]["keys"][0]["routing"]["entries"][0]["provider"] = provider.into();
        config["providers"] = json!({"mock": {"dialect": "openai", "base_url": "http://127.0.0.1:1/v1"}});
        config.to_string()
    };
    let simulate = [
        "simulate",
        "--config",
        "attache.yaml",
        "--request",
        "body.json",
        "--key",
        "k",
        "--fail",
        "mock/real=503",
    ];
    let (code, said) = attache(&simulate, &config("mock"));
    let trace: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(
        (code, &trace["route"], &trace["final"]["status"]),
        (Some(0), &json!("chat-model"), &json!(503))
    );
    let (code, said) = attache(&["check", "attache.yaml"], &config("nobody"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the routing of `k`: G021 unknown-provider"), "{said}");
    assert_eq!(attache(&["check", "attache.yaml"], &config("mock")).0, Some(0));
}
