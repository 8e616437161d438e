//! The section `prices`.

use super::super::reader::Section;
use crate::provider::{Price, Prices};
use serde_json::Value;

/// The built-in prices under those that are set.
pub(in crate::config) fn prices(root: &mut Section<'_>) -> Prices {
    let notes = root.notes;
    let entries = root.entries("prices").into_iter();
    let rows = entries.filter_map(|(path, name, value)| {
        let price = price(Section::new(notes, path.clone(), value));
        let Some((provider, model)) = name.split_once('/').filter(|(p, m)| !p.is_empty() && !m.is_empty())
        else {
            notes.mistake(path, "expected `provider/model`, or `provider/*` for every model of it");
            return None;
        };
        if model != "*" && model.contains('*') {
            notes.mistake(path, "`*` stands for a whole model only: `provider/*`");
            return None;
        }
        Some((provider, model, price?))
    });
    Prices::new(rows.collect::<Vec<_>>())
}

fn price(mut section: Section<'_>) -> Option<Price> {
    let input = section.required("input", pico_dollars);
    let output = section.required("output", pico_dollars);
    let cached = section.value("cached", pico_dollars);
    section.end();
    Some(Price { input: input?, cached: cached.or(input)?, output: output? })
}

/// US dollars per million tokens, to pico-dollars per token.
fn pico_dollars(value: &Value) -> Result<u64, String> {
    let wanted = || format!("expected US dollars per million tokens, from 0 to 1000000, found {value}");
    let dollars = value.as_f64().filter(|usd| (0.0..=1e6).contains(usd)).ok_or_else(wanted)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1e12, and whole")]
    Ok((dollars * 1e6).round() as u64)
}
