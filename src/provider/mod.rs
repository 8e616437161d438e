//! Where a model lives and how to be let in; what it costs.

mod base_url;
mod builtin;
mod price;
mod secret;

pub use base_url::BaseUrl;
pub use price::{Price, Prices};
pub use secret::Secret;

use std::{collections::BTreeMap, str::FromStr, time::Duration};

/// The wire format that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's, as many others speak it too.
    Openai,
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "openai" => Ok(Self::Openai),
            other => Err(format!("`{other}` is no dialect that is known here; known: openai")),
        }
    }
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

impl Provider {
    /// A provider at `base` that needs no credential, with the default of every other setting.
    #[must_use]
    pub fn new(name: impl Into<String>, dialect: Dialect, base: BaseUrl) -> Self {
        Self {
            name: name.into(),
            dialect,
            tls: base.tls,
            host: base.host,
            port: base.port,
            base_path: base.path,
            authority: base.authority,
            credential: Credential::None,
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(60),
            stream_usage: true,
            models: vec![],
            envoy: EnvoyCluster::default(),
        }
    }

    /// The `:path` to send: the base path, then `suffix` (which begins with a slash), then the query.
    #[must_use]
    pub fn path(&self, suffix: &str, query: Option<&str>) -> String {
        let mut path = [self.base_path.as_str(), suffix].concat();
        if let Some(query) = query.filter(|q| !q.is_empty()) {
            path.push('?');
            path.push_str(query);
        }
        path
    }
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

    fn provider(base_url: &str) -> Provider {
        Provider::new("p", Dialect::Openai, base_url.parse().unwrap())
    }

    #[test]
    fn the_base_path_is_joined_whatever_its_slashes() {
        for (base_url, path) in [
            ("https://api.openai.com/v1", "/v1/chat/completions"),
            ("https://api.openai.com/v1/", "/v1/chat/completions"),
            ("http://127.0.0.1:9100", "/chat/completions"),
            ("http://127.0.0.1:9100/", "/chat/completions"),
            ("https://h/openai/deployments/x//", "/openai/deployments/x/chat/completions"),
        ] {
            assert_eq!(provider(base_url).path("/chat/completions", None), path, "{base_url}");
        }
    }

    #[test]
    fn a_query_follows_the_path() {
        let p = provider("https://h/v1");
        assert_eq!(p.path("/models", Some("limit=2&after=x")), "/v1/models?limit=2&after=x");
        assert_eq!(p.path("/models", Some("")), "/v1/models");
    }

    #[test]
    fn an_unknown_dialect_names_the_known_ones() {
        assert_eq!("openai".parse(), Ok(Dialect::Openai));
        assert!("anthropic".parse::<Dialect>().unwrap_err().contains("known: openai"));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let mut p = provider("https://h");
        p.credential = Credential::Bearer(Secret::new("sk-1"));
        p.headers.insert("x-org".into(), Secret::new("org-1"));
        assert!(!format!("{p:?}").contains("-1"));
    }
}
