//! `attache.yaml`, checked: every room's settings, or every mistake at once.

mod clients;
mod expand;
mod ledger;
mod people;
mod providers;
mod reader;
mod sections;
mod values;

pub use expand::Lookup;
pub use ledger::Ledger;
pub use reader::{Mistake, Warning};

use crate::{
    admin, bootstrap, exchange, extproc,
    provider::{Prices, Provider, Secret},
    snapshot::KeyDocument,
    store, telemetry,
};
use reader::{Notes, Section};
use serde_json::Value;
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// All that an operator can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Envoy's door.
    pub extproc: extproc::Settings,
    /// People's door.
    pub admin: admin::Settings,
    /// The Envoy of the pair.
    pub envoy: bootstrap::Settings,
    /// One request's life.
    pub exchange: exchange::Settings,
    /// The client keys.
    pub keys: Vec<KeyDocument>,
    /// Where routes and versions are kept; it may hold a password.
    pub store: Secret,
    /// On what terms it is kept.
    pub kept: store::Settings,
    /// Where the counters of limits are.
    pub ledger: Ledger,
    /// The file in which the last good state of the store is kept.
    pub last_good: PathBuf,
    /// A folder of route documents.
    pub routes: Option<PathBuf>,
    /// The providers, by name.
    pub providers: Vec<Provider>,
    /// What models cost.
    pub prices: Prices,
    /// The log.
    pub log: telemetry::log::Settings,
    /// Metrics and spans.
    pub telemetry: telemetry::Settings,
    /// The files besides `attache.yaml` that the settings were taken from.
    pub files: Vec<PathBuf>,
}

impl Config {
    /// Reads the file at `path`; relative paths in it start at its folder.
    ///
    /// # Errors
    /// Every mistake, each with its path.
    pub fn load(path: &Path, lookup: Lookup<'_>) -> Result<(Self, Vec<Warning>), Vec<Mistake>> {
        let text = fs::read_to_string(path).map_err(|e| {
            let problem = format!("{} can not be read: {e}", path.display());
            vec![Mistake { path: String::new(), problem }]
        })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")), lookup)
    }

    /// Reads `text`; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// Every mistake, each with its path.
    pub fn parse(
        text: &str,
        folder: &Path,
        lookup: Lookup<'_>,
    ) -> Result<(Self, Vec<Warning>), Vec<Mistake>> {
        let document = document(text).map_err(|mistake| vec![mistake])?;
        let notes = Notes::new(folder, lookup);
        let mut config = sections::read(Section::new(&notes, String::new(), &document));
        config.files = notes.files.take();
        match notes.mistakes.into_inner() {
            mistakes if mistakes.is_empty() => Ok((config, notes.warnings.into_inner())),
            mistakes => Err(mistakes),
        }
    }

    /// The bootstrap of this pair's Envoy, as YAML.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        bootstrap::yaml(&bootstrap::Pair {
            settings: &self.envoy,
            limits: &self.exchange.limits,
            sidecar: match &self.extproc.listen {
                extproc::Listen::Unix(path) => bootstrap::Sidecar::Pipe(path),
                extproc::Listen::Tcp(address) => bootstrap::Sidecar::Tcp(reachable(*address)),
            },
            providers: &self.providers,
        })
    }

    /// The bootstrap of a front before pairs with this configuration, as YAML.
    #[must_use]
    pub fn front(&self, pairs: &[bootstrap::Door]) -> String {
        bootstrap::Front { settings: &self.envoy, limits: &self.exchange.limits, pairs }.yaml()
    }
}

/// The environment of the process: the lookup of everything but tests.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    std::env::var(name).ok()
}

/// YAML to a tree. `off` and `yes` stay the words that they are.
fn document(text: &str) -> Result<Value, Mistake> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let said = error.without_snippet().render_with_formatter(&serde_saphyr::UserMessageFormatter);
        Mistake { path: String::new(), problem: format!("not readable as YAML: {said}") }
    })
}

/// Where a listener on every address is reached from beside it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests;
