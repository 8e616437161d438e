//! What a name in `dialect` stands for: a wire format, or a provider that speaks OpenAI's with quirks of its own.

use super::Dialect;
use crate::dialect::Quirks;
use std::str::FromStr;

/// A dialect with what goes without saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The wire format.
    pub dialect: Dialect,
    /// Where it lives, for those that live in one place; without a platform's project, location or region.
    pub base_url: Option<&'static str>,
    /// What sets it apart from the maker of its dialect.
    pub quirks: Quirks,
    /// Whether its streams may be asked for their usage.
    pub stream_usage: bool,
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || TABLE.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let found = TABLE.iter().find(|(known, _)| *known == name).map(|(_, preset)| *preset);
        found.ok_or_else(|| format!("`{name}` is no dialect that is known here; known: {}", known()))
    }
}

const TABLE: &[(&str, Preset)] = &[
    ("openai", own(Dialect::Openai, Some("https://api.openai.com/v1"))),
    ("azure_openai", own(Dialect::AzureOpenai, None)),
    ("azure", own(Dialect::AzureOpenai, None)),
    ("anthropic", own(Dialect::Anthropic, Some("https://api.anthropic.com"))),
    ("gemini", own(Dialect::Gemini, Some("https://generativelanguage.googleapis.com/v1beta"))),
    ("bedrock", own(Dialect::Bedrock, None)),
    ("bedrock_converse", own(Dialect::Bedrock, None)),
    ("mistral", own(Dialect::Mistral, Some("https://api.mistral.ai/v1"))),
    ("cohere", own(Dialect::Cohere, Some("https://api.cohere.com"))),
    (
        "groq",
        like_openai(Some("https://api.groq.com/openai/v1"), &["logprobs", "top_logprobs", "logit_bias"], &[]),
    ),
    ("deepseek", like_openai(Some("https://api.deepseek.com"), &[], OLD_LIMIT)),
    ("xai", like_openai(Some("https://api.x.ai/v1"), &[], &[])),
    ("together", like_openai(Some("https://api.together.xyz/v1"), &[], OLD_LIMIT)),
    ("fireworks", like_openai(Some("https://api.fireworks.ai/inference/v1"), &[], &[])),
    ("openrouter", like_openai(Some("https://openrouter.ai/api/v1"), &[], &[])),
    ("perplexity", like_openai(Some("https://api.perplexity.ai"), &[], OLD_LIMIT)),
    (
        "cerebras",
        like_openai(
            Some("https://api.cerebras.ai/v1"),
            &["frequency_penalty", "presence_penalty", "logit_bias"],
            &[],
        ),
    ),
    ("nvidia", like_openai(Some("https://integrate.api.nvidia.com/v1"), &[], OLD_LIMIT)),
    ("vllm", like_openai(None, &[], &[])),
    ("sglang", like_openai(None, &[], &[])),
    ("ollama", like_openai(Some("http://127.0.0.1:11434/v1"), &[], OLD_LIMIT)),
    ("lmstudio", like_openai(Some("http://127.0.0.1:1234/v1"), &[], OLD_LIMIT)),
];

const NONE: Quirks = Quirks { refuses: &[], renames: &[], takes: &[], chat_only: false };

/// Those that know only the older name of the output limit.
const OLD_LIMIT: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

const fn own(dialect: Dialect, base_url: Option<&'static str>) -> Preset {
    Preset { dialect, base_url, quirks: NONE, stream_usage: true }
}

const fn like_openai(
    base_url: Option<&'static str>,
    refuses: &'static [&'static str],
    renames: &'static [(&'static str, &'static str)],
) -> Preset {
    Preset {
        dialect: Dialect::Openai,
        base_url,
        quirks: Quirks { refuses, renames, chat_only: true, ..NONE },
        stream_usage: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::BaseUrl;

    #[test]
    fn every_dialect_has_its_own_name_and_every_base_url_can_be_read() {
        for (name, preset) in TABLE {
            let own: Preset = preset.dialect.name().parse().unwrap();
            assert_eq!(own.dialect, preset.dialect, "{name}");
            assert!(preset.base_url.is_none_or(|url| url.parse::<BaseUrl>().is_ok()), "{name}");
        }
    }

    #[test]
    fn an_unknown_dialect_names_the_known_ones() {
        assert!("gpt".parse::<Preset>().unwrap_err().contains("known: openai, azure_openai"));
    }
}
