//! What outlives a swap: the ledger, the walks between two attempts, the clock; and the cell that is swapped.

use super::{life::Broke, parked::Parked, replay::Recent, settings::Settings};
use crate::{
    engine::Engine, ledger::Ledger, provider::health::Health, session::Sessions, snapshot::Snapshot,
    telemetry::Record,
};
use arc_swap::{ArcSwap, Guard};
use futures_util::poll;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Tells the time.
pub type Clock = fn() -> SystemTime;

/// Everything that a request meets besides itself.
pub struct World {
    live: ArcSwap<Live>,
    /// The counters behind `rate` elements.
    pub ledger: Arc<dyn Ledger>,
    /// How targets do.
    pub health: Arc<Health>,
    /// What sessions keep.
    pub sessions: Sessions,
    /// What pairs share, where they do.
    pub engine: Option<Arc<Engine>>,
    pub(super) parked: Parked,
    pub(super) recent: Recent,
    records: Box<dyn Fn(Record) + Send + Sync>,
    clock: Clock,
    dice: Box<dyn Fn() -> u64 + Send + Sync>,
    in_flight: Arc<AtomicUsize>,
    draining: AtomicBool,
}

/// What is replaced whole when routes or settings change.
#[derive(Debug)]
pub struct Live {
    /// Routes, client keys, providers, prices.
    pub snapshot: Arc<Snapshot>,
    /// The room's settings.
    pub settings: Settings,
}

impl World {
    /// A world that begins with `live`, and gives the record of every exchange to `records`. `dice` throws a die of 2^64
    /// sides for whatever is left to chance.
    pub fn new(
        live: Live,
        ledger: Arc<dyn Ledger>,
        records: impl Fn(Record) + Send + Sync + 'static,
        clock: Clock,
        dice: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            sessions: Sessions::new(&live.settings.sessions),
            live: ArcSwap::from_pointee(live),
            ledger,
            health: Arc::default(),
            engine: None,
            parked: Parked::default(),
            recent: Recent::default(),
            records: Box::new(records),
            clock,
            dice: Box::new(dice),
            in_flight: Arc::default(),
            draining: AtomicBool::new(false),
        }
    }

    /// The same, with an engine that pairs share.
    #[must_use]
    pub fn sharing(self, engine: Option<Arc<Engine>>) -> Self {
        Self { engine, ..self }
    }

    /// What is live now.
    pub fn live(&self) -> Guard<Arc<Live>> {
        self.live.load()
    }

    /// Makes `live` the world of all requests from now on.
    pub fn publish(&self, live: Live) {
        self.recent.shrink(live.settings.replay.requests);
        self.health.sweep(&live.settings.health);
        if live.settings.sessions != self.live().settings.sessions {
            self.sessions.adopt(&live.settings.sessions);
        }
        self.live.store(Arc::new(live));
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// A throw of the die.
    pub(super) fn dice(&self) -> u64 {
        (self.dice)()
    }

    /// The time since the Unix epoch, as the ledger wants it.
    pub(super) fn since_epoch(&self) -> Duration {
        self.now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// How many exchanges are between their first header and their end.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Refuses new exchanges from now on; those that began go on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether new exchanges are refused.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Settles and drops the walks whose next attempt never came, and forgets targets that nobody asks any more.
    pub async fn sweep(&self) {
        self.health.sweep(&self.live().settings.health);
        for exchange in self.parked.overdue(tokio::time::Instant::now()) {
            exchange.abandoned(self).await;
        }
    }

    /// Tells who broke off the stream of an exchange; one that is not in doubt takes no notice.
    pub async fn broke(&self, id: &str, broke: Broke) {
        if let Some(exchange) = self.parked.unclear(id).await {
            exchange.broken_off(broke, self).await;
        }
    }

    pub(super) fn began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Does what no client should wait for: at once where that can be, else beside what goes on. What is under way counts as in
    /// flight.
    pub(super) async fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut work = Box::pin(work);
        if poll!(&mut work).is_pending() {
            self.began();
            let in_flight = Arc::clone(&self.in_flight);
            drop(tokio::spawn(async move {
                work.await;
                in_flight.fetch_sub(1, Ordering::Release);
            }));
        }
    }

    pub(super) fn ended(&self, record: Record) {
        // in this order: whoever sees nothing in flight finds all records
        self.note(record);
        self.in_flight.fetch_sub(1, Ordering::Release);
    }

    /// Hands over the record of a request that never became an exchange.
    pub(super) fn note(&self, record: Record) {
        (self.records)(record);
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}
