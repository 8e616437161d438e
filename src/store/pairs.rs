//! Which pairs share the store, and how they are.

use super::{
    Store, StoreError,
    row::{self, Columns},
};
use serde_json::Value;
use std::time::SystemTime;

/// A pair that was heard of lately.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// What tells it from others.
    pub id: String,
    /// What it told of itself, JSON.
    pub status: Value,
    /// When it was heard of last.
    pub seen_at: SystemTime,
}

impl Store {
    /// Tells that the pair `id` is alive, and how it is. That is no change.
    ///
    /// # Errors
    /// `Away`.
    pub async fn beat(&self, id: &str, status: &Value) -> Result<(), StoreError> {
        let now = self.now();
        let mut link = self.write().await?;
        let oldest = now.saturating_sub(row::span(self.settings().pairs_kept));
        link.run(sqlx::query("DELETE FROM pairs WHERE seen_at < $1").bind(oldest)).await?;
        let beat = sqlx::query(
            "INSERT INTO pairs (id, status, seen_at) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET status = excluded.status, seen_at = excluded.seen_at",
        );
        link.run(beat.bind(id).bind(row::json(status)?).bind(now)).await?;
        link.commit().await
    }

    /// The pairs that were heard of within `Settings::pairs_kept`, by their ids.
    ///
    /// # Errors
    /// `Away`.
    pub async fn pairs(&self) -> Result<Vec<Pair>, StoreError> {
        let oldest = self.now().saturating_sub(row::span(self.settings().pairs_kept));
        let pairs = sqlx::query("SELECT id, status, seen_at FROM pairs WHERE seen_at >= $1 ORDER BY id");
        let rows = self.glance().await?.all(pairs.bind(oldest)).await?;
        let pairs = rows.iter().map(|row| {
            Ok(Pair { id: row.text("id")?, status: row.json("status")?, seen_at: row.time("seen_at")? })
        });
        pairs.collect()
    }
}
