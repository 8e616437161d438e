//! The section `providers`: where models live, and how to be let in.

mod accounts;
mod cluster;
mod place;
mod prices;
mod secrets;
#[cfg(test)]
mod tests;

pub(super) use prices::prices;

use super::{
    reader::Section,
    values::{boolean, count, duration, text},
};
use crate::provider::{Dialect, Preset, Provider};
use std::time::Duration;

/// Names that mean something else: Envoy's own clusters, and the models that are routes.
const RESERVED: [&str; 3] = ["attempt", "attache", "dynamic"];
const LONGEST: Duration = Duration::from_hours(1);

/// Every provider; `timeout` is for those that set none. Where something is wrong a default stands in, and it is noted.
pub(super) fn read(root: &mut Section<'_>, timeout: Duration) -> Vec<Provider> {
    let notes = root.notes;
    let entries = root.entries("providers").into_iter();
    entries
        .map(|(path, name, value)| {
            if let Err(problem) = named(name) {
                notes.mistake(path.as_str(), problem);
            }
            provider(name, Section::new(notes, path, value), timeout)
        })
        .collect()
}

/// Whether `name` can be the name of a provider.
fn named(name: &str) -> Result<(), String> {
    if RESERVED.contains(&name) {
        return Err("this name is taken; call the provider something else".into());
    }
    is_name(name)
        .then_some(())
        .ok_or_else(|| "a provider's name has 1 to 63 letters, digits, `-`, `_` and `.`".into())
}

/// Whether `name` is a name that can stand anywhere: in a URL, a header, a metric.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 63 && name.chars().all(allowed)
}

fn provider(name: &str, mut section: Section<'_>, timeout: Duration) -> Provider {
    let preset = section.required("dialect", |value| text(value)?.parse::<Preset>());
    let place = place::read(&mut section, preset);
    let range = Duration::from_millis(1)..=LONGEST;
    let stream_usage = preset.is_none_or(|preset| preset.stream_usage);
    let mut provider = Provider {
        platform: place.platform,
        quirks: preset.map(|preset| preset.quirks).unwrap_or_default(),
        azure: place.azure,
        timeout: section.value("timeout", duration(range)).unwrap_or(timeout),
        stream_usage: section.value("stream_usage", boolean).unwrap_or(stream_usage),
        strict: section.value("strict", boolean).unwrap_or(false),
        max_tokens: section.value("max_tokens", count(1..=10_000_000)),
        models: section.texts("models").unwrap_or_default(),
        envoy: cluster::read(section.section("envoy")),
        ..Provider::new(name, preset.map_or(Dialect::Openai, |preset| preset.dialect), place.base)
    };
    secrets::read(&mut section, &mut provider, (place.house, place.region));
    section.end();
    provider
}
