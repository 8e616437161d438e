//! The section `prices`.

use super::super::reader::Section;
use crate::provider::{PriceName, Prices, Rates};
use jiff::Timestamp;
use serde_json::Value;

/// The built-in prices under those that are set.
pub(in crate::config) fn prices(root: &mut Section<'_>) -> Prices {
    let notes = root.notes;
    let entries = root.entries("prices").into_iter();
    let rows = entries.filter_map(|(path, name, value)| {
        let read = |(path, value)| rates(Section::new(notes, path, value));
        let versions: Vec<_> = match value.as_array() {
            // versions, each from another time on
            Some(list) => {
                let places = list.iter().enumerate().map(|(i, value)| (format!("{path}[{i}]"), value));
                places.filter_map(read).collect()
            }
            None => read((path.clone(), value)).into_iter().collect(),
        };
        if !Rates::apart(&versions) {
            notes.mistake(path.as_str(), "two versions begin at the same time; give each its own `from`");
        }
        let name: Result<PriceName, _> = name.parse();
        name.map(|name| (name, versions)).map_err(|problem| notes.mistake(path, problem)).ok()
    });
    Prices::new(rows.collect::<Vec<_>>())
}

fn rates(mut section: Section<'_>) -> Option<Rates> {
    let input = section.required("input", per_token);
    let output = section.required("output", per_token);
    let rates = Rates {
        from: section.value("from", moment),
        cached: section.value("cached", per_token),
        cache_write: section.value("cache_write", per_token),
        cache_write_1h: section.value("cache_write_1h", per_token),
        audio_input: section.value("audio_input", per_token),
        image_input: section.value("image_input", per_token),
        reasoning: section.value("reasoning", per_token),
        audio_output: section.value("audio_output", per_token),
        image_output: section.value("image_output", per_token),
        request: section.value("request", per_answer),
        ..Rates::default()
    };
    section.end();
    Some(Rates { input: input?, output: output?, ..rates })
}

/// US dollars per million tokens.
fn per_token(value: &Value) -> Result<u64, String> {
    let wanted = || format!("expected US dollars per million tokens, from 0 to 1000000, found {value}");
    value.as_f64().and_then(Rates::per_token).ok_or_else(wanted)
}

/// US dollars per answer.
fn per_answer(value: &Value) -> Result<u64, String> {
    let wanted = || format!("expected US dollars per answer, from 0 to 1000000, found {value}");
    value.as_f64().and_then(Rates::per_answer).ok_or_else(wanted)
}

fn moment(value: &Value) -> Result<Timestamp, String> {
    let wanted = || {
        format!(
            "expected a date such as \"2026-01-01\", or a time such as \"2026-01-01T08:00:00Z\", found {value}"
        )
    };
    value.as_str().and_then(Rates::moment).ok_or_else(wanted)
}
