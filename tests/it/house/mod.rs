//! A pair for one test: a real Envoy, a real `attache serve`, mocks in the providers' place. All ports are free ones,
//! all files are in a folder of its own, and everything ends with the test. When it fails, both logs are printed.

mod ask;
mod cluster;
mod envoy;
mod gate;
mod graph;
mod pair;
mod postgres;
mod process;
mod provider;
mod redis;

pub(crate) use ask::{Answer, Ask};
pub(crate) use cluster::Cluster;
pub(crate) use envoy::envoy_binary;
pub(crate) use gate::{Behind, Gate};
pub(crate) use graph::{Model, chain, limited, model};
pub(crate) use pair::{Alone, House, Pair, TOKEN};
pub(crate) use postgres::Postgres;
pub(crate) use provider::{Provider, Seen};
pub(crate) use redis::Redis;

use std::time::{Duration, Instant};

/// What a machine with two busy cores may take for anything that happens at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP client. TLS is built in without saying whose, and a client wants to know even for http.
pub(crate) fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap()
}

/// Looks again until `look` gives a value; panics with what it said last.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(why) if began.elapsed() > PATIENCE => panic!("it never came: {why}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
