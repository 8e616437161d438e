//! Versions of a route in the store: one is live, one takes a share beside it, others stay callable by their number.

use super::house::{Answer, House, Pair, chain, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ROUTES: &str = "/client/v4/accounts/a/ai-gateway/gateways/g/routes";

async fn manage(pair: &Pair, method: &str, path: &str, body: Value) -> Value {
    let answer = pair.manage(method, path, body).await;
    assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    answer.json()["result"].clone()
}

/// The graph of version `n`: it asks the model `v<n>`.
fn elements(n: u32) -> Value {
    chain("r", [&*format!("v{n}")])["elements"].clone()
}

/// A route of four versions, of which the first is live; gives its id.
async fn four(pair: &Pair) -> String {
    let made = manage(pair, "POST", ROUTES, json!({"name": "r", "elements": elements(1)})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    for n in 2..=4 {
        manage(pair, "POST", &format!("{ROUTES}/{id}/versions"), json!({"elements": elements(n)})).await;
    }
    id
}

/// Who answers when `model` is asked for by this user, once it is not `old`.
async fn served(pair: &Pair, model: &str, user: u32) -> Answer {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    pair.chat(body).header("x-attache-metadata", &json!({"user": user}).to_string()).send().await
}

/// Waits until this is so of the route's line on the status page.
async fn shown(pair: &Pair, field: &str, value: Value) {
    eventually(async || match &pair.status().await["routes"][0][field] {
        now if *now == value => Ok(()),
        now => Err(format!("{field} is {now}, not {value}")),
    })
    .await;
}

#[tokio::test]
async fn a_pinned_version_stays_callable_whatever_is_live() {
    let pair = House::new().start().await;
    let id = four(&pair).await;
    shown(&pair, "version", json!("1")).await;
    manage(&pair, "PUT", &format!("/api/v1/routes/{id}/pins/1"), json!({})).await;
    manage(&pair, "POST", &format!("{ROUTES}/{id}/deployments"), json!({"version_id": "2"})).await;
    shown(&pair, "pinned", json!(["1"])).await;
    shown(&pair, "version", json!("2")).await;
    for (model, version) in [("dynamic/r", 2), ("dynamic/r@v2", 2), ("dynamic/r@1", 1), ("dynamic/r@v1", 1)] {
        let answer = served(&pair, model, 0).await;
        assert_eq!(answer.header("x-attache-route"), format!("r@{version}"), "{model}");
        assert_eq!(answer.header("x-attache-model"), format!("v{version}"));
    }
    let refused = served(&pair, "dynamic/r@v3", 0).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "version_not_found"));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the live one first: 2, 1") && message.contains("pins"), "{message}");
    manage(&pair, "DELETE", &format!("/api/v1/routes/{id}/pins/1"), json!({})).await;
    shown(&pair, "pinned", json!([])).await;
    assert_eq!(served(&pair, "dynamic/r@1", 0).await.code(), "version_not_found");
}

/// Which version each of 150 users gets.
async fn versions(pair: &Pair) -> BTreeMap<u32, String> {
    let mut versions = BTreeMap::new();
    for user in 0..150 {
        versions.insert(user, served(pair, "dynamic/r", user).await.header("x-attache-route").to_owned());
    }
    versions
}

#[tokio::test]
async fn a_growing_canary_keeps_whom_it_has() {
    let pair = House::new().start().await;
    let id = four(&pair).await;
    let (mut shares, mut before) = (vec![], BTreeMap::new());
    for percent in [5.0, 30.0, 70.0] {
        let canary = json!({"version_id": "2", "percent": percent, "key": "metadata.user"});
        manage(&pair, "PUT", &format!("/api/v1/routes/{id}/canary"), canary).await;
        shown(&pair, "canary", json!({"version": "2", "percent": percent})).await;
        let now = versions(&pair).await;
        let left = before.iter().filter(|(user, version)| *version == "r@2" && now[user] == "r@1");
        assert_eq!(left.count(), 0, "at {percent} percent somebody left the canary");
        shares.push(now.values().filter(|version| *version == "r@2").count());
        before = now;
    }
    assert!((1..=20).contains(&shares[0]) && (25..=65).contains(&shares[1]) && shares[2] >= 80, "{shares:?}");
    // by chance, a user takes both
    manage(&pair, "PUT", &format!("/api/v1/routes/{id}/canary"), json!({"version_id": "3", "percent": 50.0}))
        .await;
    shown(&pair, "canary", json!({"version": "3", "percent": 50.0})).await;
    let mut by_chance = BTreeMap::new();
    for _ in 0..60 {
        *by_chance
            .entry(served(&pair, "dynamic/r", 1).await.header("x-attache-route").to_owned())
            .or_insert(0) += 1;
    }
    assert!(by_chance.len() == 2 && by_chance.values().all(|n| *n > 9), "{by_chance:?}");
    manage(&pair, "DELETE", &format!("/api/v1/routes/{id}/canary"), json!({})).await;
    shown(&pair, "canary", Value::Null).await;
    assert!(versions(&pair).await.values().all(|version| version == "r@1"));
}

/// What is wrong with a source, once it is.
async fn problem(pair: &Pair, source: &str) -> Value {
    eventually(async || {
        let status = pair.status().await;
        let problems = status["problems"].as_array().unwrap();
        let found = problems.iter().find(|problem| problem["source"].as_str().unwrap().ends_with(source));
        found.cloned().ok_or(format!("no problem of {source}: {problems:?}"))
    })
    .await
}

#[tokio::test]
async fn a_stored_version_outlives_its_provider_and_a_name_is_in_one_place_only() {
    let mut pair = House::new().provider("other", json!({})).start().await;
    let mut graph = elements(1);
    graph[1]["properties"]["provider"] = "other".into();
    manage(&pair, "POST", ROUTES, json!({"name": "r", "elements": graph})).await;
    shown(&pair, "version", json!("1")).await;
    pair.write_route(&chain("r", ["of-the-folder"]));
    let taken = problem(&pair, "r.json").await;
    assert!(taken["mistakes"][0].as_str().unwrap().contains("another name"), "{taken}");
    assert_eq!(served(&pair, "dynamic/r", 0).await.header("x-attache-model"), "v1");
    std::fs::remove_file(pair.route_file("r")).unwrap();
    pair.configure_without("providers", "other");
    let gone = problem(&pair, "store").await;
    assert_eq!((&gone["route"], &gone["kept_version"]), (&json!("r"), &json!("1")));
    let answer = served(&pair, "dynamic/r", 0).await;
    assert_eq!((answer.status, answer.header("x-attache-route")), (503, "r@1"));
}
