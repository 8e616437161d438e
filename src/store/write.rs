//! Who writes, and on what terms.

use super::{Actor, StoreError};

/// Who writes, and on what terms.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    by: &'a Actor,
    expected: Option<u64>,
    once: Option<&'a Once>,
}

/// What makes a repeated creation the same one, for as long as `Settings::once_kept`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The idempotency key, as the client chose it. One actor's is not another's.
    pub key: String,
    /// The hash of all that was asked with it.
    pub request_hash: String,
}

impl<'a> Write<'a> {
    /// A write by `actor`.
    #[must_use]
    pub fn by(actor: &'a Actor) -> Self {
        Self { by: actor, expected: None, once: None }
    }

    /// Refused as `Moved` unless the thing has this revision; `None` takes any.
    #[must_use]
    pub fn expecting(self, expected: Option<u64>) -> Self {
        Self { expected, ..self }
    }

    /// Done once, however often it is asked.
    #[must_use]
    pub fn once(self, once: Option<&'a Once>) -> Self {
        Self { once, ..self }
    }

    pub(super) fn actor(self) -> &'a Actor {
        self.by
    }

    pub(super) fn only_once(self) -> Option<&'a Once> {
        self.once
    }

    /// That the thing is as the writer saw it.
    pub(super) fn expects(self, found: u64) -> Result<(), StoreError> {
        match self.expected {
            Some(expected) if expected != found => Err(StoreError::Moved { expected, found }),
            _ => Ok(()),
        }
    }
}
