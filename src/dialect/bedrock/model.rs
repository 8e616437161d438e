//! What Bedrock's models take, as far as Converse treats them differently: read off the model's id.
//!
//! Ids bear a region before the maker (`us.`, `global.`) or are ARNs; an application inference profile's ARN tells nothing of
//! its model, and is treated like that of an unknown maker.

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

/// A Claude, by its name and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claude {
    line: Line,
    version: (u32, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Haiku,
    Sonnet,
    Opus,
    /// Fable and Mythos.
    Tale,
    Other,
}

/// Whether a model can be made to call a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forced {
    Always,
    /// Only while it does not think.
    Unthinking,
    Never,
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
        let family = if let Some((_, name)) = id.rsplit_once("claude-") {
            Family::Claude(Claude::of(name))
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

    /// Amazon's own models.
    pub(super) fn is_nova(self) -> bool {
        matches!(self.family, Family::Nova | Family::Nova2)
    }
}

impl Claude {
    /// `sonnet-4-5-20250929-v1:0`, `3-7-sonnet-20250219-v1:0`, `opus-5`, `instant-v1`.
    fn of(name: &str) -> Self {
        let words = || name.split(['-', ':', '.', '/']);
        let line = words().find_map(|word| {
            Some(match word {
                "haiku" => Line::Haiku,
                "sonnet" => Line::Sonnet,
                "opus" => Line::Opus,
                "fable" | "mythos" => Line::Tale,
                _ => return None,
            })
        });
        // dates are no versions
        let number = |word: &str| word.parse().ok().filter(|_| word.len() <= 2);
        let mut rest = words();
        let version = match rest.by_ref().find_map(number) {
            Some(major) => (major, rest.next().and_then(number).unwrap_or(0)),
            // the first ones have other numbers; one without any is newer than what is known here
            None if name.starts_with('v') || name.starts_with("instant") => (2, 0),
            None => (5, 0),
        };
        let version = if line.is_none() && version < (3, 0) { (2, 0) } else { version };
        Self { line: line.unwrap_or(Line::Other), version }
    }

    /// It can think before it answers.
    pub(super) fn thinks(self) -> bool {
        self.version >= (3, 7)
    }

    /// Its thoughts are counted in tokens.
    pub(super) fn has_budget(self) -> bool {
        self.thinks() && !self.thinks_unasked()
    }

    /// It measures its thoughts itself, within an effort.
    pub(super) fn is_adaptive(self) -> bool {
        self.version >= (4, 6)
    }

    /// It may think though nobody asked.
    pub(super) fn thinks_unasked(self) -> bool {
        self.version > (4, 6)
    }

    /// The word that keeps it from thinking; `None` where nothing does.
    pub(super) fn rests(self) -> Option<&'static str> {
        match self.line {
            Line::Tale => None,
            Line::Opus if self.version >= (5, 5) => None,
            // but for notes between its tool calls
            Line::Sonnet if self.version >= (5, 5) => Some("between_tools"),
            _ => Some("disabled"),
        }
    }

    /// Whether it can be made to call a tool.
    pub(super) fn forced(self) -> Forced {
        match self.line {
            Line::Tale => Forced::Never,
            Line::Opus | Line::Sonnet | Line::Other if self.version >= (5, 5) => Forced::Never,
            _ if self.version >= (5, 0) => Forced::Always,
            _ => Forced::Unthinking,
        }
    }

    /// It lets temperature and the like be chosen.
    pub(super) fn takes_sampling(self) -> bool {
        self.version <= (4, 6)
    }

    /// It takes either a temperature or a `top_p`.
    pub(super) fn takes_one_of_two(self) -> bool {
        self.version >= (4, 1)
    }

    /// It can be kept from calling several tools at once.
    pub(super) fn can_be_serial(self) -> bool {
        self.version >= (4, 5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claude(id: &str) -> Claude {
        Model::of(id).claude().unwrap()
    }

    #[test]
    fn a_claude_is_known_by_its_version_wherever_it_stands() {
        for (id, version) in [
            ("anthropic.claude-v2:1", (2, 0)),
            ("anthropic.claude-instant-v1", (2, 0)),
            ("anthropic.claude-3-haiku-20240307-v1:0", (3, 0)),
            ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", (3, 5)),
            ("eu.anthropic.claude-3-7-sonnet-20250219-v1:0", (3, 7)),
            ("anthropic.claude-sonnet-4-20250514-v1:0", (4, 0)),
            ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", (4, 5)),
            ("us.anthropic.claude-opus-4-6-v1", (4, 6)),
            ("anthropic.claude-opus-4-7", (4, 7)),
            (
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0",
                (4, 1),
            ),
            ("global.anthropic.claude-sonnet-5", (5, 0)),
            ("global.anthropic.claude-mythos-preview", (5, 0)),
        ] {
            assert_eq!(claude(id).version, version, "{id}");
        }
        assert_eq!(claude("anthropic.claude-fable-5").rests(), None);
        assert_eq!(claude("anthropic.claude-opus-5-5").rests(), None);
        assert_eq!(claude("anthropic.claude-sonnet-5-5").rests(), Some("between_tools"));
        assert_eq!(claude("anthropic.claude-opus-5").rests(), Some("disabled"));
        assert_eq!(claude("anthropic.claude-opus-5").forced(), Forced::Always);
        assert_eq!(claude("anthropic.claude-opus-4-8").forced(), Forced::Unthinking);
        assert_eq!(claude("anthropic.claude-opus-5-5").forced(), Forced::Never);
    }

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
