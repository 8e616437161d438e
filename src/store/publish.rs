//! All that is live, read: whole, or what has changed since; documents only where the reader lacks them.

use super::{
    Published, PublishedRoute, PublishedVersion, Store, StoreError,
    audit::CONVERSATION,
    keys::open_keys,
    link::{Link, Patience},
    prices::all_prices,
    row::Columns,
};
use sqlx::{AssertSqlSafe, any::AnyRow};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// How many documents are read at once.
const CHUNK: usize = 500;
/// How many changes are followed one by one; after more, everything is read.
const FEW: u64 = 200;

/// The live routes with the hash of what is live.
const LIVE: &str = "
    SELECT r.id, r.name, d.version, d.canary, v.hash FROM routes r
    JOIN deployments d ON d.route = r.id AND d.number = r.deployment
    JOIN versions v ON v.route = r.id AND v.number = d.version";

/// The versions that can be called beside what is live.
const BESIDE: &str = "
    SELECT v.route, v.number, v.hash FROM (
        SELECT d.route, d.canary_version AS number FROM routes r
            JOIN deployments d ON d.route = r.id AND d.number = r.deployment WHERE d.canary_version IS NOT NULL
        UNION SELECT p.route, p.version FROM routes r
            JOIN pins p ON p.route = r.id WHERE r.deployment IS NOT NULL
    ) w JOIN versions v ON v.route = w.route AND v.number = w.number";

/// A version's route and number.
type Place = (String, u32);
/// Versions in order, each with its hash, and its document once that is known.
type Callable = BTreeMap<Place, (String, Option<String>)>;

impl Store {
    /// The number of the newest change: another one than before says that something is not as it was. It grows, unless an older
    /// database is put in place.
    ///
    /// # Errors
    /// `Away`.
    pub async fn change(&self) -> Result<u64, StoreError> {
        change_in(&mut self.glance().await?).await
    }

    /// All that is live. What `known` has is not read again: routes that no change since has touched, and documents that are the
    /// same by their hashes.
    ///
    /// # Errors
    /// `Away`.
    pub async fn published(&self, known: &Published) -> Result<Published, StoreError> {
        // by steps: how much there is to read is not known
        let mut link = self.reading(Patience::Each(self.settings().deadline)).await?;
        let change = change_in(&mut link).await?;
        let since = touched(&mut link, known, change).await?;
        let mark = mark(&mut link, change).await?;
        let (only, keys, prices, ended) = match since {
            Some(Touched { routes, keys, prices, ended }) => (Some(routes), keys, prices, ended),
            None => (None, true, true, Vec::new()),
        };
        let is_read = |route: &Arc<PublishedRoute>| only.as_ref().is_none_or(|only| only.contains(&route.id));
        let (anew, kept): (Vec<_>, Vec<_>) = known.routes.iter().partition(|route| is_read(route));
        let mut routes = read(&mut link, only.as_ref(), &anew).await?;
        routes.extend(kept.into_iter().cloned());
        routes.sort_by(|a, b| a.name.cmp(&b.name));
        let keys = match keys {
            true => open_keys(&mut link, self.now()).await?,
            false => known.keys.clone(),
        };
        let prices = match prices {
            true => all_prices(&mut link).await?,
            false => known.prices.clone(),
        };
        Ok(Published { change, mark, routes, ended, keys, prices })
    }
}

pub(super) async fn change_in(link: &mut Link) -> Result<u64, StoreError> {
    link.one(sqlx::query("SELECT change FROM state WHERE id = 1")).await?.number("change")
}

/// What some changes have touched.
#[derive(Debug, Default)]
struct Touched {
    /// The ids of routes.
    routes: BTreeSet<String>,
    /// Whether there were client keys among it.
    keys: bool,
    /// Whether there were prices among it.
    prices: bool,
    /// The ids of sessions.
    ended: Vec<String>,
}

/// What the changes after `known` have touched, by the audit log, which has a line for each; `None` where it does not tell them
/// all, or where `known` is of another database.
async fn touched(link: &mut Link, known: &Published, change: u64) -> Result<Option<Touched>, StoreError> {
    let count = change.checked_sub(known.change).filter(|count| *count <= FEW);
    let same = known.mark.is_some() && mark(link, known.change).await? == known.mark;
    let Some(count) = count.filter(|_| same) else { return Ok(None) };
    let ask = sqlx::query("SELECT kind, id FROM audit WHERE number > $1 AND number <= $2");
    let rows = link.all(ask.bind(number(known.change)).bind(number(change))).await?;
    let mut touched = Touched::default();
    for row in &rows {
        match row.text("kind")?.as_str() {
            "route" => drop(touched.routes.insert(row.text("id")?)),
            "key" => touched.keys = true,
            "price" => touched.prices = true,
            CONVERSATION => touched.ended.push(row.text("id")?),
            _ => {}
        }
    }
    Ok((rows.len() as u64 == count).then_some(touched))
}

