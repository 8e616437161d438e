//! How attempts follow each other: timeouts, long chains, what falls back and what is tried again.

use super::house::{House, chain, model};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NEVER: &str = "delay=60000";

#[tokio::test]
async fn every_model_has_its_own_time() {
    let [slow, slower] = [("slow", 300), ("slower", 700)];
    let late = |(name, ms): (&str, u64)| model(&format!("{name}!{NEVER}")).timeout(ms);
    let pair = House::new()
        .route(chain("answered", [late(slow), late(slower), model("third")]))
        .route(chain("failed", [late(slow), late(slower)]))
        .start()
        .await;
    let began = Instant::now();
    let answer = pair.ask("answered").send().await;
    let took = began.elapsed();
    assert_eq!((answer.status, answer.header("x-attache-attempts")), (200, "3"));
    assert_eq!(answer.content(), "Hello from third: hi");
    // Envoy's timers may be a millisecond early
    assert!(took >= Duration::from_millis(995) && took < Duration::from_secs(5), "{took:?}");

    let answer = pair.ask("failed").send().await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "all_attempts_failed"));
    let attempts = answer.json()["error"]["attempts"].clone();
    let durations: Vec<_> =
        attempts.as_array().unwrap().iter().map(|a| a["duration_ms"].as_u64().unwrap()).collect();
    assert!(matches!(durations[..], [298..700, 698..3000]), "{durations:?}");
    assert_eq!(attempts[0]["fault"], "timeout");
    assert_eq!(attempts[1]["element"], "m2");
}

#[tokio::test]
async fn a_chain_of_eight_falls_through_to_the_eighth() {
    let failing =
        ["500", "503", "429", "401", "404", "502", "529"].map(|status| format!("m!status={status}"));
    let models = failing.iter().map(String::as_str).chain(["eighth"]);
    let pair = House::new().route(chain("r", models)).start().await;
    for ask in [pair.ask("r"), pair.ask("r").streamed()] {
        let answer = ask.send().await;
        assert_eq!(answer.content(), "Hello from eighth: hi");
        assert_eq!(answer.header("x-attache-attempts"), "8");
        assert_eq!(answer.header("x-attache-path"), "start,m1,m2,m3,m4,m5,m6,m7,m8,end");
        assert_eq!(answer.header("cf-aig-step"), "7");
    }
}

#[tokio::test]
async fn all_that_failed_is_told() {
    let pair = House::new().route(chain("r", ["a!status=500", "b!status=503,retry-after=7"])).start().await;
    for ask in [pair.ask("r"), pair.ask("r").streamed()] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "all_attempts_failed"));
        assert_eq!((answer.header("retry-after"), answer.header("x-attache-attempts")), ("7", "2"));
        let error = &answer.json()["error"];
        assert_eq!(error["attempts"].as_array().unwrap().len(), 2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("a!status=500: 500") && message.contains("b!status=503"), "{message}");
    }
}

#[tokio::test]
async fn fallback_on_narrows() {
    let narrow = |name: &str, on: Value, first: &str| {
        chain(name, [model(first).timeout(300).with("fallbackOn", on), model("second")])
    };
    let late = format!("m!{NEVER}");
    let pair = House::new()
        .route(narrow("status", json!([503]), "m!status=503"))
        .route(narrow("other-status", json!([503]), "m!status=500"))
        .route(narrow("class", json!(["5xx"]), "m!status=502"))
        .route(narrow("other-class", json!(["5xx"]), "m!status=429"))
        .route(narrow("fault", json!(["timeout"]), &late))
        .route(narrow("other-fault", json!(["connect", "reset"]), &late))
        .route(narrow("clients-own", json!(["4xx"]), "m!status=400"))
        .start()
        .await;
    for route in ["status", "class", "fault", "clients-own"] {
        let answer = pair.ask(route).send().await;
        assert_eq!((answer.status, answer.header("x-attache-path")), (200, "start,m1,m2,end"), "{route}");
    }
    for (route, status) in [("other-status", 500), ("other-class", 429), ("other-fault", 504)] {
        let answer = pair.ask(route).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (status, "all_attempts_failed"), "{route}");
        assert_eq!(answer.header("x-attache-attempts"), "1", "{route}");
    }
}

#[tokio::test]
async fn the_clients_own_mistakes_come_back_in_the_providers_words() {
    let statuses = [400, 413, 422];
    let first = |status: u16| model(&format!("m!status={status}")).retries(3);
    let house = statuses.iter().fold(House::new(), |house, status| {
        house.route(chain(&format!("r{status}"), [first(*status), model("second")]))
    });
    let pair = house.start().await;
    for status in statuses {
        for stream in [false, true] {
            let answer = pair.ask(&format!("r{status}")).with("stream", stream).send().await;
            assert_eq!((answer.status, answer.header("x-attache-attempts")), (status, "1"));
            let own = json!({"error": {
                "message": "The mock fails as it was told to.", "type": "invalid_request_error",
                "param": null, "code": null,
            }});
            assert_eq!(answer.text(), own.to_string());
        }
    }
    assert_eq!(pair.mock().requests().await, 6);
}

#[tokio::test]
async fn the_same_target_is_tried_again() {
    let pair = House::new()
        .settings(json!({"retry": {"base": "200ms", "jitter": 0}}))
        .route(chain("waits", [model("asks").retries(2), model("second")]))
        .route(chain("backs-off", [model("flaky").retries(2), model("second")]))
        .route(chain("gives-up", [model("down!status=500").retries(1), model("second")]))
        .route(chain("hopeless", [model("denied!status=401").retries(3), model("second")]))
        .start()
        .await;
    pair.mock().script("asks", "status=429,retry-after=1,times=2").await;
    pair.mock().script("flaky", "status=503,times=2").await;
    let at_least = |ms| Duration::from_millis(ms);
    for (route, model, attempts, pause) in [
        ("waits", "asks", "3", at_least(2000)),
        ("backs-off", "flaky", "3", at_least(600)),
        ("gives-up", "second", "3", at_least(200)),
        ("hopeless", "second", "2", at_least(0)),
    ] {
        let began = Instant::now();
        let answer = pair.ask(route).send().await;
        let took = began.elapsed();
        assert_eq!(answer.content(), format!("Hello from {model}: hi"), "{route}");
        assert_eq!(answer.header("x-attache-attempts"), attempts, "{route}");
        assert!(took >= pause && took < pause + Duration::from_secs(4), "{route}: {took:?}");
    }
}

#[tokio::test]
async fn who_asks_for_too_long_a_wait_has_failed() {
    let pair = House::new()
        .settings(json!({"retry": {"after_max": "2s"}}))
        .route(chain("r", [model("m!status=429,retry-after=3").retries(3), model("second")]))
        .start()
        .await;
    let began = Instant::now();
    let answer = pair.ask("r").send().await;
    assert_eq!((answer.header("x-attache-attempts"), answer.status), ("2", 200));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn attempts_have_a_limit() {
    let pair = House::new()
        .settings(json!({"limits": {"max_attempts": 3}, "retry": {"base": "1ms"}}))
        .route(chain("r", [model("m!status=500").retries(5), model("second")]))
        .start()
        .await;
    let answer = pair.ask("r").send().await;
    assert_eq!((answer.status, answer.header("x-attache-attempts")), (500, "3"));
    assert_eq!(answer.code(), "all_attempts_failed");
    assert_eq!(pair.mock().requests().await, 3);
}
