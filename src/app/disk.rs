//! The last good state of the store, kept in a file: a pair starts and serves by it while the store is away.

use super::aside::{Aside, Pace};
use crate::store::Published;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, time::sleep};

/// Only the process itself: there are hashes of clients' tokens in it.
const MODE: u32 = 0o600;

/// How long after one the next state is written: of many deployments in a row, only the last is worth it.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes what it is given to its file, the newest whole, in the background.
#[derive(Debug)]
pub(super) struct Keeper {
    file: PathBuf,
    newest: watch::Sender<Arc<Published>>,
}

impl Keeper {
    pub(super) fn new(file: PathBuf) -> io::Result<Self> {
        let aside = Aside::start(Pace::Leisure)?;
        let (newest, mut news) = watch::channel(Arc::<Published>::default());
        let path = file.clone();
        drop(tokio::spawn(async move {
            while news.changed().await.is_ok() {
                let published = Arc::clone(&news.borrow_and_update());
                let path = path.clone();
                if let Some(Err(error)) = aside.run(move || write(&path, &published)).await {
                    tracing::warn!(%error, "the last good state can not be kept on disk; without the store a restart would serve nothing of it");
                }
                sleep(PAUSE).await;
            }
        }));
        Ok(Self { file, newest })
    }

    pub(super) fn keep(&self, published: &Arc<Published>) {
        self.newest.send_replace(Arc::clone(published));
    }

    /// What was kept by this process or one before it.
    pub(super) fn find(&self) -> io::Result<Published> {
        Ok(serde_json::from_slice(&fs::read(&self.file)?)?)
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

/// All or nothing: a file beside it is written and takes its place.
fn write(path: &Path, published: &Published) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&beside)?;
    file.write_all(&serde_json::to_vec(published)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_kept_is_found_and_nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("good.json");
        let keeper = Keeper::new(path.clone()).unwrap();
        assert!(keeper.find().is_err());
        let published = Published { change: 7, ..Published::default() };
        write(&path, &published).unwrap();
        assert_eq!(keeper.find().unwrap(), published);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        fs::write(&path, "{").unwrap();
        assert!(keeper.find().is_err());
    }
}
