//! Prices that are set over the API: one for each name. What a price says is its reader's business.

use super::{
    Store, StoreError, Write,
    change::{Change, Deed, named, plain},
    link::Link,
    row::{self, Columns},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use std::time::SystemTime;

const KIND: &str = "price";

/// Columns are named, here as everywhere: a newer Attaché may add some while this one runs.
macro_rules! select_prices {
    ($rest:literal) => {
        concat!("SELECT name, versions, modified_at, revision FROM prices ", $rest)
    };
}

/// The price of a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPrice {
    /// `provider/model`, or a pattern.
    pub name: String,
    /// Its versions: a list.
    pub versions: Value,
    /// When it was set last.
    pub modified_at: SystemTime,
    /// Grows by one with every change; begins at 1 again where it was deleted in between.
    pub revision: u64,
}

impl Store {
    /// The price of this name.
    ///
    /// # Errors
    /// `Unknown`, `Away`.
    pub async fn price(&self, name: &str) -> Result<StoredPrice, StoreError> {
        named(KIND, name)?;
        price_in(&mut self.glance().await?, name).await?.ok_or_else(|| unknown(name))
    }

    /// Sets the price of this name, whether or not it had one; `Write::expecting(Some(0))`: it had none.
    ///
    /// # Errors
    /// `Moved`, `Refused`, `Away`.
    pub async fn set_price(
        &self,
        write: Write<'_>,
        name: &str,
        versions: &Value,
    ) -> Result<StoredPrice, StoreError> {
        let mut change = self.change_by(write).await?;
        plain("a name", name)?;
        let was = change.price(name).await?;
        let set = match was {
            None => "INSERT INTO prices (name, versions, modified_at, revision) VALUES ($1, $2, $3, 1)",
            Some(_) => {
                "UPDATE prices SET versions = $2, modified_at = $3, revision = revision + 1 WHERE name = $1"
            }
        };
        let set = sqlx::query(set).bind(name).bind(row::json(versions)?).bind(change.now);
        change.run(set).await?;
        let price = price_in(&mut change.link, name).await?.ok_or_else(|| unknown(name))?;
        let deed = Deed { action: "price.set", kind: KIND, id: name, name };
        change.done(deed, was.map_or(Value::Null, |was| facts(&was)), facts(&price)).await?;
        Ok(price)
    }

    /// Forgets the price of this name; gives what it was.
    ///
    /// # Errors
    /// `Unknown`, `Moved`, `Away`.
    pub async fn delete_price(&self, write: Write<'_>, name: &str) -> Result<StoredPrice, StoreError> {
        let mut change = self.change_by(write).await?;
        named(KIND, name)?;
        let was = change.price(name).await?.ok_or_else(|| unknown(name))?;
        change.run(sqlx::query("DELETE FROM prices WHERE name = $1").bind(name)).await?;
        let deed = Deed { action: "price.delete", kind: KIND, id: name, name };
        change.done(deed, facts(&was), Value::Null).await?;
        Ok(was)
    }
}

impl Change<'_> {
    /// The price, if it is as the writer saw it.
    async fn price(&mut self, name: &str) -> Result<Option<StoredPrice>, StoreError> {
        let found = price_in(&mut self.link, name).await?;
        self.write.expects(found.as_ref().map_or(0, |price| price.revision))?;
        Ok(found)
    }
}

/// All prices, by name.
pub(super) async fn all_prices(link: &mut Link) -> Result<Vec<StoredPrice>, StoreError> {
    link.all(sqlx::query(select_prices!("ORDER BY name"))).await?.iter().map(price_of).collect()
}

async fn price_in(link: &mut Link, name: &str) -> Result<Option<StoredPrice>, StoreError> {
    let row = link.maybe(sqlx::query(select_prices!("WHERE name = $1")).bind(name)).await?;
    row.as_ref().map(price_of).transpose()
}

fn price_of(row: &AnyRow) -> Result<StoredPrice, StoreError> {
    Ok(StoredPrice {
        name: row.text("name")?,
        versions: row.json("versions")?,
        modified_at: row.time("modified_at")?,
        revision: row.number("revision")?,
    })
}

fn unknown(name: &str) -> StoreError {
    StoreError::Unknown { kind: KIND, id: name.into() }
}

/// What the audit log keeps.
fn facts(price: &StoredPrice) -> Value {
    json!({"name": price.name, "revision": price.revision, "versions": price.versions})
}
