//! How single values are written: durations, sizes, numbers, words. An error says what was expected.

use jiff::Timestamp;
use serde_json::Value;
use std::{
    fmt::Display,
    net::SocketAddr,
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

/// Reads `300ms`, `5s`, `2m`, `1h`; a bare number is no duration.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Value) -> Result<Duration, String> {
    move |value| {
        let millis = value
            .as_str()
            .and_then(|text| scaled(text, &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]));
        let wanted = || format!("expected a duration such as \"300ms\", \"5s\" or \"2m\", found {value}");
        let duration = Duration::from_millis(millis.ok_or_else(wanted)?);
        within(&range, duration, |d| format!("{d:?}"))
    }
}

/// Reads `32MiB`, `64KiB`, `1GiB`, or a number of bytes.
pub(super) fn size(range: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<usize, String> {
    move |value| {
        let bytes = match value {
            Value::String(text) => scaled(text, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]),
            other => other.as_u64(),
        };
        let wanted = || format!("expected a size such as \"32MiB\", \"64KiB\" or bytes, found {value}");
        let bytes = bytes.and_then(|b| usize::try_from(b).ok()).ok_or_else(wanted)?;
        within(&range, bytes, written_size)
    }
}

/// Reads a whole number.
pub(super) fn count<T>(range: RangeInclusive<T>) -> impl Fn(&Value) -> Result<T, String>
where
    T: TryFrom<u64> + PartialOrd + Display + Copy,
{
    move |value| {
        let wanted =
            || format!("expected a whole number from {} to {}, found {value}", range.start(), range.end());
        let number = value.as_u64().and_then(|n| T::try_from(n).ok()).ok_or_else(wanted)?;
        range.contains(&number).then_some(number).ok_or_else(wanted)
    }
}

/// Reads a moment such as `2026-01-31T08:00:00Z`.
pub(super) fn time(value: &Value) -> Result<SystemTime, String> {
    let wanted = || format!("expected a time such as \"2026-01-31T08:00:00Z\", found {value}");
    let time: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
    time.map(SystemTime::from).ok_or_else(wanted)
}

/// Reads a number from 0 to 1.
pub(super) fn share(value: &Value) -> Result<f64, String> {
    let wanted = || format!("expected a number from 0 to 1, found {value}");
    value.as_f64().filter(|n| (0.0..=1.0).contains(n)).ok_or_else(wanted)
}

/// Reads `true` or `false`.
pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("expected true or false, found {value}"))
}

/// Reads a text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some("") => Err("must not be empty".into()),
        Some(text) => Ok(text.into()),
        None => Err(format!("expected a text, found {value}; quote it if it is one")),
    }
}

/// Takes a mapping as it stands: what is in it is somebody else's language.
pub(super) fn mapping(value: &Value) -> Result<Value, String> {
    value.is_object().then(|| value.clone()).ok_or_else(|| format!("expected a mapping, found {value}"))
}

/// Reads one of a few words.
pub(super) fn word<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value) -> Result<T, String> {
    move |value| {
        let found = words.iter().find(|(name, _)| value.as_str() == Some(name));
        let known = || words.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        found
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| format!("expected one of {}, found {value}", known()))
    }
}

/// Reads an IP address with a port.
pub(super) fn address(value: &Value) -> Result<SocketAddr, String> {
    let wanted = || format!("expected an IP address with a port, such as \"127.0.0.1:8081\", found {value}");
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wanted)
}

/// A number with a unit.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(end);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*scale)
}

fn within<T: PartialOrd>(
    range: &RangeInclusive<T>,
    value: T,
    written: impl Fn(&T) -> String,
) -> Result<T, String> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("must be from {} to {}", written(range.start()), written(range.end())))
}

fn written_size(bytes: &usize) -> String {
    match bytes {
        b if *b >= 1 << 20 && b % (1 << 20) == 0 => format!("{}MiB", b >> 20),
        b if *b >= 1 << 10 && b % (1 << 10) == 0 => format!("{}KiB", b >> 10),
        b => format!("{b} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn durations() {
        let read = duration(Duration::from_millis(1)..=MINUTE);
        assert_eq!(read(&json!("300ms")), Ok(Duration::from_millis(300)));
        assert_eq!(read(&json!("5s")), Ok(Duration::from_secs(5)));
        assert_eq!(read(&json!("1m")), Ok(MINUTE));
        for bad in [json!(5), json!("5"), json!("s"), json!("5 s"), json!("1.5s"), json!("-1s"), json!(true)]
        {
            assert!(read(&bad).unwrap_err().contains("expected a duration"), "{bad}");
        }
        assert_eq!(read(&json!("0s")), Err("must be from 1ms to 60s".into()));
        assert_eq!(read(&json!("1h")), Err("must be from 1ms to 60s".into()));
        assert!(read(&json!("99999999999999999999h")).is_err());
    }

    #[test]
    fn sizes() {
        let read = size(1..=64 << 20);
        assert_eq!(read(&json!("32MiB")), Ok(32 << 20));
        assert_eq!(read(&json!("64KiB")), Ok(64 << 10));
        assert_eq!(read(&json!(512)), Ok(512));
        for bad in [json!("32MB"), json!("32"), json!(-1), json!(1.5), json!("MiB")] {
            assert!(read(&bad).unwrap_err().contains("expected a size"), "{bad}");
        }
        assert_eq!(read(&json!("1GiB")), Err("must be from 1 bytes to 64MiB".into()));
    }

    #[test]
    fn counts_shares_words_and_addresses() {
        assert_eq!(count(1..=32u32)(&json!(32)), Ok(32));
        for bad in [json!(0), json!(33), json!("3"), json!(1.5), json!(u64::MAX)] {
            assert!(count(1..=32u32)(&bad).unwrap_err().contains("from 1 to 32"), "{bad}");
        }
        assert_eq!(share(&json!(0.5)), Ok(0.5));
        assert!(share(&json!(1.1)).is_err());
        assert_eq!(word(&[("on", 1), ("off", 0)])(&json!("off")), Ok(0));
        assert!(word(&[("on", 1), ("off", 0)])(&json!("of")).unwrap_err().contains("on, off"));
        assert!(address(&json!("[::1]:80")).is_ok());
        assert!(address(&json!("localhost:80")).is_err());
        assert_eq!(time(&json!("1970-01-01T00:01:00Z")), Ok(SystemTime::UNIX_EPOCH + MINUTE));
        assert!(time(&json!("tomorrow")).unwrap_err().contains("2026-01-31T08:00:00Z"));
        assert!(mapping(&json!({"a": 1})).is_ok() && mapping(&json!([])).is_err());
        assert!(text(&json!("")).is_err());
        assert!(boolean(&json!("yes")).is_err());
    }
}
