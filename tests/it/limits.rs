//! Limits under concurrency: exact, never overspent, and nothing leaks when a client leaves.

use super::house::{Ask, House, Pair, eventually, limited, model};
use futures_util::future::join_all;
use serde_json::{Value, json};

const PER_USER: &str = "metadata.user";

fn as_user(ask: Ask, user: &str) -> Ask {
    ask.header("x-attache-metadata", &json!({"user": user}).to_string())
}

/// Output tokens cost a thousandth of a dollar each, input nothing.
fn priced() -> Value {
    json!({"prices": {"mock/*": {"input": 0, "output": 1000}}})
}

fn budget(usd: f64) -> Value {
    json!({"key": PER_USER, "limitType": "cost", "limit": usd, "window": 86400})
}

#[tokio::test]
async fn a_count_is_exact_under_concurrency() {
    let limit = json!({"key": PER_USER, "limitType": "count", "limit": 50, "window": 3600});
    let pair = House::new().route(limited("r", limit, [model("within"), model("over")])).start().await;
    for round in 0..20 {
        let user = format!("u{round}");
        let all = join_all((0..200).map(|_| as_user(pair.ask("r"), &user).send())).await;
        let of = |model: &str| all.iter().filter(|answer| answer.header("x-attache-model") == model).count();
        assert_eq!((of("within"), of("over")), (50, 150), "round {round}");
    }
    let decided = [("allowed", 1000.0), ("denied", 3000.0)];
    for (decision, times) in decided {
        pair.metric_is("attache_limit_decisions_total", &[("decision", decision)], times).await;
    }
}

#[tokio::test]
async fn limits_are_told() {
    let limit =
        json!({"key": PER_USER, "limitType": "count", "limit": 2, "window": 60, "technique": "fixed"});
    let pair = House::new().route(limited("r", limit, [model("within"), model("over")])).start().await;
    for (left, path) in
        [(1, "start,limit,within,end"), (0, "start,limit,within,end"), (0, "start,limit,over,end")]
    {
        let answer = as_user(pair.ask("r"), "u").send().await;
        assert_eq!(answer.header("x-attache-path"), path);
        let told = answer.header("ratelimit");
        assert!(told.starts_with(&format!("\"limit\";r={left};t=")), "{told}");
        assert_eq!(answer.header("ratelimit-policy"), "\"limit\";q=2;w=60");
    }
    let other = as_user(pair.ask("r"), "v").send().await;
    assert_eq!(other.header("x-attache-model"), "within", "another key has a limit of its own");
}

#[tokio::test]
async fn what_a_request_may_come_to_is_reserved_as_dear_as_it_can_be() {
    // each of these tokens alone is more than there is
    let prices = json!({"prices": {"mock/*": {"input": 0, "output": 0, "cache_write_1h": 1e6, "audio_output": 1e6, "image_input": 1e6}}});
    let models = [model("within"), model("over")];
    let pair = House::new().settings(prices).route(limited("r", budget(0.5), models)).start().await;
    let plain = || as_user(pair.ask("r"), "u").with("max_tokens", 20);
    let said = |part: Value| json!([{"role": "user", "content": [part]}]);
    let text = |more: Value| {
        let mut part = json!({"type": "text", "text": "an \"image\", \"audio\" and \"cache_control\""});
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        said(part)
    };
    let kept = json!({"cache_control": {"type": "ephemeral", "ttl": "1h"}});
    let seen = said(json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}));
    for (ask, model) in [
        (plain(), "within"),
        (plain().with("messages", text(json!({}))), "within"),
        (plain().with("messages", text(kept)), "over"),
        (plain().with("messages", seen), "over"),
        (plain().with("modalities", json!(["text", "audio"])), "over"),
    ] {
        assert_eq!(ask.send().await.header("x-attache-model"), model);
    }
}

#[tokio::test]
async fn a_budget_is_never_overspent() {
    // each reserves 20 tokens and uses 10: the last that fits is the one that finds 0.02 left
    let models = [model("paid!tokens=10"), model("free!tokens=0,usage=none")];
    let pair = House::new().settings(priced()).route(limited("r", budget(0.25), models)).start().await;
    for user in ["a", "b", "c"] {
        let ask = || as_user(pair.ask("r"), user).with("max_tokens", 20);
        let asks = (0..100).map(|i| ask().with("stream", i % 2 == 0).send());
        let answers = join_all(asks).await;
        let paid = |path: &str| path.contains("within");
        let spent = answers.iter().filter(|answer| paid(answer.header("x-attache-path"))).count();
        assert!((12..=24).contains(&spent), "{spent} of 100 fit at once");
        pair.is_idle().await;
        let mut spent = spent;
        while paid(ask().send().await.header("x-attache-path")) {
            spent += 1;
            pair.is_idle().await;
        }
        assert_eq!(spent, 24, "what was reserved and not used is free again");
    }
    let cost = pair.metric("attache_cost_usd_total", &[("model", "paid!tokens=10")]).await;
    assert!((cost - 0.72).abs() < 1e-9, "{cost}");
}

