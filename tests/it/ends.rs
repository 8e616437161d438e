//! How Attaché ends, asked or not, and what clients notice of it.

use super::house::{Answer, House, Pair, chain, eventually};
use futures_util::future::join_all;
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Codes of the 503s that a client may get while Attaché is away.
const AWAY: [&str; 3] = ["gateway_unavailable", "exchange_lost", "shutting_down"];

#[tokio::test]
async fn a_killed_attache_is_a_clear_503_and_never_a_hang() {
    let mut pair = House::new().route(chain("r", ["m!status=500", "second!first=20"])).start().await;
    let (done, answered, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let enough = async |counter: &AtomicUsize| {
        eventually(async || match counter.load(Relaxed) {
            n if n >= 50 => Ok(()),
            n => Err(format!("{n} answers of 50")),
        })
        .await;
    };
    let worker = async |_| {
        while !done.load(Relaxed) {
            let began = Instant::now();
            let answer = pair.ask("r").send().await;
            assert!(began.elapsed() < Duration::from_secs(15), "that is a hang");
            match answer.status {
                200 => answered.fetch_add(1, Relaxed),
                503 if AWAY.contains(&&*answer.code()) => refused.fetch_add(1, Relaxed),
                _ => panic!("{answer:?}"),
            };
        }
    };
    let load = async { join_all((0..16).map(worker)).await };
    let kill = async {
        enough(&answered).await;
        pair.attache.kill();
        enough(&refused).await;
        done.store(true, Relaxed);
    };
    tokio::join!(load, kill);
    let answer = pair.ask("r").send().await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "gateway_unavailable"));
    assert_eq!(answer.header("retry-after"), "1");
    pair.restart().await;
    for answer in join_all((0..50).map(|_| pair.ask("r").send())).await {
        assert_eq!((answer.status, answer.content().as_str()), (200, "Hello from second: hi"));
    }
    pair.is_idle().await;
}

#[tokio::test]
async fn a_stream_whose_attache_is_killed_breaks_at_once() {
    let pair = House::new().route(chain("r", ["slow!tokens=2,gap=60000"])).start().await;
    let mut stream = pair.ask("r").streamed().open().await;
    stream.chunk().await.unwrap().unwrap();
    pair.attache.kill();
    let began = Instant::now();
    while let Ok(Some(_)) = stream.chunk().await {}
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    eventually(async || match pair.mock().in_flight().await {
        0 => Ok(()),
        n => Err(format!("{n} requests are still at the provider")),
    })
    .await;
}

#[tokio::test]
async fn attache_killed_while_a_provider_works_says_so() {
    let mut pair = House::new().route(chain("r", ["m!status=503,delay=1500", "second"])).start().await;
    let asked = tokio::spawn(pair.ask("r").send());
    eventually(async || match pair.mock().in_flight().await {
        0 => Err("the request at the provider".into()),
        _ => Ok(()),
    })
    .await;
    pair.attache.kill();
    pair.restart().await;
    let answer = asked.await.unwrap();
    assert_eq!(answer.status, 503);
    assert!(AWAY.contains(&&*answer.code()), "{answer:?}");
}

#[tokio::test]
async fn without_requests_it_rests() {
    let pair = House::new().route(chain("r", ["first"])).start().await;
    let before = pair.attache.busy();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let busy = pair.attache.busy() - before;
    assert!(busy < Duration::from_millis(150), "{busy:?} in 3 s");
}

async fn begins_to_drain(pair: &Pair) -> Answer {
    pair.attache.terminate();
    eventually(async || match pair.people("/readyz").await {
        ready if ready.status == 503 => Ok(ready),
        ready => Err(format!("not ready any more, but {ready:?}")),
    })
    .await
}

#[tokio::test]
async fn who_probes_envoy_learns_whether_attache_takes_requests() {
    let pair = House::new().route(chain("r", ["slow!tokens=100,gap=100"])).start().await;
    let probed = async |status, text| {
        eventually(async || match pair.get("/readyz").await {
            probed if (probed.status, probed.text()) == (status, text) => Ok(()),
            probed => Err(format!("{probed:?}")),
        })
        .await;
    };
    probed(200, "ready\n").await;
    let mut stream = pair.ask("r").streamed().open().await;
    stream.chunk().await.unwrap().unwrap();
    begins_to_drain(&pair).await;
    probed(503, "not ready\n").await;
    // what is under way is not disturbed by it
    stream.chunk().await.unwrap().unwrap();
}

#[tokio::test]
async fn asked_to_end_it_finishes_what_it_began() {
    let mut pair = House::new().route(chain("r", ["slow!tokens=30,gap=100"])).start().await;
    let mut stream = pair.ask("r").streamed().open().await;
    stream.chunk().await.unwrap().unwrap();
    begins_to_drain(&pair).await;
    assert_eq!(pair.status().await["state"], "draining");
    assert_eq!(pair.people("/healthz").await.status, 200);
    for ask in [pair.ask("r"), pair.ask("r").streamed()] {
        let refused = ask.send().await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "shutting_down"));
        assert_eq!(refused.header("retry-after"), "1");
    }
    assert!(pair.attache.ended().is_none(), "the stream is still under way");
    let mut rest = vec![];
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.extend_from_slice(&chunk);
    }
    assert!(rest.ends_with(b"data: [DONE]\n\n"));
    let status = eventually(async || pair.attache.ended().ok_or("its end".into())).await;
    assert_eq!(status.code(), Some(0));
    assert!(pair.attache.log().contains("\"message\":\"stopped\",\"in_flight\":0"));
    assert_eq!(pair.records().last().unwrap()["outcome"], "answered");
    pair.restart().await;
    assert_eq!(pair.get("/v1/models").await.status, 200);
}

#[tokio::test]
async fn it_waits_for_streams_no_longer_than_it_was_told() {
    let settings = json!({"limits": {"drain": "500ms"}});
    let pair = House::new().settings(settings).route(chain("r", ["slow!tokens=2,gap=60000"])).start().await;
    let mut stream = pair.ask("r").streamed().open().await;
    stream.chunk().await.unwrap().unwrap();
    let began = Instant::now();
    begins_to_drain(&pair).await;
    let status = eventually(async || pair.attache.ended().ok_or("its end".into())).await;
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() >= Duration::from_millis(500));
    while let Ok(Some(_)) = stream.chunk().await {}
}
