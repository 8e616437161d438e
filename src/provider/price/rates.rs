//! A price as people write it: what is left out follows from the rest.

use super::Price;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// A price as it is set and kept: pico-dollars per token, `request` in nano-dollars.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// From when on it is in force; from the beginning where this is not set.
    pub from: Option<Timestamp>,
    /// Per prompt token.
    pub input: u64,
    /// Per answer token.
    pub output: u64,
    /// Per prompt token from the provider's cache; `input` where this is not set.
    pub cached: Option<u64>,
    /// Per prompt token written to the provider's cache; else `input`.
    pub cache_write: Option<u64>,
    /// Per prompt token written there to be kept for an hour; else `cache_write`.
    pub cache_write_1h: Option<u64>,
    /// Per prompt token of sound; else `input`.
    pub audio_input: Option<u64>,
    /// Per prompt token of pictures; else `input`.
    pub image_input: Option<u64>,
    /// Per answer token that was reasoning; else `output`.
    pub reasoning: Option<u64>,
    /// Per answer token of sound; else `output`.
    pub audio_output: Option<u64>,
    /// Per answer token of pictures; else `output`.
    pub image_output: Option<u64>,
    /// Per answer, in nano-dollars; else nothing.
    pub request: Option<u64>,
}

impl Rates {
    /// The most US dollars per million tokens, and per answer.
    pub const MOST: f64 = 1e6;

    /// Pico-dollars per token of US dollars per million tokens, from 0 to [`MOST`](Self::MOST).
    #[must_use]
    pub fn per_token(usd: f64) -> Option<u64> {
        scaled(usd, 1e6)
    }

    /// Nano-dollars of US dollars, from 0 to [`MOST`](Self::MOST).
    #[must_use]
    pub fn per_answer(usd: f64) -> Option<u64> {
        scaled(usd, 1e9)
    }

    /// Reads when a price begins: `2026-01-01` (midnight, UTC) or `2026-01-01T08:00:00Z`.
    #[must_use]
    pub fn moment(text: &str) -> Option<Timestamp> {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        text.parse().ok().or_else(|| text.parse::<Date>().ok().and_then(midnight))
    }

    /// Whether of several versions of one price no two begin at the same moment.
    #[must_use]
    pub fn apart(versions: &[Self]) -> bool {
        let mut all: Vec<_> = versions.iter().map(|version| version.from).collect();
        all.sort_unstable();
        all.windows(2).all(|pair| pair.first() != pair.last())
    }

    /// When it begins.
    pub(super) fn begins(&self) -> Option<SystemTime> {
        self.from.map(SystemTime::from)
    }

    /// The whole of it.
    #[must_use]
    pub fn price(&self) -> Price {
        Price {
            input: self.input,
            cached: self.cached.unwrap_or(self.input),
            cache_write: self.cache_write.unwrap_or(self.input),
            cache_write_1h: self.cache_write_1h.or(self.cache_write).unwrap_or(self.input),
            audio_input: self.audio_input.unwrap_or(self.input),
            image_input: self.image_input.unwrap_or(self.input),
            output: self.output,
            reasoning: self.reasoning.unwrap_or(self.output),
            audio_output: self.audio_output.unwrap_or(self.output),
            image_output: self.image_output.unwrap_or(self.output),
            request: self.request.unwrap_or(0),
        }
    }
}

fn scaled(usd: f64, scale: f64) -> Option<u64> {
    let usd = Some(usd).filter(|usd| (0.0..=Rates::MOST).contains(usd))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1e15, and whole")]
    Some((usd * scale).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_follows_from_the_rest() {
        let short = Rates { input: 2, output: 10, ..Rates::default() };
        assert_eq!(short.price(), Price::new(2, 2, 10));
        let whole = Rates { cached: Some(1), cache_write: Some(3), reasoning: Some(4), ..short };
        assert_eq!(
            whole.price(),
            Price { cache_write: 3, cache_write_1h: 3, reasoning: 4, ..Price::new(2, 1, 10) }
        );
    }

    #[test]
    fn dollars_become_whole_numbers() {
        assert_eq!(Rates::per_token(2.5), Some(2_500_000));
        assert_eq!(Rates::per_token(0.1 + 0.2), Some(300_000));
        assert_eq!(Rates::per_answer(0.04), Some(40_000_000));
        for odd in [-0.1, 1e7, f64::NAN, f64::INFINITY] {
            assert_eq!(Rates::per_token(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_date_begins_at_midnight() {
        assert_eq!(Rates::moment("2026-01-01"), Rates::moment("2026-01-01T00:00:00Z"));
        assert_eq!(Rates::moment("2026-01-01T01:00:00+01:00"), Rates::moment("2026-01-01"));
        assert!(Rates::moment("2026-01-01").is_some() && Rates::moment("soon").is_none());
    }

    #[test]
    fn two_versions_of_one_moment_are_told() {
        let at = |from: Option<&str>| Rates { from: from.and_then(Rates::moment), ..Rates::default() };
        assert!(Rates::apart(&[at(None), at(Some("2026-01-01")), at(Some("2026-01-02"))]));
        assert!(!Rates::apart(&[at(Some("2026-01-01")), at(None), at(Some("2026-01-01"))]));
        assert!(!Rates::apart(&[at(None), at(None)]));
    }
}
