//! Client keys: made, changed, rotated, revoked.

use super::{
    ClientKey, KeySecret, Listed, Page, Store, StoreError, Terms, Write,
    change::{Change, Deed, named, plain},
    link::Link,
    once::Made,
    routes::new_id,
    row::{self, Columns},
};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use std::time::SystemTime;

const KIND: &str = "key";

/// Columns are named, here as everywhere: a newer Attaché may add some while this one runs.
macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, terms, secrets, created_at, modified_at, expires_at, revoked_at, revision FROM client_keys ",
            $rest
        )
    };
}

/// A client key as people write it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyDraft {
    /// What people call it; unique.
    pub name: String,
    /// What it allows and brings along.
    pub terms: Terms,
    /// From when on it opens nothing.
    pub expires_at: Option<SystemTime>,
}

impl Store {
    /// A page of all keys by name, the revoked ones too.
    ///
    /// # Errors
    /// `Away`.
    pub async fn keys(&self, page: Page) -> Result<Listed<ClientKey>, StoreError> {
        let mut link = self.read().await?;
        let total =
            link.one(sqlx::query("SELECT COUNT(*) AS total FROM client_keys")).await?.number("total")?;
        let keys = sqlx::query(select_keys!("ORDER BY name LIMIT $1 OFFSET $2"));
        let rows = link.all(keys.bind(page.limit()).bind(page.offset())).await?;
        Ok(Listed { items: rows.iter().map(key_of).collect::<Result<_, _>>()?, total })
    }

    /// A key.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn key(&self, id: &str) -> Result<ClientKey, StoreError> {
        key_in(&mut self.glance().await?, id).await
    }

    /// Makes a key that `secret` opens. Repeated with the same idempotency key it gives the key made then, which another
    /// secret opens.
    ///
    /// # Errors
    /// `Taken`, `Reused`, `Away`.
    pub async fn create_key(
        &self,
        write: Write<'_>,
        draft: &KeyDraft,
        secret: &KeySecret,
    ) -> Result<ClientKey, StoreError> {
        let mut change = self.change_by(write).await?;
        if let Some(made) = self.made_before(&mut change, KIND).await? {
            return key_in(&mut change.link, &made.id).await;
        }
        let id = new_id();
        change.unused_key(&draft.name, &id).await?;
        let insert = sqlx::query(
            "INSERT INTO client_keys (id, name, terms, secrets, created_at, modified_at, expires_at, revision)
             VALUES ($1, $2, $3, $4, $5, $5, $6, 1)",
        );
        let insert = insert.bind(&id).bind(&*draft.name).bind(row::json(&draft.terms)?);
        let insert =
            insert.bind(row::json(&[secret])?).bind(change.now).bind(draft.expires_at.map(row::millis));
        change.run(insert).await?;
        change.remember(KIND, &Made { id: id.clone(), number: 0 }).await?;
        change.key_done("key.create", &id, Value::Null).await
    }

    /// Gives a key another name, other terms or another end.
    ///
    /// # Errors
    /// `Unknown`, `Moved`, `Taken`; `Refused` if it is revoked; `Away`.
    pub async fn update_key(
        &self,
        write: Write<'_>,
        id: &str,
        draft: &KeyDraft,
    ) -> Result<ClientKey, StoreError> {
        let mut change = self.change_by(write).await?;
        let key = change.key(id).await?;
        change.unused_key(&draft.name, id).await?;
        let update =
            sqlx::query("UPDATE client_keys SET name = $1, terms = $2, expires_at = $3 WHERE id = $4");
        let update = update.bind(&*draft.name).bind(row::json(&draft.terms)?);
        change.run(update.bind(draft.expires_at.map(row::millis)).bind(id)).await?;
        change.key_done("key.update", id, facts(&key)).await
    }

    /// Lets `secret` open a key too; those that open it now end at `old_until` at the latest.
    ///
    /// # Errors
    /// `Unknown`, `Moved`; `Refused` if it is revoked; `Away`.
    pub async fn rotate_key(
        &self,
        write: Write<'_>,
        id: &str,
        secret: &KeySecret,
        old_until: SystemTime,
    ) -> Result<ClientKey, StoreError> {
        let mut change = self.change_by(write).await?;
        let key = change.key(id).await?;
        let mut secrets = vec![secret.clone()];
        secrets.extend(key.secrets.iter().filter(|old| !ended(old.expires_at, change.now)).map(|old| {
            KeySecret {
                expires_at: Some(old.expires_at.map_or(old_until, |end| end.min(old_until))),
                ..old.clone()
            }
        }));
        let update = sqlx::query("UPDATE client_keys SET secrets = $1 WHERE id = $2");
        change.run(update.bind(row::json(&secrets)?).bind(id)).await?;
        change.key_done("key.rotate", id, facts(&key)).await
    }

    /// Revokes a key for good.
    ///
    /// # Errors
    /// `Unknown`, `Moved`; `Refused` if it is revoked already; `Away`.
    pub async fn revoke_key(&self, write: Write<'_>, id: &str) -> Result<ClientKey, StoreError> {
        let mut change = self.change_by(write).await?;
        let key = change.key(id).await?;
        change
            .run(
                sqlx::query("UPDATE client_keys SET revoked_at = $1 WHERE id = $2").bind(change.now).bind(id),
            )
            .await?;
        change.key_done("key.revoke", id, facts(&key)).await
    }
}

