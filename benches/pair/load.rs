//! A closed loop: so many connections, each with one request at a time.
use crate::{
    Result,
    setup::{MESSAGES, Setup},
};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// What is asked, and by how many at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The size of the request body, in bytes.
    pub(crate) size: usize,
    pub(crate) stream: bool,
    pub(crate) connections: usize,
}

impl Case {
    pub(crate) fn name(&self) -> String {
        let Self { size, stream, connections } = self;
        match stream {
            false => format!("{}k-{connections}", size >> 10),
            true => format!("stream-{connections}"),
        }
    }

    fn body(&self, model: &str) -> Bytes {
        let words = "lorem ".repeat(self.size.saturating_sub(150) / 6);
        let messages = json!([{"role": "user", "content": words}]);
        json!({"model": model, "stream": self.stream, "max_tokens": 1000, "messages": messages})
            .to_string()
            .into()
    }
}

/// How long every request took: to its last byte, or to the first of a stream. Sorted.
pub(crate) type Latencies = Vec<Duration>;

/// Asks `setup` once, and tells how long a right answer is, in bytes.
pub(crate) async fn probe(setup: &Setup, case: Case) -> Result<usize> {
    let client = &mut Client::connect(setup, case).await?;
    let body = client.send().await?.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    let finish = match (setup.path, case.stream) {
        (MESSAGES, true) => "message_stop",
        (MESSAGES, false) => r#""stop_reason":"end_turn""#,
        (_, true) => "data: [DONE]",
        (_, false) => r#""finish_reason":"stop""#,
    };
    match text.contains(finish) {
        true => Ok(body.len()),
        false => Err(format!("{}: an answer without its finish: {text}", setup.name).into()),
    }
}

/// Whether the answer tells what is left of a limit.
pub(crate) async fn is_counted(setup: &Setup, case: Case) -> Result<bool> {
    let answer = Client::connect(setup, case).await?.send().await?;
    let counted = answer.headers().contains_key("ratelimit");
    answer.into_body().collect().await?;
    Ok(counted)
}

/// Asks `setup` again and again for `time`; every answer must be of `length` bytes.
pub(crate) async fn run(setup: &Setup, case: Case, length: usize, time: Duration) -> Result<Latencies> {
    let until = Instant::now() + time;
    let one = async || {
        let mut client = Client::connect(setup, case).await?;
        let mut latencies = vec![];
        while Instant::now() < until {
            latencies.push(client.exchange(length).await?);
        }
        Result::Ok(latencies)
    };
    let mut latencies = try_join_all((0..case.connections).map(|_| one())).await?.concat();
    latencies.sort_unstable();
    Ok(latencies)
}

struct Client {
    connection: SendRequest<Full<Bytes>>,
    host: String,
    path: &'static str,
    body: Bytes,
    stream: bool,
}

impl Client {
    async fn connect(setup: &Setup, case: Case) -> Result<Self> {
        let host = format!("127.0.0.1:{}", setup.port);
        let tcp = TcpStream::connect(&host).await?;
        tcp.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(tcp)).await?;
        tokio::spawn(driver);
        let (path, body) = (setup.path, case.body(setup.model));
        Ok(Self { connection, host, path, body, stream: case.stream })
    }

    async fn exchange(&mut self, length: usize) -> Result<Duration> {
        let since = Instant::now();
        let mut body = self.send().await?.into_body();
        let (mut first, mut received) = (None, 0);
        while let Some(frame) = body.frame().await {
            received += frame?.data_ref().map_or(0, Bytes::len);
            first.get_or_insert_with(|| since.elapsed());
        }
        if received != length {
            return Err(format!("{received} bytes came of an answer of {length}").into());
        }
        Ok(first.filter(|_| self.stream).unwrap_or_else(|| since.elapsed()))
    }

    async fn send(&mut self) -> Result<Response<Incoming>> {
        self.connection.ready().await?;
        let request = Request::post(self.path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .header("cf-aig-metadata", r#"{"plan":"pro","user":"u1"}"#)
            .body(Full::new(self.body.clone()))?;
        let response = self.connection.send_request(request).await?;
        match response.status().as_u16() {
            200 => Ok(response),
            status => {
                let body = response.into_body().collect().await?.to_bytes();
                Err(format!("status {status}: {}", String::from_utf8_lossy(&body)).into())
            }
        }
    }
}
