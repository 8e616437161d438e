//! Ten thousand clients that leave too early, at every point, leave nothing behind.

use super::house::{House, Pair, chain, eventually};
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const AT_ONCE: usize = 64;
/// A leak of one exchange in three, each with its request, would be far more.
const GROWTH: usize = 8 << 20;
/// What every request carries.
const CONTENT: usize = 4 << 10;

/// When a client leaves.
#[derive(Clone, Copy)]
enum Leaves {
    BeforeItHasSpoken,
    AtOnce,
    WhileTheProviderThinks,
    BeforeContent,
    InTheStream,
}

const POINTS: [Leaves; 5] = [
    Leaves::BeforeItHasSpoken,
    Leaves::AtOnce,
    Leaves::WhileTheProviderThinks,
    Leaves::BeforeContent,
    Leaves::InTheStream,
];

#[tokio::test]
async fn ten_thousand_that_left_leave_nothing() {
    let pair = House::new()
        .settings(json!({"limits": {"abandoned": "1s"}}))
        .route(chain("thinks", ["first!status=500", "second!delay=60000"]))
        .route(chain("silent", ["silent!first=60000"]))
        .route(chain("streams", ["streams!gap=60000"]))
        .start()
        .await;
    leave(&pair, 2_000).await;
    let before = pair.attache.resident();
    leave(&pair, 8_000).await;
    let after = pair.attache.resident();
    assert!(after < before + GROWTH, "{} KiB after 2000, {} KiB after 10000", before >> 10, after >> 10);
    assert_eq!(pair.ask("streams").send().await.status, 200);
    let envoy = pair.envoy.process.log();
    assert!(!envoy.contains("gRPC error"), "no exchange pays for the others: {envoy}");
    let cancelled = pair.metric("attache_requests_total", &[("outcome", "cancelled")]).await;
    assert!(cancelled >= 3_000.0, "{cancelled} exchanges had begun");
}

/// So many clients come and leave; then everybody is idle again.
async fn leave(pair: &Pair, clients: usize) {
    let clients = (0..clients).map(|i| leaves(pair, POINTS[i % POINTS.len()]));
    stream::iter(clients).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    pair.is_idle().await;
    eventually(async || match (pair.envoy.active().await, pair.mock().in_flight().await) {
        (active, 0) if active.is_empty() => Ok(()),
        (active, n) => Err(format!("active in Envoy: {active:?}, at the provider: {n}")),
    })
    .await;
}

async fn leaves(pair: &Pair, point: Leaves) {
    let route = match point {
        Leaves::BeforeItHasSpoken | Leaves::AtOnce | Leaves::WhileTheProviderThinks => "thinks",
        Leaves::BeforeContent => "silent",
        Leaves::InTheStream => "streams",
    };
    let request = request(route);
    let mut client = TcpStream::connect(pair.front.strip_prefix("http://").unwrap()).await.unwrap();
    if let Leaves::BeforeItHasSpoken = point {
        client.write_all(&request[..request.len() / 2]).await.unwrap();
        return;
    }
    client.write_all(&request).await.unwrap();
    match point {
        Leaves::WhileTheProviderThinks | Leaves::BeforeContent => {
            let nothing = timeout(Duration::from_millis(100), client.read_u8()).await;
            assert!(nothing.is_err(), "nothing is answered so soon: {nothing:?}");
        }
        Leaves::InTheStream => {
            client.read_u8().await.unwrap();
        }
        Leaves::BeforeItHasSpoken | Leaves::AtOnce => {}
    }
}

fn request(route: &str) -> Vec<u8> {
    let content = "x".repeat(CONTENT);
    let body = format!(
        r#"{{"model":"dynamic/{route}","stream":true,"messages":[{{"role":"user","content":"{content} y"}}]}}"#
    );
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: pair\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
