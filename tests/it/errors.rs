//! Every error that is the pair's own has OpenAI's shape and a code that stays; and no secret is told anywhere.

use super::house::{Answer, House, Pair, chain, eventually, model};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const SECRETS: [&str; 4] = ["sk-provider-0", "header-secret-1", "client-secret-2", "wrong-secret-3"];

/// A route of a provider whose credential is not there, one that is not valid, and one that is well.
async fn pair() -> Pair {
    House::new()
        .settings(json!({"providers": {"locked": {
            "dialect": "openai", "base_url": "http://127.0.0.1:1/v1", "api_key": "${ATTACHE_TEST_UNSET}",
        }}}))
        .route(chain("r", ["first"]))
        .route(chain("invalid", [model("m").of("nobody")]))
        .route(chain("locked", [model("m").of("locked")]))
        .route(chain("unlocked", [model("m").of("locked"), model("second")]))
        .start()
        .await
}

async fn refused(pair: &Pair, body: &str) -> (u16, String, Value) {
    let answer = Answer::of(pair.post(CHAT).body(body.to_owned())).await;
    (answer.status, answer.code(), answer.json()["error"]["param"].clone())
}

#[tokio::test]
async fn requests_that_can_not_be_read_are_told_why() {
    let pair = pair().await;
    for (body, status, code, param) in [
        ("", 400, "invalid_json", Value::Null),
        ("{", 400, "invalid_json", Value::Null),
        ("[]", 400, "invalid_json", Value::Null),
        (r#"{"model":"dynamic/r"} x"#, 400, "invalid_json", Value::Null),
        (r#"{"messages":[]}"#, 400, "missing_model", json!("model")),
        (r#"{"model":7}"#, 400, "missing_model", json!("model")),
        (r#"{"model":"dynamic/nothing"}"#, 404, "route_not_found", json!("model")),
        (r#"{"model":"dynamic/r@v99"}"#, 404, "version_not_found", json!("model")),
        (r#"{"model":"dynamic/invalid"}"#, 503, "route_not_live", json!("model")),
        (r#"{"model":"gpt-4o"}"#, 404, "model_not_found", json!("model")),
        (r#"{"model":"nobody/m"}"#, 404, "model_not_found", json!("model")),
    ] {
        assert_eq!(refused(&pair, body).await, (status, code.into(), param), "{body}");
    }
    assert_eq!(pair.mock().requests().await, 0);
    pair.is_idle().await;
}

#[tokio::test]
async fn only_the_known_endpoints_are_offered() {
    let pair = pair().await;
    for path in
        ["/", "/v1", "/v2/chat/completions", "/v1/chat/completions/x", "/metrics", "/v1/a/b/chat/completions"]
    {
        for answer in [pair.get(path).await, Answer::of(pair.post(path).body("{}")).await] {
            assert_eq!((answer.status, answer.code().as_str()), (404, "unknown_endpoint"), "{path}");
        }
    }
    pair.metric_is("attache_requests_total", &[("endpoint", "unknown"), ("outcome", "refused")], 12.0).await;
    let answer = pair.get(CHAT).await;
    assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), "POST");
    let answer = Answer::of(pair.post("/v1/models").body("{}")).await;
    assert_eq!(answer.status / 100, 4, "{answer:?}");
    answer.code();
}

#[tokio::test]
async fn bad_metadata_is_no_silence() {
    let pair = pair().await;
    for header in ["cf-aig-metadata", "x-portkey-metadata", "x-attache-metadata"] {
        for value in ["{", "[]", r#"{"a":{}}"#, r#"{"a":null}"#, "user=u"] {
            let answer = pair.ask("r").header(header, value).send().await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "invalid_metadata"),
                "{header}: {value}"
            );
            assert!(answer.text().contains(header), "{answer:?}");
        }
        let answer = pair.ask("r").header(header, r#"{"a":"x","b":1.5,"c":true}"#).send().await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_provider_without_its_credential_is_no_use_but_does_no_harm() {
    let pair = pair().await;
    let answer = pair.ask("locked").send().await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "no_credential"));
    assert!(answer.text().contains("ATTACHE_TEST_UNSET"), "{answer:?}");
    let answer = pair.ask("unlocked").send().await;
    assert_eq!((answer.status, answer.header("x-attache-path")), (200, "start,m1,m2,end"));
    let providers = pair.status().await["providers"].clone();
    assert_eq!(
        providers[0],
        json!({"name": "locked", "usable": false, "problem": "the variable ATTACHE_TEST_UNSET is not set"})
    );
}

#[tokio::test]
async fn a_client_key_opens_what_it_may() {
    let key = json!({
        "id": "team", "key": "${CLIENT_KEY}", "routes": ["r", "plan"], "models": ["mock/first"],
        "metadata": {"plan": "free"},
    });
    let pair = House::new()
        .settings(json!({"auth": {"clients": "required", "keys": [key]}}))
        .variable("CLIENT_KEY", "client-secret-2")
        .route(chain("r", ["first"]))
        .route(chain("barred", ["second"]))
        .route(by_plan())
        .start_closed()
        .await;
    let bearer = "Bearer client-secret-2";
    for authorization in ["", "Bearer wrong-secret-3", "Basic client-secret-2"] {
        let answer = pair.ask("r").header("authorization", authorization).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_api_key"), "{authorization}");
    }
    assert_eq!(pair.get("/v1/models").await.code(), "invalid_api_key");
    let known =
        |model: &str| pair.chat(json!({"model": model, "messages": []})).header("authorization", bearer);
    for (model, status, code) in [
        ("dynamic/r", 200, ""),
        ("mock/first", 200, ""),
        ("dynamic/barred", 403, "route_not_allowed"),
        ("mock/second", 403, "model_not_allowed"),
    ] {
        let answer = known(model).send().await;
        let said = if status == 200 { String::new() } else { answer.code() };
        assert_eq!((answer.status, said.as_str()), (status, code), "{model}");
    }
    let promoted = known("dynamic/plan").header("x-attache-metadata", r#"{"plan":"paid"}"#).send().await;
    assert_eq!(promoted.header("x-attache-model"), "small", "nobody promotes himself");
    let cloudflare = pair.ask("r").header("cf-aig-authorization", bearer).header("authorization", "Bearer x");
    assert_eq!(cloudflare.send().await.status, 200);
    let listed = Answer::of(pair.request("/v1/models").header("authorization", bearer)).await;
    assert!(!listed.text().contains("barred") && listed.text().contains("dynamic/r"), "{listed:?}");
    eventually(async || match pair.records().iter().filter(|record| record["key"] == "team").count() {
        6 => Ok(()),
        n => Err(format!("six records name the key, not {n}")),
    })
    .await;
}

/// Who has paid gets the large model.
fn by_plan() -> Value {
    let to = |id: &str| json!({"elementId": id});
    let element = |name: &str| {
        let properties = json!({"provider": "mock", "model": name});
        json!({"id": name, "type": "model", "properties": properties, "outputs": {"success": to("end")}})
    };
    json!({"name": "plan", "elements": [
        {"id": "start", "type": "start", "outputs": {"next": to("paid")}},
        {"id": "paid", "type": "conditional", "properties": {"conditions": {"metadata.plan": "paid"}},
         "outputs": {"true": to("large"), "false": to("small")}},
        element("large"), element("small"), {"id": "end", "type": "end"},
    ]})
}

#[tokio::test]
async fn no_secret_is_told() {
    let [provider, header, client, wrong] = SECRETS;
    let pair = House::new()
        .provider("mock", json!({"api_key": "${PROVIDER_KEY}", "headers": {"x-extra": "${EXTRA}"}}))
        .settings(
            json!({"auth": {"keys": [{"id": "k", "key": "${CLIENT_KEY}"}]}, "telemetry": {"level": "trace"}}),
        )
        .variable("PROVIDER_KEY", provider)
        .variable("EXTRA", header)
        .variable("CLIENT_KEY", client)
        .route(chain("r", ["a!status=401", "b!status=500", "c!reset", "d"]))
        .route(chain("fails", ["a!status=401", "b!status=500", "c!reset"]))
        .route(chain("invalid", [model("m").of("nobody")]))
        .start()
        .await;
    let mut told = vec![];
    for key in [client, wrong] {
        for ask in
            [pair.ask("r"), pair.ask("r").streamed(), pair.ask("fails"), pair.ask("invalid"), pair.ask("x")]
        {
            let answer = ask.header("authorization", &format!("Bearer {key}")).send().await;
            told.push(format!("{:?}{}", answer.headers, answer.text()));
        }
    }
    for path in ["/", "/status", "/metrics"] {
        told.push(pair.people(path).await.text().to_owned());
    }
    let seen = pair.mock().seen_of("d").await;
    assert_eq!(
        (seen[0].header("x-extra"), seen[0].header("authorization")),
        (Some(header), Some("Bearer sk-provider-0"))
    );
    told.extend([pair.attache.log(), pair.envoy.process.log(), pair.bootstrap()]);
    for secret in SECRETS {
        for text in &told {
            assert!(!text.contains(secret), "{secret} is told in: {text}");
        }
    }
}
