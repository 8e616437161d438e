//! What Bedrock's models take, as far as Converse treats them differently: read off the model's id.
//!
//! Ids bear a region before the maker (`us.`, `global.`) or are ARNs; an application inference profile's ARN tells nothing of
//! its model, and is treated like that of an unknown maker.

use crate::dialect::claude::Claude;

/// A model's family and what goes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) family: Family,
    /// It can be held to a JSON schema.
    pub(super) exact: bool,
}

/// Models that take the same fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Claude(Claude),
    Nova,
    /// Amazon Nova from the second on, which thinks.
    Nova2,
    /// OpenAI's open weights.
    GptOss,
    /// OpenAI's others.
    Gpt,
    Other,
}

/// Open weights that Bedrock can hold to a schema.
const EXACT: [&str; 11] = [
    "qwen.",
    "openai.",
    "deepseek.v3",
    "minimax.",
    "google.gemma",
    "nvidia.",
    "moonshot",
    "ministral",
    "magistral",
    "voxtral",
    "mistral-large-3",
];

impl Model {
    pub(super) fn of(id: &str) -> Self {
        let id = id.to_ascii_lowercase();
        let family = if let Some(claude) = Claude::of(&id) {
            Family::Claude(claude)
        } else if id.contains("amazon.nova-2") {
            Family::Nova2
        } else if id.contains("amazon.nova") {
            Family::Nova
        } else if id.contains("openai.gpt-oss") {
            Family::GptOss
        } else if id.contains("openai.") {
            Family::Gpt
        } else {
            Family::Other
        };
        let exact = match family {
            // Bedrock refuses `output_config.format` for the newer ones
            Family::Claude(claude) => ((4, 5)..=(4, 6)).contains(&claude.version),
            _ => EXACT.into_iter().any(|name| id.contains(name)),
        };
        Self { family, exact }
    }

    pub(super) fn claude(self) -> Option<Claude> {
        match self.family {
            Family::Claude(claude) => Some(claude),
            _ => None,
        }
    }

    /// It can be kept from calling several tools at once.
    pub(super) fn can_be_serial(self) -> bool {
        self.claude().is_some_and(|claude| claude.version >= (4, 5))
    }

    /// Amazon's own models.
    pub(super) fn is_nova(self) -> bool {
        matches!(self.family, Family::Nova | Family::Nova2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart() {
        let family = |id| Model::of(id).family;
        assert_eq!(family("us.amazon.nova-2-lite-v1:0"), Family::Nova2);
        assert_eq!(family("amazon.nova-pro-v1:0"), Family::Nova);
        assert_eq!(family("openai.gpt-oss-120b-1:0"), Family::GptOss);
        assert_eq!(family("us.openai.gpt-5.6-luna"), Family::Gpt);
        assert_eq!(family("meta.llama3-3-70b-instruct-v1:0"), Family::Other);
        assert_eq!(family("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"), Family::Other);
    }

    #[test]
    fn only_some_are_held_to_a_schema() {
        let exact = |id| Model::of(id).exact;
        assert!(exact("anthropic.claude-haiku-4-5-20251001-v1:0") && exact("qwen.qwen3-32b-v1:0"));
        assert!(!exact("anthropic.claude-sonnet-5") && !exact("anthropic.claude-sonnet-4-20250514-v1:0"));
        assert!(!exact("amazon.nova-pro-v1:0") && !exact("mistral.mistral-large-2402-v1:0"));
    }
}
