//! What is live: deployments, canaries, pins.

use super::{
    Canary, Deployment, Listed, Page, Route, Store, StoreError, Version, Write,
    change::{Change, plain},
    routes::{facts, route_in},
    row::{self, Columns},
    versions::version_in,
};
use sqlx::any::AnyRow;

impl Store {
    /// A page of a route's deployments, the newest first.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn deployments(&self, id: &str, page: Page) -> Result<Listed<Deployment>, StoreError> {
        let mut link = self.read().await?;
        let (route, _) = route_in(&mut link, id).await?;
        let deployments = sqlx::query(
            "SELECT number, version, canary, author, comment, created_at FROM deployments WHERE route = $1
             ORDER BY number DESC LIMIT $2 OFFSET $3",
        );
        let rows = link.all(deployments.bind(id).bind(page.limit()).bind(page.offset())).await?;
        let items = rows.iter().map(deployment_of).collect::<Result<_, _>>()?;
        Ok(Listed { items, total: route.deployment.map_or(0, |newest| newest.number.into()) })
    }

    /// Makes a version live, an older one too; a canary ends with it.
    ///
    /// # Errors
    /// `Unknown`, `Moved`; `Refused` if the version is not valid; `Away`.
    pub async fn deploy(
        &self,
        write: Write<'_>,
        id: &str,
        version: u32,
        comment: Option<&str>,
    ) -> Result<(Route, Version), StoreError> {
        let mut change = self.change_by(write).await?;
        let (route, _) = change.route(id).await?;
        let version = version_in(&mut change.link, id, version).await?;
        insert_deployment(&mut change, (&route, &version), None, comment).await?;
        change.touch(id).await?;
        change.route_done("route.deploy", id, facts(&route)).await
    }

    /// Gives a version a share of the traffic beside the live one, or ends that: a deployment of its own.
    ///
    /// # Errors
    /// `Unknown`, `Moved`; `Refused` if nothing is live, the version is not valid or live anyway, or the share is no share;
    /// `Away`.
    pub async fn set_canary(
        &self,
        write: Write<'_>,
        id: &str,
        canary: Option<&Canary>,
    ) -> Result<(Route, Version), StoreError> {
        let mut change = self.change_by(write).await?;
        let (route, version) = change.route(id).await?;
        let Some(live) = &route.deployment else {
            return Err(StoreError::Refused("nothing is live that a canary could stand beside".into()));
        };
        if live.canary.as_ref() == canary {
            return Ok((route, version));
        }
        if let Some(canary) = canary {
            fits(canary, live)?;
            sound(&version_in(&mut change.link, id, canary.version).await?)?;
        }
        insert_deployment(&mut change, (&route, &version), canary, None).await?;
        change.touch(id).await?;
        change.route_done("route.canary", id, facts(&route)).await
    }

    /// Keeps a version callable as `dynamic/<name>@v<n>` whatever is live, or ends that.
    ///
    /// # Errors
    /// `Unknown`, `Moved`; `Refused` if the version is not valid; `Away`.
    pub async fn pin(
        &self,
        write: Write<'_>,
        id: &str,
        version: u32,
        on: bool,
    ) -> Result<(Route, Version), StoreError> {
        let mut change = self.change_by(write).await?;
        let (route, shown) = change.route(id).await?;
        let pinned = version_in(&mut change.link, id, version).await?;
        if route.pins.contains(&version) == on {
            return Ok((route, shown));
        }
        let (action, sql) = match on {
            true => ("route.pin", "INSERT INTO pins (route, version) VALUES ($1, $2)"),
            false => ("route.unpin", "DELETE FROM pins WHERE route = $1 AND version = $2"),
        };
        if on {
            sound(&pinned)?;
        }
        change.run(sqlx::query(sql).bind(id).bind(i64::from(version))).await?;
        change.touch(id).await?;
        change.route_done(action, id, facts(&route)).await
    }
}

/// Writes a deployment of a version down as what is live.
pub(super) async fn insert_deployment(
    change: &mut Change<'_>,
    (route, version): (&Route, &Version),
    canary: Option<&Canary>,
    comment: Option<&str>,
) -> Result<(), StoreError> {
    sound(version)?;
    plain("a comment", comment.unwrap_or_default())?;
    let number = i64::from(route.deployment.as_ref().map_or(0, |live| live.number)) + 1;
    let insert = sqlx::query(
        "INSERT INTO deployments (route, number, version, canary_version, canary, author, comment, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let insert = insert.bind(&*route.id).bind(number).bind(i64::from(version.number));
    let insert = insert.bind(canary.map(|canary| i64::from(canary.version)));
    let insert = insert.bind(canary.map(row::json).transpose()?);
    let insert = insert.bind(&*change.write.actor().name).bind(comment).bind(change.now);
    change.run(insert).await?;
    let live = sqlx::query("UPDATE routes SET deployment = $1 WHERE id = $2");
    change.run(live.bind(number).bind(&*route.id)).await.map(drop)
}

fn sound(version: &Version) -> Result<(), StoreError> {
    match version.valid {
        true => Ok(()),
        false => Err(StoreError::Refused(format!("version {} is not valid", version.number))),
    }
}

fn fits(canary: &Canary, live: &Deployment) -> Result<(), StoreError> {
    if canary.version == live.version {
        return Err(StoreError::Refused(format!("version {} is live anyway", live.version)));
    }
    if canary.percent > 0.0 && canary.percent < 100.0 {
        return Ok(());
    }
    Err(StoreError::Refused("a canary's share is above 0 and below 100 percent".into()))
}

fn deployment_of(row: &AnyRow) -> Result<Deployment, StoreError> {
    Ok(Deployment {
        number: row.number("number")?,
        version: row.number("version")?,
        canary: row.maybe_json("canary")?,
        author: row.text("author")?,
        comment: row.maybe_text("comment")?,
        created_at: row.time("created_at")?,
    })
}
