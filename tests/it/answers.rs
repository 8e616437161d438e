//! What clients get when all is well: every endpoint, usage as they asked for it, and what it costs.

use super::house::{Answer, House, chain, model};
use serde_json::{Value, json};

/// "hi" is one prompt token, "Hello from first: hi" are four.
const USAGE: [u64; 2] = [1, 4];

async fn posted(pair: &super::house::Pair, path: &str, body: Value) -> Answer {
    Answer::of(pair.post(path).json(&body)).await
}

#[tokio::test]
async fn usage_is_shown_to_who_asked_for_it_and_counted_in_any_case() {
    let pair = House::new()
        .settings(json!({"prices": {"mock/first": {"input": 1000, "output": 10000}}}))
        .route(chain("r", ["first"]))
        .start()
        .await;
    let usages = |answer: &Answer| {
        let events = answer.events();
        events.iter().filter(|event| event["usage"].is_object()).cloned().collect::<Vec<_>>()
    };
    let hidden = pair.ask("r").streamed().send().await;
    assert_eq!(hidden.content(), "Hello from first: hi");
    assert_eq!(usages(&hidden), [] as [Value; 0]);
    assert!(!hidden.text().contains("prompt_tokens"), "{hidden:?}");
    assert_eq!(hidden.events().last().unwrap(), "[DONE]");

    let asked = pair.ask("r").streamed().with("stream_options", json!({"include_usage": true})).send().await;
    let told = usages(&asked);
    let [told] = told.as_slice() else { panic!("{asked:?}") };
    assert_eq!((&told["choices"], &told["usage"]["prompt_tokens"]), (&json!([]), &json!(USAGE[0])));
    assert_eq!(told["usage"]["completion_tokens"], USAGE[1]);

    let declined =
        pair.ask("r").streamed().with("stream_options", json!({"include_usage": false})).send().await;
    assert_eq!(usages(&declined), [] as [Value; 0]);
    let whole = pair.ask("r").send().await;
    assert_eq!(whole.json()["usage"]["total_tokens"], USAGE[0] + USAGE[1]);

    let of_first = |kind| [("model", "first"), ("kind", kind)];
    for (kind, tokens) in [("input", 4.0), ("output", 16.0), ("cached", 0.0)] {
        pair.metric_is("attache_tokens_total", &of_first(kind), tokens).await;
    }
    let cost = pair.metric("attache_cost_usd_total", &[("provider", "mock"), ("model", "first")]).await;
    assert!((cost - 0.164).abs() < 1e-9, "{cost}");
    for record in pair.records() {
        assert_eq!((&record["input_tokens"], &record["output_tokens"]), (&json!(1), &json!(4)), "{record}");
        assert_eq!(record["cost_usd"], 0.041, "{record}");
    }
    let sent = pair.mock().seen().await;
    let options: Vec<_> =
        sent.iter().map(|seen| seen.json()["stream_options"]["include_usage"].clone()).collect();
    assert_eq!(json!(options), json!([true, true, true, null]));
}

#[tokio::test]
async fn usage_that_a_provider_does_not_tell_is_estimated() {
    let pair = House::new()
        .provider("plain", json!({"stream_usage": false}))
        .route(chain("r", [model("first").of("plain")]))
        .start()
        .await;
    assert_eq!(pair.ask("r").streamed().send().await.content(), "Hello from first: hi");
    pair.metric_is("attache_requests_total", &[("outcome", "answered")], 1.0).await;
    let record = &pair.records()[0];
    assert_eq!(record["tokens_estimated"], true, "{record}");
    let output = record["output_tokens"].as_u64().unwrap();
    assert!((4..=6).contains(&output), "an event is about a token: {record}");
    let seen = &pair.providers["plain"].seen().await[0];
    assert_eq!(seen.json().get("stream_options"), None);
}

