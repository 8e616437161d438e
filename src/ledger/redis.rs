//! The ledger of many pairs: counters in Redis or Valkey, one script, one round trip for a step.
//!
//! Redis keeps the time, so pairs need not agree on it. A settlement that can not be delivered waits until the engine is back;
//! what is never settled expires there, as it does when the pair itself is gone.

use super::{
    Actual, Ask, Grant, Ledger, LedgerError, Limit, Tab, Unit,
    counter::{SLOTS, micros},
};
use crate::{
    engine::{Away, Engine, Standing},
    window::Window,
};
use ::redis::Script;
use futures_util::future::BoxFuture;
use rmp::encode::{write_array_len, write_uint};
use std::{
    collections::VecDeque,
    fmt::Arguments,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

/// The script of every operation.
const SCRIPT: &str = include_str!("script.lua");
/// Which layout the script keeps things in: pairs of another one count apart.
const LAYOUT: u8 = 2;
/// So many settlements wait for an engine that is away; of more, the oldest are left to expire.
const WAITING: usize = 10_000;

/// How long after a failure a settlement is delivered again, while the engine is there.
const AGAIN: Duration = Duration::from_millis(100);

/// Counters in Redis or Valkey.
pub struct Redis {
    engine: Arc<Engine>,
    script: Script,
    ttl: Duration,
    /// What all keys begin with.
    prefix: String,
    /// Whether the caller's time counts, not the engine's: for tests.
    told_time: bool,
    waiting: Mutex<VecDeque<Waiting>>,
    queued: Arc<Notify>,
}

/// A settlement that is to be delivered yet.
struct Waiting {
    scope: String,
    exchange: String,
    actual: Actual,
    now: Duration,
}

impl Redis {
    /// A ledger in `engine`, whose keys begin with `prefix`. To be called within a runtime.
    #[must_use]
    pub fn new(engine: Arc<Engine>, settings: super::Settings, prefix: &str) -> Arc<Self> {
        Self::with_time(engine, settings, prefix, false)
    }

    fn with_time(engine: Arc<Engine>, settings: super::Settings, prefix: &str, told_time: bool) -> Arc<Self> {
        let standing = engine.standing();
        let ledger = Arc::new(Self {
            engine,
            script: Script::new(SCRIPT),
            ttl: settings.reservation_ttl,
            prefix: prefix.to_owned(),
            told_time,
            waiting: Mutex::default(),
            queued: Arc::default(),
        });
        let queued = Arc::clone(&ledger.queued);
        drop(tokio::spawn(deliver(Arc::downgrade(&ledger), standing, queued)));
        ledger
    }

    async fn run(&self, op: &str, tab: Tab<'_>, asks: &[Ask], now: Duration) -> Result<Vec<Grant>, Away> {
        let keys = self.keys(tab.scope, asks.iter().map(|ask| &ask.limit));
        let arguments = self.arguments(op, tab.exchange, now, packed(asks, now));
        let told: Vec<f64> = self.engine.run(&self.script, &keys, &arguments).await?;
        Ok(told.as_chunks().0.iter().map(grant).collect())
    }

    async fn close(&self, settled: &Waiting) -> Result<(), Away> {
        let mut actual = list(Unit::ALL.len());
        numbers(&mut actual, Unit::ALL.map(|unit| settled.actual.of(unit)));
        let arguments = self.arguments("settle", &settled.exchange, settled.now, actual);
        self.engine.run(&self.script, &self.keys(&settled.scope, []), &arguments).await
    }

    /// What the exchanges of a scope hold, when they expire, then the counters.
    fn keys<'a>(&self, scope: &str, limits: impl IntoIterator<Item = &'a Limit>) -> Vec<String> {
        let tagged = |rest: Arguments<'_>| format!("{}:{{r:{scope}}}:{LAYOUT}:{rest}", self.prefix);
        let counter = |limit: &Limit| {
            tagged(format_args!("c:{}:{}:{}", limit.unit.name(), limit.window.spell(), limit.key))
        };
        [tagged(format_args!("held")), tagged(format_args!("open"))]
            .into_iter()
            .chain(limits.into_iter().map(counter))
            .collect()
    }

    fn arguments(&self, op: &str, exchange: &str, now: Duration, rest: Vec<u8>) -> [Vec<u8>; 5] {
        let time = if self.told_time { micros(now).to_string() } else { String::new() };
        [op.into(), exchange.into(), micros(self.ttl).to_string().into(), time.into(), rest]
    }

    fn wait(&self, settled: Waiting) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == WAITING {
            drop(waiting.pop_front());
        }
        waiting.push_back(settled);
        self.queued.notify_one();
    }

    fn next(&self) -> Option<Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Delivers what has waited, whenever the engine is there.
async fn deliver(ledger: Weak<Redis>, mut standing: watch::Receiver<Standing>, queued: Arc<Notify>) {
    while standing.wait_for(|standing| *standing == Standing::Here).await.is_ok() {
        queued.notified().await;
        sleep(AGAIN).await;
        let Some(ledger) = ledger.upgrade() else { return };
        while let Some(settled) = ledger.next() {
            if ledger.close(&settled).await.is_err() {
                ledger.wait(settled);
                break;
            }
        }
    }
}

