//! One counter: amounts in time slots. Times are nanoseconds since the Unix epoch.

use super::{Grant, Limit, Technique};
use std::{collections::BTreeMap, time::Duration};

/// Slots per sliding window: what a counter may weigh against how late an amount may leave.
const SLOTS: u64 = 64;

/// What one limit holds for one key, in at most [`SLOTS`] + 2 slots.
///
/// Slots begin at multiples of their width since the epoch. A fixed window is one slot, and its amounts leave at its
/// end. A sliding window has slots of `window / 64`, and an amount leaves once its *whole* slot is older than the
/// window: never early, so no window of this length ever holds more than the limit, and at most `window / 64` late.
#[derive(Debug)]
pub(super) struct Counter {
    frame: Frame,
    slots: BTreeMap<u64, u64>,
}

/// How long a slot is, and how long its amounts stay after its end.
#[derive(Debug, Clone, Copy)]
struct Frame {
    width: u64,
    stay: u64,
}

impl Counter {
    pub(super) fn new(window: Duration, technique: Technique) -> Self {
        let window = nanos(window).max(1);
        let frame = match technique {
            Technique::Sliding => Frame { width: window.div_ceil(SLOTS), stay: window },
            Technique::Fixed => Frame { width: window, stay: 0 },
        };
        Self { frame, slots: BTreeMap::new() }
    }

    /// What `limit` answers to an ask of `amount`, which is not added.
    pub(super) fn answer(&self, limit: &Limit, amount: u64, now: u64) -> Grant {
        let held = self.held(now);
        let allowed = held.checked_add(amount).is_some_and(|sum| sum <= limit.most);
        let left = limit.most.saturating_sub(held);
        let (remaining, reset) = match allowed {
            true => (left - amount, self.until_less(amount, now)),
            false if amount > limit.most => (left, limit.window),
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
        let slot = now / self.frame.width;
        self.put(slot, amount);
        slot
    }

    /// Puts `real` in the place of the `reserved` amount that went into `slot`, unless that slot has left.
    pub(super) fn replace(&mut self, slot: u64, reserved: u64, real: u64, now: u64) {
        if self.frame.has_left(slot, now) {
            return;
        }
        let rest = self.slots.remove(&slot).unwrap_or(0).saturating_sub(reserved);
        self.put(slot, rest.saturating_add(real));
    }

    /// Whether nothing is left to count.
    pub(super) fn is_empty(&self, now: u64) -> bool {
        self.slots.last_key_value().is_none_or(|(slot, _)| self.frame.has_left(*slot, now))
    }

    /// How long until anything leaves, once `amount` is added now; zero when there is nothing to leave.
    fn until_less(&self, amount: u64, now: u64) -> Duration {
        let new = (amount > 0).then_some(now / self.frame.width);
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

    fn put(&mut self, slot: u64, amount: u64) {
        if amount > 0 {
            let held = self.slots.entry(slot).or_default();
            *held = held.saturating_add(amount);
        }
    }
}

impl Frame {
    fn has_left(self, slot: u64, now: u64) -> bool {
        self.time_left(slot, now).is_zero()
    }

    fn time_left(self, slot: u64, now: u64) -> Duration {
        let leaves_at = slot.saturating_add(1).saturating_mul(self.width).saturating_add(self.stay);
        Duration::from_nanos(leaves_at.saturating_sub(now))
    }
}

/// A duration in nanoseconds, up to 584 years.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
