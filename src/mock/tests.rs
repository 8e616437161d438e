//! The mock over real sockets.
use super::{Settings, serve};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::{
    future::pending,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A mock of its own for each test.
struct Mock {
    at: String,
    client: Client,
}

impl Mock {
    async fn start() -> Self {
        Self::with(Settings { record: 10, scripts: vec![] }).await
    }

    async fn with(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        tokio::spawn(serve(listener, settings, pending()));
        // another room brings TLS in without saying whose, and a client wants to know even for http
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        Self { at, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn post(&self, path: &str, body: Value) -> reqwest::Result<Response> {
        self.client.post(format!("http://{}{path}", self.at)).json(&body).send().await
    }

    async fn chat(&self, model: &str) -> reqwest::Result<Response> {
        let messages = json!([{"role": "user", "content": "one two"}]);
        self.post("/v1/chat/completions", json!({"model": model, "messages": messages})).await
    }

    async fn stream(&self, model: &str) -> reqwest::Result<Response> {
        let messages = json!([{"role": "user", "content": "one two"}]);
        self.post("/v1/chat/completions", json!({"model": model, "stream": true, "messages": messages})).await
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("http://{}/_mock/{path}", self.at);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }
}

fn data(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("data: ")).collect()
}

/// The content of a chat stream, up to where it ends or breaks, and whether it broke.
async fn contents(mut response: Response) -> (Vec<String>, bool) {
    let mut text = String::new();
    let broken = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
            end => break end.is_err(),
        }
    };
    let content = |data: &str| {
        serde_json::from_str::<Value>(data).ok()?["choices"][0]["delta"]["content"]
            .as_str()
            .map(str::to_owned)
    };
    (data(&text).into_iter().filter_map(content).filter(|content| !content.is_empty()).collect(), broken)
}

#[tokio::test]
async fn a_chat_is_answered_in_one_piece() {
    let response = Mock::start().await.chat("gpt-x").await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["model"], "gpt-x");
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello from gpt-x: one two");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 2, "completion_tokens": 5, "total_tokens": 7}));
}

#[tokio::test]
async fn the_limit_cuts_an_answer_short() {
    let mock = Mock::start().await;
    for field in ["max_tokens", "max_completion_tokens"] {
        let answer =
            mock.post("/chat/completions", json!({"model": "m", "messages": [], field: 2})).await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "Hello from ");
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
        assert_eq!(answer["usage"]["completion_tokens"], 2);
    }
}

#[tokio::test]
async fn a_stream_tells_its_usage_only_when_asked() {
    let mock = Mock::start().await;
    let text = mock.stream("m").await.unwrap().text().await.unwrap();
    assert!(!text.contains("usage"), "{text}");
    assert_eq!(data(&text).last(), Some(&"[DONE]"));

    let asked = json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "one two"}]});
    let text = mock.post("/v1/chat/completions", asked).await.unwrap().text().await.unwrap();
    let events = data(&text);
    let events: Vec<Value> =
        events[..events.len() - 1].iter().map(|e| serde_json::from_str(e).unwrap()).collect();
    let (last, others) = events.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["total_tokens"], 7);
    assert!(others.iter().all(|event| event.get("usage") == Some(&Value::Null)), "{text}");
    assert_eq!(others[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    assert_eq!(others.last().unwrap()["choices"][0]["finish_reason"], "stop");
    assert_eq!(others.len(), 1 + 5 + 1, "role, words, finish");
}

#[tokio::test]
async fn usage_can_be_withheld() {
    let mock = Mock::start().await;
    let answer: Value = mock.chat("m!usage=none").await.unwrap().json().await.unwrap();
    assert_eq!(answer.get("usage"), None);
}

#[tokio::test]
async fn completions_and_responses_are_answered_too() {
    let mock = Mock::start().await;
    let answer = mock.post("/v1/completions", json!({"model": "m", "prompt": "p"})).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["choices"][0]["text"], "Hello from m: p");
    let answer = mock.post("/v1/responses", json!({"model": "m", "input": "p"})).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["output"][0]["content"][0]["text"], "Hello from m: p");
    assert_eq!(answer["usage"]["output_tokens"], 4);
    let stream =
        mock.post("/v1/responses", json!({"model": "m", "input": "p", "stream": true})).await.unwrap();
    let text = stream.text().await.unwrap();
    assert_eq!(text.matches("event: response.output_text.delta").count(), 4);
    assert!(text.contains("event: response.completed"));
}