#[tokio::test]
async fn every_endpoint_of_the_mock_takes_routes() {
    let pair = House::new().route(chain("r", ["first!status=500", "second"])).start().await;
    let chat = json!({"model": "dynamic/r", "messages": [{"role": "user", "content": "hi"}]});
    let prompt = json!({"model": "dynamic/r", "prompt": "hi"});
    let input = json!({"model": "dynamic/r", "input": ["hi", "ho"]});
    for (path, body, at, says) in [
        ("/v1/chat/completions", &chat, "/choices/0/message/content", json!("Hello from second: hi")),
        (
            "/v1/account/gateway/compat/chat/completions",
            &chat,
            "/choices/0/message/content",
            json!("Hello from second: hi"),
        ),
        (
            "/v1/chat/completions?x=1&y=%20",
            &chat,
            "/choices/0/message/content",
            json!("Hello from second: hi"),
        ),
        ("/v1/completions", &prompt, "/choices/0/text", json!("Hello from second: hi")),
        ("/v1/embeddings", &input, "/data/1/index", json!(1)),
        ("/v1/responses", &input, "/output/0/content/0/text", json!("Hello from second: ho")),
    ] {
        let answer = posted(&pair, path, body.clone()).await;
        assert_eq!(
            (answer.status, answer.header("x-attache-path")),
            (200, "start,m1,m2,end"),
            "{path}: {answer:?}"
        );
        assert_eq!(answer.json().pointer(at), Some(&says), "{path}: {answer:?}");
    }
    let paths: Vec<_> = pair.mock().seen_of("second").await.into_iter().map(|seen| seen.path).collect();
    let chat = "/v1/chat/completions";
    let queried = "/v1/chat/completions?x=1&y=%20";
    assert_eq!(paths, [chat, chat, queried, "/v1/completions", "/v1/embeddings", "/v1/responses"]);
    for (endpoint, times) in
        [("chat.completions", 3.0), ("completions", 1.0), ("embeddings", 1.0), ("responses", 1.0)]
    {
        pair.metric_is("attache_requests_total", &[("endpoint", endpoint), ("outcome", "answered")], times)
            .await;
    }
}

#[tokio::test]
async fn other_endpoints_stream_too() {
    let pair = House::new().route(chain("r", ["first!error-event", "second"])).start().await;
    let prompt = json!({"model": "dynamic/r", "prompt": "hi", "stream": true});
    let answer = posted(&pair, "/v1/completions", prompt).await;
    assert_eq!(answer.header("x-attache-path"), "start,m1,m2,end");
    let text: String = answer.events().iter().filter_map(|e| e["choices"][0]["text"].as_str()).collect();
    assert_eq!(text, "Hello from second: hi");
    let input = json!({"model": "dynamic/r", "input": "hi", "stream": true});
    let answer = posted(&pair, "/v1/responses", input).await;
    assert_eq!(answer.header("x-attache-path"), "start,m1,m2,end");
    assert!(answer.text().contains("event: response.completed") && !answer.text().contains("event: error"));
    pair.metric_is("attache_tokens_total", &[("model", "second"), ("kind", "output")], 8.0).await;
}

#[tokio::test]
async fn routes_and_models_are_listed() {
    let pair = House::new()
        .provider("mock", json!({"models": ["tiny"]}))
        .route(chain("b", ["first"]))
        .route(chain("a", ["second", "first"]))
        .start()
        .await;
    for path in ["/v1/models", "/v1/account/gateway/compat/models"] {
        let list = pair.get(path).await.json();
        let ids: Vec<_> =
            list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["dynamic/a", "dynamic/b", "mock/first", "mock/second", "mock/tiny"]);
        assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
    }
    assert_eq!(pair.mock().requests().await, 0);
    let direct = pair.chat(json!({"model": "mock/tiny", "messages": [{"role": "user", "content": "hi"}]}));
    let answer = direct.send().await;
    assert_eq!((answer.status, answer.content().as_str()), (200, "Hello from tiny: hi"));
    assert_eq!((answer.header("x-attache-provider"), answer.header("x-attache-route")), ("mock", ""));
}
