//! Prices of the store, above those of `attache.yaml` and the built-in ones.

use super::{Building, Problem, STORE, Sources};
use crate::{
    provider::{PriceName, Rates},
    store::StoredPrice,
};

impl Building<'_> {
    /// Takes prices over. One that can not be read counts as if it were not there.
    pub(super) fn prices(&mut self, sources: &Sources<'_>) {
        let mut mistakes = Vec::new();
        let read = sources.published.prices.iter().filter_map(|price| {
            read(price).map_err(|why| mistakes.push(format!("the price of `{}`: {why}", price.name))).ok()
        });
        self.next.prices = sources.prices.under(read.collect::<Vec<_>>());
        if !mistakes.is_empty() {
            self.next.problems.push(Problem { source: STORE.to_owned(), mistakes, ..Problem::default() });
        }
    }
}

fn read(price: &StoredPrice) -> Result<(PriceName, Vec<Rates>), String> {
    let versions = serde_json::from_value(price.versions.clone()).map_err(|error| error.to_string())?;
    Ok((price.name.parse()?, versions))
}
