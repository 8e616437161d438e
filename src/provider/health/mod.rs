//! How targets do: those that fail cool for a while, and are probed before they are trusted again.
//!
//! Each target is a provider and a model. Every outcome is counted; a cool-down begins by the share of failures in a
//! window, by timeouts in a row, or because the provider asks for it. Then one request at a time is a probe: an answer
//! heals, a failure doubles the cool-down.

mod board;
mod settings;
mod shared;
mod state;
mod window;

pub use board::share;
pub use settings::Settings;
pub use shared::Told;

use crate::{
    chat::{Fault, Kind},
    graph::Target,
};
use shared::News;
use state::{Cool, State};
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Targets that are known at once: clients may name models that there are none of.
const MOST: usize = 10_000;

/// Why a target cools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Too large a share of its answers were failures; or a probe was one.
    ErrorRate,
    /// Too many timeouts in a row; or a probe was one.
    Timeouts,
    /// It asked to be left alone (`retry-after`).
    RateLimited,
    /// The account is out of credit.
    QuotaExhausted,
    /// A person has said so.
    ByHand,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 5] =
        [Self::ErrorRate, Self::Timeouts, Self::RateLimited, Self::QuotaExhausted, Self::ByHand];

    /// The public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_rate",
            Self::Timeouts => "timeouts",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::ByHand => "by_hand",
        }
    }
}

/// How a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The target.
    pub target: Target,
    /// What it is doing.
    pub phase: Phase,
    /// Answers in the window.
    pub good: u32,
    /// Failures in the window.
    pub bad: u32,
    /// Timeouts in a row.
    pub timeouts: u32,
}

/// What a target is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It is asked like any other.
    Healthy,
    /// It is left alone, if there is another.
    Cooling {
        /// Why.
        cause: Cause,
        /// For how long yet.
        left: Duration,
        /// Whether another pair has told of it.
        told: bool,
    },
    /// Its cool-down is over; it is asked one request at a time.
    Probed {
        /// Why it cooled.
        cause: Cause,
    },
}

impl Phase {
    /// The public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Cooling { .. } => "cooling",
            Self::Probed { .. } => "probed",
        }
    }
}

/// How all targets do.
#[derive(Debug, Default)]
pub struct Health {
    targets: Mutex<HashMap<Target, State>>,
    /// How many of them cool or are probed.
    troubled: AtomicUsize,
    news: News,
}

impl Health {
    /// Whether any target is better left alone, or probed.
    pub fn any(&self) -> bool {
        self.troubled.load(Ordering::Relaxed) > 0
    }

    /// The targets to which nothing is to be sent, if there are others.
    pub fn cooling(&self, now: Instant) -> Vec<Target> {
        if !self.any() {
            return Vec::new();
        }
        let all = self.lock();
        all.iter().filter(|(_, state)| state.holds(now)).map(|(target, _)| target.clone()).collect()
    }

    /// Why nothing is to be sent to `target`, as a fault of one that was not called.
    pub fn fault(&self, target: &Target, now: Instant) -> Fault {
        let all = self.lock();
        let message = match all.get(target).and_then(|state| state.cool.as_ref()) {
            Some(cool) if now < cool.until => {
                let left = (cool.until - now).as_millis().div_ceil(1000);
                format!("cools for {left} s more: {}", cool.cause.name())
            }
            _ => "is being probed after a cool-down".into(),
        };
        Fault { message, ..Fault::new(Kind::Cooling) }
    }

    /// Something is sent to `target`; tells whether it is a probe, of which what comes is told by the other calls here.
    pub fn admit(&self, target: &Target, now: Instant) -> bool {
        self.any() && self.change(target, |state| state.admit(now)).unwrap_or(false)
    }

    /// What came of a probe will not be known.
    pub fn let_go(&self, target: &Target) {
        self.change(target, State::let_go);
    }

    /// What was sent to `target` at `sent` is being answered.
    pub fn good(&self, target: &Target, sent: Instant, settings: &Settings) {
        // what was cooled by hand is healed in any case
        if settings.enabled || self.any() {
            let now = Instant::now();
            self.note(target, now, settings, |state| state.good(sent, now, settings));
        }
    }

    /// What was sent to `target` at `sent` has failed, before any of its answer had come or, where it `began`, after. Faults that
    /// are the request's own are passed over.
    pub fn bad(&self, target: &Target, fault: &Fault, (sent, began): (Instant, bool), settings: &Settings) {
        if !is_targets(fault.kind) || !settings.minds(target) {
            return self.let_go(target);
        }
        let now = Instant::now();
        self.note(target, now, settings, |state| match began {
            true => state.broke(fault, sent, now, settings),
            false => state.bad(fault, sent, now, settings),
        });
    }

