//! Envoy's file: the complete bootstrap of the pair, printed from the settings.

mod settings;

pub use settings::{AccessLog, Settings};

use crate::{exchange::Limits, provider::Provider};
use std::{net::SocketAddr, path::Path};

/// All that the bootstrap depends on.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// Listeners and logs.
    pub settings: &'a Settings,
    /// What must agree between Envoy and Attaché.
    pub limits: &'a Limits,
    /// Where Envoy finds Attaché.
    pub sidecar: Sidecar<'a>,
    /// One cluster each.
    pub providers: &'a [Provider],
}

/// Where Envoy finds Attaché.
#[derive(Debug, Clone, Copy)]
pub enum Sidecar<'a> {
    /// A Unix socket.
    Pipe(&'a Path),
    /// A TCP address.
    Tcp(SocketAddr),
}

/// The bootstrap, as YAML.
#[must_use]
pub fn yaml(_pair: &Pair<'_>) -> String {
    String::new()
}
