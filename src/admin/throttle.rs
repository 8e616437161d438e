//! Wrong tokens, counted by address: guessing takes for ever.

use dashmap::DashMap;
use std::{net::IpAddr, time::Duration};
use tokio::time::Instant;

/// What failures are counted over.
const WINDOW: Duration = Duration::from_mins(1);
/// Addresses that are remembered; beyond that, those whose window is over are forgotten.
const ADDRESSES: usize = 10_000;

/// The failures of the last minute.
#[derive(Debug)]
pub(super) struct Throttle {
    allowed: u32,
    failures: DashMap<IpAddr, (Instant, u32)>,
}

impl Throttle {
    pub(super) fn new(allowed: u32) -> Self {
        Self { allowed, failures: DashMap::new() }
    }

    /// How long this address must wait; `None` if it may try.
    pub(super) fn wait(&self, address: IpAddr) -> Option<Duration> {
        let entry = self.failures.get(&address)?;
        let (since, count) = *entry;
        let left = WINDOW.checked_sub(since.elapsed())?;
        (count >= self.allowed).then_some(left)
    }

    /// Notes a wrong token.
    pub(super) fn failed(&self, address: IpAddr) {
        if self.failures.len() >= ADDRESSES {
            self.failures.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        let mut entry = self.failures.entry(address).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_guesses_waits_and_nobody_else() {
        let throttle = Throttle::new(3);
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse::<IpAddr>().unwrap());
        for _ in 0..3 {
            assert_eq!(throttle.wait(one), None);
            throttle.failed(one);
        }
        assert_eq!(throttle.wait(one), Some(WINDOW));
        assert_eq!(throttle.wait(other), None);
        tokio::time::advance(Duration::from_secs(45)).await;
        assert_eq!(throttle.wait(one), Some(Duration::from_secs(15)));
        tokio::time::advance(Duration::from_secs(16)).await;
        assert_eq!(throttle.wait(one), None);
        throttle.failed(one);
        assert_eq!(throttle.wait(one), None, "a new minute counts anew");
    }
}
