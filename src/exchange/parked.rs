//! Walks that wait for their next attempt, under the exchange id that Envoy gave them.

use super::{
    life::{Exchange, Unclear},
    world::World,
};
use dashmap::DashMap;
use std::time::Duration;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// How long an exchange is waited for: the end of its stream may still be on its way through the transport.
const LATE: Duration = Duration::from_secs(1);

/// All waiting walks.
#[derive(Debug, Default)]
pub(super) struct Parked {
    by_id: DashMap<String, Waiting, foldhash::fast::RandomState>,
    parked: Notify,
}

#[derive(Debug)]
struct Waiting {
    exchange: Box<Exchange>,
    until: Instant,
}

impl Exchange {
    /// Waits for its next attempt, at the longest until `until`.
    pub(super) async fn park(self: Box<Self>, until: Instant, world: &World) {
        if let Some(displaced) = world.parked.park(self, until) {
            displaced.abandoned(world).await;
        }
    }
}

impl Parked {
    /// Keeps the exchange until its next attempt comes, at the longest until `until`. Gives back the one in its place:
    /// an id that Envoy did not make may come twice.
    #[must_use]
    fn park(&self, exchange: Box<Exchange>, until: Instant) -> Option<Box<Exchange>> {
        let displaced = self.by_id.insert(exchange.id.clone(), Waiting { exchange, until });
        self.parked.notify_waiters();
        displaced.map(|waiting| waiting.exchange)
    }

    /// The exchange whose next attempt has come; `None` when this process does not know it.
    pub(super) async fn resume(&self, id: &str) -> Option<Box<Exchange>> {
        self.soon(|| self.take(id)).await
    }

    /// The exchange of this id, if it waits to learn why its stream was closed.
    pub(super) async fn unclear(&self, id: &str) -> Option<Box<Exchange>> {
        let passed =
            |_: &String, waiting: &Waiting| matches!(waiting.exchange.unclear, Some(Unclear::Passed(_)));
        self.soon(|| self.by_id.remove_if(id, passed).map(|(_, waiting)| waiting.exchange)).await
    }

    async fn soon(&self, look: impl Fn() -> Option<Box<Exchange>>) -> Option<Box<Exchange>> {
        let deadline = Instant::now() + LATE;
        loop {
            let parked = self.parked.notified();
            if let Some(exchange) = look() {
                return Some(exchange);
            }
            if timeout_at(deadline, parked).await.is_err() {
                return look();
            }
        }
    }

    fn take(&self, id: &str) -> Option<Box<Exchange>> {
        self.by_id.remove(id).map(|(_, waiting)| waiting.exchange)
    }

    /// Takes those whose time is over, one by one.
    pub(super) fn overdue(&self, now: Instant) -> impl Iterator<Item = Box<Exchange>> {
        let late: Vec<String> =
            self.by_id.iter().filter(|w| w.until <= now).map(|w| w.key().clone()).collect();
        late.into_iter().filter_map(|id| self.take(&id))
    }
}
