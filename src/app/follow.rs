//! `attache.yaml` and the routes folder, followed as they change: built anew, swapped whole, or kept with a complaint.

use super::{Failure, publish::Publisher, read};
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
    sync::mpsc,
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

/// Publishes what changes in files from now on, until the watcher is dropped.
pub(super) async fn files(
    path: PathBuf,
    publisher: Arc<Publisher>,
) -> Result<Box<dyn Watcher + Send>, Failure> {
    Arc::new(Follower { path, publisher }).follow().await
}

/// Follows the files that the world is made of.
#[derive(Debug)]
struct Follower {
    path: PathBuf,
    publisher: Arc<Publisher>,
}

impl Follower {
    async fn follow(self: Arc<Self>) -> Result<Box<dyn Watcher + Send>, Failure> {
        let (changed, mut changes) = mpsc::channel::<()>(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // a full channel already says that something changed
            if event.is_ok_and(|event| only_looked(event.kind)) || changed.try_send(()).is_err() {}
        })
        .map_err(|error| Failure::Said(format!("files can not be followed: {error}")))?;
        // not the folder of attache.yaml: logs and sockets may lie there too, and every write would wake us
        if let Some(folder) = self.publisher.config.lock().await.routes.clone()
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
        let config = self.publisher.config.lock().await;
        iter::once(&self.path).chain(&config.files).map(|path| stamp(path)).collect()
    }

    /// Reads the configuration again, then publishes. What can not be read is told once; until it is mended, the last
    /// good world stays.
    async fn refresh(&self) {
        let mut mistakes = match read(&self.path) {
            Ok((config, _)) => {
                *self.publisher.config.lock().await = config;
                Vec::new()
            }
            Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
        };
        mistakes.extend(self.publisher.build().await.err());
        let file = self.path.display();
        match self.publisher.notices.complain(mistakes.clone()) {
            true if mistakes.is_empty() => tracing::info!(%file, "mended; the configuration is live"),
            true => tracing::error!(%file, ?mistakes, "broken; the last good configuration stays"),
            false => {}
        }
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
