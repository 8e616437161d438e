//! Usage as Messages counts it: cached tokens beside the others, where the hub counts them among them.

use crate::chat::Usage;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// Figures of a message or of an event; in a stream they are cumulative, and some may be missing.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Figures {
    #[serde(deserialize_with = "lenient")]
    input_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    output_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    cache_read_input_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    cache_creation_input_tokens: u64,
    cache_creation: Option<Creation>,
    output_tokens_details: Option<Details>,
}

/// For how long what was written to the cache is kept.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Creation {
    #[serde(deserialize_with = "lenient")]
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "lenient")]
    thinking_tokens: u64,
}

/// A figure that may be `null` or a float.
fn lenient<'de, D: Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    Ok(Value::deserialize(reader)?.as_u64().unwrap_or(0))
}

impl Figures {
    /// Takes later figures of the same stream.
    pub(super) fn grow(&mut self, later: Self) {
        self.input_tokens = self.input_tokens.max(later.input_tokens);
        self.output_tokens = self.output_tokens.max(later.output_tokens);
        self.cache_read_input_tokens = self.cache_read_input_tokens.max(later.cache_read_input_tokens);
        self.cache_creation_input_tokens =
            self.cache_creation_input_tokens.max(later.cache_creation_input_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
    }
}

impl From<Figures> for Usage {
    fn from(figures: Figures) -> Self {
        let (cached, cache_write) = (figures.cache_read_input_tokens, figures.cache_creation_input_tokens);
        Self {
            input: figures.input_tokens.saturating_add(cached).saturating_add(cache_write),
            output: figures.output_tokens,
            cached,
            cache_write,
            cache_write_1h: figures.cache_creation.map_or(0, |creation| creation.ephemeral_1h_input_tokens),
            reasoning: figures.output_tokens_details.map_or(0, |details| details.thinking_tokens),
            ..Self::default()
        }
    }
}

/// The figures for a client.
pub(super) fn write(usage: &Usage) -> Map<String, Value> {
    let fresh = usage.input.saturating_sub(usage.cached).saturating_sub(usage.cache_write);
    let mut figures = Map::new();
    figures.insert("input_tokens".into(), fresh.into());
    figures.insert("cache_creation_input_tokens".into(), usage.cache_write.into());
    if usage.cache_write_1h > 0 {
        let rest = usage.cache_write.saturating_sub(usage.cache_write_1h);
        let kept =
            json!({"ephemeral_1h_input_tokens": usage.cache_write_1h, "ephemeral_5m_input_tokens": rest});
        figures.insert("cache_creation".into(), kept);
    }
    figures.insert("cache_read_input_tokens".into(), usage.cached.into());
    figures.insert("output_tokens".into(), usage.output.into());
    if usage.reasoning > 0 {
        figures.insert("output_tokens_details".into(), json!({"thinking_tokens": usage.reasoning}));
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_counts_cached_tokens_among_the_others() {
        let figures: Figures = serde_json::from_value(json!({"input_tokens": 10, "output_tokens": 5,
            "cache_creation_input_tokens": null, "cache_read_input_tokens": 90,
            "output_tokens_details": {"thinking_tokens": 2}, "service_tier": "standard"}))
        .unwrap();
        let usage = Usage::from(figures);
        assert_eq!((usage.input, usage.cached, usage.output, usage.reasoning), (100, 90, 5, 2));
        let back: Figures = serde_json::from_value(Value::Object(write(&usage))).unwrap();
        assert_eq!(Usage::from(back), usage);
    }

    #[test]
    fn what_is_kept_for_an_hour_is_told_apart() {
        let figures: Figures = serde_json::from_value(json!({"input_tokens": 10, "output_tokens": 5,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}))
        .unwrap();
        let usage = Usage::from(figures);
        assert_eq!((usage.input, usage.cache_write, usage.cache_write_1h), (40, 30, 20));
        let back: Figures = serde_json::from_value(Value::Object(write(&usage))).unwrap();
        assert_eq!(Usage::from(back), usage);
    }

    #[test]
    fn a_later_event_that_lacks_a_figure_takes_none_away() {
        let mut figures: Figures =
            serde_json::from_value(json!({"input_tokens": 7, "output_tokens": 1})).unwrap();
        figures.grow(serde_json::from_value(json!({"output_tokens": 20})).unwrap());
        assert_eq!((Usage::from(figures).input, Usage::from(figures).output), (7, 20));
    }
}
