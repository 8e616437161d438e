//! Neither clients nor providers speak in the pair's own words, and a provider learns nothing of the client.

use super::house::{Answer, Ask, House, Pair, chain, model};
use serde_json::json;
use std::collections::BTreeSet;

const CREDENTIAL: &str = "sk-of-the-provider";

/// What a client could try: to steer, and to be passed on.
const FORGED: [(&str, &str); 28] = [
    ("x-attache-internal-cluster", "other"),
    ("x-attache-internal-exchange", "stolen"),
    ("x-attache-internal-next", "1"),
    ("x-attache-internal-local", "cluster_not_found"),
    ("x-attache-route", "forged"),
    ("x-attache-path", "forged"),
    ("x-attache-attempts", "99"),
    ("x-attache-model", "forged"),
    ("x-attache-provider", "other"),
    ("x-envoy-attempt-count", "7"),
    ("x-envoy-max-retries", "9"),
    ("x-envoy-retry-on", "5xx"),
    ("x-envoy-retriable-status-codes", "200"),
    ("x-envoy-upstream-rq-timeout-ms", "1"),
    ("x-envoy-upstream-rq-per-try-timeout-ms", "1"),
    ("x-envoy-original-path", "/secret"),
    ("x-envoy-internal", "true"),
    ("x-envoy-decorator-operation", "forged"),
    ("x-request-id", "11111111-1111-4111-8111-111111111111"),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    ("forwarded", "for=203.0.113.7"),
    ("x-real-ip", "203.0.113.7"),
    ("cookie", "session=of-the-client"),
    ("user-agent", "of-the-client/1.0"),
    ("x-mock", "status=500"),
    ("x-anything", "of-the-client"),
];

fn forged(ask: Ask) -> Ask {
    let ask = FORGED.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
    let ask = ask.header("authorization", "Bearer sk-of-the-client").header("x-api-key", "sk-of-the-client");
    ask.header("cf-aig-metadata", r#"{"user":"of-the-client"}"#).header("cf-aig-authorization", "Bearer x")
}

async fn pair() -> Pair {
    let header = |name: &str| format!("header={name}:forged");
    let names = [
        "x-attache-internal-next",
        "x-attache-internal-local",
        "x-attache-route",
        "x-attache-path",
        "x-attache-attempts",
        "x-attache-anything",
        "x-envoy-upstream-service-time",
        "x-envoy-ratelimited",
        "x-envoy-overloaded",
        "x-envoy-retry",
        "cf-aig-step",
        "cf-aig-anything",
        "set-cookie",
    ];
    let all = names.map(header).join(",");
    let lies = |more: &str| model(&format!("liar!{all}{more}"));
    House::new()
        .provider("mock", json!({"api_key": CREDENTIAL}))
        .provider("other", json!({}))
        .route(chain("r", ["first!status=500", "second"]))
        .route(chain("answer", [lies(""), model("second")]))
        .route(chain("failure", [lies(",status=503")]))
        .route(chain("fallback", [lies(",status=503"), model("second")]))
        .route(chain("clients-own", [lies(",status=400"), model("second")]))
        .start()
        .await
}

#[tokio::test]
async fn a_client_steers_nothing() {
    let pair = pair().await;
    for ask in [pair.ask("r"), pair.ask("r").streamed()] {
        let answer = forged(ask).send().await;
        assert_eq!((answer.status, answer.content().as_str()), (200, "Hello from second: hi"), "{answer:?}");
        told_by_us(&answer, "r", "start,m1,m2,end", "2");
        assert_ne!(answer.header("cf-aig-request-id"), "11111111-1111-4111-8111-111111111111");
    }
    assert_eq!(pair.providers["other"].requests().await, 0);
    let ids: BTreeSet<_> = pair.records().iter().map(|record| record["exchange"].to_string()).collect();
    assert!(!ids.iter().any(|id| id.contains("stolen") || id.contains("11111111")), "{ids:?}");
}

#[tokio::test]
async fn the_provider_learns_nothing_of_the_client() {
    let pair = pair().await;
    for ask in [pair.ask("r"), pair.ask("r").streamed()] {
        assert_eq!(forged(ask.header("accept", "text/plain")).send().await.status, 200);
    }
    let seen = pair.mock().seen().await;
    assert_eq!(seen.len(), 4);
    for seen in seen {
        let names: BTreeSet<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        let allowed = ["accept", "authorization", "content-length", "content-type", "host", "user-agent"];
        assert_eq!(names, BTreeSet::from(allowed));
        assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {CREDENTIAL}")));
        assert_eq!(seen.header("user-agent"), Some(concat!("attache/", env!("CARGO_PKG_VERSION"))));
        assert_eq!(seen.header("accept"), Some("text/plain"));
        assert_eq!(format!("http://{}", seen.header("host").unwrap()), pair.mock().url);
        assert_eq!(seen.path, "/v1/chat/completions");
        let body = String::from_utf8(seen.body.clone()).unwrap();
        assert!(!body.contains("of-the-client"), "{body}");
    }
}

#[tokio::test]
async fn a_provider_without_a_credential_gets_none() {
    let headers = json!({"x-tenant": "t1", "x-forwarded-for": "10.0.0.1"});
    let pair =
        House::new().provider("mock", json!({"headers": headers})).route(chain("r", ["first"])).start().await;
    assert_eq!(forged(pair.ask("r")).header("x-tenant", "forged").send().await.status, 200);
    let seen = &pair.mock().seen().await[0];
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.headers.iter().filter(|(name, _)| name == "x-tenant").count(), 1);
    assert_eq!((seen.header("x-tenant"), seen.header("x-forwarded-for")), (Some("t1"), Some("10.0.0.1")));
}

#[tokio::test]
async fn a_provider_steers_nothing() {
    let pair = pair().await;
    for stream in [false, true] {
        for (route, status, path, attempts) in [
            ("answer", 200, "start,m1,end", "1"),
            ("failure", 503, "start,m1,end", "1"),
            ("fallback", 200, "start,m1,m2,end", "2"),
            ("clients-own", 400, "start,m1", "1"),
        ] {
            let before = pair.mock().requests().await;
            let answer = pair.ask(route).with("stream", stream).send().await;
            assert_eq!(answer.status, status, "{route}: {answer:?}");
            told_by_us(&answer, route, path, attempts);
            assert_eq!((pair.mock().requests().await - before).to_string(), attempts, "{route}");
        }
    }
}

/// Each of our headers is there once and says the truth, and nothing of the other side's is.
fn told_by_us(answer: &Answer, route: &str, path: &str, attempts: &str) {
    for (name, value) in [("x-attache-path", path), ("x-attache-attempts", attempts)] {
        assert_eq!(answer.headers.get_all(name).iter().collect::<Vec<_>>(), [value], "{answer:?}");
    }
    assert_eq!(answer.headers.get_all("x-attache-route").iter().count(), 1);
    assert!(answer.header("x-attache-route").starts_with(&format!("{route}@")));
    for (name, value) in &answer.headers {
        let name = name.as_str();
        assert!(!name.starts_with("x-attache-internal") && !name.starts_with("x-envoy-"), "{name}");
        assert!(name != "x-attache-anything" && name != "cf-aig-anything" && name != "set-cookie", "{name}");
        assert_ne!(value, "forged", "{name}");
    }
}
