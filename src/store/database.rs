//! The database: connected and brought up to date at its first use, and never waited for longer than is set.

use super::{
    Settings, StoreError,
    link::{Link, Patience},
    row, schema,
    url::{self, Engine},
};
use sqlx::{
    AnyPool,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
};
use std::{fmt, sync::Arc, time::SystemTime};
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, timeout_at},
};

/// Where routes, versions, deployments, keys, tokens and the audit log are kept: SQLite or PostgreSQL. Cheap to clone.
///
/// Every operation has a deadline. What is written is committed, with its line in the audit log, before the operation ends.
#[derive(Clone)]
pub struct Store(Arc<Database>);

struct Database {
    engine: Engine,
    options: AnyConnectOptions,
    settings: Settings,
    clock: fn() -> SystemTime,
    pool: OnceCell<AnyPool>,
    ready: OnceCell<()>,
    /// One write at a time: the engines would line them up anyway, less fairly, and each with a connection in its hand.
    turn: Arc<Mutex<()>>,
}

impl Store {
    /// The store at `url` (`sqlite:PATH`, `postgres://...`), which is neither looked for nor connected before its first use.
    ///
    /// # Errors
    /// What is wrong with the URL; its password is not repeated.
    pub fn new(url: &str, clock: fn() -> SystemTime) -> Result<Self, String> {
        Self::with(url, clock, Settings::default())
    }

    /// As `new`, with settings.
    ///
    /// # Errors
    /// As `new`.
    pub fn with(url: &str, clock: fn() -> SystemTime, settings: Settings) -> Result<Self, String> {
        let (engine, options) = url::parse(url)?;
        let (pool, ready, turn) = (OnceCell::new(), OnceCell::new(), Arc::default());
        Ok(Self(Arc::new(Database { engine, options, settings, clock, pool, ready, turn })))
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn engine(&self) -> Engine {
        self.0.engine
    }

    pub(super) fn options(&self) -> &AnyConnectOptions {
        &self.0.options
    }

    /// What time it is, in milliseconds since the epoch.
    pub(super) fn now(&self) -> i64 {
        row::millis((self.0.clock)())
    }

    /// A connection for a single statement that reads.
    pub(super) async fn glance(&self) -> Result<Link, StoreError> {
        let patience = Patience::Until(self.deadline());
        self.prepare(patience).await?;
        self.connect(patience).await
    }

    /// A transaction that sees one state of everything.
    pub(super) async fn read(&self) -> Result<Link, StoreError> {
        self.reading(Patience::Until(self.deadline())).await
    }

    /// As `read`, for something that may take longer.
    pub(super) async fn reading(&self, patience: Patience) -> Result<Link, StoreError> {
        self.prepare(patience).await?;
        let mut link = self.connect(patience).await?;
        link.begin(self.engine().begin_read()).await?;
        Ok(link)
    }

    /// A transaction that is the only one to write.
    pub(super) async fn write(&self) -> Result<Link, StoreError> {
        self.writing(Patience::Until(self.deadline())).await
    }

    /// As `write`, for something that may take longer.
    pub(super) async fn writing(&self, patience: Patience) -> Result<Link, StoreError> {
        self.prepare(patience).await?;
        let turn = timeout_at(patience.end(), self.0.turn.clone().lock_owned()).await?;
        let mut link = self.connect(patience).await?;
        link.hold(turn);
        let most = matches!(patience, Patience::Until(_)).then_some(self.settings().deadline);
        link.begin(self.engine().begin_write(most)).await?;
        Ok(link)
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.settings().deadline
    }

    /// Brings the tables up to date, once in this process.
    async fn prepare(&self, patience: Patience) -> Result<(), StoreError> {
        let ready = self.0.ready.get_or_try_init(async || {
            if self.engine() == Engine::Sqlite {
                url::make_private(self.options()).await?;
            }
            schema::migrate(self.connect(patience).await?, self.engine()).await
        });
        timeout_at(patience.end(), ready).await?.map(drop)
    }

    async fn connect(&self, patience: Patience) -> Result<Link, StoreError> {
        let pool = self.0.pool.get_or_init(async || self.pool()).await;
        let connection = timeout_at(patience.end(), pool.acquire()).await??;
        Ok(Link::new(connection, patience))
    }

    fn pool(&self) -> AnyPool {
        install_default_drivers();
        AnyPoolOptions::new()
            .max_connections(self.settings().connections)
            .acquire_timeout(self.settings().connect_timeout)
            .connect_lazy_with(self.0.options.clone())
    }
}

impl fmt::Debug for Store {
    /// Without the URL, for its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.0.engine).finish_non_exhaustive()
    }
}
