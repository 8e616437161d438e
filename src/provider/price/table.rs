//! The price table: what people set over the API, over what `attache.yaml` sets, over what is built in.

use super::{Price, Rates, builtin};
use crate::provider::matches;
use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    fmt,
    str::FromStr,
    time::SystemTime,
};

/// Letters of a name.
const LONGEST: usize = 256;
/// How often `*` may stand in a name.
const STARS: usize = 4;

/// Whose price it is: `provider/model`; in both parts `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    provider: Box<str>,
    model: Box<str>,
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').filter(|(provider, model)| !provider.is_empty() && !model.is_empty());
        let Some((provider, model)) = parts else {
            return Err("expected `provider/model`, or `provider/*` for every model of it".into());
        };
        if text.chars().count() > LONGEST || text.contains(char::is_control) {
            return Err(format!("expected at most {LONGEST} characters, none of them a control character"));
        }
        if text.matches('*').count() > STARS {
            return Err(format!("`*` may stand in it {STARS} times at most"));
        }
        Ok(Self { provider: provider.into(), model: model.into() })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl Name {
    fn is_pattern(&self) -> bool {
        self.provider.contains('*') || self.model.contains('*')
    }

    /// Where it stands among patterns, the most particular first.
    fn rank(&self) -> impl Ord + use<> {
        let letters = |text: &str| Reverse(text.chars().filter(|c| *c != '*').count());
        let stars = |text: &str| text.contains('*');
        let (provider, model) = (&*self.provider, &*self.model);
        (stars(provider), stars(model), letters(model), letters(provider), self.to_string())
    }

    fn means(&self, provider: &str, model: &str) -> bool {
        matches(&self.provider, provider)
            && (matches(&self.model, model) || undated(model).is_some_and(|name| *self.model == *name))
    }
}

/// Where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// Set over the API.
    Api,
    /// Set in `attache.yaml`.
    File,
    /// Built in.
    BuiltIn,
}

impl PriceSource {
    /// In order of precedence.
    const ALL: [Self; 3] = [Self::Api, Self::File, Self::BuiltIn];

    /// The public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::File => "attache.yaml",
            Self::BuiltIn => "built-in",
        }
    }
}

/// The price table.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices([Table; 3]);

impl Default for Prices {
    /// The built-in prices alone.
    fn default() -> Self {
        Self::new([])
    }
}

impl Prices {
    /// The built-in prices under those of `attache.yaml`: of each name one price or several, each from another moment on.
    #[must_use]
    pub fn new(file: impl IntoIterator<Item = (Name, Vec<Rates>)>) -> Self {
        let built_in = builtin::prices().map(|(provider, model, price)| {
            let name = Name { provider: provider.into(), model: model.into() };
            (name, Versions([(None, price)].into()))
        });
        Self([Table::default(), Table::of(file.into_iter().map(read)), Table::of(built_in)])
    }

    /// The same under those that were set over the API.
    #[must_use]
    pub fn under(&self, api: impl IntoIterator<Item = (Name, Vec<Rates>)>) -> Self {
        let [_, file, built_in] = self.0.clone();
        Self([Table::of(api.into_iter().map(read)), file, built_in])
    }

    /// The price of `provider/model` that is in force at this time, where one is known. What is set over the API goes before
    /// what `attache.yaml` sets, and that before what is built in. In each of them the model as named goes before the same
    /// without its date or revision, and that before patterns: those of one provider first, then those of one model, then
    /// those with more letters.
    #[must_use]
    pub fn of(&self, provider: &str, model: &str, at: SystemTime) -> Option<Price> {
        self.0.iter().find_map(|table| table.find(provider, model, at))
    }

    /// Every price, by provider, model and time; a name that is set twice is told only where it counts.
    #[must_use]
    pub fn rows(&self) -> Vec<Priced<'_>> {
        let (mut rows, mut known) = (Vec::new(), HashSet::new());
        for (table, source) in self.0.iter().zip(PriceSource::ALL) {
            let new: Vec<_> =
                table.rows(source).filter(|row| !known.contains(&(row.provider, row.model))).collect();
            known.extend(new.iter().map(|row| (row.provider, row.model)));
            rows.extend(new);
        }
        rows.sort_by_key(|row| (row.provider, row.model, row.from));
        rows
    }
}