impl Ledger for Redis {
    fn reserve<'a>(
        &'a self,
        tab: Tab<'a>,
        asks: &'a [Ask],
        now: Duration,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LedgerError>> {
        Box::pin(async move { self.run("reserve", tab, asks, now).await.map_err(away) })
    }

    fn settle<'a>(
        &'a self,
        tab: Tab<'a>,
        actual: Actual,
        now: Duration,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        let settled = Waiting { scope: tab.scope.into(), exchange: tab.exchange.into(), actual, now };
        Box::pin(async move {
            let done = self.close(&settled).await;
            if done.is_err() {
                self.wait(settled);
            }
            done.map_err(away)
        })
    }

    fn peek<'a>(
        &'a self,
        scope: &'a str,
        limit: &'a Limit,
        now: Duration,
    ) -> BoxFuture<'a, Result<Grant, LedgerError>> {
        Box::pin(async move {
            let asks = [Ask { limit: limit.clone(), amount: 0 }];
            let grants = self.run("peek", Tab { scope, exchange: "" }, &asks, now).await.map_err(away)?;
            grants.into_iter().next().ok_or_else(|| LedgerError::Away("no answer".into()))
        })
    }

    fn reset<'a>(&'a self, scope: &'a str, limit: &'a Limit) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            let asks = [Ask { limit: limit.clone(), amount: 0 }];
            let done = self.run("reset", Tab { scope, exchange: "" }, &asks, Duration::ZERO).await;
            done.map(drop).map_err(away)
        })
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("engine", &self.engine).finish_non_exhaustive()
    }
}

fn away(away: Away) -> LedgerError {
    LedgerError::Away(away.0)
}

/// Fields of an ask, as the script reads it.
const FIELDS: usize = 5;

/// What is asked, as the script reads it. Of the calendar it gets the bounds around our own time: which of these periods it is, the
/// engine's time tells.
fn packed(asks: &[Ask], now: Duration) -> Vec<u8> {
    let mut packed = list(asks.len() * FIELDS);
    let length = |window: &Duration| micros(*window).max(1);
    for Ask { limit, amount } in asks {
        match &limit.window {
            Window::Sliding(window) => {
                numbers(&mut packed, [length(window).div_ceil(SLOTS), length(window)]);
            }
            Window::Fixed(window) => numbers(&mut packed, [length(window), 0]),
            Window::Open => numbers(&mut packed, [0, 0]),
            Window::Calendar(calendar) => {
                let bounds = calendar.bounds(now).map(micros);
                packed.extend(list(bounds.len()));
                numbers(&mut packed, bounds.into_iter().chain([0]));
            }
        }
        let unit = Unit::ALL.iter().position(|unit| *unit == limit.unit).unwrap_or_default() as u64;
        // the script counts from 1
        numbers(&mut packed, [unit + 1, *amount, limit.most]);
    }
    packed
}

/// The beginning of a list of so many.
fn list(count: usize) -> Vec<u8> {
    let mut packed = Vec::with_capacity(16 + count * 9);
    // a Vec takes everything
    drop(write_array_len(&mut packed, u32::try_from(count).unwrap_or(u32::MAX)));
    packed
}

