//! All that is live, read; documents only where the reader lacks them.

use super::{
    Published, PublishedRoute, PublishedVersion, Store, StoreError,
    keys::open_keys,
    link::{Link, Patience},
    prices::all_prices,
    row::Columns,
};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashMap};

/// How many documents are read at once.
const CHUNK: usize = 500;

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

    /// All that is live. Documents that `known` has, the same by their hashes, are not read again.
    ///
    /// # Errors
    /// `Away`.
    pub async fn published(&self, known: &Published) -> Result<Published, StoreError> {
        // by steps: how much there is to read is not known
        let mut link = self.reading(Patience::Each(self.settings().deadline)).await?;
        let change = change_in(&mut link).await?;
        let (mut routes, mut callable) = live(&mut link).await?;
        fill(&mut link, &mut callable, known).await?;
        for ((route, number), (hash, elements)) in callable {
            let Some(route) = routes.get_mut(&route) else { continue };
            let elements =
                elements.ok_or_else(|| StoreError::Unknown { kind: "version", id: number.to_string() })?;
            route.versions.push(PublishedVersion { number, elements, hash });
        }
        let mut routes: Vec<_> = routes.into_values().collect();
        routes.sort_by(|a, b| a.name.cmp(&b.name));
        let keys = open_keys(&mut link, self.now()).await?;
        Ok(Published { change, routes, keys, prices: all_prices(&mut link).await? })
    }
}

pub(super) async fn change_in(link: &mut Link) -> Result<u64, StoreError> {
    link.one(sqlx::query("SELECT change FROM state WHERE id = 1")).await?.number("change")
}

/// The live routes by their ids, without versions; and all versions that can be called, without documents.
async fn live(link: &mut Link) -> Result<(HashMap<String, PublishedRoute>, Callable), StoreError> {
    let (mut routes, mut callable) = (HashMap::new(), Callable::new());
    for row in link.all(sqlx::query(LIVE)).await? {
        let (id, live) = (row.text("id")?, row.number("version")?);
        callable.insert((id.clone(), live), (row.text("hash")?, None));
        let (name, canary) = (row.text("name")?, row.maybe_json("canary")?);
        routes.insert(id.clone(), PublishedRoute { id, name, live, canary, versions: vec![] });
    }
    for row in link.all(sqlx::query(BESIDE)).await? {
        callable.insert((row.text("route")?, row.number("number")?), (row.text("hash")?, None));
    }
    Ok((routes, callable))
}

/// Puts the documents in: from `known` where it has them, the rest from the database.
async fn fill(link: &mut Link, callable: &mut Callable, known: &Published) -> Result<(), StoreError> {
    for route in &known.routes {
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
