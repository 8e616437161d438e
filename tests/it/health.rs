//! Targets that fail are left alone while there is another, and are trusted again once they answer.

use super::house::{House, Pair, Redis, chain, eventually, model};
use serde_json::{Value, json};

/// Splits by chance among models that have no fallback.
fn split(name: &str, arms: &[(&str, &str)]) -> Value {
    let to = |id: &str| json!({"elementId": id});
    let outputs: serde_json::Map<_, _> =
        arms.iter().map(|(share, id)| ((*share).to_owned(), to(id))).collect();
    let mut elements = vec![
        json!({"id": "start", "type": "start", "outputs": {"next": to("split")}}),
        json!({"id": "split", "type": "percentage", "properties": {"key": "user"}, "outputs": outputs}),
        json!({"id": "end", "type": "end"}),
    ];
    elements.extend(arms.iter().map(|(_, id)| {
        json!({"id": id, "type": "model", "properties": {"provider": "mock", "model": id}, "outputs": {"success": to("end")}})
    }));
    json!({"name": name, "elements": elements})
}

/// How the target is told to be: its state and its cause.
async fn told(pair: &Pair, target: &str) -> (String, String) {
    let all = pair.manage("GET", "/api/v1/health", Value::Null).await.json()["result"].clone();
    let is_it = |row: &&Value| {
        format!("{}/{}", row["provider"].as_str().unwrap(), row["model"].as_str().unwrap()) == target
    };
    let row = all.as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{target}: {all}"));
    (row["state"].as_str().unwrap().into(), row["cause"].as_str().unwrap_or_default().into())
}

#[tokio::test]
async fn a_target_that_fails_is_passed_over_until_it_answers_again() {
    let pair = House::new()
        .settings(json!({"health": {"min_requests": 4, "cool_down": "300ms"}}))
        .route(chain("r", [model("first"), model("second")]))
        .start()
        .await;
    pair.mock().script("first", "status=500").await;
    for _ in 0..4 {
        assert_eq!(pair.ask("r").send().await.content(), "Hello from second: hi");
    }
    let passed = eventually(async || {
        let answer = pair.ask("r").send().await;
        assert_eq!(answer.content(), "Hello from second: hi");
        let record = pair.records().pop().unwrap();
        let results = record["results"].as_str().unwrap().to_owned();
        if results.contains("first=cooling") { Ok(answer) } else { Err(results) }
    })
    .await;
    assert_eq!(passed.header("x-attache-path"), "start,m1,m2,end");
    pair.mock().script("first", "").await;
    eventually(async || match pair.ask("r").send().await.content().as_str() {
        "Hello from first: hi" => Ok(()),
        other => Err(other.to_owned()),
    })
    .await;
    assert_eq!(told(&pair, "mock/first").await.0, "healthy");
    assert_eq!(pair.status().await["targets"], json!([]));
}

#[tokio::test]
async fn a_target_that_asks_to_be_left_alone_is() {
    let pair = House::new()
        .route(chain("r", [model("first"), model("second")]))
        .route(chain("alone", ["first"]))
        .start()
        .await;
    pair.mock().script("first", "status=429,retry-after=60").await;
    assert_eq!(pair.ask("r").send().await.content(), "Hello from second: hi");
    let asked = pair.mock().seen_of("first").await.len();
    for _ in 0..5 {
        assert_eq!(pair.ask("r").send().await.content(), "Hello from second: hi");
    }
    assert_eq!(pair.mock().seen_of("first").await.len(), asked, "it is left alone");
    assert_eq!(told(&pair, "mock/first").await, ("cooling".into(), "rate_limited".into()));
    pair.metric_is("attache_cooling_targets", &[("model", "first"), ("state", "cooling")], 1.0).await;
    let listed = &pair.status().await["targets"][0];
    assert_eq!((&listed["target"], &listed["cause"]), (&json!("mock/first"), &json!("rate_limited")));
    // where there is no other, it is tried all the same; and an answer heals
    assert_eq!(pair.ask("alone").send().await.status, 429);
    pair.mock().script("first", "").await;
    assert_eq!(pair.ask("alone").send().await.status, 200);
    assert_eq!(pair.ask("r").send().await.content(), "Hello from first: hi");
}

