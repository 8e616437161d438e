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

/// By name. What a row refuses or renames is what the provider's own documentation, SDK or source says; what could not
/// be confirmed is not here.
const TABLE: &[(&str, Preset)] = &[
    ("openai", of(Dialect::Openai).at("https://api.openai.com/v1")),
    ("azure_openai", of(Dialect::AzureOpenai)),
    ("azure", of(Dialect::AzureOpenai)),
    ("anthropic", of(Dialect::Anthropic).at("https://api.anthropic.com")),
    ("gemini", of(Dialect::Gemini).at("https://generativelanguage.googleapis.com/v1beta")),
    ("bedrock", of(Dialect::Bedrock)),
    ("bedrock_converse", of(Dialect::Bedrock)),
    ("mistral", of(Dialect::Mistral).at("https://api.mistral.ai/v1")),
    ("cohere", of(Dialect::Cohere).at("https://api.cohere.com")),
    (
        "groq",
        kin().at("https://api.groq.com/openai/v1").refusing(&[
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "metadata",
            "n",
            "presence_penalty",
            "store",
            "top_logprobs",
        ]),
    ),
    (
        "deepseek",
        kin().at("https://api.deepseek.com").refusing(&["logit_bias", "n", "seed"]).renaming(OLD_LIMIT),
    ),
    // its models that reason refuse them, and by now most do
    ("xai", kin().at("https://api.x.ai/v1").refusing(&["frequency_penalty", "presence_penalty", "stop"])),
    (
        "together",
        // its `logprobs` is a number
        kin()
            .at("https://api.together.xyz/v1")
            .taking(TOP_K)
            .refusing(&["logprobs", "parallel_tool_calls", "top_logprobs"])
            .renaming(OLD_LIMIT),
    ),
    ("fireworks", kin().at("https://api.fireworks.ai/inference/v1").taking(TOP_K).renaming(OLD_LIMIT)),
    ("openrouter", kin().at("https://openrouter.ai/api/v1").taking(TOP_K)),
    (
        "perplexity",
        // its streams always tell their usage
        kin()
            .at("https://api.perplexity.ai")
            .refusing(&["logit_bias", "seed"])
            .renaming(OLD_LIMIT)
            .without_stream_usage(),
    ),
    (
        "cerebras",
        kin().at("https://api.cerebras.ai/v1").refusing(&[
            "frequency_penalty",
            "logit_bias",
            "presence_penalty",
        ]),
    ),
    ("nvidia", kin().at("https://integrate.api.nvidia.com/v1").renaming(OLD_LIMIT)),
    ("vllm", kin().taking(TOP_K)),
    ("sglang", kin().taking(TOP_K)),
    (
        "ollama",
        kin()
            .at("http://127.0.0.1:11434/v1")
            .refusing(&["logit_bias", "n", "parallel_tool_calls", "tool_choice"])
            .renaming(OLD_LIMIT),
    ),
    ("lmstudio", kin().at("http://127.0.0.1:1234/v1").renaming(OLD_LIMIT)),
];

/// Of those that know only the older name of the output limit.
const OLD_LIMIT: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

/// Of those that know it, though OpenAI does not.
const TOP_K: &[&str] = &["top_k"];

const fn of(dialect: Dialect) -> Preset {
    let quirks = Quirks { refuses: &[], renames: &[], takes: &[], chat_only: false };
    Preset { dialect, base_url: None, quirks, stream_usage: true }
}

/// One that speaks OpenAI's chat, and nothing of its Responses.
const fn kin() -> Preset {
    let mut preset = of(Dialect::Openai);
    preset.quirks.chat_only = true;
    preset
}

impl Preset {
    const fn at(mut self, base_url: &'static str) -> Self {
        self.base_url = Some(base_url);
        self
    }

    const fn refusing(mut self, fields: &'static [&'static str]) -> Self {
        self.quirks.refuses = fields;
        self
    }

    const fn renaming(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.quirks.renames = fields;
        self
    }

    const fn taking(mut self, fields: &'static [&'static str]) -> Self {
        self.quirks.takes = fields;
        self
    }

    const fn without_stream_usage(mut self) -> Self {
        self.stream_usage = false;
        self
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
    fn every_provider_with_quirks_is_documented_with_them() {
        const DOCUMENTATION: &str = include_str!("../../docs/configuration.md");
        let code = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
        for (name, preset) in
            TABLE.iter().filter(|(name, preset)| preset.dialect.name() == "openai" && *name != "openai")
        {
            let base = preset.base_url.map_or("must be set".to_owned(), |url| format!("`{url}`"));
            let refuses = code(&mut preset.quirks.refuses.iter().map(|field| format!("`{field}`")));
            let renames =
                code(&mut preset.quirks.renames.iter().map(|(from, to)| format!("`{from}`: `{to}`")));
            let row = format!("| `{name}` | {base} | {refuses} | {renames} | {} |", preset.stream_usage);
            assert!(DOCUMENTATION.contains(&row), "not in docs/configuration.md:\n{row}");
        }
    }

    #[test]
    fn an_unknown_dialect_names_the_known_ones() {
        assert!("gpt".parse::<Preset>().unwrap_err().contains("known: openai, azure_openai"));
    }
}
