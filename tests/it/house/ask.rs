//! What a client asks, and what it gets.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;
use std::fmt;

/// A request with a JSON body, not yet sent.
pub(crate) struct Ask {
    request: RequestBuilder,
    body: Value,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The connection broke in the middle of the body.
    pub(crate) broken: bool,
}

impl Ask {
    pub(crate) fn new(request: RequestBuilder, body: Value) -> Self {
        Self { request, body }
    }

    pub(crate) fn streamed(self) -> Self {
        self.with("stream", true)
    }

    /// One more field in the body.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body[field] = value.into();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends it and reads the answer to its end.
    pub(crate) async fn send(self) -> Answer {
        Answer::of(self.request.json(&self.body)).await
    }

    /// Sends it; the answer's body can be read as it comes.
    pub(crate) async fn open(self) -> reqwest::Response {
        self.request.json(&self.body).send().await.unwrap()
    }
}

impl Answer {
    /// The answer to `request`.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let mut response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = vec![];
        let broken = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break false,
                Err(error) => {
                    assert!(!error.is_timeout(), "the answer hangs: {}", String::from_utf8_lossy(&body));
                    break true;
                }
            }
        };
        Self { status, headers, body, broken }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of an error, and that it has OpenAI's shape.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        let error = json["error"].as_object().unwrap_or_else(|| panic!("no error: {self:?}"));
        assert!(error["message"].is_string() && error["type"].is_string(), "{json}");
        assert!(error.contains_key("param"), "{json}");
        assert!(self.header("content-type").starts_with("application/json"), "{self:?}");
        error["code"].as_str().unwrap_or_else(|| panic!("no code: {json}")).to_owned()
    }

    /// The content of a chat answer, streamed or not.
    pub(crate) fn content(&self) -> String {
        if self.header("content-type").starts_with("text/event-stream") {
            return content(&self.events());
        }
        self.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    }

    /// The data of its events, `[DONE]` as a string.
    pub(crate) fn events(&self) -> Vec<Value> {
        events(self.text())
    }
}

impl fmt::Debug for Answer {
    /// The body cut short: some are of many megabytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(2000)]);
        write!(f, "{} {:?} {body} (broken: {})", self.status, self.headers, self.broken)
    }
}

/// The data of every event in `text`.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
}

/// The content that chat events spell out.
pub(crate) fn content(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
}