fn read((name, versions): (Name, Vec<Rates>)) -> (Name, Versions) {
    let mut versions: Vec<_> = versions.iter().map(|rates| (rates.begins(), rates.price())).collect();
    versions.sort_by_key(|(from, _)| Reverse(*from));
    (name, Versions(versions.into()))
}

/// A row of the price table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced<'a> {
    /// The provider, or a pattern.
    pub provider: &'a str,
    /// The model, or a pattern.
    pub model: &'a str,
    /// From when on it is in force; `None`: from the beginning.
    pub from: Option<SystemTime>,
    /// What it costs.
    pub price: Price,
    /// Where it comes from.
    pub source: PriceSource,
}

/// The prices of one source.
#[derive(Debug, Clone, Default, PartialEq)]
struct Table {
    /// By provider, then model: so a look-up builds no key.
    named: HashMap<Box<str>, HashMap<Box<str>, Versions>>,
    /// The most particular first.
    patterns: Vec<(Name, Versions)>,
}

/// The versions of one price, the newest first.
#[derive(Debug, Clone, PartialEq)]
struct Versions(Box<[(Option<SystemTime>, Price)]>);

impl Versions {
    fn at(&self, at: SystemTime) -> Option<Price> {
        self.0.iter().find(|(from, _)| from.is_none_or(|from| from <= at)).map(|(_, price)| *price)
    }
}

impl Table {
    fn of(rows: impl Iterator<Item = (Name, Versions)>) -> Self {
        let mut table = Self::default();
        for (name, versions) in rows {
            if name.is_pattern() {
                table.patterns.push((name, versions));
            } else {
                table.named.entry(name.provider).or_default().insert(name.model, versions);
            }
        }
        table.patterns.sort_by_cached_key(|(name, _)| name.rank());
        table
    }

