//! What can be set about the store.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a connection is tried for, and waited for while all are in use.
    pub connect_timeout: Duration,
    /// How long an operation may take as a whole; for a dump or a load, each of its steps.
    pub deadline: Duration,
    /// How many connections are kept at most, at least 2.
    pub connections: u32,
    /// How long an idempotency key is remembered.
    pub once_kept: Duration,
    /// How long the audit log is kept.
    pub audit_kept: Duration,
    /// How long a pair that is heard of no more is told.
    pub pairs_kept: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            deadline: Duration::from_secs(5),
            connections: 5,
            once_kept: DAY,
            audit_kept: DAY * 400,
            pairs_kept: Duration::from_secs(10 * 60),
        }
    }
}