    /// Lets `target` cool for this long, because a person says so.
    pub fn cool(&self, target: &Target, length: Duration, settings: &Settings) {
        let now = Instant::now();
        self.note(target, now, settings, |state| state.cool = Some(Cool::new(Cause::ByHand, length, now)));
    }

    /// Ends the cool-down of `target`; tells whether there was one.
    pub fn heal(&self, target: &Target) -> bool {
        let heal = |state: &mut State| {
            let was = state.cool.is_some();
            state.heal(Instant::now());
            was
        };
        self.change(target, heal).unwrap_or(false)
    }

    /// Ends the cool-downs that the settings do not want, and forgets targets of which nothing was heard for long.
    pub fn sweep(&self, settings: &Settings) {
        let now = Instant::now();
        let mut all = self.lock();
        all.retain(|target, state| match &state.cool {
            Some(cool) => {
                let wanted = cool.cause == Cause::ByHand || settings.minds(target);
                wanted && now < cool.until + settings.cool_down_max
            }
            None => now < state.heard + settings.window,
        });
        self.count(&all);
    }

    /// How the targets are of which something was heard lately, by name.
    pub fn conditions(&self, settings: &Settings) -> Vec<Condition> {
        let now = Instant::now();
        let mut all = self.lock();
        let condition = |(target, state): (&Target, &mut State)| {
            let counts = state.window.sum(now, settings.window);
            let phase = match &state.cool {
                None => Phase::Healthy,
                Some(Cool { cause, until, told, .. }) if now < *until => {
                    Phase::Cooling { cause: *cause, left: *until - now, told: *told }
                }
                Some(cool) => Phase::Probed { cause: cool.cause },
            };
            let (good, bad, timeouts) = (counts.good, counts.bad, state.timeouts);
            Condition { target: target.clone(), phase, good, bad, timeouts }
        };
        let mut conditions: Vec<_> = all.iter_mut().map(condition).collect();
        drop(all);
        conditions.sort_by(|a, b| a.target.cmp(&b.target));
        conditions
    }

    /// Changes what is known of a target, of which something is known from now on.
    fn note(&self, target: &Target, now: Instant, settings: &Settings, change: impl FnOnce(&mut State)) {
        let mut all = self.lock();
        if !all.contains_key(target) {
            if all.len() >= MOST {
                all.retain(|_, state| state.cool.is_some() || now < state.heard + settings.window);
            }
            if all.len() >= MOST {
                return;
            }
            all.insert(target.clone(), State::new(now));
        }
        self.changed(&mut all, target, change);
    }

    fn change<T>(&self, target: &Target, change: impl FnOnce(&mut State) -> T) -> Option<T> {
        self.changed(&mut self.lock(), target, change)
    }

    fn changed<T>(
        &self,
        all: &mut MutexGuard<'_, HashMap<Target, State>>,
        target: &Target,
        change: impl FnOnce(&mut State) -> T,
    ) -> Option<T> {
        let state = all.get_mut(target)?;
        let was = state.cool.clone();
        let told = change(state);
        if was.is_some() || state.cool.is_some() {
            self.news.note(target, was.as_ref(), state.cool.as_ref());
        }
        match (was.is_some(), state.cool.is_some()) {
            (false, true) => drop(self.troubled.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.troubled.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
        Some(told)
    }

    /// Counts those that cool or are probed anew.
    fn count(&self, all: &HashMap<Target, State>) {
        let troubled = all.values().filter(|state| state.cool.is_some()).count();
        self.troubled.store(troubled, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, State>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a fault says something about the target. What is missing here is the request's own, or no call was made.
fn is_targets(kind: Kind) -> bool {
    match kind {
        Kind::Auth
        | Kind::Connect
        | Kind::EmptyAnswer
        | Kind::Overloaded
        | Kind::QuotaExhausted
        | Kind::RateLimited
        | Kind::Reset
        | Kind::Server
        | Kind::StreamError
        | Kind::Timeout
        | Kind::Truncated => true,
        Kind::BadRequest
        | Kind::Client
        | Kind::ContentFilter
        | Kind::ContextLength
        | Kind::Cooling
        | Kind::NoCluster
        | Kind::NoCredential
        | Kind::NotFound
        | Kind::TooLarge
        | Kind::Unprocessable
        | Kind::Unsupported => false,
    }
}

/// Whether a fault is about the credential that was shown: it says nothing about the target where the client has brought
/// its own.
#[must_use]
pub fn is_of_credential(kind: Kind) -> bool {
    matches!(kind, Kind::Auth | Kind::QuotaExhausted | Kind::RateLimited)
}
