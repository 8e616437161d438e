//! Where a model lives and how to be let in; what it costs.

mod price;
mod secret;

pub use price::{Price, Prices};
pub use secret::Secret;

use std::{collections::BTreeMap, time::Duration};

/// The wire format that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's, as many others speak it too.
    Openai,
}

/// A provider, checked: nothing in here can still be wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its name in `attache.yaml`; also the name of Envoy's cluster.
    pub name: String,
    /// The wire format.
    pub dialect: Dialect,
    /// Whether TLS is spoken to it.
    pub tls: bool,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The path of the base URL, without a slash at its end: `/v1`.
    pub base_path: String,
    /// The `:authority` to send: the host, with the port where it is not the scheme's own.
    pub authority: String,
    /// How to be let in.
    pub credential: Credential,
    /// Headers to add to every request, names in lower case.
    pub headers: BTreeMap<String, Secret>,
    /// The `timeout` of model elements that name none.
    pub timeout: Duration,
    /// Whether a stream may be asked to report its usage (`stream_options.include_usage`).
    pub stream_usage: bool,
    /// Models to list in `GET /v1/models` besides those that routes name.
    pub models: Vec<String>,
    /// What only Envoy needs to know.
    pub envoy: EnvoyCluster,
}

/// How to be let in at a provider.
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// The provider asks for none.
    None,
    /// `authorization: Bearer <secret>`.
    Bearer(Secret),
    /// The configuration names a variable that is not set: the provider is unusable, not the program.
    Missing {
        /// The variable's name.
        variable: String,
    },
}

/// The settings of a provider's Envoy cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvoyCluster {
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// Circuit breaker: connections at once.
    pub max_connections: u32,
    /// Circuit breaker: requests at once.
    pub max_requests: u32,
    /// Circuit breaker: requests waiting for a connection.
    pub max_pending_requests: u32,
    /// A file of certificate authorities in PEM; the system's where there is none.
    pub ca: Option<String>,
    /// An HTTP proxy to tunnel through: `host:port`.
    pub proxy: Option<String>,
}
