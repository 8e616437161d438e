//! What an operator can set about one request's life.

use crate::{provider::health, session};
use std::time::Duration;

/// The settings of the room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Who may ask.
    pub clients: Clients,
    /// The pauses before the same target is asked again.
    pub retry: Retry,
    /// What one exchange may take.
    pub limits: Limits,
    /// Whether Portkey's clients are understood: a config in `x-portkey-config`, a key in `x-portkey-api-key`.
    pub portkey: bool,
    /// What is kept of exchanges that are over, to be walked again.
    pub replay: Replay,
    /// When targets cool.
    pub health: health::Settings,
    /// What conversations keep.
    pub sessions: session::Settings,
}

#[cfg(test)]
impl Settings {
    /// For tests in which anybody may ask.
    pub(super) fn open() -> Self {
        Self { clients: Clients::Optional, ..Self::default() }
    }
}

/// Whether a client must show a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clients {
    /// Without a known key nobody is served.
    #[default]
    Required,
    /// A client without a known key is served as nobody: SDKs always show some key.
    Optional,
    /// Nobody looks at keys.
    Off,
}

/// The pauses before the same target is asked again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// The first pause; every further one is twice as long.
    pub base: Duration,
    /// The longest pause.
    pub max: Duration,
    /// The part of a pause that is left to chance, 0 to 1.
    pub jitter: f64,
    /// The longest `retry-after` that is waited for; beyond it the target counts as failed.
    pub after_max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(100),
            max: Duration::from_secs(5),
            jitter: 0.5,
            after_max: Duration::from_secs(30),
        }
    }
}

/// How much is kept of exchanges that are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Requests; 0 keeps nothing.
    pub requests: usize,
    /// Bytes of the largest body that is kept.
    pub bytes: usize,
}

impl Default for Replay {
    fn default() -> Self {
        Self { requests: 256, bytes: 64 << 10 }
    }
}

impl Replay {
    /// Whether a request with a body of so many bytes is kept.
    #[must_use]
    pub fn keeps(&self, bytes: usize) -> bool {
        self.requests > 0 && bytes <= self.bytes
    }
}

/// What one exchange may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Attempts, retries included. Envoy's `num_retries` is one less.
    pub max_attempts: u32,
    /// Bytes of a request body.
    pub max_body: usize,
    /// Entries of a client's metadata.
    pub metadata_entries: usize,
    /// Bytes of a client's metadata header.
    pub metadata_bytes: usize,
    /// Bytes of an answer that is no stream, held until it is whole.
    pub answer_buffer: usize,
    /// Bytes of one event of a stream.
    pub event_bytes: usize,
    /// How long a walk waits for its next attempt before it is settled and dropped.
    pub abandoned: Duration,
    /// How long a stream may be silent after its first content.
    pub stream_idle: Duration,
    /// Output tokens that a reservation assumes where the request names no limit of its own.
    pub output_tokens: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_attempts: 32,
            max_body: 32 << 20,
            metadata_entries: 32,
            metadata_bytes: 8 << 10,
            answer_buffer: 32 << 20,
            event_bytes: 1 << 20,
            abandoned: Duration::from_secs(30),
            stream_idle: Duration::from_secs(300),
            output_tokens: 4096,
        }
    }
}