fn numbers(packed: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|number| drop(write_uint(packed, number)));
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers that were amounts"
)]
fn grant([allowed, remaining, reset]: &[f64; 3]) -> Grant {
    Grant {
        allowed: *allowed > 0.0,
        remaining: *remaining as u64,
        reset: Duration::from_micros(reset.max(0.0) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{Address, Settings},
        ledger::contract::{SCOPE, redis_server, tab},
        window::{Calendar, Period},
    };
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::{SystemTime, UNIX_EPOCH},
    };

    /// A ledger of its own in the one server of these tests, which goes by the time that it is told.
    fn make(ttl: Duration) -> Arc<dyn Ledger> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        connected(&format!("test{}", MADE.fetch_add(1, Ordering::Relaxed)), ttl, true)
    }

    fn connected(prefix: &str, reservation_ttl: Duration, told_time: bool) -> Arc<Redis> {
        let address = Address::read(redis_server()).unwrap();
        // what is tested is not the deadline
        let patient = Settings { deadline: Duration::from_secs(10), ..Settings::default() };
        let settings = super::super::Settings { reservation_ttl };
        let ledger = Redis::with_time(Engine::start(address, patient), settings, prefix, told_time);
        let mut standing = ledger.engine.standing();
        let here = async { standing.wait_for(|s| *s == Standing::Here).await.map(|_| ()).unwrap() };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(here));
        ledger
    }

    contract!(make);

    #[tokio::test(flavor = "multi_thread")]
    async fn a_settlement_that_was_late_is_delivered_again() {
        let address = Address::read(redis_server()).unwrap();
        let brief = Settings { deadline: Duration::from_millis(100), ..Settings::default() };
        let ledger =
            Redis::with_time(Engine::start(address, brief), super::super::Settings::default(), "late", false);
        let mut standing = ledger.engine.standing();
        standing.wait_for(|standing| *standing == Standing::Here).await.unwrap();
        let limit = Limit { key: "k".into(), unit: Unit::Cost, most: 100, window: Window::Open };
        let asks = [Ask { limit: limit.clone(), amount: 50 }];
        let patience = tokio::time::Instant::now() + Duration::from_secs(20);
        while ledger.reserve(tab("x"), &asks, Duration::ZERO).await.is_err() {
            assert!(tokio::time::Instant::now() < patience);
        }
        let mut pause = ::redis::cmd("CLIENT");
        pause.arg("PAUSE").arg(150);
        ledger.engine.command::<()>(&pause).await.unwrap();
        let used = Actual { cost: 20, ..Actual::default() };
        assert!(ledger.settle(tab("x"), used, Duration::ZERO).await.is_err(), "it is late");
        let left =
            async || ledger.peek(SCOPE, &limit, Duration::ZERO).await.map(|grant| grant.remaining).ok();
        while left().await != Some(80) {
            assert!(tokio::time::Instant::now() < patience, "it was never delivered");
        }
    }

    /// On one thread, which all of it shares with what keeps it busy.
    #[tokio::test]
    async fn what_has_come_while_the_pair_itself_was_busy_is_in_time() {
        let deadline = Duration::from_millis(200);
        let engine = Engine::start(
            Address::read(redis_server()).unwrap(),
            Settings { deadline, ..Settings::default() },
        );
        let ledger = Redis::new(engine, super::super::Settings::default(), "busy");
        ledger.engine.standing().wait_for(|standing| *standing == Standing::Here).await.unwrap();
        let limit = Limit { key: "k".into(), unit: Unit::Count, most: 100, window: Window::Open };
        let asks = [Ask { limit, amount: 1 }];
        ledger.reserve(tab("the script is there"), &asks, Duration::ZERO).await.unwrap();
        let busy = async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            #[expect(clippy::disallowed_methods, reason = "this is what is tested")]
            std::thread::sleep(deadline * 2);
        };
        let (answer, ()) = tokio::join!(ledger.reserve(tab("asked"), &asks, Duration::ZERO), busy);
        assert_eq!(answer.unwrap().len(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_kept_for_ever() {
        let ledger = connected("kept", Duration::from_secs(60), false);
        let hour = Duration::from_secs(3600);
        let windows = [
            Window::Sliding(hour),
            Window::Fixed(hour),
            Window::Calendar(Calendar::new(Period::Day, "UTC").unwrap()),
            Window::Open,
        ];
        let asks = windows.map(|window| {
            let limit = Limit { key: "k".into(), unit: Unit::Cost, most: 1_000, window };
            Ask { limit, amount: 5 }
        });
        let now = since_epoch();
        for (exchange, cost) in [("a", 5), ("b", 3), ("c", 0)] {
            ledger.reserve(tab(exchange), &asks, now).await.unwrap();
            assert_eq!(lasting(&ledger).await, (6, 0), "{exchange} is open");
            ledger.settle(tab(exchange), Actual { cost, ..Actual::default() }, now).await.unwrap();
        }
        assert_eq!(lasting(&ledger).await, (6, 0));
    }

    fn since_epoch() -> Duration {
        #[expect(clippy::disallowed_methods, reason = "Redis goes by the same clock")]
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
    }

    /// How many keys a ledger has, and how many of them would stay.
    async fn lasting(ledger: &Redis) -> (usize, usize) {
        let mut all = ::redis::cmd("KEYS");
        all.arg(format!("{}:*", ledger.prefix));
        let keys: Vec<String> = ledger.engine.command(&all).await.unwrap();
        let mut lasting = 0;
        for key in &keys {
            let mut left = ::redis::cmd("PTTL");
            left.arg(key);
            lasting += usize::from(ledger.engine.command::<i64>(&left).await.unwrap() < 0);
        }
        (keys.len(), lasting)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pairs_whose_clocks_differ_count_in_the_same_windows() {
        let now = since_epoch();
        // far more than clocks differ, and less than a period
        let (hours, ttl) = (Duration::from_secs(20 * 3600), Duration::from_secs(900));
        let pairs = [now - hours, now, now + hours].map(|clock| (connected("skew", ttl, false), clock));
        let day = Window::Calendar(Calendar::new(Period::Day, "UTC").unwrap());
        let windows =
            [Window::Fixed(Duration::from_secs(86_400)), Window::Sliding(Duration::from_secs(60)), day];
        for (n, window) in windows.into_iter().enumerate() {
            let limit = Limit { key: "k".into(), unit: Unit::Count, most: 4, window };
            let asks = [Ask { limit, amount: 1 }];
            let mut passed = 0;
            for turn in 0..3 {
                for (pair, (ledger, clock)) in pairs.iter().enumerate() {
                    let exchange = format!("{n} {turn} {pair}");
                    let grants = ledger.reserve(tab(&exchange), &asks, *clock).await.unwrap();
                    passed += u32::from(grants.iter().all(|grant| grant.allowed));
                }
            }
            assert_eq!(passed, 4, "{asks:?}");
        }
    }
}
