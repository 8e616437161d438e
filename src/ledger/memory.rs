//! The ledger of one pair: counters in this process, exact under concurrency.
//!
//! A counter keeps its amounts when only `most` changes; another unit or window is another counter.

use super::{
    Actual, Ask, Grant, Ledger, LedgerError, Limit, Tab, Unit,
    counter::{Counter, micros},
    shards::{SHARDS, Shards},
};
use crate::window::Window;
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Microseconds after which the next shard is swept: all of them in 10 s.
const TICK: u64 = 10_000_000 / SHARDS;

/// The settings of [`Memory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long an exchange may stay unsettled after its last reservation. Then, at most 10 s later, what it reserved
    /// is given back and a settlement counts no more: choose more than the longest exchange.
    pub reservation_ttl: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { reservation_ttl: Duration::from_mins(15) }
    }
}

/// Counters in memory. What they weigh follows the keys in use: a counter that holds nothing is dropped within 10 s of
/// further calls.
#[derive(Debug)]
pub struct Memory {
    settings: Settings,
    /// What the open exchanges hold. Locked before `counters`, never after.
    open: Shards<Arc<str>, Holding>,
    counters: Shards<Arc<CounterId>, Counter>,
    /// The last tick whose sweep somebody took on.
    swept: AtomicU64,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CounterId {
    scope: Box<str>,
    key: String,
    unit: Unit,
    window: Window,
}

#[derive(Debug, Default)]
struct Holding {
    expires: u64,
    parts: Vec<Part>,
}

/// One reservation.
#[derive(Debug)]
struct Part {
    counter: Arc<CounterId>,
    slot: u64,
    amount: u64,
    grant: Grant,
}

impl Memory {
    /// An empty ledger.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, open: Shards::new(), counters: Shards::new(), swept: AtomicU64::new(0) }
    }

    fn reserve_all(&self, tab: Tab<'_>, asks: &[Ask], now: u64) -> Vec<Grant> {
        self.sweep(now);
        let ids: Vec<_> = asks.iter().map(|ask| Arc::new(CounterId::of(tab.scope, &ask.limit))).collect();
        let mut open = self.open.lock_of(tab.exchange);
        let mut counters = self.counters.lock_all(&ids);

        let mut parts = Vec::new();
        let mut grants = Vec::with_capacity(asks.len());
        let held = open.get(tab.exchange).map(|holding| holding.parts.as_slice()).unwrap_or_default();
        for (ask, id) in asks.iter().zip(ids) {
            let known = [held, &parts].into_iter().find_map(|parts| granted(parts, &id));
            let grant = known.clone().unwrap_or_else(|| answer(counters.of(&id).get(&id), ask, now));
            let allowed = grant.allowed;
            if allowed && known.is_none() {
                let counter = counters.of(&id).entry(id.clone()).or_insert_with(|| id.counter());
                let slot = counter.add(ask.amount, now);
                parts.push(Part { counter: id, slot, amount: ask.amount, grant: grant.clone() });
            }
            grants.push(grant);
            if !allowed {
                break;
            }
        }
        if !parts.is_empty() {
            let holding = open.entry(tab.exchange.into()).or_default();
            holding.expires = now.saturating_add(micros(self.settings.reservation_ttl));
            holding.parts.append(&mut parts);
        }
        grants
    }

    fn close(&self, exchange: &str, actual: Actual, now: u64) {
        self.sweep(now);
        let holding = self.open.lock_of(exchange).remove(exchange);
        self.replace(holding.into_iter().flat_map(|held| held.parts), actual, now);
    }

    fn look(&self, scope: &str, limit: &Limit, now: u64) -> Grant {
        self.sweep(now);
        let id = CounterId::of(scope, limit);
        let counters = self.counters.lock_of(&id);
        answer(counters.get(&id), &Ask { limit: limit.clone(), amount: 0 }, now)
    }

