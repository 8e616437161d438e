//! Usage as Gemini counts it: thoughts beside the answer, tools' results beside the prompt, and each by kinds of content.

use super::reply::lenient;
use crate::chat::Usage;
use serde::Deserialize;

/// Figures of an answer or of an event; in a stream they grow.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Figures {
    #[serde(deserialize_with = "lenient")]
    prompt_token_count: u64,
    #[serde(deserialize_with = "lenient")]
    tool_use_prompt_token_count: u64,
    #[serde(deserialize_with = "lenient")]
    cached_content_token_count: u64,
    #[serde(deserialize_with = "lenient")]
    candidates_token_count: u64,
    #[serde(deserialize_with = "lenient")]
    thoughts_token_count: u64,
    #[serde(deserialize_with = "lenient")]
    prompt_tokens_details: Vec<Detail>,
    #[serde(deserialize_with = "lenient")]
    cache_tokens_details: Vec<Detail>,
    #[serde(deserialize_with = "lenient")]
    candidates_tokens_details: Vec<Detail>,
}

/// Tokens of one kind of content.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    #[serde(deserialize_with = "lenient")]
    modality: String,
    #[serde(deserialize_with = "lenient")]
    token_count: u64,
}

fn of(details: &[Detail], modality: &str) -> u64 {
    details.iter().filter(|detail| detail.modality == modality).map(|detail| detail.token_count).sum()
}

impl From<&Figures> for Usage {
    fn from(figures: &Figures) -> Self {
        let fresh = |modality| {
            of(&figures.prompt_tokens_details, modality)
                .saturating_sub(of(&figures.cache_tokens_details, modality))
        };
        Self {
            input: figures.prompt_token_count.saturating_add(figures.tool_use_prompt_token_count),
            output: figures.candidates_token_count.saturating_add(figures.thoughts_token_count),
            cached: figures.cached_content_token_count,
            audio_input: fresh("AUDIO"),
            image_input: fresh("IMAGE"),
            reasoning: figures.thoughts_token_count,
            audio_output: of(&figures.candidates_tokens_details, "AUDIO"),
            image_output: of(&figures.candidates_tokens_details, "IMAGE"),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn thoughts_are_put_to_the_answer_and_cached_sound_is_cached() {
        let figures: Figures = serde_json::from_value(json!({
            "promptTokenCount": 100, "toolUsePromptTokenCount": 5, "cachedContentTokenCount": 40,
            "candidatesTokenCount": 30, "thoughtsTokenCount": 7, "totalTokenCount": 142,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 30}, {"modality": "AUDIO", "tokenCount": 50},
                {"modality": "IMAGE", "tokenCount": 20}],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 40}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}, {"modality": "IMAGE"}, {}],
            "toolUsePromptTokensDetails": null, "trafficType": "ON_DEMAND"
        }))
        .unwrap();
        let want = Usage {
            input: 105,
            output: 37,
            cached: 40,
            audio_input: 10,
            image_input: 20,
            reasoning: 7,
            audio_output: 12,
            ..Usage::default()
        };
        assert_eq!(Usage::from(&figures), want);
    }
}
