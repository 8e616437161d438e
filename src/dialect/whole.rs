//! A whole answer, read at once.

use crate::chat::{Fault, Kind};
use serde::Deserialize;

/// Reads a body of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is none of this kind.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    read_by(body, |body| serde_json::from_slice(body))
}

/// The same, by a reader of its own.
pub(super) fn read_by<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&'a [u8]) -> serde_json::Result<T>,
) -> Result<T, Fault> {
    if body.trim_ascii().is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    read(body).map_err(|error| broken(&error))
}

/// What is told of an answer that can not be read.
pub(super) fn broken(error: &serde_json::Error) -> Fault {
    Fault { message: format!("no whole answer: {error}"), ..Fault::new(Kind::Truncated) }
}
