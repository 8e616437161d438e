//! What the provider gets of the body: every byte, but for the model's name.

use super::house::{Answer, House, chain, model};
use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use serde_json::json;

const MIB: usize = 1 << 20;

/// Unknown fields, odd order and spelling, text beyond ASCII, blanks of every kind.
const ODD: &str = "\r\n{ \"zeta\" : {\"b\":1e2,\"a\":[100.0 , -0, 1E+2,\t12345678901234567890123], \"\u{e9}\":\"na\u{ef}ve \\u00e9 \u{1f600}\"},\n\
    \"temperature\":1e2,\"top_p\": 100.0 ,  \"model\"\t: \"MODEL\" ,\"messages\":[ {\"content\":\"hi \u{65e5}\u{672c} \\/ \u{2603}\",\"role\":\"user\" } ],\
    \"max_tokens\" : 7, \"\":null }\n ";

#[tokio::test]
async fn the_body_is_kept_byte_by_byte() {
    let pair = House::new().route(chain("r", ["first!status=500", "second"])).start().await;
    let streamed = ODD
        .replace("{ \"zeta\"", "{\"stream\" :true, \"stream_options\":{ \"include_usage\":true}, \"zeta\"");
    for body in [ODD, &streamed] {
        let sent = body.replace("MODEL", "dynamic/r");
        let answer = Answer::of(pair.post("/v1/chat/completions").body(sent)).await;
        assert_eq!((answer.status, answer.header("x-attache-attempts")), (200, "2"), "{answer:?}");
    }
    for model in ["first!status=500", "second"] {
        let seen = pair.mock().seen_of(model).await;
        for (seen, body) in seen.iter().zip([ODD, &streamed]) {
            assert_eq!(String::from_utf8(seen.body.clone()).unwrap(), body.replace("MODEL", model));
            assert_eq!(seen.header("content-length"), Some(&*seen.body.len().to_string()));
        }
        assert_eq!(seen.len(), 2);
    }
}

#[tokio::test]
async fn a_model_may_set_fields() {
    let params =
        json!({"default": {"temperature": 0.5, "max_tokens": 3}, "override": {"seed": 7, "user": null}});
    let pair = House::new().route(chain("r", [model("first").with("params", params)])).start().await;
    let answer = pair.ask("r").with("temperature", 1).with("seed", 1).with("user", "u").send().await;
    assert_eq!(answer.status, 200);
    let seen = pair.mock().seen_of("first").await;
    let body = seen[0].json();
    let fields = ["temperature", "max_tokens", "seed", "user"].map(|name| body[name].clone());
    assert_eq!(json!(fields), json!([1, 3, 7, null]), "{body}");
}

/// A chat of so many bytes of content.
fn chat(model: &str, content: usize) -> String {
    let content = "x".repeat(content);
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{content}"}}]}}"#)
}

/// The same body in chunks of 64 KiB, its length untold.
fn chunked(body: &str) -> Body {
    let chunks: Vec<_> = body
        .as_bytes()
        .chunks(64 << 10)
        .map(|c| Ok::<_, std::io::Error>(Bytes::copy_from_slice(c)))
        .collect();
    Body::wrap_stream(stream::iter(chunks))
}

#[tokio::test]
async fn thirty_mib_pass_even_at_the_second_attempt() {
    let pair = House::new().route(chain("r", ["first!status=503", "second!tokens=2"])).start().await;
    let body = chat("dynamic/r", 30 * MIB);
    for body in [Body::from(body.clone()), chunked(&body)] {
        let request = pair.post("/v1/chat/completions").header("content-type", "application/json").body(body);
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.header("x-attache-attempts")), (200, "2"), "{answer:?}");
        assert_eq!(answer.json()["usage"]["prompt_tokens"], 30 * MIB / 4, "all of it arrived");
    }
    pair.is_idle().await;
}

#[tokio::test]
async fn above_the_limit_the_client_is_told_the_limit() {
    let small = json!({"envoy": {"max_body": "2MiB"}});
    for (settings, limit, size) in [(json!({}), 32 * MIB, 40 * MIB), (small, 2 * MIB, 2 * MIB + 1)] {
        let pair = House::new().settings(settings).route(chain("r", ["first"])).start().await;
        let body = chat("dynamic/r", size);
        for body in [Body::from(body.clone()), chunked(&body)] {
            let answer = Answer::of(pair.post("/v1/chat/completions").body(body)).await;
            assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
            assert!(answer.text().contains(&limit.to_string()), "{answer:?}");
        }
        assert_eq!(pair.mock().requests().await, 0);
        assert_eq!(pair.ask("r").send().await.status, 200);
        pair.is_idle().await;
    }
}
