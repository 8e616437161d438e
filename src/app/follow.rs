//! `attache.yaml` and the routes folder, followed as they change: built anew, swapped whole, or kept with a complaint.

use super::{Failure, keep::Kept, now, read};
use crate::{
    admin::Office,
    config::Config,
    exchange::{Live, World},
    snapshot::{Snapshot, Sources, build},
    store::{Folder, Published},
    telemetry::Telemetry,
};
use notify::{
    Event, EventKind, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use std::{
    fs, iter,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    sync::{Mutex, mpsc},
    time::{Instant, timeout},
};

/// Writers write in steps: the change counts when nothing more has come for this long.
const QUIET: Duration = Duration::from_millis(20);
/// How long a folder is given to come to rest.
const RESTLESS: Duration = Duration::from_millis(500);
/// How often attache.yaml and the files that it names are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Everything is read anew this often all the same: some file systems tell nothing.
const ANYWAY: Duration = Duration::from_secs(5);

/// Makes worlds of files.
#[derive(Debug)]
pub(super) struct Publisher {
    path: PathBuf,
    config: Mutex<Config>,
    kept: Mutex<Kept>,
    world: Arc<World>,
    office: Arc<Office>,
    telemetry: Arc<Telemetry>,
}

impl Publisher {
    pub(super) fn new(
        path: PathBuf,
        config: Config,
        world: Arc<World>,
        office: Arc<Office>,
        telemetry: Arc<Telemetry>,
    ) -> Arc<Self> {
        Arc::new(Self { path, config: Mutex::new(config), kept: Mutex::default(), world, office, telemetry })
    }

    /// Publishes what stands there now, and from then on what changes, until the watcher is dropped.
    pub(super) async fn follow(self: Arc<Self>) -> Result<Box<dyn Watcher + Send>, Failure> {
        let (changed, mut changes) = mpsc::channel::<()>(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // a full channel already says that something changed
            if event.is_ok_and(|event| only_looked(event.kind)) || changed.try_send(()).is_err() {}
        })
        .map_err(|error| Failure::Said(format!("files can not be followed: {error}")))?;
        self.publish().await.map_err(Failure::Said)?;
        // not the folder of attache.yaml: logs and sockets may lie there too, and every write would wake us
        if let Some(folder) = self.config.lock().await.routes.clone()
            && let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive)
        {
            tracing::warn!(folder = %folder.display(), %error, "changes here are seen only every few seconds");
        }
        drop(tokio::spawn(async move {
            let mut seen = self.stamps().await;
            let mut last = Instant::now();
            loop {
                let told = timeout(LOOK, changes.recv()).await;
                if matches!(told, Ok(None)) {
                    return;
                }
                let quiet = async { while let Ok(Some(())) = timeout(QUIET, changes.recv()).await {} };
                if told.is_ok() {
                    // a folder that never rests is read all the same
                    timeout(RESTLESS, quiet).await.unwrap_or_default();
                }
                let stamps = self.stamps().await;
                if told.is_ok() || stamps != seen || last.elapsed() > ANYWAY {
                    (seen, last) = (stamps, Instant::now());
                    self.refresh().await;
                }
            }
        }));
        Ok(Box::new(watcher))
    }

    /// What tells one state of attache.yaml, and of the files that it names, from the next without reading them.
    async fn stamps(&self) -> Vec<Option<Stamp>> {
        let config = self.config.lock().await;
        iter::once(&self.path).chain(&config.files).map(|path| stamp(path)).collect()
    }

    /// Reads the configuration again, then publishes. What can not be read is told once; until it is mended, the last
    /// good world stays.
    async fn refresh(&self) {
        let mut mistakes = match read(&self.path) {
            Ok((config, _)) => {
                *self.config.lock().await = config;
                Vec::new()
            }
            Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
        };
        mistakes.extend(self.publish().await.err());
        let file = self.path.display();
        match self.office.complain(mistakes.clone()) {
            true if mistakes.is_empty() => tracing::info!(%file, "mended; the configuration is live"),
            true => tracing::error!(%file, ?mistakes, "broken; the last good configuration stays"),
            false => {}
        }
    }

    /// Builds the world from the files as they are, and swaps it in where it differs from the live one.
    async fn publish(&self) -> Result<(), String> {
        let mut config = self.config.lock().await.clone();
        let mut kept = self.kept.lock().await;
        kept.adopt(&mut config.providers).await;
        let live = Arc::clone(&self.world.live());
        let documents = config.routes.clone().map(|folder| Folder::new(folder).read()).transpose();
        let documents = documents.map_err(|error| format!("routes: {error}"))?.unwrap_or_default();
        let sources = Sources {
            documents: &documents,
            published: &Published::default(),
            keys: &config.keys,
            providers: &config.providers,
            prices: &config.prices,
        };
        let snapshot = build(&sources, &live.snapshot, now());
        kept.only(&config.providers);
        if same(&snapshot, &live.snapshot) && config.exchange == live.settings {
            return Ok(());
        }
        tell(&snapshot, &live.snapshot);
        self.telemetry.snapshot(&snapshot.version, snapshot.built_at);
        self.world.publish(Live { snapshot: Arc::new(snapshot), settings: config.exchange });
        Ok(())
    }
}

/// When a file was changed, how large it is, and which it is.
type Stamp = (SystemTime, u64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len(), file.ino()))
}

/// Whether somebody has only read, as we do ourselves each time.
fn only_looked(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
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
