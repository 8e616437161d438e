//! The counters of pairs that count by themselves, so that a restart forgets nothing.

use super::{
    Store, StoreError,
    row::{self, Columns},
};
use std::time::Duration;

/// How many rows are written in one transaction.
const CHUNK: usize = 500;

/// A counter of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterRow<'a> {
    /// Which it is.
    pub id: &'a str,
    /// What it holds; nothing where it is to be forgotten.
    pub data: Option<&'a str>,
    /// Until when it is of use, since the Unix epoch.
    pub until: Duration,
}

impl Store {
    /// Keeps counters of a pair. That is no change.
    ///
    /// # Errors
    /// `Away`: some may be kept, and some not.
    pub async fn keep_counters(&self, pair: &str, rows: &[CounterRow<'_>]) -> Result<(), StoreError> {
        for rows in rows.chunks(CHUNK) {
            let mut link = self.write().await?;
            let old = sqlx::query("DELETE FROM counters WHERE until < $1").bind(self.now());
            link.run(old).await?;
            for CounterRow { id, data, until } in rows {
                let Some(data) = data else {
                    let gone = sqlx::query("DELETE FROM counters WHERE pair = $1 AND id = $2");
                    link.run(gone.bind(pair).bind(*id)).await?;
                    continue;
                };
                let keep = sqlx::query(
                    "INSERT INTO counters (pair, id, data, until) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (pair, id) DO UPDATE SET data = excluded.data, until = excluded.until",
                );
                link.run(keep.bind(pair).bind(*id).bind(*data).bind(row::span(*until))).await?;
            }
            link.commit().await?;
        }
        Ok(())
    }

    /// The counters of a pair that are of use yet: which, and what they hold.
    ///
    /// # Errors
    /// `Away`.
    pub async fn counters(&self, pair: &str) -> Result<Vec<(String, String)>, StoreError> {
        let ask = sqlx::query("SELECT id, data FROM counters WHERE pair = $1 AND until >= $2");
        let rows = self.read().await?.all(ask.bind(pair).bind(self.now())).await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.text("data")?))).collect()
    }
}
