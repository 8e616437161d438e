//! Credentials that come from outside and change: keys in files, keys that AWS gives to programs.

use super::house::{House, Pair, Seen, chain, eventually, model};
use attache::provider::{Aws, AwsKeys, Credential, KeyPair, Secret, Unsigned};
use axum::{Json, Router, routing::get};
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};
use std::time::SystemTime;
use tokio::net::TcpListener;

/// Waits until the provider `mock` is as `expected`.
async fn mock_is(pair: &Pair, expected: Value) {
    eventually(async || match &pair.status().await["providers"][0] {
        status if *status == expected => Ok(()),
        status => Err(format!("{expected}, not {status}")),
    })
    .await;
}

#[tokio::test]
async fn a_key_in_a_file_is_taken_over_as_the_file_changes() {
    let pair =
        House::new().provider("mock", json!({"api_key": "${file:key}"})).route(chain("r", ["m"])).start();
    let pair = pair.await;
    let problem = "the file key can not be used: No such file or directory (os error 2)";
    assert_eq!(
        pair.status().await["providers"][0],
        json!({"name": "mock", "usable": false, "problem": problem})
    );
    assert_eq!(pair.ask("r").send().await.code(), "no_credential");
    for key in ["sk-one", "sk-two"] {
        pair.write("key", &format!("{key}\n"));
        eventually(async || {
            let answer = pair.ask("r").send().await;
            let seen = pair.mock().seen().await.pop();
            let sent = seen.and_then(|seen| seen.header("authorization").map(str::to_owned));
            match sent {
                Some(sent) if sent == format!("Bearer {key}") => Ok(()),
                sent => Err(format!("{key}, not {sent:?} ({})", answer.status)),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn the_keys_of_a_container_are_there_before_the_first_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let keys = format!("http://{}/keys", listener.local_addr().unwrap());
    let given = json!({
        "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret", "Token": "token",
        "Expiration": "2999-01-01T00:00:00Z",
    });
    let service = Router::new().route("/keys", get(async move || Json(given)));
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    let pair = House::new()
        .provider("mock", json!({"region": "eu-west-1", "aws": {}}))
        .variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &keys)
        .start()
        .await;
    assert_eq!(pair.status().await["providers"][0], json!({"name": "mock", "usable": true}));
    serving.abort();
}

#[tokio::test]
async fn a_platform_that_gives_no_keys_is_told_and_the_rest_serves() {
    let mut pair = House::new()
        .provider("mock", json!({"region": "eu-west-1", "aws": {"profile": "none-of-this-name"}}))
        .variable("AWS_CONFIG_FILE", "/nowhere")
        .variable("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        .start()
        .await;
    let status = pair.status().await["providers"][0].clone();
    assert_eq!(status["usable"], json!(false));
    let problem = status["problem"].as_str().unwrap();
    assert!(problem.starts_with("there are no AWS credentials: "), "{problem}");
    assert!(problem.contains("none-of-this-name"), "{problem}");
    pair.configure(json!({"providers": {"mock": {"aws": null, "region": null, "api_key": "k"}}}));
    mock_is(&pair, json!({"name": "mock", "usable": true})).await;
}

/// When the request was signed.
fn signed(seen: &Seen) -> SystemTime {
    let written = DateTime::strptime("%Y%m%dT%H%M%SZ", seen.header("x-amz-date").unwrap()).unwrap();
    written.to_zoned(TimeZone::UTC).unwrap().timestamp().into()
}

#[tokio::test]
async fn what_is_signed_is_what_is_sent() {
    let keys =
        json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret", "session_token": "token"});
    let model = model("anthropic.claude-v2:1").of("bedrock");
    let mut pair = House::new().route(chain("r", [model])).provider("bedrock", json!({})).start().await;
    let base_url = pair.providers["bedrock"].url.clone();
    pair.configure(json!({"providers": {"bedrock": {
        "dialect": "bedrock", "region": "eu-west-1", "aws": keys, "base_url": base_url,
    }}}));
    let seen = eventually(async || {
        pair.ask("r").send().await;
        let seen = pair.providers["bedrock"].seen().await.pop().ok_or("a request")?;
        seen.header("x-amz-date").is_some().then_some(seen).ok_or_else(|| "a signed request".into())
    })
    .await;
    assert_eq!(seen.path, "/model/anthropic.claude-v2%3A1/converse");
    let pair = KeyPair {
        id: Secret::new("AKIDEXAMPLE"),
        secret: Secret::new("secret"),
        session: Some(Secret::new("token")),
    };
    let again = Credential::Aws(Aws { region: "eu-west-1".into(), keys: AwsKeys::Given(pair) });
    let request = Unsigned {
        method: "POST",
        authority: seen.header("host").unwrap(),
        path: &seen.path,
        content_type: seen.header("content-type"),
        body: &seen.body,
    };
    for (name, value) in again.headers(request, signed(&seen)).unwrap() {
        assert_eq!(seen.header(&name), Some(&*value), "{name}");
    }
}
