//! Records as numbers for Prometheus.

use super::{AttemptRecord, Record, log::short};
use crate::chat::{Kind, Usage};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Metric, Registry},
};
use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

/// Seconds to an answer's first content.
const FIRST_CONTENT: [f64; 12] = [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0, 60.0];
/// Seconds to an answer's end.
const DURATION: [f64; 14] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];
/// What stands for the names that found no more room.
const OTHER: &str = "other";

/// Every metric. Clones share their values.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    store_up: Gauge,
    ledger_up: Gauge,
    registry: Arc<Registry>,
    requests: Bounded<Request, Counter>,
    request_duration: Bounded<Entry, Histogram>,
    request_first_content: Bounded<Entry, Histogram>,
    attempts: Bounded<Attempt, Counter>,
    attempt_duration: Bounded<Target, Histogram>,
    attempt_first_content: Bounded<Target, Histogram>,
    tokens: Bounded<Tokens, Counter>,
    cost: Bounded<Target, Counter<f64, AtomicU64>>,
    unknown_prices: Bounded<Target, Counter>,
    limits: Bounded<Limit, Counter>,
    session_turns: Bounded<Turn, Counter>,
    session_tokens: Bounded<Token, Counter>,
    dropped: Counter,
    in_flight: Gauge,
    cooling: Family<Troubled, Gauge>,
    snapshot: Family<Version, Gauge>,
    snapshot_built: Gauge,
}

impl Metrics {
    pub(super) fn new(max_label_sets: usize) -> Self {
        let mut all = Everything { registry: Registry::with_prefix("attache"), max_label_sets };
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        all.registry.register("build", "This build of Attaché", build);
        Self {
            requests: all.many("requests", "Exchanges ended", Counter::default),
            request_duration: all.many("request_duration_seconds", "Request to the answer's end", duration),
            request_first_content: all.many("request_first_content_seconds", "Request to content", content),
            attempts: all.many("attempts", "Calls of providers", Counter::default),
            attempt_duration: all.many("attempt_duration_seconds", "Call to the answer's end", duration),
            attempt_first_content: all.many("attempt_first_content_seconds", "Call to content", content),
            tokens: all.many("tokens", "Tokens of answers passed on", Counter::default),
            cost: all.many("cost_usd", "Cost of answers passed on, in US dollars", Counter::default),
            unknown_prices: all.many("unknown_prices", "Answers of unknown price", Counter::default),
            limits: all.many("limit_decisions", "Limits asked", Counter::default),
            session_turns: all.many("session_turns", "Turns of sessions answered", Counter::default),
            session_tokens: all.many("session_tokens", "Tokens of sessions brought along", Counter::default),
            dropped: all.one("dropped_records", "Records lost to a full queue", Counter::default()),
            in_flight: all.one("in_flight", "Exchanges under way", Gauge::default()),
            cooling: all.one("cooling_targets", "Targets that cool or are probed", Family::default()),
            snapshot: all.one("snapshot_version_info", "The live snapshot", Family::default()),
            snapshot_built: all.one(
                "snapshot_built_timestamp_seconds",
                "When the live snapshot was built, since the Unix epoch",
                Gauge::default(),
            ),
            ledger_up: all.one(
                "ledger_up",
                "Whether the engine that limits are counted in can be reached",
                Gauge::default(),
            ),
            store_up: all.one("store_up", "Whether the store can be reached", Gauge::default()),
            registry: Arc::new(all.registry),
        }
    }

    pub(super) fn count(&self, record: &Record) {
        self.requests.of(Request::of(record)).inc();
        let entry = Entry { route: record.route.clone(), endpoint: record.endpoint };
        self.request_duration.of(entry.clone()).observe(record.duration.as_secs_f64());
        if let Some(first) = record.first_content {
            self.request_first_content.of(entry).observe(first.as_secs_f64());
        }
        for attempt in &record.attempts {
            self.count_attempt(attempt);
        }
        for limit in &record.limits {
            let decision = if limit.allowed { "allowed" } else { "denied" };
            let (route, element) = (record.route.clone(), limit.element.clone());
            self.limits.of(Limit { route, element, decision }).inc();
        }
        self.count_session(record);
        self.count_usage(record);
    }

    fn count_session(&self, record: &Record) {
        let Some(session) = record.session else { return };
        let route = record.route.clone();
        if let Some(result) = session.token {
            self.session_tokens.of(Token { route: route.clone(), result }).inc();
        }
        if record.answering().is_some() {
            self.session_turns.of(Turn { route, kept: session.kept.name() }).inc();
        }
    }

    fn count_attempt(&self, attempt: &AttemptRecord) {
        let target = Target::of(attempt);
        let (provider, model) = (target.provider.clone(), target.model.clone());
        self.attempts.of(Attempt { provider, model, result: attempt.result() }).inc();
        if attempt.fault != Some(Kind::Cooling) {
            self.attempt_duration.of(target.clone()).observe(attempt.duration.as_secs_f64());
        }
        if let Some(first) = attempt.first_content {
            self.attempt_first_content.of(target).observe(first.as_secs_f64());
        }
    }

