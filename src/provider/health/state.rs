//! One target: how it did lately, and whether it cools.

use super::{Cause, Settings, window::Window};
use crate::chat::{Fault, Kind};
use std::time::Duration;
use tokio::time::Instant;

/// A probe that is heard of no more counts for nothing after this long.
const LEASE: Duration = Duration::from_mins(2);

/// One target.
#[derive(Debug)]
pub(super) struct State {
    pub(super) window: Window,
    /// Timeouts in a row.
    pub(super) timeouts: u32,
    pub(super) cool: Option<Cool>,
    /// When an outcome was counted last.
    pub(super) heard: Instant,
}

/// A cool-down. When it is over, one probe at a time tells whether it was enough.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cool {
    pub(super) cause: Cause,
    /// When it began.
    pub(super) since: Instant,
    pub(super) until: Instant,
    /// What the next is twice of.
    length: Duration,
    /// When the probe under way was sent.
    probe: Option<Instant>,
    /// Whether another pair has told of it.
    pub(super) told: bool,
}

impl Cool {
    pub(super) fn new(cause: Cause, length: Duration, now: Instant) -> Self {
        Self { cause, since: now, until: now + length, length, probe: None, told: false }
    }

    /// One that another pair has told of.
    pub(super) fn told(cause: Cause, left: Duration, now: Instant) -> Self {
        Self { told: true, ..Self::new(cause, left, now) }
    }

    /// Whether nothing is to be sent to the target, if there is another.
    pub(super) fn holds(&self, now: Instant) -> bool {
        now < self.until || self.probe.is_some_and(|sent| now < sent + LEASE)
    }
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self { window: Window::new(now), timeouts: 0, cool: None, heard: now }
    }

    pub(super) fn holds(&self, now: Instant) -> bool {
        self.cool.as_ref().is_some_and(|cool| cool.holds(now))
    }

    /// Something is sent to the target; tells whether it is the probe.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let Some(cool) = self.cool.as_mut().filter(|cool| !cool.holds(now)) else { return false };
        cool.probe = Some(now);
        true
    }

    /// What came of the probe will not be known.
    pub(super) fn let_go(&mut self) {
        self.cool.iter_mut().for_each(|cool| cool.probe = None);
    }

    pub(super) fn heal(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// What was sent at `sent` is being answered.
    pub(super) fn good(&mut self, sent: Instant, now: Instant, settings: &Settings) {
        self.heard = now;
        self.timeouts = 0;
        if let Some(part) = self.window.newest(now, settings.window) {
            part.good = part.good.saturating_add(1);
        }
        // what was sent before says nothing about the time since; and what a person has set stays
        let heals = self.cool.as_ref().is_some_and(|cool| match cool.cause {
            Cause::ByHand => sent >= cool.until,
            _ => sent >= cool.since,
        });
        if heals {
            self.heal(now);
        }
    }

    /// An answer that had begun broke off.
    pub(super) fn broke(&mut self, fault: &Fault, sent: Instant, now: Instant, settings: &Settings) {
        if let Some(part) = self.window.newest(now, settings.window) {
            part.good = part.good.saturating_sub(1);
        }
        self.bad(fault, sent, now, settings);
    }

    /// What was sent at `sent` has failed.
    pub(super) fn bad(&mut self, fault: &Fault, sent: Instant, now: Instant, settings: &Settings) {
        self.heard = now;
        self.timeouts = if fault.kind == Kind::Timeout { self.timeouts.saturating_add(1) } else { 0 };
        if let Some(part) = self.window.newest(now, settings.window) {
            part.bad = part.bad.saturating_add(1);
        }
        let asked = asked(fault, settings);
        match &mut self.cool {
            // a probe
            Some(cool) if sent >= cool.until => {
                let next = (cool.length * 2).clamp(settings.cool_down, settings.cool_down_max);
                let (cause, length) = asked.unwrap_or((cool.cause.after_a_probe(fault), next));
                *cool = Cool::new(cause, length, now);
            }
            Some(cool) => {
                if let Some((cause, length)) = asked.filter(|(_, length)| now + *length > cool.until) {
                    (cool.cause, cool.until) = (cause, now + length);
                }
            }
            None => {
                let begun = asked.or_else(|| Some((self.judged(now, settings)?, settings.cool_down)));
                self.cool = begun.map(|(cause, length)| Cool::new(cause, length, now));
            }
        }
    }

    /// Why it is to cool by what was counted, if it is.
    fn judged(&mut self, now: Instant, settings: &Settings) -> Option<Cause> {
        if self.timeouts >= settings.timeouts {
            return Some(Cause::Timeouts);
        }
        let counted = self.window.sum(now, settings.window);
        let enough = counted.all() >= settings.min_requests;
        (enough && counted.rate() >= settings.error_rate).then_some(Cause::ErrorRate)
    }
}

