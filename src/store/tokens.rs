//! Admin tokens, and the sessions of browsers that have logged in with one.

use super::{
    Listed, Page, Role, Session, Store, StoreError, Token, Write,
    change::{Change, Deed, named, plain},
    link::Link,
    once::Made,
    routes::new_id,
    row::{self, Columns},
};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use std::time::SystemTime;

const KIND: &str = "token";

macro_rules! select_tokens {
    ($rest:literal) => {
        concat!("SELECT id, name, role, hash, prefix, created_at, expires_at, revoked_at FROM tokens ", $rest)
    };
}

/// An admin token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDraft {
    /// What people call it; unique among those that are not revoked.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// The SHA-256 of the token, in 64 hexadecimal digits.
    pub hash: String,
    /// The token's first letters, by which people tell it from others.
    pub prefix: String,
    /// From when on it opens nothing.
    pub expires_at: Option<SystemTime>,
}

impl Store {
    /// A page of all tokens, the newest first, the revoked ones too.
    ///
    /// # Errors
    /// `Away`.
    pub async fn tokens(&self, page: Page) -> Result<Listed<Token>, StoreError> {
        let mut link = self.read().await?;
        let total = link.one(sqlx::query("SELECT COUNT(*) AS total FROM tokens")).await?.number("total")?;
        let tokens = sqlx::query(select_tokens!("ORDER BY created_at DESC, id LIMIT $1 OFFSET $2"));
        let rows = link.all(tokens.bind(page.limit()).bind(page.offset())).await?;
        Ok(Listed { items: rows.iter().map(token_of).collect::<Result<_, _>>()?, total })
    }

    /// A token.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn token(&self, id: &str) -> Result<Token, StoreError> {
        token_in(&mut self.glance().await?, id).await
    }

    /// The token with this hash, unless it is revoked or has expired.
    ///
    /// # Errors
    /// `Away`.
    pub async fn token_by_hash(&self, hash: &str) -> Result<Option<Token>, StoreError> {
        let open = sqlx::query(select_tokens!(
            "WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)"
        ));
        let row = self.glance().await?.maybe(open.bind(hash).bind(self.now())).await?;
        row.as_ref().map(token_of).transpose()
    }

    /// Makes a token. Repeated with the same idempotency key it gives the token made then, which has another hash.
    ///
    /// # Errors
    /// `Taken`, `Reused`, `Away`.
    pub async fn create_token(&self, write: Write<'_>, draft: &TokenDraft) -> Result<Token, StoreError> {
        let mut change = self.change_by(write).await?;
        if let Some(made) = self.made_before(&mut change, KIND).await? {
            return token_in(&mut change.link, &made.id).await;
        }
        change.create_token(draft).await
    }

    /// Makes a token if there never was one, and tells whether it did.
    ///
    /// # Errors
    /// `Away`.
    pub async fn first_token(
        &self,
        write: Write<'_>,
        draft: &TokenDraft,
    ) -> Result<Option<Token>, StoreError> {
        let mut change = self.change_by(write).await?;
        match change.maybe(sqlx::query("SELECT id FROM tokens LIMIT 1")).await? {
            Some(_) => Ok(None),
            None => change.create_token(draft).await.map(Some),
        }
    }

    /// Revokes a token for good; the sessions that began with it end.
    ///
    /// # Errors
    /// `Unknown`; `Refused` if it is revoked already; `Away`.
    pub async fn revoke_token(&self, write: Write<'_>, id: &str) -> Result<Token, StoreError> {
        let mut change = self.change_by(write).await?;
        let token = token_in(&mut change.link, id).await?;
        if token.revoked_at.is_some() {
            return Err(StoreError::Refused(format!("the token `{}` is revoked", token.name)));
        }
        change
            .run(sqlx::query("UPDATE tokens SET revoked_at = $1 WHERE id = $2").bind(change.now).bind(id))
            .await?;
        change.run(sqlx::query("DELETE FROM sessions WHERE token = $1").bind(id)).await?;
        change.token_done("token.revoke", id, facts(&token)).await
    }

    /// Keeps a session.
    ///
    /// # Errors
    /// `Away`.
    pub async fn begin_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut link = self.write().await?;
        link.run(sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(self.now())).await?;
        let insert =
            sqlx::query("INSERT INTO sessions (hash, token, csrf, expires_at) VALUES ($1, $2, $3, $4)");
        let insert = insert.bind(&*session.hash).bind(&*session.token).bind(&*session.csrf);
        link.run(insert.bind(row::millis(session.expires_at))).await?;
        link.commit().await
    }

    /// The session with this hash, unless it has expired.
    ///
    /// # Errors
    /// `Away`.
    pub async fn session(&self, hash: &str) -> Result<Option<Session>, StoreError> {
        let open = sqlx::query(
            "SELECT hash, token, csrf, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2",
        );
        let row = self.glance().await?.maybe(open.bind(hash).bind(self.now())).await?;
        row.as_ref().map(session_of).transpose()
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// `Away`.
    pub async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        let mut link = self.write().await?;
        link.run(sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(hash)).await?;
        link.commit().await
    }
}

impl Change<'_> {
    async fn create_token(mut self, draft: &TokenDraft) -> Result<Token, StoreError> {
        plain("a name", &draft.name)?;
        let other = sqlx::query("SELECT id FROM tokens WHERE name = $1 AND revoked_at IS NULL");
        if self.maybe(other.bind(&*draft.name)).await?.is_some() {
            return Err(StoreError::Taken { kind: KIND, name: draft.name.clone() });
        }
        let id = new_id();
        let insert = sqlx::query(
            "INSERT INTO tokens (id, name, role, hash, prefix, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let insert = insert.bind(&id).bind(&*draft.name).bind(draft.role.name()).bind(&*draft.hash);
        let insert = insert.bind(&*draft.prefix).bind(self.now).bind(draft.expires_at.map(row::millis));
        self.run(insert).await?;
        self.remember(KIND, &Made { id: id.clone(), number: 0 }).await?;
        self.token_done("token.create", &id, Value::Null).await
    }

    /// Commits a change of a token; gives what it is now.
    async fn token_done(mut self, action: &'static str, id: &str, was: Value) -> Result<Token, StoreError> {
        let token = token_in(&mut self.link, id).await?;
        self.done(Deed { action, kind: KIND, id, name: &token.name }, was, facts(&token)).await?;
        Ok(token)
    }
}

async fn token_in(link: &mut Link, id: &str) -> Result<Token, StoreError> {
    named(KIND, id)?;
    let row = link.maybe(sqlx::query(select_tokens!("WHERE id = $1")).bind(id)).await?;
    token_of(&row.ok_or_else(|| StoreError::Unknown { kind: KIND, id: id.into() })?)
}

fn token_of(row: &AnyRow) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.text("id")?,
        name: row.text("name")?,
        role: row.text("role")?.parse().map_err(StoreError::Away)?,
        hash: row.text("hash")?,
        prefix: row.text("prefix")?,
        created_at: row.time("created_at")?,
        expires_at: row.maybe_time("expires_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
    })
}

fn session_of(row: &AnyRow) -> Result<Session, StoreError> {
    Ok(Session {
        hash: row.text("hash")?,
        token: row.text("token")?,
        csrf: row.text("csrf")?,
        expires_at: row.time("expires_at")?,
    })
}

/// What the audit log keeps of a token: no hash.
fn facts(token: &Token) -> Value {
    json!({
        "name": token.name,
        "role": token.role.name(),
        "prefix": token.prefix,
        "expires_at": token.expires_at.map(row::millis),
        "revoked_at": token.revoked_at.map(row::millis),
    })
}
