//! What an operator can set about sessions.

use super::seal::SealKey;
use std::time::Duration;

/// The settings of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether there are any.
    pub enabled: bool,
    /// How long a session is kept after its last turn.
    pub ttl: Duration,
    /// How many are kept in memory, one for each key that finds them.
    pub kept: usize,
    /// What tokens are sealed with: the first seals, all open. Without any, a process has one of its own.
    pub keys: Vec<SealKey>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, ttl: Duration::from_hours(24), kept: 100_000, keys: Vec::new() }
    }
}
