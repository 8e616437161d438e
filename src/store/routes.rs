//! Routes as a whole: listed, made, renamed, deleted.

use super::{
    Canary, Deployment, Draft, Listed, Page, Route, Store, StoreError, Version, Write,
    change::{Change, Deed, named, plain},
    deployments::insert_deployment,
    link::Link,
    once::Made,
    row::Columns,
    versions::{insert_version, version_of},
};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use std::collections::HashMap;

/// What a creation of this kind is called where it is remembered.
const KIND: &str = "route";

/// Rows of routes with what is live, and the live version or else the newest.
macro_rules! select_routes {
    ($from:expr, $rest:literal) => {
        concat!(
            "SELECT r.id, r.name AS route_name, r.created_at AS route_created_at, r.modified_at, r.revision, r.latest,
                    d.number AS deployment, d.version AS live, d.canary, d.author AS deployed_by,
                    d.comment AS deployed_why, d.created_at AS deployed_at,
                    v.number, v.elements, v.hash, v.valid, v.author, v.comment, v.created_at
             FROM ",
            $from,
            " r LEFT JOIN deployments d ON d.route = r.id AND d.number = r.deployment
             JOIN versions v ON v.route = r.id AND v.number = COALESCE(d.version, r.latest) ",
            $rest
        )
    };
}

/// Which routes a pattern finds; the empty one finds all without looking at them.
macro_rules! found {
    () => {
        "($1 = '' OR LOWER(name) LIKE $1 ESCAPE '\\')"
    };
}

/// A page of those.
macro_rules! found_page {
    () => {
        concat!(
            "(SELECT id, name, created_at, modified_at, revision, latest, deployment FROM routes WHERE ",
            found!(),
            " ORDER BY name LIMIT $2 OFFSET $3)"
        )
    };
}

impl Store {
    /// A page of all routes by name, each with its live version, else the newest; those whose name contains `search`,
    /// in whatever case.
    ///
    /// # Errors
    /// `Away`.
    pub async fn routes(
        &self,
        page: Page,
        search: Option<&str>,
    ) -> Result<Listed<(Route, Version)>, StoreError> {
        if search.is_some_and(|search| plain("a name", search).is_err()) {
            return Ok(Listed { items: vec![], total: 0 });
        }
        let pattern = search.map_or_else(String::new, |part| format!("%{}%", escape(&part.to_lowercase())));
        let mut link = self.read().await?;
        let total = sqlx::query(concat!("SELECT COUNT(*) AS total FROM routes WHERE ", found!()));
        let total = link.one(total.bind(&pattern)).await?.number("total")?;
        let routes = select_routes!(found_page!(), "ORDER BY r.name");
        let rows =
            link.all(sqlx::query(routes).bind(&pattern).bind(page.limit()).bind(page.offset())).await?;
        let pins = sqlx::query(concat!(
            "SELECT p.route, p.version FROM pins p JOIN ",
            found_page!(),
            " r ON r.id = p.route ORDER BY p.version"
        ));
        let mut pins = by_route(link.all(pins.bind(&pattern).bind(page.limit()).bind(page.offset())).await?)?;
        let items = rows.iter().map(|row| pair_of(row, |id| pins.remove(id).unwrap_or_default()));
        Ok(Listed { items: items.collect::<Result<_, _>>()?, total })
    }

    /// A route with its live version, else the newest.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn route(&self, id: &str) -> Result<(Route, Version), StoreError> {
        route_in(&mut self.read().await?, id).await
    }

    /// The route of exactly this name, with its live version, else the newest.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn route_named(&self, name: &str) -> Result<(Route, Version), StoreError> {
        one_in(&mut self.read().await?, select_routes!("routes", "WHERE r.name = $1"), name).await
    }

    /// Makes a route with a first version, which becomes live if `deploy` says so.
    ///
    /// # Errors
    /// `Taken`; `Refused` if what is not valid shall be deployed; `Reused`, `Away`.
    pub async fn create_route(
        &self,
        write: Write<'_>,
        name: &str,
        draft: &Draft,
        deploy: bool,
    ) -> Result<(Route, Version), StoreError> {
        plain("a name", name)?;
        let mut change = self.change_by(write).await?;
        if let Some(made) = self.made_before(&mut change, KIND).await? {
            return route_in(&mut change.link, &made.id).await;
        }
        change.unused(name, "").await?;
        let id = new_id();
        let route = sqlx::query(
            "INSERT INTO routes (id, name, created_at, modified_at, revision, latest) VALUES ($1, $2, $3, $3, 1, 0)",
        );
        change.run(route.bind(&id).bind(name).bind(change.now)).await?;
        insert_version(&mut change, &id, 1, draft).await?;
        if deploy {
            let (route, version) = route_in(&mut change.link, &id).await?;
            insert_deployment(&mut change, (&route, &version), None, draft.comment.as_deref()).await?;
        }
        change.remember(KIND, &Made { id: id.clone(), number: 1 }).await?;
        change.route_done("route.create", &id, Value::Null).await
    }

    /// Gives a route another name.
    ///
    /// # Errors
    /// `Unknown`, `Moved`, `Taken`, `Away`.
    pub async fn rename_route(
        &self,
        write: Write<'_>,
        id: &str,
        name: &str,
    ) -> Result<(Route, Version), StoreError> {
        plain("a name", name)?;
        let mut change = self.change_by(write).await?;
        let (route, version) = change.route(id).await?;
        if route.name == name {
            return Ok((route, version));
        }
        change.unused(name, id).await?;
        change.run(sqlx::query("UPDATE routes SET name = $1 WHERE id = $2").bind(name).bind(id)).await?;
        change.touch(id).await?;
        change.route_done("route.rename", id, facts(&route)).await
    }

    /// Deletes a route with all its versions and deployments; gives what it was.
    ///
    /// # Errors
    /// `Unknown`, `Moved`, `Away`.
    pub async fn delete_route(&self, write: Write<'_>, id: &str) -> Result<(Route, Version), StoreError> {
        let mut change = self.change_by(write).await?;
        let (route, version) = change.route(id).await?;
        change.run(sqlx::query("DELETE FROM routes WHERE id = $1").bind(id)).await?;
        let deed = Deed { action: "route.delete", kind: KIND, id, name: &route.name };
        change.done(deed, facts(&route), Value::Null).await?;
        Ok((route, version))
    }
}

