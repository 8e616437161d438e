//! Usage to cost: integer nano-dollars, from prices in pico-dollars per token.

use super::builtin;
use crate::chat::Usage;
use std::collections::{HashMap, HashSet};

/// The price of one model, in pico-dollars per token (USD per million tokens × 1,000,000).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Per prompt token.
    pub input: u64,
    /// Per prompt token that came from the provider's cache.
    pub cached: u64,
    /// Per answer token.
    pub output: u64,
}

impl Price {
    /// What `usage` costs, in nano-dollars, rounded up.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> u64 {
        let cached = usage.cached.min(usage.input);
        let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let pico = of(usage.input - cached, self.input)
            .saturating_add(of(cached, self.cached))
            .saturating_add(of(usage.output, self.output));
        u64::try_from(pico.div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

/// The price table: what operators set, over what is built in.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    set: Table,
    built_in: Table,
}

impl Default for Prices {
    /// The built-in prices alone.
    fn default() -> Self {
        Self::new([])
    }
}

impl Prices {
    /// The built-in prices under `overrides`: provider, model (`*` for every model of it), price.
    #[must_use]
    pub fn new<'a>(overrides: impl IntoIterator<Item = (&'a str, &'a str, Price)>) -> Self {
        Self { set: Table::of(overrides), built_in: Table::of(builtin::prices()) }
    }

    /// The price of `provider/model`, where it is known. What is set wins over what is built in; in either, the
    /// model as named wins over the same without its date or revision, and that over `*`.
    #[must_use]
    pub fn of(&self, provider: &str, model: &str) -> Option<Price> {
        self.set.find(provider, model).or_else(|| self.built_in.find(provider, model))
    }

    /// Every price, by provider and model; of one that is set, the built-in one is left out.
    #[must_use]
    pub fn rows(&self) -> Vec<Priced<'_>> {
        let set = self.set.rows(false);
        let known: HashSet<_> = set.iter().map(|row| (row.provider, row.model)).collect();
        let built_in =
            self.built_in.rows(true).into_iter().filter(|row| !known.contains(&(row.provider, row.model)));
        let mut rows: Vec<_> = set.iter().copied().chain(built_in).collect();
        rows.sort_by_key(|row| (row.provider, row.model));
        rows
    }
}

/// A row of the price table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced<'a> {
    /// The provider.
    pub provider: &'a str,
    /// The model; `*` is every model of the provider.
    pub model: &'a str,
    /// What it costs.
    pub price: Price,
    /// Whether it is built in, not set by the operator.
    pub built_in: bool,
}

/// Prices by provider, then model: so a look-up builds no key.
#[derive(Debug, Clone, Default, PartialEq)]
struct Table(HashMap<Box<str>, HashMap<Box<str>, Price>>);

impl Table {
    fn of<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str, Price)>) -> Self {
        let mut table = Self::default();
        for (provider, model, price) in rows {
            table.0.entry(provider.into()).or_default().insert(model.into(), price);
        }
        table
    }

    fn rows(&self, built_in: bool) -> Vec<Priced<'_>> {
        let pairs =
            self.0.iter().flat_map(|(provider, models)| models.iter().map(move |model| (provider, model)));
        pairs.map(|(provider, (model, price))| Priced { provider, model, price: *price, built_in }).collect()
    }

    fn find(&self, provider: &str, model: &str) -> Option<Price> {
        let models = self.0.get(provider)?;
        models.get(model).or_else(|| models.get(undated(model)?)).or_else(|| models.get("*")).copied()
    }
}

/// The model without its date or revision (`-2024-08-06`, `-20241022`, `@20241022`, `-0613`, `-002`, `-latest`).
fn undated(model: &str) -> Option<&str> {
    let dated = model.len().checked_sub("-2024-08-06".len()).and_then(|at| model.split_at_checked(at));
    if let Some((name, date)) = dated
        && is_date(date)
    {
        return Some(name);
    }
    let (name, revision) = model.rsplit_once(['-', '@'])?;
    let digits = revision.bytes().all(|b| b.is_ascii_digit());
    (revision == "latest" || digits && matches!(revision.len(), 3 | 4 | 8)).then_some(name)
}

/// Whether it is `-YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    text.bytes().zip(*b"-0000-00-00").all(|(b, form)| match form {
        b'-' => b == b'-',
        _ => b.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Price = Price { input: 1, cached: 1, output: 1 };
    const TWO: Price = Price { input: 2, cached: 2, output: 2 };

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage { input, cached, output, ..Usage::default() }
    }

    #[test]
    fn cost_is_exact_and_rounded_up() {
        let gpt_4o = Prices::default().of("openai", "gpt-4o").unwrap();
        // 1000 × $2.50 + 1000 × $1.25 + 1000 × $10 per million = $0.01375
        assert_eq!(gpt_4o.cost(&usage(2000, 1000, 1000)), 13_750_000);
        let cheap = Price { input: 37_500, cached: 37_500, output: 0 };
        assert_eq!(cheap.cost(&usage(1, 0, 0)), 38);
        assert_eq!(ONE.cost(&Usage::default()), 0);
    }

    #[test]
    fn more_cached_than_asked_costs_what_was_asked() {
        let price = Price { input: 2000, cached: 1000, output: 0 };
        assert_eq!(price.cost(&usage(10, 99, 0)), 10);
    }

    #[test]
    fn a_cost_beyond_all_money_stays_at_the_top() {
        let dear = Price { input: u64::MAX, cached: 0, output: u64::MAX };
        assert_eq!(dear.cost(&usage(u64::MAX, 0, u64::MAX)), u64::MAX);
    }

    #[test]
    fn a_date_or_revision_is_looked_through() {
        let prices = Prices::default();
        let plain = prices.of("openai", "gpt-4o");
        assert!(plain.is_some());
        assert_eq!(prices.of("openai", "gpt-4o-2024-08-06"), plain);
        assert_eq!(prices.of("openai", "gpt-4o-latest"), plain);
        for (model, name) in [
            ("claude-3-5-haiku-20241022", Some("claude-3-5-haiku")),
            ("claude-opus-4@20250514", Some("claude-opus-4")),
            ("gpt-4-0613", Some("gpt-4")),
            ("gemini-1.5-pro-002", Some("gemini-1.5-pro")),
            ("gpt-4o-mini", None),
            ("claude-opus-4-1", None),
            ("日本-2024-08-06", Some("日本")),
            ("日本日本", None),
        ] {
            assert_eq!(undated(model), name, "{model}");
        }
    }

    #[test]
    fn what_is_set_wins_and_a_name_wins_over_the_star() {
        let prices = Prices::new([("openai", "gpt-4o", ONE), ("mock", "*", TWO), ("mock", "dear", ONE)]);
        assert_eq!(prices.of("openai", "gpt-4o-2024-05-13"), Some(ONE), "over the built-in dated one");
        assert_eq!(prices.of("mock", "anything"), Some(TWO));
        assert_eq!(prices.of("mock", "dear-20250101"), Some(ONE));
        assert_eq!(prices.of("nobody", "anything"), None);
    }

    #[test]
    fn every_built_in_price_is_found_under_its_name() {
        let prices = Prices::default();
        for (provider, model, price) in builtin::prices() {
            assert_eq!(prices.of(provider, model), Some(price), "{provider}/{model} is there twice");
            assert!(price.cached <= price.input && price.input > 0, "{provider}/{model}");
        }
    }
}