/// What tells a change from others of its number; `None` where the audit log does not know it.
async fn mark(link: &mut Link, change: u64) -> Result<Option<String>, StoreError> {
    let ask = sqlx::query("SELECT at, actor_id, kind, id FROM audit WHERE number = $1").bind(number(change));
    let Some(row) = link.maybe(ask).await? else { return Ok(None) };
    let (at, actor): (i64, _) = (row.number("at")?, row.text("actor_id")?);
    Ok(Some(format!("{at} {actor} {} {}", row.text("kind")?, row.text("id")?)))
}

fn number(change: u64) -> i64 {
    i64::try_from(change).unwrap_or(i64::MAX)
}

/// The live routes, or those `only`, with their documents.
async fn read(
    link: &mut Link,
    only: Option<&BTreeSet<String>>,
    known: &[&Arc<PublishedRoute>],
) -> Result<Vec<Arc<PublishedRoute>>, StoreError> {
    let (mut routes, mut callable) = live(link, only).await?;
    fill(link, &mut callable, known).await?;
    for ((route, number), (hash, elements)) in callable {
        let Some(route) = routes.get_mut(&route) else { continue };
        let elements =
            elements.ok_or_else(|| StoreError::Unknown { kind: "version", id: number.to_string() })?;
        route.versions.push(PublishedVersion { number, elements, hash });
    }
    Ok(routes.into_values().map(Arc::new).collect())
}

/// The live routes, or those `only`, by their ids, without versions; and all of their versions that can be called, without documents.
async fn live(
    link: &mut Link,
    only: Option<&BTreeSet<String>>,
) -> Result<(HashMap<String, PublishedRoute>, Callable), StoreError> {
    let (mut routes, mut callable) = (HashMap::new(), Callable::new());
    for row in rows(link, LIVE, "r.id", only).await? {
        let (id, live) = (row.text("id")?, row.number("version")?);
        callable.insert((id.clone(), live), (row.text("hash")?, None));
        let (name, canary) = (row.text("name")?, row.maybe_json("canary")?);
        routes.insert(id.clone(), PublishedRoute { id, name, live, canary, versions: vec![] });
    }
    for row in rows(link, BESIDE, "v.route", only).await? {
        callable.insert((row.text("route")?, row.number("number")?), (row.text("hash")?, None));
    }
    Ok((routes, callable))
}

/// The rows of a statement, or those of them whose `column` is one of `only`.
async fn rows(
    link: &mut Link,
    sql: &str,
    column: &str,
    only: Option<&BTreeSet<String>>,
) -> Result<Vec<AnyRow>, StoreError> {
    let Some(only) = only else { return link.all(sqlx::query(AssertSqlSafe(sql.to_owned()))).await };
    if only.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (1..=only.len()).map(|i| format!("${i}")).collect();
    let sql = format!("{sql} WHERE {column} IN ({})", places.join(", "));
    link.all(only.iter().fold(sqlx::query(AssertSqlSafe(sql)), |ask, id| ask.bind(id))).await
}

/// Puts the documents in: from `known` where it has them, the rest from the database.
async fn fill(
    link: &mut Link,
    callable: &mut Callable,
    known: &[&Arc<PublishedRoute>],
) -> Result<(), StoreError> {
    for route in known {
        for version in &route.versions {
            match callable.get_mut(&(route.id.clone(), version.number)) {
                Some((hash, elements)) if *hash == version.hash => *elements = Some(version.elements.clone()),
                _ => {}
            }
        }
    }
    let missing = callable.iter().filter(|(_, (_, elements))| elements.is_none());
    let missing: Vec<_> = missing.map(|(place, _)| place.clone()).collect();
    for places in missing.chunks(CHUNK) {
        let sql = documents(places.len());
        let ask = places.iter().fold(sqlx::query(AssertSqlSafe(sql)), |ask, (route, number)| {
            ask.bind(route).bind(i64::from(*number))
        });
        for row in link.all(ask).await? {
            let place = (row.text("route")?, row.number("number")?);
            if let Some((_, elements)) = callable.get_mut(&place) {
                *elements = Some(row.text("elements")?);
            }
        }
    }
    Ok(())
}

/// The statement that reads so many documents.
fn documents(count: usize) -> String {
    let places: Vec<_> = (0..count).map(|i| format!("(${}, ${})", 2 * i + 1, 2 * i + 2)).collect();
    format!(
        "SELECT v.route, v.number, v.elements FROM (VALUES {}) w
         JOIN versions v ON v.route = w.column1 AND v.number = w.column2",
        places.join(", ")
    )
}
