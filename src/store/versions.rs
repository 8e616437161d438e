//! Versions of a route: numbered from 1 without a gap, never changed.

use super::{
    Draft, Listed, Page, Route, Store, StoreError, Version, Write,
    change::{Change, Deed, plain},
    link::Link,
    once::Made,
    routes::route_in,
    row::Columns,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;

/// What a creation of this kind is called where it is remembered.
const KIND: &str = "version";

const SELECT: &str = "SELECT number, elements, hash, valid, author, comment, created_at FROM versions
    WHERE route = $1 AND number = $2";

impl Store {
    /// A page of a route's versions, the newest first.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn versions(&self, id: &str, page: Page) -> Result<Listed<Version>, StoreError> {
        let mut link = self.read().await?;
        let (route, _) = route_in(&mut link, id).await?;
        let versions = sqlx::query(
            "SELECT number, elements, hash, valid, author, comment, created_at FROM versions WHERE route = $1
             ORDER BY number DESC LIMIT $2 OFFSET $3",
        );
        let rows = link.all(versions.bind(id).bind(page.limit()).bind(page.offset())).await?;
        let items = rows.iter().map(version_of).collect::<Result<_, _>>()?;
        Ok(Listed { items, total: route.latest.into() })
    }

    /// A version and its route.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn version(&self, id: &str, number: u32) -> Result<(Route, Version), StoreError> {
        let mut link = self.read().await?;
        let (route, _) = route_in(&mut link, id).await?;
        let version = version_in(&mut link, id, number).await?;
        Ok((route, version))
    }

    /// Makes a version, which does not become live; gives it with its route.
    ///
    /// # Errors
    /// `Unknown`, `Moved`, `Reused`, `Away`.
    pub async fn create_version(
        &self,
        write: Write<'_>,
        id: &str,
        draft: &Draft,
    ) -> Result<(Route, Version), StoreError> {
        let mut change = self.change_by(write).await?;
        if let Some(made) = self.made_before(&mut change, KIND).await? {
            let (route, _) = route_in(&mut change.link, &made.id).await?;
            let version = version_in(&mut change.link, &made.id, made.number).await?;
            return Ok((route, version));
        }
        let (route, _) = change.route(id).await?;
        let number = route.latest + 1;
        insert_version(&mut change, id, number, draft).await?;
        change.touch(id).await?;
        change.remember(KIND, &Made { id: id.into(), number }).await?;
        let (route, _) = route_in(&mut change.link, id).await?;
        let version = version_in(&mut change.link, id, number).await?;
        let deed = Deed { action: "version.create", kind: "route", id, name: &route.name };
        change.done(deed, Value::Null, facts(&version)).await?;
        Ok((route, version))
    }
}

impl Store {
    /// Remembers that a version can be deployed now, which could not when it was made. That is no change.
    ///
    /// # Errors
    /// `Away`.
    pub async fn found_valid(&self, id: &str, number: u32) -> Result<(), StoreError> {
        let mut link = self.write().await?;
        let valid = sqlx::query("UPDATE versions SET valid = 1 WHERE route = $1 AND number = $2");
        link.run(valid.bind(id).bind(i64::from(number))).await?;
        link.commit().await
    }
}

/// Writes a version down as the newest.
pub(super) async fn insert_version(
    change: &mut Change<'_>,
    route: &str,
    number: u32,
    draft: &Draft,
) -> Result<(), StoreError> {
    plain("a comment", draft.comment.as_deref().unwrap_or_default())?;
    plain("a document", &draft.elements)?;
    let insert = sqlx::query(
        "INSERT INTO versions (route, number, hash, valid, author, comment, created_at, elements)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let insert = insert.bind(route).bind(i64::from(number)).bind(hash(&draft.elements));
    let insert = insert.bind(i64::from(draft.valid)).bind(&*change.write.actor().name);
    let insert = insert.bind(draft.comment.as_deref()).bind(change.now).bind(&*draft.elements);
    change.run(insert).await?;
    let newest = sqlx::query("UPDATE routes SET latest = $1 WHERE id = $2");
    change.run(newest.bind(i64::from(number)).bind(route)).await.map(drop)
}

/// A version.
pub(super) async fn version_in(link: &mut Link, route: &str, number: u32) -> Result<Version, StoreError> {
    let row = link.maybe(sqlx::query(SELECT).bind(route).bind(i64::from(number))).await?;
    let row = row.ok_or_else(|| StoreError::Unknown { kind: KIND, id: number.to_string() })?;
    version_of(&row)
}

/// The version in a row.
pub(super) fn version_of(row: &AnyRow) -> Result<Version, StoreError> {
    Ok(Version {
        number: row.number("number")?,
        elements: row.text("elements")?,
        hash: row.text("hash")?,
        valid: row.number::<i64>("valid")? != 0,
        author: row.text("author")?,
        comment: row.maybe_text("comment")?,
        created_at: row.time("created_at")?,
    })
}

/// The SHA-256 of a text, in hexadecimal digits.
fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn facts(version: &Version) -> Value {
    json!({"version": version.number, "hash": version.hash, "valid": version.valid, "comment": version.comment})
}
