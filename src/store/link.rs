//! One connection while an operation uses it: every step has a deadline, and nothing half done is left behind.

use super::StoreError;
use futures_util::{TryStreamExt, stream::BoxStream};
use sqlx::{
    Any, AnyConnection, AssertSqlSafe,
    any::{AnyArguments, AnyRow},
    pool::PoolConnection,
    query::Query,
};
use std::time::Duration;
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, error::Elapsed, sleep, timeout, timeout_at},
};

/// How long a connection may take to undo what was begun before it is given up.
const UNDO: Duration = Duration::from_secs(2);

/// How long the last step of something large may take.
const COMMIT_OF_MUCH: Duration = Duration::from_secs(10 * 60);

/// How long a busy file is left alone.
const AGAIN: Duration = Duration::from_millis(10);

const SQLITE_BUSY: u32 = 5;

/// A statement with its values.
pub(super) type Ask<'q> = Query<'q, Any, AnyArguments>;

/// Until when something has to be done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// An operation as a whole.
    Until(Instant),
    /// Each of its steps.
    Each(Duration),
}

impl Patience {
    pub(super) fn end(self) -> Instant {
        match self {
            Self::Until(end) => end,
            Self::Each(step) => Instant::now() + step,
        }
    }
}

/// A connection. Dropped between `begin` and `commit`, it undoes everything.
pub(super) struct Link {
    connection: Option<PoolConnection<Any>>,
    patience: Patience,
    /// A statement was sent and its answer has not come; nobody knows what the connection would say next.
    cut: bool,
    /// In a transaction.
    begun: bool,
    /// Whose turn it is to write.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Link {
    pub(super) fn new(connection: PoolConnection<Any>, patience: Patience) -> Self {
        Self { connection: Some(connection), patience, cut: false, begun: false, turn: None }
    }

    /// Keeps the turn to write for as long as this lives.
    pub(super) fn hold(&mut self, turn: OwnedMutexGuard<()>) {
        self.turn = Some(turn);
    }

    /// Begins a transaction, in these words.
    pub(super) async fn begin(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        self.begun = true;
        self.script(sql).await
    }

    /// Runs statements without values, which may be several.
    pub(super) async fn script(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        let (connection, end) = self.step()?;
        let answer = timeout_at(end, script.execute(connection)).await;
        self.answered(answer).map(drop)
    }

    /// As `script`, again and again while SQLite's file is another's: not every statement waits for it by itself.
    pub(super) async fn insist(&mut self, sql: &'static str) -> Result<(), StoreError> {
        loop {
            let (connection, end) = self.step()?;
            let answer = timeout_at(end, sqlx::raw_sql(sql).execute(connection)).await;
            if !matches!(&answer, Ok(Err(error)) if is_busy(error)) {
                return self.answered(answer).map(drop);
            }
            sleep(AGAIN).await;
        }
    }

    /// Runs a statement; tells how many rows it touched.
    pub(super) async fn run(&mut self, ask: Ask<'_>) -> Result<u64, StoreError> {
        let (connection, end) = self.step()?;
        let answer = timeout_at(end, ask.execute(connection)).await;
        self.answered(answer).map(|done| done.rows_affected())
    }

    /// The first row.
    pub(super) async fn maybe(&mut self, ask: Ask<'_>) -> Result<Option<AnyRow>, StoreError> {
        let (connection, end) = self.step()?;
        let answer = timeout_at(end, ask.fetch_optional(connection)).await;
        self.answered(answer)
    }

    /// The first row, where there always is one.
    pub(super) async fn one(&mut self, ask: Ask<'_>) -> Result<AnyRow, StoreError> {
        self.maybe(ask).await?.ok_or_else(|| StoreError::from(sqlx::Error::RowNotFound))
    }

    /// All rows.
    pub(super) async fn all(&mut self, ask: Ask<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let (connection, end) = self.step()?;
        let answer = timeout_at(end, ask.fetch(connection).try_collect()).await;
        self.answered(answer)
    }

    /// Rows as they come; `settled` is to be called after the last one.
    pub(super) fn rows<'l>(
        &'l mut self,
        ask: Ask<'l>,
    ) -> Result<BoxStream<'l, Result<AnyRow, sqlx::Error>>, StoreError> {
        let (connection, _) = self.step()?;
        Ok(ask.fetch(connection))
    }

    /// All rows have come.
    pub(super) fn settled(&mut self) {
        self.cut = false;
    }

    /// Makes it last.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if let Patience::Each(_) = self.patience {
            // all that was written comes to the disk now, and nobody sees how it gets on
            self.patience = Patience::Each(COMMIT_OF_MUCH);
        }
        self.script("COMMIT").await?;
        self.begun = false;
        Ok(())
    }

    fn step(&mut self) -> Result<(&mut AnyConnection, Instant), StoreError> {
        let end = self.patience.end();
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        self.cut = true;
        Ok((&mut **connection, end))
    }

    fn answered<T>(&mut self, answer: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, StoreError> {
        let answer = answer?;
        // a connection that complains may be one to a file that is no more: the next operation gets a new one
        self.cut = answer.is_err();
        Ok(answer?)
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    // the lowest byte is the kind, those above it say more
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.cut {
            connection.close_on_drop();
        }
        if self.cut || !self.begun {
            return;
        }
        let turn = self.turn.take();
        tokio::spawn(async move {
            let undone = timeout(UNDO, sqlx::raw_sql("ROLLBACK").execute(&mut *connection)).await;
            if !matches!(undone, Ok(Ok(_))) {
                connection.close_on_drop();
            }
            drop((connection, turn));
        });
    }
}
