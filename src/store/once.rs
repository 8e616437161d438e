//! Idempotency keys: what was made with one, so that it is not made again.

use super::{
    Store, StoreError,
    change::{self, Change},
    row::{self, Columns},
};

/// What a creation made.
pub(super) struct Made {
    pub(super) id: String,
    /// The number of a version; 0 for other things.
    pub(super) number: u32,
}

impl Store {
    /// What the same creation made before; `None` if it is the first.
    pub(super) async fn made_before(
        &self,
        change: &mut Change<'_>,
        kind: &str,
    ) -> Result<Option<Made>, StoreError> {
        let Some(once) = change.write.only_once() else { return Ok(None) };
        let oldest = change.now.saturating_sub(row::span(self.settings().once_kept));
        change.run(sqlx::query("DELETE FROM once WHERE at < $1").bind(oldest)).await?;
        let before =
            sqlx::query("SELECT request_hash, kind, id, number FROM once WHERE actor = $1 AND once_key = $2");
        let before = before.bind(&*change.write.actor().id).bind(&*once.key);
        let Some(row) = change.maybe(before).await? else { return Ok(None) };
        if row.text("request_hash")? != once.request_hash || row.text("kind")? != kind {
            return Err(StoreError::Reused(once.key.clone()));
        }
        Ok(Some(Made { id: row.text("id")?, number: row.number("number")? }))
    }
}

impl Change<'_> {
    /// Remembers what the creation made.
    pub(super) async fn remember(&mut self, kind: &str, made: &Made) -> Result<(), StoreError> {
        let Some(once) = self.write.only_once() else { return Ok(()) };
        change::plain("an idempotency key", &once.key)?;
        let remember = sqlx::query(
            "INSERT INTO once (actor, once_key, request_hash, kind, id, number, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let remember = remember.bind(&*self.write.actor().id).bind(&*once.key).bind(&*once.request_hash);
        let remember = remember.bind(kind).bind(&*made.id).bind(i64::from(made.number)).bind(self.now);
        self.run(remember).await.map(drop)
    }
}
