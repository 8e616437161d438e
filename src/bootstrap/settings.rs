//! What an operator can set about the Envoy of the pair.

use std::net::{Ipv4Addr, SocketAddr};

/// The settings of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where Envoy listens for clients.
    pub front: SocketAddr,
    /// Where Envoy's own admin page is.
    pub admin: SocketAddr,
    /// Where Envoy's access log goes.
    pub access_log: AccessLog,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            front: (Ipv4Addr::UNSPECIFIED, 8080).into(),
            admin: (Ipv4Addr::LOCALHOST, 9901).into(),
            access_log: AccessLog::Off,
        }
    }
}

/// Where Envoy's access log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// Nowhere: Attaché's own line says more.
    Off,
    /// One JSON line per attempt to standard output, with Attaché's decision.
    Stdout,
}
