//! The store, followed: what is committed there is live here within two seconds, and this pair tells how it is.

use super::{publish::Publisher, say};
use crate::{
    admin::{self, Office, Publish},
    config::environment,
};
use rand::RngExt;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// How often the store is asked whether anything has changed, where it does not tell by itself.
const POLL: Duration = Duration::from_millis(500);
/// How often this pair tells the store how it is.
const BEAT: Duration = Duration::from_secs(5);

/// Follows the store for as long as the process lives.
pub(super) async fn follow(publisher: Arc<Publisher>, office: Arc<Office>, operators: bool) {
    let pair = pair();
    let mut watch = publisher.store.watch();
    let mut told: Option<Instant> = None;
    // the operator's own token needs no first one beside it
    let mut greeted = operators;
    loop {
        if publisher.notices.standing().away.is_none() {
            greeted = greeted || greet(&publisher).await;
            if told.is_none_or(|told| told.elapsed() >= BEAT) {
                told = Some(Instant::now());
                if let Err(error) = publisher.store.beat(&pair, &office.tell()).await {
                    tracing::debug!(%error, "this pair could not tell how it is");
                }
            }
        }
        // whether it told or the time is over, it is asked
        if timeout(POLL, watch.changed()).await.is_err() {}
        let was = publisher.notices.standing();
        publisher.read_store().await;
        let is = publisher.notices.standing();
        if was.away.is_some() && is.away.is_none() {
            tracing::info!(change = is.change, "the store is back");
        }
        if is.change != was.change {
            publisher.publish().await;
        }
    }
}

/// The machine's name, and something that tells this process from others on it.
fn pair() -> String {
    let machine = environment("HOSTNAME").unwrap_or_else(|| "pair".into());
    format!("{machine}-{:08x}", rand::rng().random::<u32>())
}

/// Gives a store without tokens its first one, and prints it; tells whether there is one now.
async fn greet(publisher: &Publisher) -> bool {
    match admin::first_token(&publisher.store).await {
        Ok(Some(token)) => {
            // not to the log: whoever reads that later shall not find it
            say(&format!("attache: the first admin token, shown only this once: {token}"));
            true
        }
        Ok(None) => true,
        Err(_) => false,
    }
}