    fn rows(&self, source: PriceSource) -> impl Iterator<Item = Priced<'_>> {
        let named = self.named.iter().flat_map(|(provider, models)| {
            models.iter().map(move |(model, versions)| (&**provider, &**model, versions))
        });
        let patterns = self.patterns.iter().map(|(name, versions)| (&*name.provider, &*name.model, versions));
        named.chain(patterns).flat_map(move |(provider, model, versions)| {
            versions.0.iter().map(move |&(from, price)| Priced { provider, model, from, price, source })
        })
    }

    fn find(&self, provider: &str, model: &str, at: SystemTime) -> Option<Price> {
        let models = self.named.get(provider);
        let named = |model| models?.get(model)?.at(at);
        let patterns = || {
            let meant = self.patterns.iter().filter(|(name, _)| name.means(provider, model));
            meant.into_iter().find_map(|(_, versions)| versions.at(at))
        };
        named(model).or_else(|| named(undated(model)?)).or_else(patterns)
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
    use std::time::Duration;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    /// Prices that are told apart by their input.
    fn rows(names: &[(&str, u64)]) -> Vec<(Name, Vec<Rates>)> {
        names.iter().map(|(name, input)| (name.parse().unwrap(), vec![since(None, *input)])).collect()
    }

    fn since(from: Option<&str>, input: u64) -> Rates {
        Rates { from: from.and_then(Rates::moment), input, ..Rates::default() }
    }

    fn input(prices: &Prices, provider: &str, model: &str) -> Option<u64> {
        prices.of(provider, model, NOW).map(|price| price.input)
    }

    #[test]
    fn a_date_or_revision_is_looked_through() {
        let prices = Prices::default();
        let plain = input(&prices, "openai", "gpt-4o");
        assert!(plain.is_some());
        assert_eq!(input(&prices, "openai", "gpt-4o-2024-08-06"), plain);
        assert_eq!(input(&prices, "openai", "gpt-4o-latest"), plain);
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
    fn the_most_particular_name_has_the_last_word() {
        let mut names = rows(&[
            ("p/m-1", 1),
            ("p/m", 2),
            ("p/m-*", 3),
            ("p/*", 4),
            ("*/m-1", 5),
            ("p*/other", 6),
            ("*/m-*", 7),
            ("*/*", 8),
        ]);
        for (provider, model, wanted) in [
            ("p", "m-1", 1),
            ("p", "m-2024-08-06", 2),
            ("p", "m-2", 3),
            ("p", "other", 4),
            ("q", "m-1", 5),
            ("q", "m-1-2024-08-06", 5),
            ("pq", "other", 6),
            ("q", "m-2", 7),
            ("q", "other", 8),
        ] {
            let prices = Prices::new(names.clone());
            assert_eq!(input(&prices, provider, model), Some(wanted), "{provider}/{model}");
            names.reverse();
        }
        assert_eq!(input(&Prices::new(rows(&[("p/m*", 1)])), "q", "m"), None);
    }

    #[test]
    fn what_is_set_over_the_api_wins_over_the_file_and_that_over_what_is_built_in() {
        let file = Prices::new(rows(&[("openai/*", 1), ("openai/gpt-4o", 2)]));
        assert_eq!(input(&file, "openai", "gpt-4o"), Some(2));
        assert_eq!(input(&file, "openai", "gpt-4o-mini"), Some(1), "even by a pattern");
        let api = file.under(rows(&[("*/gpt-4o", 3)]));
        assert_eq!(input(&api, "openai", "gpt-4o"), Some(3));
        assert_eq!(input(&api, "openai", "gpt-4o-mini"), Some(1));
        assert_eq!(api.under([]), file);
        let of = |name: &str| {
            let rows = api.rows();
            let row = rows.iter().filter(|row| format!("{}/{}", row.provider, row.model) == name);
            row.map(|row| (row.price.input, row.source.name())).collect::<Vec<_>>()
        };
        assert_eq!(of("openai/gpt-4o"), [(2, "attache.yaml")], "the built-in one does not count");
        assert_eq!(of("*/gpt-4o"), [(3, "api")]);
        assert_eq!(of("openai/gpt-4.1"), [(2_000_000, "built-in")]);
    }

    #[test]
    fn the_version_in_force_counts() {
        let versions =
            vec![since(Some("2026-01-01"), 2), since(None, 1), since(Some("2026-03-01T12:00:00Z"), 3)];
        let later = vec![since(Some("2026-01-01"), 9)];
        let prices =
            Prices::new([("p/m".parse().unwrap(), versions), ("openai/gpt-4o".parse().unwrap(), later)]);
        let at = |moment: &str| SystemTime::from(Rates::moment(moment).unwrap());
        let input = |moment| prices.of("p", "m", moment).map(|price| price.input);
        assert_eq!(input(at("2026-01-01") - Duration::from_nanos(1)), Some(1));
        assert_eq!(input(at("2026-01-01")), Some(2));
        assert_eq!(input(at("2026-03-01T11:59:59Z")), Some(2));
        assert_eq!(input(at("2027-01-01")), Some(3));
        // a name of which nothing is in force yet is passed over
        let gpt_4o = |moment| prices.of("openai", "gpt-4o", moment).map(|price| price.input);
        assert_eq!(gpt_4o(at("2025-12-31")), Some(2_500_000));
        assert_eq!(gpt_4o(at("2026-01-01")), Some(9));
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        for (name, why) in [
            ("gpt-4o", "expected `provider/model`"),
            ("/gpt-4o", "expected `provider/model`"),
            ("openai/", "expected `provider/model`"),
            ("a/*b*c*d*e*f", "4 times"),
            ("a/b\n", "control"),
        ] {
            assert!(name.parse::<Name>().unwrap_err().contains(why), "{name}");
        }
        assert_eq!("meta/llama/4*".parse::<Name>().unwrap().to_string(), "meta/llama/4*");
    }

    #[test]
    fn every_built_in_price_is_found_under_its_name() {
        let prices = Prices::default();
        for (provider, model, price) in builtin::prices() {
            assert_eq!(prices.of(provider, model, NOW), Some(price), "{provider}/{model} is there twice");
            assert!(price.cached <= price.input && price.input > 0, "{provider}/{model}");
        }
    }
}