#[tokio::test]
async fn what_is_cooled_by_hand_gets_nothing_of_a_split_until_it_is_healed() {
    let pair = House::new().route(split("r", &[("50%", "first"), ("else", "second")])).start().await;
    let asked = async || {
        let mut models = Vec::new();
        for user in 0..24 {
            let metadata = json!({"user": user}).to_string();
            let answer = pair.ask("r").header("x-attache-metadata", &metadata).send().await;
            models.push(answer.header("x-attache-model").to_owned());
        }
        models
    };
    let usual = asked().await;
    assert!(usual.contains(&"first".to_owned()) && usual.contains(&"second".to_owned()), "{usual:?}");
    let path = "/api/v1/health/mock%2Ffirst";
    let cooled = pair.manage("PUT", path, json!({"seconds": 3600})).await;
    assert_eq!(cooled.json()["result"]["state"], "cooling", "{cooled:?}");
    assert_eq!(asked().await, vec!["second"; 24]);
    let trace = pair
        .manage(
            "POST",
            "/api/v1/simulate",
            json!({"route": "r", "cooling": ["mock/first"], "request": {"body": {}}}),
        )
        .await
        .json();
    let reason = trace["result"]["steps"][1]["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, "passed over: `50%`, where mock/first is cooling");
    let healed = pair.manage("DELETE", path, Value::Null).await;
    assert_eq!((healed.status, &healed.json()["result"]["cause"]), (200, &json!("by_hand")));
    assert_eq!(asked().await, usual, "every user comes back to his arm");
    let audit = pair.manage("GET", "/api/v1/audit", Value::Null).await.json();
    let actions: Vec<_> =
        audit["result"]["items"].as_array().unwrap().iter().map(|e| e["action"].clone()).collect();
    assert_eq!(json!(actions), json!(["target.heal", "target.cool"]));
    for (target, body, status) in [
        ("mock", json!({"seconds": 1}), 400),
        ("nobody%2Fm", json!({"seconds": 1}), 404),
        ("mock%2Ffirst", json!({"seconds": 0}), 400),
    ] {
        assert_eq!(
            pair.manage("PUT", &format!("/api/v1/health/{target}"), body).await.status,
            status,
            "{target}"
        );
    }
}

#[tokio::test]
async fn pairs_of_one_engine_tell_each_other() {
    let redis = Redis::start().await;
    let pair = async || {
        let settings = json!({"ledger": {"url": redis.url(), "deadline": "10s"}});
        House::new().settings(settings).route(chain("r", [model("first"), model("second")])).start().await
    };
    let (one, two) = (pair().await, pair().await);
    one.mock().script("first", "status=429,retry-after=600").await;
    assert_eq!(one.ask("r").send().await.content(), "Hello from second: hi");
    let row = async || {
        let all = two.manage("GET", "/api/v1/health", Value::Null).await.json()["result"].clone();
        all.as_array().unwrap().iter().find(|row| row["model"] == "first").cloned()
    };
    let told = eventually(async || row().await.ok_or_else(|| "nothing is told".to_owned())).await;
    assert_eq!(
        (&told["state"], &told["cause"], &told["shared"]),
        (&json!("cooling"), &json!("rate_limited"), &json!(true))
    );
    assert_eq!(two.ask("r").send().await.content(), "Hello from second: hi");
    assert_eq!(two.mock().seen_of("first").await.len(), 0, "it never asked");
    // what one heals is healed for all
    assert_eq!(two.manage("DELETE", "/api/v1/health/mock%2Ffirst", Value::Null).await.status, 200);
    one.mock().script("first", "").await;
    eventually(async || match one.ask("r").send().await.content().as_str() {
        "Hello from first: hi" => Ok(()),
        other => Err(other.to_owned()),
    })
    .await;
}

#[tokio::test]
async fn what_is_exempt_never_cools() {
    let pair = House::new()
        .settings(json!({"health": {"exempt": ["mock/fir*"]}}))
        .route(chain("r", [model("first"), model("second")]))
        .start()
        .await;
    pair.mock().script("first", "status=429,retry-after=60").await;
    for n in 1..4 {
        assert_eq!(pair.ask("r").send().await.content(), "Hello from second: hi");
        assert_eq!(pair.mock().seen_of("first").await.len(), n);
    }
}

#[tokio::test]
async fn the_clients_own_key_says_nothing_about_the_target() {
    let pair = House::new()
        .settings(json!({"providers": {"mock": {"own_key": true}}}))
        .route(chain("r", [model("first"), model("second")]))
        .start()
        .await;
    pair.mock().script("first", "status=429,retry-after=60").await;
    for n in 1..4 {
        let answer = pair.ask("r").header("x-attache-api-key", "sk-mine").send().await;
        assert_eq!(answer.content(), "Hello from second: hi");
        assert_eq!(pair.mock().seen_of("first").await.len(), n);
    }
}
