//! One counter: amounts in time slots. Times are microseconds since the Unix epoch.

use super::{Grant, Limit};
use crate::window::{Calendar, Window};
use std::{collections::BTreeMap, time::Duration};

/// Slots per sliding window: what a counter may weigh against how late an amount may leave.
pub(super) const SLOTS: u64 = 64;

/// What one limit holds for one key, in at most [`SLOTS`] + 2 slots.
///
/// Slots begin at multiples of their width since the epoch. A fixed window is one slot, and its amounts leave at its
/// end; so it is with a period of the calendar. A sliding window has slots of `window / 64`, and an amount leaves once its *whole* slot is older than the
/// window: never early, so no window of this length ever holds more than the limit, and at most `window / 64` late.
#[derive(Debug)]
pub(super) struct Counter {
    frame: Frame,
    slots: BTreeMap<u64, u64>,
    /// Whether it has changed since somebody looked.
    pub(super) touched: bool,
}

/// Which slots there are, and when their amounts leave.
#[derive(Debug, Clone)]
enum Frame {
    /// Slots of equal `width`, whose amounts `stay` after their ends.
    Even { width: u64, stay: u64 },
    /// A slot is a period, by its beginning.
    Calendar(Calendar),
    /// One slot, which never leaves.
    Open,
}

/// How soon a limit is asked again of which nobody knows when it has room.
const SOON: Duration = Duration::from_secs(1);

impl Counter {
    pub(super) fn new(window: &Window) -> Self {
        let frame = match window {
            Window::Sliding(window) => {
                let window = micros(*window).max(1);
                Frame::Even { width: window.div_ceil(SLOTS), stay: window }
            }
            Window::Fixed(window) => Frame::Even { width: micros(*window).max(1), stay: 0 },
            Window::Calendar(calendar) => Frame::Calendar(calendar.clone()),
            Window::Open => Frame::Open,
        };
        Self { frame, slots: BTreeMap::new(), touched: false }
    }

    /// What `limit` answers to an ask of `amount`, which is not added.
    pub(super) fn answer(&self, limit: &Limit, amount: u64, now: u64) -> Grant {
        let held = self.held(now);
        let allowed = held.checked_add(amount).is_some_and(|sum| sum <= limit.most);
        let left = limit.most.saturating_sub(held);
        let (remaining, reset) = match allowed {
            true => (left - amount, self.until_less(amount, now)),
            false if matches!(self.frame, Frame::Open) => (left, SOON),
            false if amount > limit.most => (left, self.whole(limit, now)),
            false => (left, self.until_at_most(limit.most - amount, now)),
        };
        Grant { allowed, remaining, reset }
    }

    /// Adds `amount` now, and tells the slot that it went into.
    pub(super) fn add(&mut self, amount: u64, now: u64) -> u64 {
        while let Some(oldest) = self.slots.first_entry()
            && self.frame.has_left(*oldest.key(), now)
        {
            oldest.remove();
        }
        let slot = self.frame.slot(now);
        self.touched = true;
        self.put(slot, amount);
        slot
    }

    /// Puts `real` in the place of the `reserved` amount that went into `slot`, unless that slot has left, or nothing is different.
    pub(super) fn replace(&mut self, slot: u64, reserved: u64, real: u64, now: u64) {
        if real == reserved || self.frame.has_left(slot, now) {
            return;
        }
        self.touched = true;
        let rest = self.slots.remove(&slot).unwrap_or(0).saturating_sub(reserved);
        self.put(slot, rest.saturating_add(real));
    }

    /// The amounts by their slots.
    pub(super) fn slots(&self) -> &BTreeMap<u64, u64> {
        &self.slots
    }

    /// When the last amount leaves.
    pub(super) fn until(&self) -> Duration {
        self.slots.last_key_value().map_or(Duration::ZERO, |(slot, _)| self.frame.leaves_at(*slot))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.touched = true;
    }

    /// Whether nothing is left to count.
    pub(super) fn is_empty(&self, now: u64) -> bool {
        self.slots.last_key_value().is_none_or(|(slot, _)| self.frame.has_left(*slot, now))
    }

    /// The whole window; of a period, the rest of it.
    fn whole(&self, limit: &Limit, now: u64) -> Duration {
        match limit.window {
            Window::Sliding(window) | Window::Fixed(window) => window,
            Window::Calendar(_) | Window::Open => self.frame.time_left(self.frame.slot(now), now),
        }
    }

    /// How long until anything leaves, once `amount` is added now; zero when there is nothing to leave.
    fn until_less(&self, amount: u64, now: u64) -> Duration {
        let new = (amount > 0).then(|| self.frame.slot(now));
        let oldest = self.live(now).next().map(|(slot, _)| slot).or(new);
        oldest.map_or(Duration::ZERO, |slot| self.frame.time_left(slot, now))
    }

    /// How long until no more than `most` is held.
    fn until_at_most(&self, most: u64, now: u64) -> Duration {
        let mut held = self.held(now);
        let freeing = self.live(now).find(|(_, amount)| {
            held = held.saturating_sub(*amount);
            held <= most
        });
        freeing.map_or(Duration::ZERO, |(slot, _)| self.frame.time_left(slot, now))
    }

    fn held(&self, now: u64) -> u64 {
        self.live(now).fold(0, |sum, (_, amount)| sum.saturating_add(amount))
    }

    /// The slots that count, oldest first.
    fn live(&self, now: u64) -> impl Iterator<Item = (u64, u64)> {
        let slots = self.slots.iter().map(|(slot, amount)| (*slot, *amount));
        slots.skip_while(move |(slot, _)| self.frame.has_left(*slot, now))
    }

    pub(super) fn put(&mut self, slot: u64, amount: u64) {
        if amount > 0 {
            let held = self.slots.entry(slot).or_default();
            *held = held.saturating_add(amount);
        }
    }
}

impl Frame {
    fn slot(&self, now: u64) -> u64 {
        match self {
            Self::Even { width, .. } => now / width,
            Self::Calendar(calendar) => micros(calendar.begins(Duration::from_micros(now))),
            Self::Open => 0,
        }
    }

    fn has_left(&self, slot: u64, now: u64) -> bool {
        !matches!(self, Self::Open) && self.time_left(slot, now).is_zero()
    }

    /// Zero where nobody knows.
    fn time_left(&self, slot: u64, now: u64) -> Duration {
        self.leaves_at(slot).saturating_sub(Duration::from_micros(now))
    }

    /// When the amounts of a slot leave.
    fn leaves_at(&self, slot: u64) -> Duration {
        match self {
            Self::Even { width, stay } => {
                Duration::from_micros(slot.saturating_add(1).saturating_mul(*width).saturating_add(*stay))
            }
            Self::Calendar(calendar) => calendar.ends(Duration::from_micros(slot)),
            Self::Open => Duration::ZERO,
        }
    }
}

/// A duration in microseconds, up to 584,000 years.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
