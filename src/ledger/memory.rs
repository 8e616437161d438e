//! The ledger of one pair: counters in this process, exact under concurrency.
//!
//! A counter keeps its amounts when only `most` changes; another unit, window or technique is another counter.

use super::{
    Actual, Ask, Grant, Ledger, LedgerError, Limit, Technique, Unit,
    counter::{Counter, nanos},
    shards::{SHARDS, Shards},
};
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Nanoseconds after which the next shard is swept: all of them in 10 s.
const TICK: u64 = 10_000_000_000 / SHARDS;

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
    key: String,
    unit: Unit,
    window: Duration,
    technique: Technique,
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

    fn reserve_all(&self, exchange: &str, asks: &[Ask], now: u64) -> Vec<Grant> {
        self.sweep(now);
        let ids: Vec<_> = asks.iter().map(|ask| Arc::new(CounterId::of(&ask.limit))).collect();
        let mut open = self.open.lock_of(exchange);
        let mut counters = self.counters.lock_all(&ids);

        let holding = open.get(exchange);
        let answer = |(ask, id): (&Ask, &Arc<CounterId>)| match holding.and_then(|held| held.grant(id)) {
            Some(grant) => grant,
            None => answer(counters.of(id).get(id), &ask.limit, ask.amount, now),
        };
        let grants: Vec<Grant> = asks.iter().zip(&ids).map(answer).collect();
        if asks.is_empty() || grants.iter().any(|grant| !grant.allowed) {
            return grants;
        }

        let holding = open.entry(exchange.into()).or_default();
        holding.expires = now.saturating_add(nanos(self.settings.reservation_ttl));
        for ((ask, id), grant) in asks.iter().zip(ids).zip(&grants) {
            if holding.grant(&id).is_none() {
                let counter = counters.of(&id).entry(id.clone()).or_insert_with(|| id.counter());
                let slot = counter.add(ask.amount, now);
                holding.parts.push(Part { counter: id, slot, amount: ask.amount, grant: grant.clone() });
            }
        }
        grants
    }

    fn close(&self, exchange: &str, actual: Actual, now: u64) {
        self.sweep(now);
        let holding = self.open.lock_of(exchange).remove(exchange);
        self.replace(holding.into_iter().flat_map(|held| held.parts), actual, now);
    }

    fn look(&self, limit: &Limit, now: u64) -> Grant {
        self.sweep(now);
        let id = CounterId::of(limit);
        let counters = self.counters.lock_of(&id);
        answer(counters.get(&id), limit, 0, now)
    }

    fn replace(&self, parts: impl IntoIterator<Item = Part>, actual: Actual, now: u64) {
        for part in parts {
            let real = match part.counter.unit {
                Unit::Count => actual.count,
                Unit::Cost => actual.cost,
                Unit::Tokens => actual.tokens,
            };
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
        exchange: &'a str,
        asks: &'a [Ask],
        now: Duration,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LedgerError>> {
        Box::pin(async move { Ok(self.reserve_all(exchange, asks, nanos(now))) })
    }

    fn settle<'a>(
        &'a self,
        exchange: &'a str,
        actual: Actual,
        now: Duration,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            self.close(exchange, actual, nanos(now));
            Ok(())
        })
    }

    fn release<'a>(&'a self, exchange: &'a str, now: Duration) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.settle(exchange, Actual::default(), now)
    }

    fn peek<'a>(&'a self, limit: &'a Limit, now: Duration) -> BoxFuture<'a, Result<Grant, LedgerError>> {
        Box::pin(async move { Ok(self.look(limit, nanos(now))) })
    }
}

fn answer(counter: Option<&Counter>, limit: &Limit, amount: u64, now: u64) -> Grant {
    match counter {
        Some(counter) => counter.answer(limit, amount, now),
        None => Counter::new(limit.window, limit.technique).answer(limit, amount, now),
    }
}

impl CounterId {
    fn of(limit: &Limit) -> Self {
        Self { key: limit.key.clone(), unit: limit.unit, window: limit.window, technique: limit.technique }
    }

    fn counter(&self) -> Counter {
        Counter::new(self.window, self.technique)
    }
}

impl Holding {
    /// What this exchange was granted by this counter before.
    fn grant(&self, id: &CounterId) -> Option<Grant> {
        self.parts.iter().find(|part| *part.counter == *id).map(|part| part.grant.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::contract::{NOW, TTL};

    contract!(|reservation_ttl| Arc::new(Memory::new(Settings { reservation_ttl })) as Arc<dyn Ledger>);

    #[tokio::test]
    async fn keys_used_once_leave_nothing_behind() {
        let memory = Memory::new(Settings { reservation_ttl: TTL });
        let limit = |i: u64| Limit {
            key: format!("user {i}"),
            unit: Unit::Count,
            most: 5,
            window: Duration::from_secs(1),
            technique: Technique::Sliding,
        };
        // 10,000 keys a second, every third one never settled
        for i in 0..100_000 {
            let (exchange, now) =
                (i.to_string(), NOW + Duration::from_micros(100) * u32::try_from(i).unwrap());
            memory.reserve(&exchange, &[Ask { limit: limit(i), amount: 1 }], now).await.unwrap();
            if i % 3 > 0 {
                memory.settle(&exchange, Actual { count: 1, ..Actual::default() }, now).await.unwrap();
            }
        }
        assert_eq!(memory.open.len(), 33_334);
        memory.peek(&limit(0), NOW + Duration::from_secs(21)).await.unwrap();
        assert_eq!(memory.counters.len(), 0);
        memory.peek(&limit(0), NOW + TTL + Duration::from_secs(21)).await.unwrap();
        assert_eq!((memory.open.len(), memory.counters.len()), (0, 0));
    }
}