    fn replace(&self, parts: impl IntoIterator<Item = Part>, actual: Actual, now: u64) {
        for part in parts {
            let real = actual.of(part.counter.unit);
            let mut counters = self.counters.lock_of(&*part.counter);
            let counter = counters.entry(part.counter.clone()).or_insert_with(|| part.counter.counter());
            counter.replace(part.slot, part.amount, real, now);
            if counter.is_empty(now) {
                counters.remove(&*part.counter);
            }
        }
    }

    /// Gives expired reservations back and drops empty counters, in the shards whose turn came since the last call.
    fn sweep(&self, now: u64) {
        let tick = now / TICK;
        let last = self.swept.fetch_max(tick, Ordering::Relaxed);
        for place in last.max(tick.saturating_sub(SHARDS))..tick {
            let expired = self.open.drain(place, |holding| holding.expires <= now);
            self.replace(expired.into_iter().flat_map(|held| held.parts), Actual::default(), now);
            drop(self.counters.drain(place, |counter| counter.is_empty(now)));
        }
    }
}

impl Ledger for Memory {
    fn reserve<'a>(
        &'a self,
        tab: Tab<'a>,
        asks: &'a [Ask],
        now: Duration,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LedgerError>> {
        Box::pin(async move { Ok(self.reserve_all(tab, asks, micros(now))) })
    }

    fn settle<'a>(
        &'a self,
        tab: Tab<'a>,
        actual: Actual,
        now: Duration,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            self.close(tab.exchange, actual, micros(now));
            Ok(())
        })
    }

    fn peek<'a>(
        &'a self,
        scope: &'a str,
        limit: &'a Limit,
        now: Duration,
    ) -> BoxFuture<'a, Result<Grant, LedgerError>> {
        Box::pin(async move { Ok(self.look(scope, limit, micros(now))) })
    }

    fn reset<'a>(&'a self, scope: &'a str, limit: &'a Limit) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            let id = CounterId::of(scope, limit);
            self.counters.lock_of(&id).remove(&id);
            Ok(())
        })
    }
}

fn answer(counter: Option<&Counter>, ask: &Ask, now: u64) -> Grant {
    match counter {
        Some(counter) => counter.answer(&ask.limit, ask.amount, now),
        None => Counter::new(&ask.limit.window).answer(&ask.limit, ask.amount, now),
    }
}

/// What was granted by this counter before.
fn granted(parts: &[Part], id: &CounterId) -> Option<Grant> {
    parts.iter().find(|part| *part.counter == *id).map(|part| part.grant.clone())
}

impl CounterId {
    fn of(scope: &str, limit: &Limit) -> Self {
        Self { scope: scope.into(), key: limit.key.clone(), unit: limit.unit, window: limit.window.clone() }
    }

    fn counter(&self) -> Counter {
        Counter::new(&self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::contract::{NOW, TTL, tab};

    contract!(|reservation_ttl| Arc::new(Memory::new(Settings { reservation_ttl })) as Arc<dyn Ledger>);

    #[tokio::test]
    async fn keys_used_once_leave_nothing_behind() {
        let memory = Memory::new(Settings { reservation_ttl: TTL });
        let limit = |i: u64| Limit {
            key: format!("user {i}"),
            unit: Unit::Count,
            most: 5,
            window: Window::Sliding(Duration::from_secs(1)),
        };
        // 10,000 keys a second, every third one never settled
        for i in 0..100_000 {
            let (exchange, now) =
                (i.to_string(), NOW + Duration::from_micros(100) * u32::try_from(i).unwrap());
            memory.reserve(tab(&exchange), &[Ask { limit: limit(i), amount: 1 }], now).await.unwrap();
            if i % 3 > 0 {
                memory.settle(tab(&exchange), Actual { count: 1, ..Actual::default() }, now).await.unwrap();
            }
        }
        assert_eq!(memory.open.len(), 33_334);
        memory.peek("scope", &limit(0), NOW + Duration::from_secs(21)).await.unwrap();
        assert_eq!(memory.counters.len(), 0);
        memory.peek("scope", &limit(0), NOW + TTL + Duration::from_secs(21)).await.unwrap();
        assert_eq!((memory.open.len(), memory.counters.len()), (0, 0));
    }
}
