//! What a limit holds for: a length of time, or days, weeks and months as people count them, in a time zone with its short and long
//! days.

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use std::{
    fmt,
    hash::{Hash, Hasher},
    time::Duration,
};

/// What a limit holds for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Window {
    /// The last so long before now.
    Sliding(Duration),
    /// Windows that begin at multiples of their length since the Unix epoch.
    Fixed(Duration),
    /// Days, weeks or months.
    Calendar(Calendar),
    /// No time: until it is given back.
    Open,
}

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

impl Period {
    /// Every period, by its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("day", Self::Day), ("week", Self::Week), ("month", Self::Month)];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// Periods in a time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    period: Period,
    zone: TimeZone,
    name: Box<str>,
}

impl Calendar {
    /// The periods in the zone of this IANA name, such as `America/New_York`; `None` where there is none.
    #[must_use]
    pub fn new(period: Period, zone: &str) -> Option<Self> {
        Some(Self { period, zone: TimeZone::get(zone).ok()?, name: zone.into() })
    }

    /// What is counted.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }

    /// The beginnings of the last period, of the one that `now` is in, of the next, and of the one after. Times are since the epoch.
    #[must_use]
    pub fn bounds(&self, now: Duration) -> [Duration; 4] {
        let begins = self.begins(now);
        let day = |time: Duration, add: i64| self.shifted(time, add);
        let next = day(begins, 1);
        [day(begins, -1), begins, next, day(next, 1)]
    }

    /// When the period that begins at `begins` ends.
    #[must_use]
    pub fn ends(&self, begins: Duration) -> Duration {
        self.shifted(begins, 1)
    }

    /// When the period that `now` is in began.
    #[must_use]
    pub fn begins(&self, now: Duration) -> Duration {
        let date = self.date(now);
        let first = match self.period {
            Period::Day => Some(date),
            Period::Week => {
                let since = date.weekday().since(Weekday::Monday);
                date.checked_sub(i64::from(since).days()).ok()
            }
            Period::Month => Some(date.first_of_month()),
        };
        first.map_or(now, |first| self.start(first))
    }

    /// The beginning of the period so many after the one that begins at `begins`.
    fn shifted(&self, begins: Duration, by: i64) -> Duration {
        let span = match self.period {
            Period::Day => by.days(),
            Period::Week => by.weeks(),
            Period::Month => by.months(),
        };
        self.date(begins).checked_add(span).map_or(begins, |date| self.start(date))
    }

    fn date(&self, time: Duration) -> Date {
        let time = i64::try_from(time.as_micros()).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
        time.unwrap_or_default().to_zoned(self.zone.clone()).date()
    }

    /// The first moment of a day.
    fn start(&self, date: Date) -> Duration {
        let start = date.to_zoned(self.zone.clone()).and_then(|time: Zoned| time.start_of_day());
        let micros = start.map_or(0, |time| time.timestamp().as_microsecond());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        (self.period, &self.name) == (other.period, &other.name)
    }
}

impl Eq for Calendar {}

impl Hash for Calendar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.period, &self.name).hash(state);
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.period.name(), self.name)
    }
}

impl Window {
    /// How long it is, where its length is always the same.
    #[must_use]
    pub fn length(&self) -> Option<Duration> {
        match self {
            Self::Sliding(length) | Self::Fixed(length) => Some(*length),
            Self::Calendar(_) | Self::Open => None,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sliding(length) | Self::Fixed(length) => write!(f, "{} s", length.as_secs()),
            Self::Calendar(calendar) => write!(f, "a {calendar}"),
            Self::Open => f.write_str("flight"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Duration {
        Duration::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond().try_into().unwrap())
    }

    #[test]
    fn periods_begin_and_end_at_local_midnights_over_the_change_of_clocks() {
        for (period, zone, now, begins, ends) in [
            // clocks go forward on 2026-03-08 and back on 2026-11-01: a month of 31 days and an hour less or more
            (
                Period::Month,
                "America/New_York",
                "2026-03-31T23:00:00Z",
                "2026-03-01T05:00:00Z",
                "2026-04-01T04:00:00Z",
            ),
            (
                Period::Month,
                "America/New_York",
                "2026-04-01T03:59:59Z",
                "2026-03-01T05:00:00Z",
                "2026-04-01T04:00:00Z",
            ),
            (
                Period::Month,
                "America/New_York",
                "2026-11-01T04:00:00Z",
                "2026-11-01T04:00:00Z",
                "2026-12-01T05:00:00Z",
            ),
            (
                Period::Day,
                "America/New_York",
                "2026-03-08T12:00:00Z",
                "2026-03-08T05:00:00Z",
                "2026-03-09T04:00:00Z",
            ),
            (
                Period::Day,
                "America/New_York",
                "2026-11-01T12:00:00Z",
                "2026-11-01T04:00:00Z",
                "2026-11-02T05:00:00Z",
            ),
            (
                Period::Week,
                "Europe/Berlin",
                "2026-03-29T12:00:00Z",
                "2026-03-22T23:00:00Z",
                "2026-03-29T22:00:00Z",
            ),
            (Period::Week, "UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            // a day that begins at one: midnight is left out when clocks go forward
            (
                Period::Day,
                "America/Asuncion",
                "2023-10-01T12:00:00Z",
                "2023-10-01T04:00:00Z",
                "2023-10-02T03:00:00Z",
            ),
            (
                Period::Month,
                "Asia/Kolkata",
                "2024-02-29T20:00:00Z",
                "2024-02-29T18:30:00Z",
                "2024-03-31T18:30:00Z",
            ),
        ] {
            let calendar = Calendar::new(period, zone).unwrap();
            let bounds = calendar.bounds(at(now));
            assert_eq!((bounds[1], bounds[2]), (at(begins), at(ends)), "{calendar} at {now}");
            assert_eq!(calendar.begins(bounds[1]), bounds[1]);
            assert_eq!(calendar.begins(bounds[1] - Duration::from_micros(1)), bounds[0]);
            assert_eq!(calendar.ends(bounds[2]), bounds[3]);
        }
        assert_eq!(Calendar::new(Period::Day, "Mars/Olympus"), None);
    }
}
