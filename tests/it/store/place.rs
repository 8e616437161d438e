//! A place for a store, empty, gone with the test; and what the tests of stores say in few words.

use crate::house::Postgres;
use attache::store::{Actor, Draft, Page, Route, Store, Version, Write};
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

/// The server of all tests that do not harm it.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| Postgres::start("fsync = off"));

/// A URL under which a store can be opened as often as wanted.
pub(crate) struct Place {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

impl Place {
    /// A file of SQLite.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}/attache.db", folder.path().display()), _folder: Some(folder) }
    }

    /// A database of PostgreSQL.
    pub(crate) async fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("place_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&SERVER.url("postgres")).await.unwrap();
        raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Self { url: SERVER.url(&name), _folder: None }
    }

    /// Another one of the same engine.
    pub(crate) async fn another(&self) -> Self {
        match self.url.starts_with("sqlite") {
            true => Self::sqlite(),
            false => Self::postgres().await,
        }
    }

    /// A store here, with a clock that stands still.
    pub(crate) fn store(&self) -> Store {
        self.store_at(now)
    }

    /// A store here, with another clock.
    pub(crate) fn store_at(&self, clock: fn() -> SystemTime) -> Store {
        Store::new(&self.url, clock).unwrap()
    }
}

/// A time that is no multiple of anything but milliseconds.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)
}

/// An hour later.
pub(crate) fn later() -> SystemTime {
    now() + Duration::from_secs(60 * 60)
}

/// When everything that is kept for a while is gone.
pub(crate) fn much_later() -> SystemTime {
    now() + Duration::from_secs(401 * 24 * 60 * 60)
}

static ANN: LazyLock<Actor> = LazyLock::new(|| Actor { id: "a".repeat(32), name: "ann".into() });
static BOB: LazyLock<Actor> = LazyLock::new(|| Actor { id: "b".repeat(32), name: "bob".into() });

/// A write by Ann.
pub(crate) fn ann() -> Write<'static> {
    Write::by(&ANN)
}

/// A write by Bob.
pub(crate) fn bob() -> Write<'static> {
    Write::by(&BOB)
}

/// A draft that can be deployed, told from others by a word.
pub(crate) fn draft(word: &str) -> Draft {
    Draft { elements: format!(r#"[{{"id":"{word}"}}]"#), valid: true, comment: Some(format!("why {word}")) }
}

/// The first page, with room for all.
pub(crate) const ALL: Page = Page { page: 1, per_page: 1000 };

/// A route with versions 1 and 2, the first one live.
pub(crate) async fn route(store: &Store, name: &str) -> (Route, Version) {
    let (route, _) = store.create_route(ann(), name, &draft("one"), true).await.unwrap();
    store.create_version(ann(), &route.id, &draft("two")).await.unwrap()
}
