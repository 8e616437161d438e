//! When a target cools, and for how long.

use crate::provider::matches;
use std::time::Duration;

/// When a target cools, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whether any does.
    pub enabled: bool,
    /// The time within which outcomes are counted.
    pub window: Duration,
    /// Outcomes in the window before their share of failures counts.
    pub min_requests: u32,
    /// The share of failures in the window at which a target cools: above 0, to 1.
    pub error_rate: f64,
    /// Timeouts in a row at which a target cools.
    pub timeouts: u32,
    /// The first cool-down; after a probe that failed the next is twice as long.
    pub cool_down: Duration,
    /// The longest of these.
    pub cool_down_max: Duration,
    /// The longest `retry-after` that is obeyed; 0 takes no notice of any.
    pub retry_after_max: Duration,
    /// The cool-down of an account that is out of credit.
    pub quota: Duration,
    /// Targets that never cool, as `provider/model`; `*` stands for any text.
    pub exempt: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            window: Duration::from_secs(30),
            min_requests: 10,
            error_rate: 0.5,
            timeouts: 3,
            cool_down: Duration::from_secs(10),
            cool_down_max: Duration::from_mins(5),
            retry_after_max: Duration::from_mins(5),
            quota: Duration::from_mins(15),
            exempt: vec![],
        }
    }
}

impl Settings {
    /// Whether a target may cool.
    pub(super) fn minds(&self, target: &impl ToString) -> bool {
        self.enabled && {
            let target = target.to_string();
            !self.exempt.iter().any(|pattern| matches(pattern, &target))
        }
    }
}
