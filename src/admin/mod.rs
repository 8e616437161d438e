//! People's door: routes, keys and tokens over HTTP; how it goes, whether it is ready, and the numbers.

mod answer;
mod api;
mod caller;
mod cloudflare;
mod documents;
mod input;
mod notices;
mod openapi;
mod secret;
mod serve;
mod session;
mod settings;
mod status;
mod throttle;

pub use notices::{Notices, Standing};
pub use openapi::document as openapi;
pub use serve::{Tls as LoadedTls, serve, tls};
pub use settings::{Settings, Tls};

use crate::{
    exchange::World,
    provider::health::Condition,
    store::{Actor, Role, Store, StoreError, TokenDraft, Write},
    telemetry::Telemetry,
};
use futures_util::future::BoxFuture;
use std::{fmt::Debug, sync::Arc};
use throttle::Throttle;

/// Makes what was changed in the store live on this pair.
pub trait Publish: Debug + Send + Sync {
    /// Everything that was committed before this call is live when it ends.
    fn publish(&self) -> BoxFuture<'_, ()>;
}

/// What people's door works with.
#[derive(Debug)]
pub struct Office {
    settings: Settings,
    world: Arc<World>,
    telemetry: Arc<Telemetry>,
    store: Store,
    notices: Arc<Notices>,
    publisher: Arc<dyn Publish>,
    throttle: Throttle,
}

/// What an office is made of.
#[derive(Debug)]
pub struct Fittings {
    /// What serves requests.
    pub world: Arc<World>,
    /// The numbers.
    pub telemetry: Arc<Telemetry>,
    /// Where everything is kept.
    pub store: Store,
    /// What people should know.
    pub notices: Arc<Notices>,
    /// Makes changes live.
    pub publisher: Arc<dyn Publish>,
}

impl Office {
    /// An office with these settings.
    #[must_use]
    pub fn new(settings: Settings, fittings: Fittings) -> Self {
        let Fittings { world, telemetry, store, notices, publisher } = fittings;
        let throttle = Throttle::new(settings.failures);
        Self { settings, world, telemetry, store, notices, publisher, throttle }
    }

    /// What this pair tells the others that share its store.
    #[must_use]
    pub fn tell(&self) -> serde_json::Value {
        status::summary(self)
    }

    /// How targets do on this pair.
    fn health(&self) -> Vec<Condition> {
        self.world.health.conditions(&self.world.live().settings.health)
    }

    /// What was committed is live when this ends.
    async fn publish(&self) {
        self.publisher.publish().await;
    }
}

/// Makes the first admin token of a store that has none, and gives it away for this once.
///
/// # Errors
/// The store can not be reached.
pub async fn first_token(store: &Store) -> Result<Option<String>, StoreError> {
    let secret::Fresh { token, hash, prefix } = secret::Fresh::admin();
    let actor = Actor { id: "start".into(), name: "first start".into() };
    let draft = TokenDraft { name: "first".into(), role: Role::Admin, hash, prefix, expires_at: None };
    Ok(store.first_token(Write::by(&actor), &draft).await?.map(|_| token))
}
