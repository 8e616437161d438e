//! Where a model lives and how to be let in; what it costs, and how it does.

mod base_url;
mod credential;
pub mod health;
mod limits;
mod path;
mod pattern;
mod preset;
mod price;
mod secret;

pub use crate::dialect::Dialect;
pub use base_url::BaseUrl;
pub use credential::{
    Aws, AwsChain, AwsKeys, Credential, CredentialProblem, Fetched, GoogleAccount, GoogleKey, Granted,
    KeyPair, Lack, Refresher, Source, Unsigned,
};
pub use path::{Task, Where};
pub use pattern::matches;
pub use preset::Preset;
pub use price::{Kinds, Name as PriceName, Price, PriceSource, Priced, Prices, Rates, usd};
pub use secret::Secret;

use crate::dialect::{Platform, Quirks, Wire};
use std::{collections::BTreeMap, time::Duration};

/// A provider, checked: nothing in here can still be wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its name in `attache.yaml`; also the name of Envoy's cluster.
    pub name: String,
    /// The wire format.
    pub dialect: Dialect,
    /// Who hosts its models.
    pub platform: Platform,
    /// What sets it apart from the maker of its dialect.
    pub quirks: Quirks,
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
    /// Azure's classic surface, where it is spoken.
    pub azure: Option<AzureClassic>,
    /// How to be let in.
    pub credential: Credential,
    /// Further credentials, which a client may name.
    pub credentials: BTreeMap<String, Credential>,
    /// Whether a client may bring a key of its own.
    pub own_key: bool,
    /// Headers to add to every request, names in lower case.
    pub headers: BTreeMap<String, Secret>,
    /// The `timeout` of model elements that name none.
    pub timeout: Duration,
    /// Whether a stream may be asked to report its usage (`stream_options.include_usage`).
    pub stream_usage: bool,
    /// Whether a request that can not be expressed without loss is refused.
    pub strict: bool,
    /// The output tokens to ask for where the dialect must name some and the request does not; a model's own limit
    /// where this is not set.
    pub max_tokens: Option<u64>,
    /// Models to list in `GET /v1/models` besides those that routes name.
    pub models: Vec<String>,
    /// What only Envoy needs to know.
    pub envoy: EnvoyCluster,
}

impl Provider {
    /// A provider at `base` that needs no credential, with the default of every other setting.
    #[must_use]
    pub fn new(name: impl Into<String>, dialect: Dialect, base: BaseUrl) -> Self {
        Self {
            name: name.into(),
            dialect,
            platform: Platform::Direct,
            quirks: Quirks::default(),
            tls: base.tls,
            host: base.host,
            port: base.port,
            base_path: base.path,
            authority: base.authority,
            azure: None,
            credential: Credential::None,
            credentials: BTreeMap::new(),
            own_key: false,
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(60),
            stream_usage: true,
            strict: false,
            max_tokens: None,
            models: vec![],
            envoy: EnvoyCluster::default(),
        }
    }

    /// Where its API begins, as a URL.
    #[must_use]
    pub fn base_url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.base_path)
    }

    /// How it is spoken to.
    #[must_use]
    pub fn wire(&self) -> Wire {
        Wire { dialect: self.dialect, platform: self.platform, quirks: self.quirks }
    }

    /// The output tokens to ask `model` for where the dialect must name some and the request does not.
    #[must_use]
    pub fn max_tokens(&self, model: &str) -> u64 {
        self.max_tokens.unwrap_or_else(|| limits::output_tokens(model))
    }
}

/// Azure's surface of dated versions, with the deployment in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureClassic {
    /// `2024-10-21`.
    pub api_version: String,
    /// Deployments by model, where they are not called like it.
    pub deployments: BTreeMap<String, String>,
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
    /// An HTTP proxy to tunnel through.
    pub proxy: Option<BaseUrl>,
}

impl Default for EnvoyCluster {
    /// Limits out of the way: what a provider can bear, a `rate` element says.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            max_connections: 1_000_000,
            max_requests: 1_000_000,
            max_pending_requests: 1_000_000,
            ca: None,
            proxy: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let mut p = Provider::new("p", Dialect::Openai, "https://h".parse().unwrap());
        p.credential = Credential::Bearer(Secret::new("sk-1"));
        p.headers.insert("x-org".into(), Secret::new("org-1"));
        p.credentials.insert("a".into(), Credential::Header { name: "api-key", secret: Secret::new("ak-1") });
        assert!(!format!("{p:?}").contains("-1"));
    }

    #[test]
    fn the_settings_say_more_than_the_model() {
        let mut p = Provider::new("p", Dialect::Anthropic, "https://h".parse().unwrap());
        assert_eq!(p.max_tokens("claude-sonnet-4-5"), 64_000);
        p.max_tokens = Some(1000);
        assert_eq!(p.max_tokens("claude-sonnet-4-5"), 1000);
    }
}