#[tokio::test]
async fn embeddings_say_the_same_in_both_encodings() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let mock = Mock::start().await;
    let embed = async |format: &str| {
        let asked = json!({"model": "m", "input": ["a", "b"], "dimensions": 3, "encoding_format": format});
        let answer: Value = mock.post("/v1/embeddings", asked).await.unwrap().json().await.unwrap();
        answer["data"].clone()
    };
    let (plain, coded) = (embed("float").await, embed("base64").await);
    assert_eq!(plain.as_array().unwrap().len(), 2);
    assert_ne!(plain[0]["embedding"], plain[1]["embedding"]);
    let bytes = BASE64_STANDARD.decode(coded[1]["embedding"].as_str().unwrap()).unwrap();
    let decoded: Vec<_> = bytes.as_chunks().0.iter().map(|n| f32::from_le_bytes(*n)).collect();
    assert_eq!(json!(decoded), plain[1]["embedding"]);
    assert_eq!(decoded.len(), 3);
}

#[tokio::test]
async fn models_are_listed_and_other_paths_are_not_known() {
    let mock = Mock::with(Settings { record: 0, scripts: vec!["mine=empty".parse().unwrap()] }).await;
    let list = mock.client.get(format!("http://{}/v1/models", mock.at)).send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["data"][2]["id"], "mine");
    let other = mock.post("/v1/other", json!({})).await.unwrap();
    assert_eq!(other.status(), 404);
    assert_eq!(other.json::<Value>().await.unwrap()["error"]["code"], "unknown_url");
}

#[tokio::test]
async fn what_is_not_understood_gets_a_400() {
    let mock = Mock::start().await;
    assert_eq!(mock.post("/v1/chat/completions", json!({"messages": []})).await.unwrap().status(), 400);
    let bad = mock.chat("m!dance").await.unwrap();
    assert_eq!(bad.status(), 400);
    assert!(bad.text().await.unwrap().contains("`dance`"));
}

#[tokio::test]
async fn a_status_comes_with_its_headers() {
    let mock = Mock::start().await;
    let answer = mock.chat("m!status=429,retry-after=7,header=x-attache-internal-next:1").await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.headers()["x-attache-internal-next"], "1");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(mock.stream("fail-503").await.unwrap().status(), 503);
}

