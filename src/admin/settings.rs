//! What an operator can set about people's door.

use crate::provider::Secret;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The settings of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where people and probes are listened for.
    pub listen: SocketAddr,
    /// What HTTPS is spoken with; without it, HTTP.
    pub tls: Option<Tls>,
    /// A token that may everything, whatever the store says (`ATTACHE_ADMIN_TOKEN`, or the content of the file that
    /// `ATTACHE_ADMIN_TOKEN_FILE` names).
    pub token: Option<Secret>,
    /// Bytes of a request's body.
    pub max_body: usize,
    /// How long a browser stays logged in.
    pub session: Duration,
    /// Wrong tokens from one address in one minute, before it must wait.
    pub failures: u32,
}

/// The files of a certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8081).into(),
            tls: None,
            token: None,
            max_body: 4 << 20,
            session: Duration::from_hours(12),
            failures: 10,
        }
    }
}
