//! Hearing of changes as they happen, where the database tells.

use super::{Store, change::CHANNEL, url::Engine};
use sqlx::{
    any::AnyConnectOptions,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{sleep, timeout},
};

/// How long after a lost connection another one is tried.
const PAUSE: Duration = Duration::from_millis(500);
/// How long silence is taken for silence; then it is asked whether the connection still stands.
const QUIET: Duration = Duration::from_secs(30);

/// Tells when something may have changed. It can miss a change while the database is away, so `Store::change` is to be
/// asked now and then as well.
#[derive(Debug)]
pub struct Watch {
    signal: watch::Receiver<()>,
    listening: Option<Listening>,
}

/// Ends the task with its owner.
#[derive(Debug)]
struct Listening(AbortHandle);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Store {
    /// Begins to listen: on PostgreSQL to its notifications; SQLite has none. To be called within a runtime.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let (tell, signal) = watch::channel(());
        let listening = (self.engine() == Engine::Postgres).then(|| {
            let (options, connect) = (self.options().clone(), self.settings().connect_timeout);
            Listening(tokio::spawn(listen(options, connect, tell)).abort_handle())
        });
        Watch { signal, listening }
    }
}

impl Watch {
    /// Waits until something may have changed since the last call; on SQLite for ever. Safe to be given up and called again.
    pub async fn changed(&mut self) {
        if self.listening.is_none() || self.signal.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn listen(options: AnyConnectOptions, connect: Duration, tell: watch::Sender<()>) {
    loop {
        if let Ok(mut listener) = listener(&options, connect).await {
            // while nobody listened something may have happened
            tell.send_replace(());
            while hear(&mut listener, connect).await.is_ok() {
                tell.send_replace(());
            }
        }
        sleep(PAUSE).await;
    }
}

async fn listener(options: &AnyConnectOptions, connect: Duration) -> Result<PgListener, sqlx::Error> {
    let options = PgConnectOptions::from_str(options.database_url.as_str())?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(connect)
        .idle_timeout(None)
        .max_lifetime(None);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options)).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Waits for a notification; an error if the connection is lost.
async fn hear(listener: &mut PgListener, connect: Duration) -> Result<(), sqlx::Error> {
    listener.eager_reconnect(false);
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(_))) => return Ok(()),
            Ok(Ok(None)) => return Err(sqlx::Error::PoolClosed),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let asked = timeout(connect, sqlx::query("SELECT 1").execute(&mut *listener)).await;
                asked.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
            }
        }
    }
}
