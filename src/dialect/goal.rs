//! What a request is written for.

use super::left::asks_nothing;
use crate::chat::Loss;
use serde_json::{Map, Value};

/// Who hosts the models of a provider, where one dialect lives in several places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Platform {
    /// The maker of the dialect.
    #[default]
    Direct,
    /// Google's Vertex AI: Gemini and Claude.
    Vertex,
    /// Amazon Bedrock's `InvokeModel`: Claude in Anthropic's own dialect.
    Bedrock,
}

/// The target of a request, as far as a dialect needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Goal<'a> {
    /// The model, as the provider calls it.
    pub model: &'a str,
    /// Who hosts it.
    pub platform: Platform,
    /// The most output tokens, for dialects that must name some where the request does not: the model's own limit.
    pub max_tokens: u64,
    /// What sets a provider apart from the maker of its dialect.
    pub quirks: Quirks,
}

/// What sets a provider apart from the maker of its dialect, as data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Top-level fields that it refuses or ignores: left out, and reported as lost.
    pub refuses: &'static [&'static str],
    /// Top-level fields that it calls something else: OpenAI's name, its own.
    pub renames: &'static [(&'static str, &'static str)],
    /// Top-level fields that it takes beyond those of the maker: `top_k`.
    pub takes: &'static [&'static str],
    /// It has chat completions, but no Responses.
    pub chat_only: bool,
}

impl Quirks {
    /// Makes `body` one that the provider takes.
    pub fn apply(&self, body: &mut Map<String, Value>, loss: &mut Loss) {
        for field in self.refuses {
            if body.shift_remove(*field).is_some_and(|value| !asks_nothing(field, &value.to_string())) {
                loss.of(field);
            }
        }
        for (openai, own) in self.renames {
            if let Some(value) = body.shift_remove(*openai) {
                body.insert((*own).into(), value);
            }
        }
    }
}
