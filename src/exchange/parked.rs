//! Walks that wait for their next attempt, under the exchange id that Envoy gave them.

use super::life::Exchange;
use dashmap::DashMap;
use tokio::time::Instant;

/// All waiting walks.
#[derive(Debug, Default)]
pub(super) struct Parked(DashMap<String, Waiting, foldhash::fast::RandomState>);

#[derive(Debug)]
struct Waiting {
    exchange: Box<Exchange>,
    until: Instant,
}

impl Parked {
    /// Keeps the exchange until its next attempt comes, at the longest until `until`.
    pub(super) fn park(&self, exchange: Box<Exchange>, until: Instant) {
        self.0.insert(exchange.id.clone(), Waiting { exchange, until });
    }

    /// The exchange whose next attempt has come.
    pub(super) fn take(&self, id: &str) -> Option<Box<Exchange>> {
        self.0.remove(id).map(|(_, waiting)| waiting.exchange)
    }

    /// Takes those whose time is over.
    pub(super) fn overdue(&self, now: Instant) -> Vec<Box<Exchange>> {
        let late: Vec<String> = self.0.iter().filter(|w| w.until <= now).map(|w| w.key().clone()).collect();
        late.iter().filter_map(|id| self.take(id)).collect()
    }
}
