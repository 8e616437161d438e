//! Outcomes of the last while, counted.

use std::time::Duration;
use tokio::time::Instant;

/// Parts of a window: outcomes leave it part by part.
const PARTS: usize = 10;

/// Outcomes of the last while.
#[derive(Debug)]
pub(super) struct Window {
    /// When the newest part began.
    began: Instant,
    /// The newest first.
    parts: [Counts; PARTS],
}

/// How often it went well, and how often not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) good: u32,
    pub(super) bad: u32,
}

impl Counts {
    pub(super) fn all(self) -> u32 {
        self.good.saturating_add(self.bad)
    }

    /// The share of what did not go well.
    pub(super) fn rate(self) -> f64 {
        f64::from(self.bad) / f64::from(self.all().max(1))
    }
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, parts: [Counts::default(); PARTS] }
    }

    /// The part that an outcome of `now` is counted in.
    pub(super) fn newest(&mut self, now: Instant, length: Duration) -> Option<&mut Counts> {
        self.slide(now, length);
        self.parts.first_mut()
    }

    /// All that is in the window.
    pub(super) fn sum(&mut self, now: Instant, length: Duration) -> Counts {
        self.slide(now, length);
        let sum = |sum: Counts, part: &Counts| Counts {
            good: sum.good.saturating_add(part.good),
            bad: sum.bad.saturating_add(part.bad),
        };
        self.parts.iter().fold(Counts::default(), sum)
    }

    fn slide(&mut self, now: Instant, length: Duration) {
        let part = (length / 10).max(Duration::from_millis(1));
        let passed = now.saturating_duration_since(self.began).as_nanos() / part.as_nanos();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        if passed == 0 {
            return;
        }
        let gone = (passed as usize).min(PARTS);
        self.parts.rotate_right(gone);
        self.parts.iter_mut().take(gone).for_each(|part| *part = Counts::default());
        // in whole parts, so that none is cut short
        self.began = if gone == PARTS { now } else { self.began + part * passed };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(10);

    #[test]
    fn outcomes_leave_the_window_as_they_grow_old() {
        let start = Instant::now();
        let mut window = Window::new(start);
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..20 {
            window.newest(at(second), LENGTH).unwrap().bad += 1;
            let wanted = u32::try_from(second + 1).unwrap().min(10);
            assert_eq!(window.sum(at(second), LENGTH).bad, wanted, "{second}");
        }
        assert_eq!(window.sum(at(25), LENGTH).bad, 4);
        assert_eq!(window.sum(at(1000), LENGTH), Counts::default());
        window.newest(at(1000), LENGTH).unwrap().good += 3;
        assert_eq!(window.sum(at(1009), LENGTH), Counts { good: 3, bad: 0 });
        assert_eq!(window.sum(at(1010), LENGTH).all(), 0);
    }

    #[test]
    fn a_rate_of_nothing_is_none() {
        assert!(Counts::default().rate().abs() < f64::EPSILON);
        assert!((Counts { good: 1, bad: 3 }.rate() - 0.75).abs() < f64::EPSILON);
    }
}
