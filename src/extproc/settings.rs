//! What an operator can set about Envoy's door.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// The settings of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where Envoy is listened for.
    pub listen: Listen,
    /// Bytes of the largest gRPC message, in either direction.
    pub max_message: usize,
    /// Whether Envoy is told every decision as dynamic metadata, for its access log.
    pub metadata: bool,
    /// How long open streams may go on once the process is asked to stop.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Listen::Unix("/tmp/attache.sock".into()),
            max_message: 33 << 20,
            metadata: false,
            drain: Duration::from_secs(30),
        }
    }
}

/// Where Envoy is listened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP address.
    Tcp(SocketAddr),
}
