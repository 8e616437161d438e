//! A mock in a provider's place, and what it saw.

use attache::mock;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use std::future;
use tokio::{net::TcpListener, task::JoinHandle};

/// A mock that serves as long as this lives.
pub(crate) struct Provider {
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    client: reqwest::Client,
    serving: JoinHandle<()>,
}

/// A request, as the provider got it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The client went away before the answer was whole.
    pub(crate) aborted: bool,
}

impl Provider {
    /// Starts a mock that keeps the last thousand requests.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = mock::Settings { record: 1000, scripts: vec![] };
        let serving = tokio::spawn(mock::serve(listener, settings, future::pending()));
        Self { url, client: super::client(), serving }
    }

    /// Has `model` behave so from now on.
    pub(crate) async fn script(&self, model: &str, behaviour: &str) {
        let put = self.client.put(format!("{}/_mock/script/{model}", self.url)).body(behaviour.to_owned());
        assert!(put.send().await.unwrap().status().is_success());
    }

    /// The requests it got, oldest first.
    pub(crate) async fn seen(&self) -> Vec<Seen> {
        let all = self.look("requests").await;
        all.as_array().unwrap().iter().map(Seen::of).collect()
    }

    /// The requests for `model`.
    pub(crate) async fn seen_of(&self, model: &str) -> Vec<Seen> {
        self.seen().await.into_iter().filter(|seen| seen.model() == model).collect()
    }

    /// How many requests it works on.
    pub(crate) async fn in_flight(&self) -> u64 {
        self.look("stats").await["in_flight"].as_u64().unwrap()
    }

    /// How many requests it got.
    pub(crate) async fn requests(&self) -> u64 {
        self.look("stats").await["requests"].as_u64().unwrap()
    }

    async fn look(&self, what: &str) -> Value {
        self.client.get(format!("{}/_mock/{what}", self.url)).send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Seen {
    fn of(seen: &Value) -> Self {
        let header = |pair: &Value| (text(&pair[0]), text(&pair[1]));
        Self {
            path: text(&seen["path"]),
            headers: seen["headers"].as_array().unwrap().iter().map(header).collect(),
            body: BASE64_STANDARD.decode(text(&seen["body_base64"])).unwrap(),
            aborted: seen["aborted"].as_bool().unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn model(&self) -> String {
        serde_json::from_slice(&self.body).map_or_else(|_| String::new(), |body: Value| text(&body["model"]))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
