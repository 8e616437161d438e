//! People's door, and what stands behind it.

use super::{
    Failure,
    publish::{Hands, Publisher},
    stored::Follower,
};
use crate::{
    admin::{self, Fittings, LoadedTls, Office, Publish, Settings},
    config::Config,
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

/// People's door, open but not yet served.
pub(super) struct People {
    listener: TcpListener,
    /// Where it is; with port 0, any free one was taken.
    pub(super) address: SocketAddr,
    tls: Option<LoadedTls>,
    office: Arc<Office>,
    pub(super) publisher: Arc<Publisher>,
    /// Whether the operator has set an admin token.
    operators: bool,
}

impl People {
    /// Opens the door, and publishes the first world.
    pub(super) async fn open(config: Config, hands: Hands) -> Result<Self, Failure> {
        let settings = config.admin.clone();
        let operators = settings.token.is_some();
        let tls = tls(&settings).await?;
        let listener = listener(settings.listen)
            .map_err(|error| Failure::Said(format!("listen.admin: {}: {error}", settings.listen)))?;
        let publisher = Publisher::new(config, hands.clone())?;
        publisher.begin().await.map_err(Failure::Said)?;
        let Hands { store, notices, world, telemetry } = hands;
        let shared = Arc::clone(&publisher) as Arc<dyn Publish>;
        let fittings = Fittings { world, telemetry, store, notices, publisher: shared };
        let office = Arc::new(Office::new(settings, fittings));
        Ok(Self { address: listener.local_addr()?, listener, tls, office, publisher, operators })
    }

    /// What follows the store.
    pub(super) fn follower(&self) -> Follower {
        Follower::new(Arc::clone(&self.publisher), Arc::clone(&self.office), self.operators)
    }

    /// Serves until `stop` resolves.
    pub(super) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        admin::serve(self.listener, self.tls, self.office, stop).await
    }
}

async fn tls(settings: &Settings) -> Result<Option<LoadedTls>, Failure> {
    let Some(files) = &settings.tls else { return Ok(None) };
    let loaded = admin::tls(files).await;
    loaded.map(Some).map_err(|error| Failure::Said(format!("admin.tls: {error}")))
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
