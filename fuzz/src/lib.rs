//! What the targets share: a world without sockets.

pub mod stream;

use attache::{
    exchange::{Live, Settings, Simulation},
    provider::{Credential, Dialect, Lack, Prices, Provider},
    snapshot::{Snapshot, Sources, build},
    store::{Document, Published},
};
use std::{
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

/// A world without routes, in which an exchange may take as many attempts as it likes.
pub static BARE: LazyLock<Live> = LazyLock::new(|| live(&[], u32::MAX));

/// A world with these routes, a provider `mock`, and a provider `locked` whose key is missing.
pub fn live(routes: &[&str], max_attempts: u32) -> Live {
    let documents: Vec<_> = routes
        .iter()
        .enumerate()
        .map(|(i, text)| Document { file: format!("{i}.json").into(), bytes: text.as_bytes().to_vec() })
        .collect();
    let provider = |name| Provider::new(name, Dialect::Openai, "http://127.0.0.1:1/v1".parse().unwrap());
    let locked = Credential::Missing(Lack::Variable("KEY".into()));
    let providers = [provider("mock"), Provider { credential: locked, ..provider("locked") }];
    let sources = Sources {
        documents: &documents,
        published: &Published::default(),
        keys: &[],
        providers: &providers,
        prices: &Prices::default(),
    };
    let snapshot = build(&sources, &Snapshot::empty(now()), now());
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    let mut settings = Settings::default();
    settings.limits.max_attempts = max_attempts;
    Live { snapshot: Arc::new(snapshot), settings }
}

/// The time in every world.
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A chat request with this body.
pub fn simulation(body: Vec<u8>) -> Simulation {
    Simulation {
        path: "/v1/chat/completions?a=b&c=%20".into(),
        headers: Vec::new(),
        body,
        key: None,
        dice: 7,
        now: now(),
    }
}
