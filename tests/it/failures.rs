//! Whatever goes wrong at the first model before its first content, the client sees the second model only.

use super::house::{Answer, House, Model, Pair, chain, eventually, model};
use futures_util::future::join_all;
use serde_json::json;

/// Nothing listens here.
const NOWHERE: &str = "http://127.0.0.1:1/v1";
/// Far beyond the timeout of the first model.
const NEVER: u64 = 60_000;

struct Failure {
    name: &'static str,
    model: Model,
    fault: &'static str,
    /// Envoy gives the first provider up before it has answered.
    given_up: bool,
}

#[tokio::test]
async fn the_second_model_answers_for_the_first() {
    the_second_answers(false).await;
}

#[tokio::test]
async fn the_second_model_streams_for_the_first() {
    the_second_answers(true).await;
}

async fn the_second_answers(streamed: bool) {
    let mut house = House::new()
        .settings(json!({"providers": {"nowhere": {"dialect": "openai", "base_url": NOWHERE}}}))
        .hidden_from_envoy("hidden");
    let failures = failures(streamed);
    let told: Vec<_> = failures.iter().map(|f| (f.name, f.fault, f.given_up)).collect();
    for Failure { name, model, .. } in failures {
        house = house.route(chain(name, [model, "second".into()]));
    }
    let pair = house.start().await;
    let answers = told.iter().map(|(name, ..)| {
        let ask = pair.ask(name);
        if streamed { ask.streamed().send() } else { ask.send() }
    });
    for ((name, ..), answer) in told.iter().zip(join_all(answers).await) {
        only_the_second_is_seen(name, &answer, streamed);
    }
    for (name, fault, given_up) in told {
        the_first_is_gone(&pair, name, fault, given_up).await;
    }
    pair.is_idle().await;
}

fn failures(streamed: bool) -> Vec<Failure> {
    let new = |name, model, fault| Failure { name, model, fault, given_up: false };
    let says = |name, behaviour: &str, fault| new(name, model(&format!("first-{name}!{behaviour}")), fault);
    let late = |name, word: &str| {
        let failure = says(name, &format!("{word}={NEVER}"), "timeout");
        Failure { model: failure.model.timeout(400), given_up: true, ..failure }
    };
    let mut failures = vec![
        says("s500", "status=500", "server_error"),
        says("s503", "status=503", "server_error"),
        says("s429", "status=429,retry-after=30", "rate_limited"),
        says("s401", "status=401", "auth"),
        new("refused", model("first-refused").of("nowhere"), "connect"),
        new("no-cluster", model("first-no-cluster").of("hidden"), "no_cluster"),
        says("reset", "reset", "reset"),
        late("no-headers", "delay"),
        late("no-content", "first"),
        says("error", "error-event", "server_error"),
        says("empty", "empty", "empty_answer"),
        says("cut", "cut=0", "reset"),
    ];
    if !streamed {
        failures.push(says("cut-short", "cut=1", "reset"));
        failures.push(says("truncated", "end=1", "truncated"));
    }
    failures
}

fn only_the_second_is_seen(name: &str, answer: &Answer, streamed: bool) {
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
    assert_eq!(answer.header("x-attache-attempts"), "2", "{name}");
    assert_eq!(answer.header("x-attache-path"), "start,m1,m2,end", "{name}");
    assert_eq!(answer.header("x-attache-model"), "second", "{name}");
    assert_eq!(answer.header("x-attache-provider"), "mock", "{name}");
    assert_eq!(answer.content(), "Hello from second: hi", "{name}");
    assert!(!answer.broken, "{name}");
    let headers = format!("{:?}", answer.headers);
    assert!(!headers.contains("first") && !headers.contains("internal"), "{name}: {headers}");
    assert!(!headers.contains("retry-after"), "{name}: {headers}");
    assert!(!answer.text().contains("first") && !answer.text().contains("error"), "{name}: {answer:?}");
    if streamed {
        assert_eq!(answer.events().last().unwrap(), "[DONE]", "{name}");
    }
}

/// The record tells the fault, and the first provider is left alone.
async fn the_first_is_gone(pair: &Pair, name: &str, fault: &str, given_up: bool) {
    let record = eventually(async || {
        pair.records()
            .into_iter()
            .find(|record| record["route"] == name)
            .ok_or(format!("the record of {name}"))
    })
    .await;
    let results = record["results"].as_str().unwrap();
    assert!(results.ends_with(&format!("={fault},mock/second=ok")), "{name}: {results}");
    eventually(async || {
        let seen = pair.mock().seen().await;
        let first = seen.iter().find(|seen| seen.model().starts_with(&format!("first-{name}!")));
        match first {
            Some(first) if first.aborted != given_up => Err(format!("{name}: the first's request to end")),
            _ => Ok(()),
        }
    })
    .await;
}

#[tokio::test]
async fn two_hundred_fall_back_at_once() {
    // every request shall meet every failure
    let pair = House::new()
        .settings(json!({"health": {"enabled": false}}))
        .route(chain("r", ["first!status=503,delay=200", "second!reset", "third"]))
        .start()
        .await;
    for streamed in [false, true] {
        let answers = join_all((0..200).map(|_| pair.ask("r").with("stream", streamed).send())).await;
        for answer in answers {
            assert_eq!((answer.status, answer.header("x-attache-attempts")), (200, "3"), "{answer:?}");
            assert_eq!(answer.content(), "Hello from third: hi");
        }
    }
    assert_eq!(pair.mock().requests().await, 1200);
}
