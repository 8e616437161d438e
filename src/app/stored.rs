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

/// What follows the store for as long as the process lives.
pub(super) struct Follower {
    publisher: Arc<Publisher>,
    office: Arc<Office>,
    /// Whether the store is known to have an admin token, or needs none: the operator has set one.
    greeted: bool,
    /// When this pair told last how it is.
    told: Option<Instant>,
    pair: String,
}

impl Follower {
    pub(super) fn new(publisher: Arc<Publisher>, office: Arc<Office>, operators: bool) -> Self {
        Self { publisher, office, greeted: operators, told: None, pair: pair() }
    }

    pub(super) async fn follow(mut self) {
        let mut watch = self.publisher.store.watch();
        loop {
            if self.publisher.notices.standing().away.is_none() {
                self.greeted = self.greeted || greet(&self.publisher).await;
                self.beat().await;
            }
            // whether it told or the time is over, it is asked
            timeout(POLL, watch.changed()).await.unwrap_or_default();
            self.look().await;
        }
    }

    /// Tells the other pairs how this one is, where it is time.
    async fn beat(&mut self) {
        if self.told.is_some_and(|told| told.elapsed() < BEAT) {
            return;
        }
        self.told = Some(Instant::now());
        if let Err(error) = self.publisher.store.beat(&self.pair, &self.office.tell()).await {
            tracing::debug!(%error, "this pair could not tell how it is");
        }
    }

    /// Reads what has changed, and makes it live.
    async fn look(&self) {
        let was = self.publisher.notices.standing();
        self.publisher.read_store().await;
        let is = self.publisher.notices.standing();
        if was.away.is_some() && is.away.is_none() {
            tracing::info!(change = is.change, "the store is back");
        }
        if is.change != was.change {
            self.publisher.publish().await;
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
