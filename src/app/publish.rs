//! The world, built anew of files and store whenever one of them changes, and swapped whole.

use super::{
    Failure,
    aside::{Aside, Pace},
    disk::Keeper,
    keep::Kept,
    now, open_store,
};
use crate::{
    admin::{Notices, Publish},
    config::Config,
    exchange::{Live, World},
    session::Key,
    snapshot::{Snapshot, Sources, build},
    store::{Document, Folder, Published, Store},
    telemetry::Telemetry,
};
use futures_util::future::BoxFuture;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Mutex;

/// Makes worlds of `attache.yaml`, the routes folder and the store.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) config: Mutex<Config>,
    pub(super) store: Store,
    pub(super) notices: Arc<Notices>,
    world: Arc<World>,
    telemetry: Arc<Telemetry>,
    /// What the store said last.
    stored: Mutex<Arc<Published>>,
    building: Mutex<Building>,
    keeper: Keeper,
    aside: Aside,
}

/// What one build leaves for the next.
#[derive(Debug, Default)]
struct Building {
    kept: Kept,
    /// The folder's documents, as they could be read last.
    documents: Arc<[Document]>,
}

/// What a publisher works with.
#[derive(Clone)]
pub(super) struct Hands {
    pub(super) store: Store,
    pub(super) notices: Arc<Notices>,
    pub(super) world: Arc<World>,
    pub(super) telemetry: Arc<Telemetry>,
}

impl Hands {
    pub(super) fn new(
        config: &Config,
        world: &Arc<World>,
        telemetry: &Arc<Telemetry>,
    ) -> Result<Self, Failure> {
        let store = open_store(config)?;
        let (world, telemetry) = (Arc::clone(world), Arc::clone(telemetry));
        Ok(Self { store, notices: Arc::default(), world, telemetry })
    }
}

impl Publisher {
    pub(super) fn new(config: Config, hands: Hands) -> Result<Arc<Self>, Failure> {
        let Hands { store, notices, world, telemetry } = hands;
        let (keeper, aside) = (Keeper::new(config.last_good.clone())?, Aside::start(Pace::Soon)?);
        let (stored, building) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(Self {
            config: Mutex::new(config),
            store,
            notices,
            world,
            telemetry,
            stored,
            building,
            keeper,
            aside,
        }))
    }

    /// The first world: of the store, or of what is on disk while that is away.
    pub(super) async fn begin(&self) -> Result<(), String> {
        if !self.read_store().await {
            self.read_disk().await;
        }
        self.build().await
    }

    /// Takes what a process before this one has kept.
    async fn read_disk(&self) {
        let file = self.keeper.file().display();
        match self.keeper.find() {
            Ok(found) => {
                tracing::warn!(%file, change = found.change, "the last good state of the store is served");
                self.notices.from_disk(found.change);
                *self.stored.lock().await = Arc::new(found);
            }
            Err(error) => {
                tracing::error!(%file, %error, "no last good state of the store; only the routes folder is served");
            }
        }
    }

    /// Reads the store where it has changed; tells whether it could be reached.
    pub(super) async fn read_store(&self) -> bool {
        let mut stored = self.stored.lock().await;
        let read = async {
            let change = self.store.change().await?;
            if change == stored.change && self.notices.standing().away.is_none() && change > 0 {
                return Ok(None);
            }
            self.store.published(&stored).await.map(Some)
        };
        match read.await {
            Ok(None) => true,
            Ok(Some(published)) => {
                let ended = published.ended.iter().filter_map(|id| Key::of_hex(id));
                ended.for_each(|id| self.world.end_session(id));
                self.notices.here(published.change);
                self.telemetry.store(true);
                *stored = Arc::new(published);
                self.keeper.keep(&stored);
                true
            }
            Err(error) => {
                if self.notices.away(error.to_string(), now()) {
                    tracing::error!(%error, "the store is away; what was read last is served on");
                }
                self.telemetry.store(false);
                false
            }
        }
    }

    /// Builds the world of what is there now, and swaps it in where it differs from the live one.
    pub(super) async fn build(&self) -> Result<(), String> {
        let mut building = self.building.lock().await;
        let mut config = self.config.lock().await.clone();
        let stored = Arc::clone(&*self.stored.lock().await);
        building.kept.adopt(&mut config.providers).await;
        let read = building.read(config.routes.clone());
        building.kept.only(&config.providers);
        let (world, telemetry) = (Arc::clone(&self.world), Arc::clone(&self.telemetry));
        let documents = Arc::clone(&building.documents);
        let swapped = self.aside.run(move || swap(&world, &telemetry, config, &documents, &stored)).await;
        swapped.ok_or("the world could not be built; the last one stays")?;
        read
    }
}

impl Building {
    /// Reads the folder. What can not be read leaves the documents that there were.
    fn read(&mut self, folder: Option<PathBuf>) -> Result<(), String> {
        let read = folder.map(|folder| Folder::new(folder).read()).transpose();
        self.documents = read.map_err(|error| format!("routes: {error}"))?.unwrap_or_default().into();
        Ok(())
    }
}

impl Publish for Publisher {
    fn publish(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.read_store().await;
            if let Err(error) = self.build().await {
                tracing::warn!(%error, "the routes folder can not be read; its last documents stay");
            }
        })
    }
}

/// Builds the world of these, and swaps it in where it differs from the live one.
fn swap(world: &World, telemetry: &Telemetry, config: Config, documents: &[Document], published: &Published) {
    let live = Arc::clone(&world.live());
    let Config { keys, providers, prices, exchange, .. } = config;
    let sources = Sources { documents, published, keys: &keys, providers: &providers, prices: &prices };
    let snapshot = build(&sources, &live.snapshot, now());
    if !same(&snapshot, &live.snapshot) || exchange != live.settings {
        tell(&snapshot, &live.snapshot);
        telemetry.snapshot(&snapshot.version, snapshot.built_at);
        world.publish(Live { snapshot: Arc::new(snapshot), settings: exchange });
    }
}

/// Whether nothing that a request could notice is different.
fn same(new: &Snapshot, old: &Snapshot) -> bool {
    new.version == old.version
        && new.problems == old.problems
        && new.not_live == old.not_live
        && new.providers == old.providers
        && new.prices == old.prices
}

fn tell(new: &Snapshot, old: &Snapshot) {
    for problem in new.problems.iter().filter(|p| !old.problems.contains(p)) {
        tracing::error!(
            source = problem.source, route = problem.route, key = problem.key, kept_version = problem.kept,
            mistakes = ?problem.mistakes, "{} is broken", if problem.key.is_some() { "a key" } else { "a route" }
        );
    }
    tracing::info!(
        version = new.version,
        routes = new.routes.len(),
        problems = new.problems.len(),
        "routes are live"
    );
}
