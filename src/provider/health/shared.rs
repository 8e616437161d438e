//! Cool-downs that pairs tell each other: what is new here, and what was heard of others.

use super::{Cause, Health, state::Cool};
use crate::graph::Target;
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// Less than this before its end, a cool-down that is not heard of any more is over, and not ended.
const NEAR: Duration = Duration::from_secs(1);

/// What other pairs are to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Whether anybody tells them.
    shared: AtomicBool,
    /// By target: its cool-down that has begun, or nothing where one has ended.
    waiting: Mutex<HashMap<Target, Option<(Cause, Duration)>>>,
    come: Notify,
}

/// A cool-down that pairs tell each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The target.
    pub target: Target,
    /// Why it cools.
    pub cause: Cause,
    /// For how long yet.
    pub left: Duration,
}

impl News {
    /// A target's cool-down has changed from `was` to `is`.
    pub(super) fn note(&self, target: &Target, was: Option<&Cool>, is: Option<&Cool>) {
        if !self.shared.load(Ordering::Relaxed) {
            return;
        }
        let now = Instant::now();
        let left = |cool: &Cool| cool.until.saturating_duration_since(now);
        let news = match (was, is) {
            (was, Some(is)) if was.is_none_or(|was| was.until != is.until) && !is.told => {
                Some((is.cause, left(is)))
            }
            (Some(was), None) if !left(was).is_zero() => None,
            _ => return,
        };
        self.lock().insert(target.clone(), news);
        self.come.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Target, Option<(Cause, Duration)>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// From now on cool-downs that begin or end here wait to be told to others, and so do those that there are.
    pub fn share(&self) {
        let all = self.lock();
        self.news.shared.store(true, Ordering::Relaxed);
        for (target, state) in &*all {
            self.news.note(target, None, state.cool.as_ref());
        }
    }

    /// Waits until there is something to tell.
    pub async fn has_news(&self) {
        self.news.come.notified().await;
    }

    /// What is to be told: of each target the cool-down that has begun, or nothing where one has ended.
    pub fn take_news(&self) -> Vec<(Target, Option<(Cause, Duration)>)> {
        self.news.lock().drain().collect()
    }

    /// What could not be told waits again, unless there is newer.
    pub fn return_news(&self, news: Vec<(Target, Option<(Cause, Duration)>)>) {
        let mut waiting = self.news.lock();
        for (target, told) in news {
            waiting.entry(target).or_insert(told);
        }
    }

    /// All the cool-downs that pairs have told: what is not known here begins, what is known and not among them was ended.
    pub fn hear(&self, told: &[Told]) {
        let now = Instant::now();
        let mut all = self.lock();
        for Told { target, cause, left } in told {
            let known = all.get(target).and_then(|state| state.cool.as_ref());
            if known.is_some_and(|cool| now + *left <= cool.until + NEAR) {
                continue;
            }
            let state = all.entry(target.clone()).or_insert_with(|| super::State::new(now));
            state.cool = Some(Cool::told(*cause, *left, now));
        }
        let waiting = self.news.lock();
        for (target, state) in all.iter_mut() {
            let ended = |cool: &Cool| {
                let young = now < cool.since + NEAR;
                now + NEAR < cool.until && !young && !waiting.contains_key(target)
            };
            if state.cool.as_ref().is_some_and(ended) && !told.iter().any(|one| one.target == *target) {
                state.heal(now);
            }
        }
        drop(waiting);
        self.count(&all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{Fault, Kind},
        provider::health::{Phase, Settings},
    };

    fn target() -> Target {
        "p/m".parse().unwrap()
    }

    fn limited(seconds: u64) -> Fault {
        Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::of_status(429) }
    }

    fn phase(health: &Health) -> Phase {
        let all = health.conditions(&Settings::default());
        all.first().map_or(Phase::Healthy, |condition| condition.phase)
    }

    fn told(seconds: u64) -> Vec<Told> {
        vec![Told { target: target(), cause: Cause::Timeouts, left: Duration::from_secs(seconds) }]
    }

    #[tokio::test(start_paused = true)]
    async fn what_begins_and_ends_here_is_told() {
        let (health, settings) = (Health::default(), Settings::default());
        health.bad(&target(), &limited(9), (Instant::now(), false), &settings);
        assert_eq!(health.take_news(), [], "nobody tells it");
        health.share();
        let known = vec![(target(), Some((Cause::RateLimited, Duration::from_secs(9))))];
        assert_eq!(health.take_news(), known, "it is told once somebody does");
        health.bad(&target(), &limited(20), (Instant::now(), false), &settings);
        health.has_news().await;
        let began = vec![(target(), Some((Cause::RateLimited, Duration::from_secs(20))))];
        assert_eq!(health.take_news(), began);
        health.bad(&target(), &limited(5), (Instant::now(), false), &settings);
        health.bad(&target(), &Fault::new(Kind::Server), (Instant::now(), false), &settings);
        assert_eq!(health.take_news(), [], "nothing is new");
        health.heal(&target());
        assert_eq!(health.take_news(), [(target(), None)]);
        health.return_news(began.clone());
        assert_eq!(health.take_news(), began);
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_tell_begins_and_ends_here() {
        let health = Health::default();
        health.share();
        health.hear(&told(60));
        let cooling =
            |left| Phase::Cooling { cause: Cause::Timeouts, left: Duration::from_secs(left), told: true };
        assert_eq!((phase(&health), health.any()), (cooling(60), true));
        tokio::time::advance(Duration::from_secs(2)).await;
        health.hear(&told(58));
        assert_eq!(phase(&health), cooling(58));
        assert_eq!(health.take_news(), [], "what was heard is not told on");
        health.hear(&[]);
        assert_eq!((phase(&health), health.any()), (Phase::Healthy, false));
        // it is over by itself, and not ended by anybody: it is probed
        health.hear(&told(10));
        tokio::time::advance(Duration::from_millis(9500)).await;
        health.hear(&[]);
        tokio::time::advance(Duration::from_millis(500)).await;
        health.hear(&[]);
        assert_eq!(phase(&health), Phase::Probed { cause: Cause::Timeouts });
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_told_yet_is_not_ended_by_silence() {
        let (health, settings) = (Health::default(), Settings::default());
        health.share();
        health.bad(&target(), &limited(60), (Instant::now(), false), &settings);
        tokio::time::advance(Duration::from_secs(5)).await;
        health.hear(&[]);
        assert!(matches!(phase(&health), Phase::Cooling { .. }), "it waits to be told");
        health.take_news();
        health.hear(&[]);
        assert_eq!(phase(&health), Phase::Healthy, "it was told, and ended elsewhere");
    }
}