/// The cool-down that the provider itself asks for.
fn asked(fault: &Fault, settings: &Settings) -> Option<(Cause, Duration)> {
    match (fault.kind, fault.retry_after) {
        (Kind::QuotaExhausted, _) => Some((Cause::QuotaExhausted, settings.quota)),
        (Kind::RateLimited | Kind::Overloaded, Some(wait)) => {
            let wait = wait.min(settings.retry_after_max);
            (!wait.is_zero()).then_some((Cause::RateLimited, wait))
        }
        _ => None,
    }
}

impl Cause {
    /// Why the next cool-down begins when a probe has failed.
    fn after_a_probe(self, fault: &Fault) -> Self {
        match fault.kind {
            Kind::Timeout => Self::Timeouts,
            _ => Self::ErrorRate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A target on its way through time.
    struct Target {
        state: State,
        now: Instant,
        settings: Settings,
    }

    impl Target {
        fn new() -> Self {
            let now = Instant::now();
            Self { state: State::new(now), now, settings: Settings::default() }
        }

        fn wait(&mut self, seconds: u32) {
            self.now += SECOND * seconds;
        }

        fn good(&mut self) {
            self.state.good(self.now, self.now, &self.settings);
        }

        fn bad(&mut self, fault: &Fault) {
            self.state.bad(fault, self.now, self.now, &self.settings);
        }

        fn fails(&mut self, kind: Kind) {
            self.bad(&Fault::new(kind));
        }

        /// Why it cools, and for how many seconds more.
        fn cools(&self) -> Option<(Cause, u64)> {
            let cool = self.state.cool.as_ref().filter(|cool| self.now < cool.until)?;
            Some((cool.cause, (cool.until - self.now).as_secs()))
        }
    }

    fn limited(seconds: u64) -> Fault {
        Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::of_status(429) }
    }

    #[test]
    fn half_of_enough_failures_cool() {
        let mut target = Target::new();
        for _ in 0..5 {
            target.good();
        }
        for _ in 0..4 {
            target.fails(Kind::Server);
        }
        assert_eq!(target.cools(), None, "9 outcomes are too few");
        target.fails(Kind::Reset);
        assert_eq!(target.cools(), Some((Cause::ErrorRate, 10)));
        let mut old = Target::new();
        for _ in 0..9 {
            old.fails(Kind::Server);
        }
        old.wait(40);
        old.fails(Kind::Server);
        assert_eq!(old.cools(), None, "what is long ago does not count");
    }

    #[test]
    fn timeouts_in_a_row_cool() {
        let mut target = Target::new();
        target.fails(Kind::Timeout);
        target.fails(Kind::Timeout);
        target.good();
        target.fails(Kind::Timeout);
        target.fails(Kind::Timeout);
        target.fails(Kind::Server);
        target.fails(Kind::Timeout);
        target.fails(Kind::Timeout);
        assert_eq!(target.cools(), None);
        target.fails(Kind::Timeout);
        assert_eq!(target.cools(), Some((Cause::Timeouts, 10)));
    }

    #[test]
    fn what_a_provider_asks_for_is_obeyed_within_bounds() {
        let mut target = Target::new();
        target.bad(&limited(20));
        assert_eq!(target.cools(), Some((Cause::RateLimited, 20)));
        target.bad(&limited(5));
        assert_eq!(target.cools(), Some((Cause::RateLimited, 20)), "a shorter one takes nothing away");
        target.bad(&limited(10_000));
        assert_eq!(target.cools(), Some((Cause::RateLimited, 300)));
        target.fails(Kind::QuotaExhausted);
        assert_eq!(target.cools(), Some((Cause::QuotaExhausted, 900)));
        let mut deaf = Target::new();
        deaf.settings.retry_after_max = Duration::ZERO;
        deaf.bad(&limited(20));
        deaf.bad(&Fault::of_status(429));
        assert_eq!(deaf.cools(), None, "they count as failures only");
    }

    #[test]
    fn one_probe_at_a_time_heals_or_doubles() {
        let mut target = Target::new();
        target.settings.timeouts = 1;
        target.fails(Kind::Timeout);
        for (wait, longer) in [(10, 20), (20, 40), (40, 80), (80, 160), (160, 300), (300, 300)] {
            assert!(target.state.holds(target.now) && !target.state.admit(target.now));
            target.wait(wait);
            assert!(!target.state.holds(target.now));
            assert!(target.state.admit(target.now), "the probe");
            assert!(
                target.state.holds(target.now) && !target.state.admit(target.now),
                "there is one already"
            );
            target.fails(Kind::Server);
            assert_eq!(target.cools(), Some((Cause::ErrorRate, longer)));
        }
        target.wait(300);
        assert!(target.state.admit(target.now));
        target.good();
        assert!(!target.state.holds(target.now) && target.state.cool.is_none());
        target.fails(Kind::Timeout);
        assert_eq!(target.cools(), Some((Cause::Timeouts, 10)), "it begins anew");
    }

    #[test]
    fn a_probe_of_which_nothing_is_known_makes_room_for_the_next() {
        let mut target = Target::new();
        target.bad(&limited(1));
        target.wait(1);
        assert!(target.state.admit(target.now));
        target.state.let_go();
        assert!(target.state.admit(target.now));
        target.wait(119);
        assert!(target.state.holds(target.now));
        target.wait(1);
        assert!(!target.state.holds(target.now) && target.state.admit(target.now));
    }

    #[test]
    fn what_was_sent_before_a_cool_down_neither_heals_nor_doubles() {
        let mut target = Target::new();
        let before = target.now;
        target.wait(1);
        target.bad(&limited(10));
        target.state.good(before, target.now, &target.settings);
        assert_eq!(target.cools(), Some((Cause::RateLimited, 10)));
        target.wait(11);
        target.state.bad(&Fault::new(Kind::Server), before, target.now, &target.settings);
        assert_eq!(target.cools(), None);
        assert!(!target.state.holds(target.now), "it waits for its probe");
        // tried all the same, because there was nothing else, and it went well
        target.bad(&limited(10));
        target.wait(1);
        target.good();
        assert!(target.state.cool.is_none());
    }

    #[test]
    fn what_a_person_has_set_stays_for_its_time() {
        let mut target = Target::new();
        target.state.cool = Some(Cool::new(Cause::ByHand, SECOND * 60, target.now));
        target.wait(1);
        target.good();
        assert_eq!(target.cools(), Some((Cause::ByHand, 59)));
        target.wait(60);
        target.good();
        assert!(target.state.cool.is_none());
    }

    #[test]
    fn a_stream_that_breaks_is_a_failure_and_no_success() {
        let mut target = Target::new();
        for _ in 0..10 {
            target.good();
            target.state.broke(&Fault::new(Kind::Reset), target.now, target.now, &target.settings);
        }
        assert_eq!(target.cools(), Some((Cause::ErrorRate, 10)));
    }
}