impl Change<'_> {
    /// The route, if it is as the writer saw it.
    pub(super) async fn route(&mut self, id: &str) -> Result<(Route, Version), StoreError> {
        let found = route_in(&mut self.link, id).await?;
        self.write.expects(found.0.revision)?;
        Ok(found)
    }

    /// One revision more.
    pub(super) async fn touch(&mut self, id: &str) -> Result<(), StoreError> {
        let touch = sqlx::query("UPDATE routes SET revision = revision + 1, modified_at = $1 WHERE id = $2");
        self.run(touch.bind(self.now).bind(id)).await.map(drop)
    }

    /// Commits a change of a route; gives what it is now.
    pub(super) async fn route_done(
        mut self,
        action: &'static str,
        id: &str,
        was: Value,
    ) -> Result<(Route, Version), StoreError> {
        let (route, version) = route_in(&mut self.link, id).await?;
        let deed = Deed { action, kind: KIND, id, name: &route.name };
        self.done(deed, was, facts(&route)).await?;
        Ok((route, version))
    }

    /// That no route but `own` has the name.
    async fn unused(&mut self, name: &str, own: &str) -> Result<(), StoreError> {
        let other = sqlx::query("SELECT id FROM routes WHERE name = $1 AND id <> $2");
        match self.maybe(other.bind(name).bind(own)).await? {
            Some(_) => Err(StoreError::Taken { kind: KIND, name: name.into() }),
            None => Ok(()),
        }
    }
}

/// The route with its live version, else the newest.
pub(super) async fn route_in(link: &mut Link, id: &str) -> Result<(Route, Version), StoreError> {
    one_in(link, select_routes!("routes", "WHERE r.id = $1"), id).await
}

/// The one route that `sql` selects by `word`.
async fn one_in(link: &mut Link, sql: &'static str, word: &str) -> Result<(Route, Version), StoreError> {
    named(KIND, word)?;
    let row = link.maybe(sqlx::query(sql).bind(word)).await?;
    let row = row.ok_or_else(|| StoreError::Unknown { kind: KIND, id: word.into() })?;
    let pins = sqlx::query("SELECT route, version FROM pins WHERE route = $1 ORDER BY version");
    let mut pins = by_route(link.all(pins.bind(row.text("id")?)).await?)?;
    pair_of(&row, |id| pins.remove(id).unwrap_or_default())
}

/// What the audit log keeps of a route.
pub(super) fn facts(route: &Route) -> Value {
    let deployment = route.deployment.as_ref().map(|deployment| {
        json!({
            "number": deployment.number,
            "version": deployment.version,
            "canary": deployment.canary,
            "comment": deployment.comment,
        })
    });
    json!({"name": route.name, "revision": route.revision, "latest": route.latest, "deployment": deployment, "pins": route.pins})
}

/// Pinned versions by the id of their route.
pub(super) fn by_route(rows: Vec<AnyRow>) -> Result<HashMap<String, Vec<u32>>, StoreError> {
    let mut pins = HashMap::<String, Vec<u32>>::new();
    for row in rows {
        pins.entry(row.text("route")?).or_default().push(row.number("version")?);
    }
    Ok(pins)
}

/// 32 hexadecimal digits that nobody has.
pub(super) fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A text in which `LIKE` finds no wildcards.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn pair_of(row: &AnyRow, pins: impl FnOnce(&str) -> Vec<u32>) -> Result<(Route, Version), StoreError> {
    let id = row.text("id")?;
    let route = Route {
        pins: pins(&id),
        id,
        name: row.text("route_name")?,
        created_at: row.time("route_created_at")?,
        modified_at: row.time("modified_at")?,
        revision: row.number("revision")?,
        latest: row.number("latest")?,
        deployment: row.maybe_number("deployment")?.map(|number| live_of(row, number)).transpose()?,
    };
    Ok((route, version_of(row)?))
}

fn live_of(row: &AnyRow, number: u32) -> Result<Deployment, StoreError> {
    Ok(Deployment {
        number,
        version: row.number("live")?,
        canary: row.maybe_json::<Canary>("canary")?,
        author: row.text("deployed_by")?,
        comment: row.maybe_text("deployed_why")?,
        created_at: row.time("deployed_at")?,
    })
}
