//! What a row holds, in this room's words. Times are kept as milliseconds since the epoch.

use super::StoreError;
use serde::de::DeserializeOwned;
use sqlx::{Row, any::AnyRow};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time as it is kept.
pub(super) fn millis(time: SystemTime) -> i64 {
    span(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A duration in the measure of times.
pub(super) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A time that was kept.
pub(super) fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs())
}

/// Reading a row by its columns' names.
pub(super) trait Columns {
    /// A text.
    fn text(&self, column: &str) -> Result<String, StoreError>;
    /// A text or NULL.
    fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError>;
    /// A number or NULL.
    fn maybe_number<N: TryFrom<i64>>(&self, column: &str) -> Result<Option<N>, StoreError>;

    /// A number.
    fn number<N: TryFrom<i64>>(&self, column: &str) -> Result<N, StoreError> {
        self.maybe_number(column)?.ok_or_else(|| broken(column))
    }

    /// A time.
    fn time(&self, column: &str) -> Result<SystemTime, StoreError> {
        self.number(column).map(time)
    }

    /// A time or NULL.
    fn maybe_time(&self, column: &str) -> Result<Option<SystemTime>, StoreError> {
        Ok(self.maybe_number(column)?.map(time))
    }

    /// What a text of JSON stands for.
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).ok().ok_or_else(|| broken(column))
    }

    /// What a text of JSON stands for, or NULL.
    fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let read = |text: String| serde_json::from_str(&text).ok().ok_or_else(|| broken(column));
        self.maybe_text(column)?.map(read).transpose()
    }
}

impl Columns for AnyRow {
    fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_number<N: TryFrom<i64>>(&self, column: &str) -> Result<Option<N>, StoreError> {
        let number: Option<i64> = self.try_get(column)?;
        number.map(|number| N::try_from(number).ok().ok_or_else(|| broken(column))).transpose()
    }
}

/// Somebody else has written into the tables.
fn broken(column: &str) -> StoreError {
    StoreError::Away(format!("the column `{column}` holds something that Attaché has not written"))
}

/// What is kept of a value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(format!("it is no JSON: {error}")))
}
