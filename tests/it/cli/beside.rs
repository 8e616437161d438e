//! The commands beside routes and keys.

use super::{House, Person, alone, route};
use crate::house::eventually;
use serde_json::{Value, json};

#[tokio::test]
async fn a_server_simulates_a_version_and_a_logical_name() {
    let (_server, person) = alone().await;
    person.types_with("routes create -f -", &route("r", 1)).done();
    person.types_with("routes draft r -f -", &route("r", 2)).done();
    person.writes("body.json", r#"{"model":"x","messages":[{"role":"user","content":"hi"}]}"#);
    let failing = "simulate --server --request body.json --route r --fail mock/a=503";
    let trace = person.types(failing).json();
    assert_eq!((&trace["version"], &trace["final"]["status"]), (&json!("1"), &json!(503)), "{trace}");
    let trace = person.types("simulate --server --request body.json --route r@v2").json();
    assert_eq!((&trace["version"], &trace["path"]), (&json!("2"), &json!(["start", "m1", "end"])), "{trace}");
    let routing = json!({"entries": [{"name": "chat", "provider": "mock", "modelNameOverride": "b"}]});
    let key = person.types_with("keys create app --routing - -o json", &routing.to_string()).json();
    let id = key["id"].as_str().unwrap();
    let trace =
        person.types(&format!("simulate --server --request body.json --key {id} --model chat")).json();
    assert_eq!((&trace["route"], &trace["attempts"][0]["model"]), (&json!("chat"), &json!("b")), "{trace}");
    let url = format!("simulate --server {} --request body.json --route nobody@v1", person.server);
    assert!(person.types(&url).failed(1).contains("there is no route `nobody`"));
    person.types("simulate --server --request body.json --config attache.yaml").failed(2);
    person.types("simulate --request body.json").failed(2);
}

#[tokio::test]
async fn pairs_tell_how_they_are() {
    let (_server, person) = alone().await;
    let told = eventually(async || {
        let told = person.types("pairs").done();
        if told.lines().count() == 2 { Ok(told) } else { Err(told) }
    })
    .await;
    assert!(told.contains("serving"), "{told}");
}

#[tokio::test]
async fn a_store_is_carried_into_another_one() {
    let (server, person) = alone().await;
    person.types_with("routes create -f -", &route("r", 1)).done();
    person.types("keys create app").done();
    let config = server.folder.path().join("attache.yaml");
    let mut settings: Value = serde_json::from_str(&std::fs::read_to_string(&config).unwrap()).unwrap();
    settings["store"] = "sqlite:other.db".into();
    person.writes("other.yaml", &settings.to_string());
    let dump = format!("store dump -c {}", config.display());
    let dumped = person.types(&format!("{dump} -o dump.jsonl"));
    assert!(dumped.err.ends_with(" rows\n"), "{dumped:?}");
    dumped.done();
    assert_eq!(person.types(&dump).done(), person.reads("dump.jsonl"));
    person.types("store load -c other.yaml dump.jsonl").done();
    let rows = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let again = person.types("store dump -c other.yaml").done();
    assert_eq!(rows(&again), rows(&person.reads("dump.jsonl")));
    let full = person.types("store load -c other.yaml dump.jsonl").failed(1);
    assert!(full.contains("only loaded into an empty store"), "{full}");
    settings["store"] = "sqlite:third.db".into();
    person.writes("third.yaml", &settings.to_string());
    assert!(person.types_with("store load -c third.yaml", "{}").failed(1).contains("line 1"));
    person.types_with("store load -c third.yaml", &again).done();
}

#[tokio::test]
async fn what_was_imported_is_created() {
    let house = House::new().provider("openai", json!({}));
    let server = house.start_alone().await;
    let person = Person::at(&server.admin);
    let target = |provider: &str| json!({"provider": provider, "override_params": {"model": "m"}});
    let config = json!({"strategy": {"mode": "fallback"}, "targets": [target("mock"), target("openai")], "cache": {"mode": "simple"}});
    person.writes("mine.json", &config.to_string());
    let imported = person.types("import portkey mine.json");
    assert!(imported.err.starts_with("mine.json: warning: cache at /cache: "), "{imported:?}");
    let document = imported.done();
    assert_eq!(person.types_with("routes create -f -", &document).done(), "mine v1 is live\n");
    let answer = json!({"success": true, "result": serde_json::from_str::<Value>(&route("cf", 1)).unwrap()});
    person.types_with("import cloudflare - -o cf.json", &answer.to_string()).done();
    assert_eq!(person.types("routes create -f cf.json").done(), "cf v1 is live\n");
    let broken =
        person.types_with("import portkey - --name x", r#"{"strategy":{"mode":"magic"},"targets":[]}"#);
    assert!(broken.failed(1).starts_with("-: G0"));
    assert!(person.types_with("import cloudflare -", "{}").failed(1).contains("there is no route in it"));
}

#[test]
fn completions_are_there_for_every_shell() {
    let person = Person::at("http://127.0.0.1:1");
    for (shell, word) in [("bash", "complete"), ("zsh", "#compdef attache"), ("fish", "complete -c attache")]
    {
        let script = person.types(&format!("completions {shell}")).done();
        assert!(script.contains(word) && script.contains("rollback"), "{shell}");
    }
    person.types("completions tcsh").failed(2);
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let help = Person::at("http://127.0.0.1:1").types("--help").done();
    assert!(help.contains("Exit codes:") && help.contains("routes apply --dry-run"), "{help}");
}