#[tokio::test]
async fn the_header_comes_before_the_model_and_the_model_before_the_script() {
    let mock = Mock::with(Settings { record: 0, scripts: vec!["m=status=501".parse().unwrap()] }).await;
    assert_eq!(mock.chat("m").await.unwrap().status(), 501);
    assert_eq!(mock.chat("m!status=502").await.unwrap().status(), 502);
    let request =
        mock.client.post(format!("http://{}/v1/chat/completions", mock.at)).header("x-mock", "status=503");
    let answer = request.json(&json!({"model": "m!status=502", "messages": []})).send().await.unwrap();
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn a_script_can_be_put_and_taken_back_while_running() {
    let mock = Mock::start().await;
    let script = format!("http://{}/_mock/script/org%2Fm", mock.at);
    let put = |text: &'static str| mock.client.put(&script).body(text).send();
    assert_eq!(put("status=500,times=1").await.unwrap().status(), 204);
    assert_eq!(mock.chat("org/m").await.unwrap().status(), 500);
    assert_eq!(mock.chat("org/m").await.unwrap().status(), 200);
    assert_eq!(put("status=502").await.unwrap().status(), 204);
    assert_eq!(mock.chat("org/m").await.unwrap().status(), 502);
    assert_eq!(mock.client.delete(&script).send().await.unwrap().status(), 204);
    assert_eq!(mock.chat("org/m").await.unwrap().status(), 200);
    assert_eq!(put("jump").await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_reset_comes_before_the_headers() {
    let mock = Mock::start().await;
    assert!(mock.chat("m!reset").await.unwrap_err().is_request());
    let mut tcp = TcpStream::connect(&mock.at).await.unwrap();
    let body = r#"{"model":"m!reset"}"#;
    let head = format!("POST /completions HTTP/1.1\r\nhost: m\r\ncontent-length: {}\r\n\r\n", body.len());
    tcp.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let error = tcp.read(&mut [0; 100]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(mock.look("stats").await["aborted"], 0, "it was the mock that broke off");
}

#[tokio::test]
async fn a_stream_can_break_or_end_or_fail_midway() {
    let mock = Mock::start().await;
    let two = vec!["Hello ".to_owned(), "from ".to_owned()];
    assert_eq!(contents(mock.stream("m!cut=2").await.unwrap()).await, (two.clone(), true));
    assert_eq!(contents(mock.stream("m!end=2").await.unwrap()).await, (two, false));
    assert_eq!(mock.stream("m!empty").await.unwrap().text().await.unwrap(), "");

    let text = mock.stream("m!error-after=2").await.unwrap().text().await.unwrap();
    let events = data(&text);
    assert_eq!(events.len(), 1 + 2 + 1, "role, words, error");
    assert!(events[3].starts_with(r#"{"error""#), "{text}");
    let text = mock.stream("m!error-event").await.unwrap().text().await.unwrap();
    assert!(data(&text)[0].starts_with(r#"{"error""#), "{text}");
}

#[tokio::test]
async fn a_document_can_break_or_end_or_fail_midway() {
    let mock = Mock::start().await;
    let whole = mock.chat("m").await.unwrap().bytes().await.unwrap();
    let cut = mock.chat("m!cut=1").await.unwrap();
    assert!(cut.content_length().unwrap() > whole.len() as u64 / 2);
    assert!(cut.bytes().await.is_err());
    let end = mock.chat("m!end=1").await.unwrap().bytes().await.unwrap();
    assert!(!end.is_empty() && serde_json::from_slice::<Value>(&end).is_err());
    assert_eq!(mock.chat("m!empty").await.unwrap().bytes().await.unwrap(), "");
    let error = mock.chat("m!error-event").await.unwrap();
    assert_eq!(error.status(), 200);
    assert_eq!(error.json::<Value>().await.unwrap()["error"]["type"], "server_error");
}

#[tokio::test]
async fn delays_lie_where_they_are_asked_for() {
    let mock = Mock::start().await;
    let since = Instant::now();
    let mut response = mock.stream("m!delay=60,first=80,gap=20,tokens=3").await.unwrap();
    let headers = since.elapsed();
    assert!(response.chunk().await.unwrap().is_some());
    let first = since.elapsed();
    assert_eq!(contents(response).await.0.len(), 2, "the rest comes later");
    assert!(headers >= Duration::from_millis(60));
    assert!(first >= Duration::from_millis(140));
    assert!(since.elapsed() >= Duration::from_millis(180));
}

#[tokio::test]
async fn requests_are_kept_up_to_the_limit() {
    let mock = Mock::with(Settings { record: 2, scripts: vec![] }).await;
    for model in ["a", "b", "c"] {
        mock.chat(model).await.unwrap().bytes().await.unwrap();
    }
    let seen = mock.look("requests").await;
    assert_eq!(seen.as_array().unwrap().len(), 2);
    assert_eq!(seen[1]["method"], "POST");
    assert_eq!(seen[1]["path"], "/v1/chat/completions");
    assert!(seen[1]["body"].as_str().unwrap().contains(r#""model":"c""#), "{seen}");
    assert!(seen[1]["headers"].as_array().unwrap().contains(&json!(["content-type", "application/json"])));
    assert_eq!(seen[1]["aborted"], false);
    assert_eq!(mock.look("stats").await, json!({"requests": 3, "in_flight": 0, "aborted": 0}));
    mock.client.delete(format!("http://{}/_mock/requests", mock.at)).send().await.unwrap();
    assert_eq!(mock.look("requests").await, json!([]));
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let mock = Mock::start().await;
    for model in ["m!delay=60000", "m!gap=60000"] {
        let leaving = tokio::time::timeout(Duration::from_millis(50), async {
            mock.stream(model).await.unwrap().bytes().await
        });
        assert!(leaving.await.is_err(), "it waits");
    }
    let both_noticed = async {
        while mock.look("stats").await != json!({"requests": 2, "in_flight": 0, "aborted": 2}) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), both_noticed).await.unwrap();
    let seen = mock.look("requests").await;
    assert_eq!([&seen[0]["aborted"], &seen[1]["aborted"]], [true, true]);
}
