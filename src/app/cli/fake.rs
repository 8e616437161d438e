//! For tests: a server that answers what it is told to.

use super::client::Client;
use reqwest::header::HeaderValue;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

/// Somebody with the token `t`.
pub(super) fn client(server: &str) -> Client {
    let token = HeaderValue::from_static("Bearer t");
    Client::new(server.parse().unwrap(), token, Duration::from_secs(10)).unwrap()
}

/// Gives each connection the next answer, or none; tells what was asked.
pub(super) async fn server(answers: Vec<Option<Value>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut asked = vec![];
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            asked.push(String::from_utf8_lossy(&request[..length]).into_owned());
            if let Some(answer) = answer {
                let body = answer.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
                stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
            }
        }
        asked
    });
    (url, serving)
}

pub(super) fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name}: {request}")).trim_start_matches(": ")
}
