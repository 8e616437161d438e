//! The section `health`: when targets cool.

use super::{
    reader::Section,
    values::{boolean, count, duration},
};
use crate::provider::health::Settings;
use serde_json::Value;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

pub(super) fn read(mut section: Section<'_>) -> Settings {
    let mut health = Settings::default();
    let long = Duration::ZERO..=DAY;
    section.set("enabled", &mut health.enabled, boolean);
    section.set("window", &mut health.window, duration(SECOND..=Duration::from_hours(1)));
    section.set("min_requests", &mut health.min_requests, count(1..=1_000_000));
    section.set("error_rate", &mut health.error_rate, rate);
    section.set("timeouts", &mut health.timeouts, count(1..=1000));
    section.set("cool_down", &mut health.cool_down, duration(Duration::from_millis(1)..=DAY));
    section.set("cool_down_max", &mut health.cool_down_max, duration(Duration::from_millis(1)..=DAY));
    section.set("retry_after_max", &mut health.retry_after_max, duration(long.clone()));
    section.set("quota", &mut health.quota, duration(long));
    health.exempt = section.texts("exempt").unwrap_or_default();
    if health.cool_down > health.cool_down_max {
        let problem = "longer than `cool_down_max`; lower it, or raise `cool_down_max`";
        section.notes.mistake(section.at("cool_down"), problem);
    }
    section.end();
    health
}

/// Reads a number above 0, to 1.
fn rate(value: &Value) -> Result<f64, String> {
    let wanted = || format!("expected a number above 0, to 1, found {value}");
    value.as_f64().filter(|rate| *rate > 0.0 && *rate <= 1.0).ok_or_else(wanted)
}
