//! Where the counters of limits are, and on what terms: `memory:`, the address of an engine, or a section with either.

use super::{
    reader::Section,
    values::{duration, text},
};
use crate::{
    engine::{self, Address},
    ledger,
};
use serde_json::Value;
use std::time::Duration;

/// The longest prefix of keys, in bytes.
const PREFIX: usize = 64;

/// The settings of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The engine that many pairs share; none where the counters are in this process.
    pub at: Option<Address>,
    /// How that is asked.
    pub engine: engine::Settings,
    /// How it counts.
    pub counters: ledger::Settings,
    /// What all keys begin with.
    pub prefix: String,
}

/// Reads `ledger`.
pub(super) fn read(root: &mut Section<'_>) -> Ledger {
    let mut ledger = Ledger {
        at: None,
        engine: engine::Settings::default(),
        counters: ledger::Settings::default(),
        prefix: "attache".into(),
    };
    ledger.at = match root.is_section("ledger") {
        false => root.value("ledger", address),
        true => {
            let mut section = root.section("ledger");
            terms(&mut section, &mut ledger);
            let at = section.value("url", address);
            section.end();
            at
        }
    }
    .flatten();
    ledger
}

fn terms(section: &mut Section<'_>, ledger: &mut Ledger) {
    let (millisecond, second, minute) =
        (Duration::from_millis(1), Duration::from_secs(1), Duration::from_mins(1));
    section.set("deadline", &mut ledger.engine.deadline, duration(millisecond..=minute));
    section.set("connect_timeout", &mut ledger.engine.connect_timeout, duration(millisecond * 10..=minute));
    section.set("probe", &mut ledger.engine.probe, duration(millisecond * 100..=minute));
    let longest = Duration::from_hours(24);
    section.set("reservation_ttl", &mut ledger.counters.reservation_ttl, duration(second..=longest));
    section.set("prefix", &mut ledger.prefix, |value| match text(value)? {
        text if (1..=PREFIX).contains(&text.len()) && !text.contains(['{', '}']) => Ok(text),
        _ => Err(format!("expected 1 to {PREFIX} bytes without braces")),
    });
}

fn address(value: &Value) -> Result<Option<Address>, String> {
    match text(value)?.as_str() {
        "memory:" => Ok(None),
        url => Address::read(url).map(Some).map_err(|error| format!("{error}; or `memory:`")),
    }
}