#[tokio::test]
async fn a_client_that_leaves_before_content_pays_nothing() {
    let models = [model("slow"), model("over")];
    let pair = House::new().settings(priced()).route(limited("r", budget(0.02), models)).start().await;
    let ask = || as_user(pair.ask("r"), "u").with("max_tokens", 20);
    for behaviour in ["delay=60000", "first=60000"] {
        pair.mock().script("slow", behaviour).await;
        leaves_while_the_provider_works(&pair, ask().streamed()).await;
    }
    pair.mock().script("slow", "tokens=20").await;
    assert_eq!(ask().send().await.header("x-attache-model"), "slow", "the whole budget is there");
    assert_eq!(ask().send().await.header("x-attache-model"), "over");
}

async fn leaves_while_the_provider_works(pair: &Pair, ask: Ask) {
    let client = tokio::spawn(ask.open());
    eventually(async || match pair.mock().in_flight().await {
        0 => Err("the request at the provider".into()),
        _ => Ok(()),
    })
    .await;
    client.abort();
    pair.is_idle().await;
    eventually(async || match pair.mock().in_flight().await {
        0 => Ok(()),
        n => Err(format!("{n} requests are still at the provider")),
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_pays_for_what_it_got() {
    let models = [model("slow!tokens=20,gap=100"), model("over")];
    let pair = House::new().settings(priced()).route(limited("r", budget(0.04), models)).start().await;
    let ask = || as_user(pair.ask("r"), "u").with("max_tokens", 20).streamed();
    let mut stream = ask().open().await;
    for _ in 0..3 {
        stream.chunk().await.unwrap().unwrap();
    }
    drop(stream);
    pair.metric_is("attache_requests_total", &[("outcome", "cancelled")], 1.0).await;
    let cost = pair.metric("attache_cost_usd_total", &[]).await;
    assert!((0.003..0.02).contains(&cost), "{cost}");
    let answer = ask().send().await;
    assert_eq!(
        answer.header("x-attache-path"),
        "start,limit,within,end",
        "the rest of the reservation is free"
    );
    let answer = ask().send().await;
    assert_eq!(answer.header("x-attache-path"), "start,limit,over,end");
}

#[tokio::test]
async fn over_a_limit_without_a_fallback_there_is_a_429() {
    let limit = json!({"key": PER_USER, "limitType": "count", "limit": 1, "window": 60});
    let mut route = limited("r", limit, [model("within"), model("over")]);
    let elements = route["elements"].as_array_mut().unwrap();
    elements.retain(|element| element["id"] != "over");
    elements[1]["outputs"].as_object_mut().unwrap().remove("fallback");
    let pair = House::new().route(route).start().await;
    assert_eq!(as_user(pair.ask("r"), "u").send().await.status, 200);
    for ask in [pair.ask("r"), pair.ask("r").streamed()] {
        let answer = as_user(ask, "u").send().await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "limit_exceeded"));
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        // a sliding window moves in small steps: at most one more than the window
        assert!((1..=61).contains(&wait), "{wait}");
        assert_eq!(answer.header("x-attache-path"), "start,limit");
    }
    pair.metric_is("attache_requests_total", &[("outcome", "limited"), ("status", "4xx")], 2.0).await;
}

#[tokio::test]
async fn what_is_used_is_shown_and_can_be_forgotten() {
    let limit = json!({"key": PER_USER, "limitType": "cost", "limit": 0.05, "window": "month"});
    let models = [model("paid!tokens=20"), model("over")];
    let pair = House::new().settings(priced()).route(limited("r", limit, models)).start().await;
    for _ in 0..2 {
        as_user(pair.ask("r"), "u").with("max_tokens", 20).send().await;
    }
    pair.is_idle().await;
    let limits = async |method: &str, query: &str| {
        let answer = pair.manage(method, &format!("/api/v1/limits?{query}"), Value::Null).await;
        (answer.status, answer.json())
    };
    let (_, told) = limits("GET", "route=r&key=u").await;
    let told = &told["result"][0];
    assert_eq!(
        [&told["limit_type"], &told["limit"], &told["used"], &told["remaining"], &told["window"]],
        [&json!("cost"), &json!(0.05), &json!(0.04), &json!(0.01), &json!("a month UTC")]
    );
    assert_eq!(limits("GET", "route=r&key=other").await.1["result"][0]["used"], 0.0);
    let refused = as_user(pair.ask("r"), "u").with("max_tokens", 20).send().await;
    assert_eq!(refused.header("x-attache-model"), "over");
    assert_eq!(limits("DELETE", "route=r&key=u&element=limit").await.0, 200);
    let served = as_user(pair.ask("r"), "u").with("max_tokens", 20).send().await;
    assert_eq!(served.header("x-attache-model"), "paid!tokens=20");
    let audit = pair.manage("GET", "/api/v1/audit?kind=limits", Value::Null).await.json();
    let event = &audit["result"]["items"][0];
    assert_eq!((&event["action"], &event["name"]), (&json!("limits.reset"), &json!("r")));
    let forgotten = json!({"key": "u", "forgotten": [{"element": "limit", "used": 40_000_000}]});
    assert_eq!(event["after"], forgotten);
    for wrong in ["route=none", "route=r&element=none"] {
        assert_eq!(limits("GET", wrong).await.0, 404, "{wrong}");
    }
}

#[tokio::test]
async fn thresholds_lead_to_cheaper_models_before_the_limit_is_reached() {
    let mut route = limited(
        "r",
        json!({"key": PER_USER, "limitType": "count", "limit": 10, "window": 3600,
               "thresholds": [{"at": 0.8, "output": "warn"}]}),
        [model("good"), model("none")],
    );
    route["elements"][1]["outputs"]["warn"] = json!({"elementId": "cheap"});
    let cheap = json!({"id": "cheap", "type": "model", "properties": {"provider": "mock", "model": "cheap"},
                       "outputs": {"success": {"elementId": "end"}}});
    route["elements"].as_array_mut().unwrap().push(cheap);
    let pair = House::new().route(route).start().await;
    let mut models = Vec::new();
    for _ in 0..11 {
        models.push(as_user(pair.ask("r"), "u").send().await.header("x-attache-model").to_owned());
    }
    assert_eq!(models, [["good"; 7].as_slice(), &["cheap"; 3], &["none"]].concat());
}

#[tokio::test]
async fn requests_in_flight_are_limited_and_come_back() {
    let limit = json!({"key": PER_USER, "limitType": "concurrency", "limit": 2});
    let pair = House::new().route(limited("r", limit, [model("slow"), model("over")])).start().await;
    pair.mock().script("slow", "first=60000").await;
    let ask = || as_user(pair.ask("r"), "u").streamed();
    let two: Vec<_> = (0..2).map(|_| tokio::spawn(ask().open())).collect();
    eventually(async || match pair.mock().in_flight().await {
        2 => Ok(()),
        n => Err(format!("{n} of 2 are at the provider")),
    })
    .await;
    assert_eq!(ask().send().await.header("x-attache-model"), "over");
    two.iter().for_each(tokio::task::JoinHandle::abort);
    pair.is_idle().await;
    pair.mock().script("slow", "tokens=1").await;
    assert_eq!(ask().send().await.header("x-attache-model"), "slow");
}

#[tokio::test]
async fn a_price_that_nobody_knows_counts_nothing_or_is_refused() {
    for (choice, model_called) in [("zero", "within"), ("refuse", "over")] {
        let limit =
            json!({"key": PER_USER, "limitType": "cost", "limit": 1, "window": 60, "onUnknownPrice": choice});
        let pair = House::new().route(limited("r", limit, [model("within"), model("over")])).start().await;
        assert_eq!(
            as_user(pair.ask("r"), "u").send().await.header("x-attache-model"),
            model_called,
            "{choice}"
        );
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_was_counted() {
    let limit = json!({"key": PER_USER, "limitType": "count", "limit": 2, "window": "month"});
    let models = [model("within"), model("over")];
    let mut pair = House::new().route(limited("r", limit, models)).start().await;
    assert_eq!(as_user(pair.ask("r"), "u").send().await.header("x-attache-model"), "within");
    pair.is_idle().await;
    pair.attache.terminate();
    eventually(async || pair.attache.ended().map(|_| ()).ok_or_else(|| "its end".into())).await;
    pair.restart().await;
    let answer = as_user(pair.ask("r"), "u").send().await;
    assert!(answer.header("ratelimit").starts_with("\"limit\";r=0;"), "{answer:?}");
    assert_eq!(as_user(pair.ask("r"), "u").send().await.header("x-attache-model"), "over");
}
