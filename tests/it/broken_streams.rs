//! Once content has reached the client there is no way back: what breaks then ends with an error, and says so.

use super::house::{Answer, House, Pair, chain};
use serde_json::{Value, json};

async fn pair(first: &str) -> Pair {
    let settings = json!({"limits": {"stream_idle": "1s"}});
    House::new().settings(settings).route(chain("r", [first, "second"])).start().await
}

/// The client has the first model's content, and the first model's alone.
fn committed(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-attache-attempts"), "1");
    assert_eq!(answer.header("x-attache-path"), "start,m1,end");
    assert_eq!(answer.content(), "Hello from ");
    answer.events()
}

async fn is_cut(pair: &Pair, fault: &str) {
    pair.metric_is("attache_requests_total", &[("route", "r"), ("outcome", "cut")], 1.0).await;
    pair.metric_is("attache_requests_total", &[], 1.0).await;
    pair.metric_is("attache_attempts_total", &[("result", fault)], 1.0).await;
    let records = pair.records();
    assert_eq!((&records[0]["outcome"], &records[0]["error"]), (&json!("cut"), &json!("stream_broken")));
    pair.is_idle().await;
}

#[tokio::test]
async fn a_stream_without_its_end_ends_with_an_error() {
    for behaviour in ["end=2", "end=2,gap=30"] {
        let pair = pair(&format!("first!{behaviour}")).await;
        let answer = pair.ask("r").streamed().send().await;
        let events = committed(&answer);
        assert!(!answer.broken);
        let error = &events.last().unwrap()["error"];
        assert_eq!(error["code"], "stream_broken", "{events:?}");
        assert!(error["message"].is_string() && error["type"] == "upstream_error", "{error}");
        is_cut(&pair, "reset").await;
    }
}

#[tokio::test]
async fn a_providers_own_error_event_is_passed_on() {
    let pair = pair("first!error-after=2,gap=100").await;
    let answer = pair.ask("r").streamed().send().await;
    let events = committed(&answer);
    assert!(!answer.broken);
    let errors: Vec<_> = events.iter().filter(|event| event["error"].is_object()).collect();
    assert_eq!(errors.len(), 1, "{events:?}");
    assert_eq!(errors[0]["error"]["message"], "The mock fails as it was told to.");
    is_cut(&pair, "server_error").await;
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_ended() {
    let pair = pair("first!tokens=2,gap=60000").await;
    let answer = pair.ask("r").streamed().send().await;
    assert_eq!((answer.status, answer.content().as_str()), (200, "Hello "));
    let events = answer.events();
    let error = &events.last().unwrap()["error"];
    assert_eq!(error["code"], "stream_broken", "{events:?}");
    assert!(error["message"].as_str().unwrap().contains("stream_idle"), "{error}");
    is_cut(&pair, "timeout").await;
    let seen = pair.mock().seen_of("first!tokens=2,gap=60000").await;
    assert_eq!(seen.len(), 1);
    assert_eq!(pair.mock().in_flight().await, 0, "the provider is let go");
}

#[tokio::test]
async fn an_error_right_behind_the_first_words_still_falls_back() {
    let pair = pair("first!error-after=1").await;
    let answer = pair.ask("r").streamed().send().await;
    assert_eq!(answer.header("x-attache-path"), "start,m1,m2,end", "{answer:?}");
    assert_eq!(answer.content(), "Hello from second: hi");
}
