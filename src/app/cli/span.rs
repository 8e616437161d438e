//! Times as people type them.

use super::super::now;
use jiff::{SpanRelativeTo, Timestamp};
use std::time::Duration;

/// Reads `30s`, `24h`, `30d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("expected a duration such as 30s, 24h or 30d, found `{text}`");
    let span = text.parse::<jiff::Span>().ok().ok_or_else(wanted)?;
    let days = SpanRelativeTo::days_are_24_hours();
    span.to_duration(days).ok().and_then(|span| span.try_into().ok()).ok_or_else(wanted)
}

/// Reads a moment: `2026-12-31T00:00:00Z`, or `30d` from now.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wanted = || {
        format!("expected a time such as 2026-12-31T00:00:00Z, or 30d for 30 days from now, found `{text}`")
    };
    let span = duration(text).ok().ok_or_else(wanted)?;
    let now = Timestamp::try_from(now()).ok().ok_or_else(wanted)?;
    now.checked_add(span).ok().ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("24h", 86_400), ("30d", 2_592_000), ("1w", 604_800)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "30", "-1h", "1mo", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_are_read() {
        assert_eq!(moment("2026-12-31T00:00:00Z").unwrap().to_string(), "2026-12-31T00:00:00Z");
        let day = Duration::from_secs(86_400);
        let tomorrow = Timestamp::try_from(now() + day).unwrap();
        let near = tomorrow.duration_since(moment("1d").unwrap()).abs();
        assert!(near < day.div_f64(1000.0).try_into().unwrap(), "{near}");
        assert!(moment("tomorrow").unwrap_err().contains("30d"));
    }
}
