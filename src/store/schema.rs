//! The tables, and how they came about: an ordered list of steps, each taken once, whichever process comes first.

use super::{StoreError, link::Link, row::Columns, url::Engine};
use std::time::Duration;

/// The steps; each is one SQL text for both engines. A step that was released is never changed.
const STEPS: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// The steps that this Attaché knows.
pub(super) const NEWEST: usize = STEPS.len();

/// Takes the steps that are missing, all or none.
pub(super) async fn migrate(mut link: Link, engine: Engine) -> Result<(), StoreError> {
    if engine == Engine::Sqlite {
        // readers and a writer beside each other; kept in the file
        link.insist("PRAGMA journal_mode = WAL").await?;
    }
    link.begin(engine.begin_schema()).await?;
    link.script("CREATE TABLE IF NOT EXISTS schema_steps (taken BIGINT NOT NULL)").await?;
    let taken = link.one(sqlx::query("SELECT COUNT(*) AS taken FROM schema_steps")).await?;
    let taken: usize = taken.number("taken")?;
    if taken > NEWEST {
        let newer = format!(
            "the store was made by a newer Attaché: its tables are at step {taken}, this one knows {NEWEST}"
        );
        return Err(StoreError::Refused(newer));
    }
    for (step, sql) in STEPS.iter().enumerate().skip(taken) {
        link.script(engine.spell(sql)).await?;
        link.run(sqlx::query("INSERT INTO schema_steps (taken) VALUES ($1)").bind(row_number(step))).await?;
    }
    link.commit().await
}

fn row_number(step: usize) -> i64 {
    i64::try_from(step + 1).unwrap_or(i64::MAX)
}

impl Engine {
    /// How a transaction begins that only reads.
    pub(super) fn begin_read(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }

    /// How a transaction begins that writes. Where it may take `most` it must not keep others waiting for longer, though its
    /// writer be heard of no more.
    pub(super) fn begin_write(self, most: Option<Duration>) -> String {
        match (self, most.map(|most| most.as_millis())) {
            (Self::Sqlite, _) => "BEGIN IMMEDIATE".into(),
            (Self::Postgres, None) => "BEGIN".into(),
            (Self::Postgres, Some(most)) => format!(
                "BEGIN; SET LOCAL idle_in_transaction_session_timeout = {most}; SET LOCAL statement_timeout = {most}"
            ),
        }
    }

    /// How a transaction begins that looks after the tables: one process at a time.
    fn begin_schema(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => {
                // what is there already is no news
                "BEGIN; SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(4702394921427289928)"
            }
        }
    }

    /// A step in this engine's words: PostgreSQL too compares texts by their bytes, not by a country's rules.
    fn spell(self, sql: &str) -> String {
        match self {
            Self::Sqlite => sql.to_owned(),
            Self::Postgres => sql.replace(" TEXT", " TEXT COLLATE \"C\""),
        }
    }
}