impl Change<'_> {
    /// The key, if it is as the writer saw it and can be changed.
    async fn key(&mut self, id: &str) -> Result<ClientKey, StoreError> {
        let key = key_in(&mut self.link, id).await?;
        self.write.expects(key.revision)?;
        match key.revoked_at {
            Some(_) => Err(StoreError::Refused(format!("the key `{}` is revoked", key.name))),
            None => Ok(key),
        }
    }

    /// Commits a change of a key that was something before; gives what it is now.
    async fn key_done(mut self, action: &'static str, id: &str, was: Value) -> Result<ClientKey, StoreError> {
        if !was.is_null() {
            let touch =
                sqlx::query("UPDATE client_keys SET revision = revision + 1, modified_at = $1 WHERE id = $2");
            self.run(touch.bind(self.now).bind(id)).await?;
        }
        let key = key_in(&mut self.link, id).await?;
        self.done(Deed { action, kind: KIND, id, name: &key.name }, was, facts(&key)).await?;
        Ok(key)
    }

    /// That no key but `own` has the name.
    async fn unused_key(&mut self, name: &str, own: &str) -> Result<(), StoreError> {
        plain("a name", name)?;
        let other = sqlx::query("SELECT id FROM client_keys WHERE name = $1 AND id <> $2");
        match self.maybe(other.bind(name).bind(own)).await? {
            Some(_) => Err(StoreError::Taken { kind: KIND, name: name.into() }),
            None => Ok(()),
        }
    }
}

/// The keys that open something at `now`, each with the secrets that do, by name.
pub(super) async fn open_keys(link: &mut Link, now: i64) -> Result<Vec<ClientKey>, StoreError> {
    let rows = link.all(sqlx::query(select_keys!("WHERE revoked_at IS NULL ORDER BY name"))).await?;
    let keys = rows.iter().map(key_of).collect::<Result<Vec<_>, _>>()?;
    let open = keys.into_iter().filter(|key| !ended(key.expires_at, now));
    let open = open.map(|mut key| {
        key.secrets.retain(|secret| !ended(secret.expires_at, now));
        key
    });
    Ok(open.collect())
}

async fn key_in(link: &mut Link, id: &str) -> Result<ClientKey, StoreError> {
    named(KIND, id)?;
    let row = link.maybe(sqlx::query(select_keys!("WHERE id = $1")).bind(id)).await?;
    key_of(&row.ok_or_else(|| StoreError::Unknown { kind: KIND, id: id.into() })?)
}

fn key_of(row: &AnyRow) -> Result<ClientKey, StoreError> {
    Ok(ClientKey {
        id: row.text("id")?,
        name: row.text("name")?,
        terms: row.json("terms")?,
        secrets: row.json("secrets")?,
        created_at: row.time("created_at")?,
        modified_at: row.time("modified_at")?,
        expires_at: row.maybe_time("expires_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        revision: row.number("revision")?,
    })
}

fn ended(end: Option<SystemTime>, now: i64) -> bool {
    end.is_some_and(|end| row::millis(end) <= now)
}

/// What the audit log keeps of a key: no hash.
fn facts(key: &ClientKey) -> Value {
    let secrets = key.secrets.iter();
    let secrets = secrets
        .map(|secret| json!({"prefix": secret.prefix, "expires_at": secret.expires_at.map(row::millis)}));
    json!({
        "name": key.name,
        "revision": key.revision,
        "terms": key.terms,
        "secrets": secrets.collect::<Vec<_>>(),
        "expires_at": key.expires_at.map(row::millis),
        "revoked_at": key.revoked_at.map(row::millis),
    })
}
