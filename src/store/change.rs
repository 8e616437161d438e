//! One change: whatever it touches, its number and its line in the audit log are committed together.

use super::{
    Store, StoreError, Write,
    link::{Ask, Link},
    row::{self, Columns},
    url::Engine,
};
use serde_json::Value;
use sqlx::any::AnyRow;

/// The channel on which PostgreSQL tells of changes.
pub(super) const CHANNEL: &str = "attache_change";

/// A change under way. Dropped before `done`, nothing has happened.
pub(super) struct Change<'a> {
    pub(super) link: Link,
    pub(super) write: Write<'a>,
    /// When it happens, in milliseconds since the epoch.
    pub(super) now: i64,
    number: i64,
    engine: Engine,
    /// Events before this are forgotten.
    oldest: i64,
}

/// What was done with what.
pub(super) struct Deed<'a> {
    pub(super) action: &'static str,
    pub(super) kind: &'static str,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
}

impl Store {
    /// Begins a change, once all others have ended.
    pub(super) async fn change_by<'a>(&self, write: Write<'a>) -> Result<Change<'a>, StoreError> {
        let mut link = self.write().await?;
        let number = next_change(&mut link).await?;
        let now = self.now();
        let oldest = now.saturating_sub(row::span(self.settings().audit_kept));
        Ok(Change { link, write, now, number, engine: self.engine(), oldest })
    }
}

/// The number of a new change. On PostgreSQL too only one transaction can have it, the others wait here.
pub(super) async fn next_change(link: &mut Link) -> Result<i64, StoreError> {
    let next = sqlx::query("UPDATE state SET change = change + 1 WHERE id = 1 RETURNING change");
    link.one(next).await?.number("change")
}

impl Change<'_> {
    pub(super) async fn run(&mut self, ask: Ask<'_>) -> Result<u64, StoreError> {
        self.link.run(ask).await
    }

    pub(super) async fn maybe(&mut self, ask: Ask<'_>) -> Result<Option<AnyRow>, StoreError> {
        self.link.maybe(ask).await
    }

    /// Commits, with what was done written down: `was` before and `became` after, without secrets.
    pub(super) async fn done(mut self, deed: Deed<'_>, was: Value, became: Value) -> Result<(), StoreError> {
        let event = sqlx::query(
            "INSERT INTO audit (number, at, actor_id, actor_name, action, kind, id, name, was, became)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        );
        let event = event.bind(self.number).bind(self.now);
        let event = event.bind(&*self.write.actor().id).bind(&*self.write.actor().name);
        let event = event.bind(deed.action).bind(deed.kind).bind(deed.id).bind(deed.name);
        self.link.run(event.bind(row::json(&was)?).bind(row::json(&became)?)).await?;
        self.link.run(sqlx::query("DELETE FROM audit WHERE at < $1").bind(self.oldest)).await?;
        finish(self.link, self.engine).await
    }
}

impl Store {
    /// Writes down that somebody did something with what is not kept here: `deed` is the action, the kind of thing, and what it
    /// is called.
    ///
    /// # Errors
    /// `Refused`, `Away`.
    pub async fn note(
        &self,
        write: Write<'_>,
        (action, kind, name): (&'static str, &'static str, &str),
        became: &Value,
    ) -> Result<(), StoreError> {
        let change = self.change_by(write).await?;
        plain("a name", name)?;
        change.done(Deed { action, kind, id: name, name }, Value::Null, became.clone()).await
    }
}

/// Commits; PostgreSQL tells those who listen.
pub(super) async fn finish(mut link: Link, engine: Engine) -> Result<(), StoreError> {
    if engine == Engine::Postgres {
        link.script(format!("NOTIFY {CHANNEL}")).await?;
    }
    link.commit().await
}

/// PostgreSQL keeps every character but this.
const NUL: char = '\0';

/// That both engines can keep a text.
pub(super) fn plain(what: &str, text: &str) -> Result<(), StoreError> {
    match text.contains(NUL) {
        true => Err(StoreError::Refused(format!("{what} must not contain the character NUL"))),
        false => Ok(()),
    }
}

/// That something can be kept under this id at all.
pub(super) fn named(kind: &'static str, id: &str) -> Result<(), StoreError> {
    match id.contains(NUL) {
        true => Err(StoreError::Unknown { kind, id: id.into() }),
        false => Ok(()),
    }
}