    /// Tokens and cost go to the attempt whose answer was passed on.
    fn count_usage(&self, record: &Record) {
        let Some(attempt) = record.answering() else { return };
        let target = Target::of(attempt);
        if let Some(usage) = record.usage {
            self.count_tokens(&usage, &target);
        }
        match record.usd() {
            Some(usd) => drop(self.cost.of(target).inc_by(usd)),
            None if record.usage.is_some() => drop(self.unknown_prices.of(target).inc()),
            None => {}
        }
    }

    fn count_tokens(&self, usage: &Usage, target: &Target) {
        let usual = [
            ("input", usage.input),
            ("output", usage.output),
            ("cached", usage.cached),
            ("cache_write", usage.cache_write),
            ("reasoning", usage.reasoning),
        ];
        let rare = [
            ("audio_input", usage.audio_input),
            ("audio_output", usage.audio_output),
            ("image_input", usage.image_input),
            ("image_output", usage.image_output),
        ];
        // what most models never have takes no room
        for (kind, tokens) in usual.into_iter().chain(rare.into_iter().filter(|(_, tokens)| *tokens > 0)) {
            let (provider, model) = (target.provider.clone(), target.model.clone());
            self.tokens.of(Tokens { provider, model, kind }).inc_by(tokens);
        }
    }

    pub(super) fn dropped(&self) {
        self.dropped.inc();
    }

    pub(super) fn in_flight(&self, exchanges: usize) {
        self.in_flight.set(i64::try_from(exchanges).unwrap_or(i64::MAX));
    }

    pub(super) fn cooling(&self, targets: impl Iterator<Item = (String, String, &'static str)>) {
        self.cooling.clear();
        for (provider, model, state) in targets {
            let model = short(&model).to_owned();
            self.cooling.get_or_create_owned(&Troubled { provider, model, state }).set(1);
        }
    }

    pub(super) fn snapshot(&self, version: &str, built_at: SystemTime) {
        self.snapshot.clear();
        self.snapshot.get_or_create_owned(&Version { version: version.into() }).set(1);
        let since_epoch = built_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.snapshot_built.set(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX));
    }

    pub(super) fn ledger(&self, here: bool) {
        self.ledger_up.set(i64::from(here));
    }

    pub(super) fn store(&self, here: bool) {
        self.store_up.set(i64::from(here));
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(why) => format!("# {why}\n"),
        }
    }
}

fn duration() -> Histogram {
    Histogram::new(DURATION)
}

fn content() -> Histogram {
    Histogram::new(FIRST_CONTENT)
}

/// The registry while it is filled.
struct Everything {
    registry: Registry,
    max_label_sets: usize,
}

impl Everything {
    fn one<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.registry.register(name, help, metric.clone());
        metric
    }

    fn many<L, M>(&mut self, name: &str, help: &str, make: fn() -> M) -> Bounded<L, M>
    where
        Family<L, M, fn() -> M>: Metric,
        L: Clone + Hash + Eq,
    {
        let family = self.one(name, help, Family::new_with_constructor(make));
        Bounded { family, room: Arc::new(AtomicUsize::new(self.max_label_sets)) }
    }
}

/// A metric with room for so many label sets: after them, names become `other`.
#[derive(Debug, Clone)]
struct Bounded<L, M> {
    family: Family<L, M, fn() -> M>,
    room: Arc<AtomicUsize>,
}

impl<L: Labels, M: Clone> Bounded<L, M> {
    fn of(&self, labels: L) -> M {
        if let Some(metric) = self.family.get(&labels) {
            return metric.clone();
        }
        let taken = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1));
        self.family.get_or_create_owned(&if taken.is_ok() { labels } else { labels.other() })
    }
}

/// Labels of which some are names that have no bound.
trait Labels: Clone + Hash + Eq {
    /// The same with [`OTHER`] for every such name.
    fn other(self) -> Self;
}

/// Label sets: their names without a bound, then the fields that have one.
macro_rules! labels {
    ($($set:ident { $($name:ident),*; $($field:ident),* })*) => {
        $(#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        struct $set {
            $($name: String,)*
            $($field: &'static str,)*
        }

        impl Labels for $set {
            fn other(self) -> Self {
                Self { $($name: OTHER.into(),)* $($field: self.$field,)* }
            }
        })*
    };
}

labels! {
    Request { route; endpoint, outcome, status }
    Entry { route; endpoint }
    Limit { route, element; decision }
    Turn { route; kept }
    Token { route; result }
    Target { provider, model; }
    Attempt { provider, model; result }
    Tokens { provider, model; kind }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Troubled {
    provider: String,
    model: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: String,
}

impl Request {
    fn of(record: &Record) -> Self {
        let status = match record.status {
            0 => "none",
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        let outcome = record.outcome.name();
        Self { route: record.route.clone(), endpoint: record.endpoint, outcome, status }
    }
}

impl Target {
    fn of(attempt: &AttemptRecord) -> Self {
        Self { provider: attempt.provider.clone(), model: short(&attempt.model).into() }
    }
}
