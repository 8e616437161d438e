//! What an operator can set about people's door.

use std::net::{Ipv4Addr, SocketAddr};

/// The settings of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where people and probes are listened for, over HTTP.
    pub listen: SocketAddr,
}

impl Default for Settings {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 8081).into() }
    }
}
