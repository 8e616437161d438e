//! What sets one Claude apart from another, told from its name: Anthropic, Vertex and Bedrock host the same models.

use crate::chat::{Effort, Origin, Thinking};
use serde_json::{Value, json};

/// Stands before the token of a sealed thought (`redacted_thinking`): a thought may have a signature and no words without
/// being sealed (`display: omitted`).
pub(super) const SEALED: &str = "redacted:";

/// The least that Claude thinks, in tokens.
const LEAST: u64 = 1024;

/// A Claude, by its name and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claude {
    line: Line,
    pub(super) version: (u32, u32),
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

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinks {
    /// It does not think.
    Never,
    /// Within a budget of tokens.
    Budget,
    /// Within a budget, or as it finds fit.
    Either,
    /// As it finds fit, within an effort; even where nobody asks.
    Adaptive,
}

/// Whether a model can be made to call a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forced {
    /// Yes.
    Always,
    /// Only while it does not think.
    Unthinking,
    /// No.
    Never,
}

/// Which of `temperature`, `top_p` and `top_k` a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    /// All.
    All,
    /// `temperature` or `top_p`, not both.
    One,
    /// None but their defaults.
    None,
}

impl Claude {
    /// The one that others imitate who speak Messages.
    pub(super) const IMITATED: Self = Self { line: Line::Other, version: (3, 7) };

    /// A Claude by any of its names: `claude-opus-4-7`, `claude-3-7-sonnet@20250219`,
    /// `eu.anthropic.claude-sonnet-4-5-20250929-v1:0`. One without a version is taken for a new one; `None` is none of them.
    pub(super) fn of(model: &str) -> Option<Self> {
        let model = model.to_ascii_lowercase();
        let (_, name) = model.rsplit_once("claude")?;
        let words = || name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let line = words().find_map(|word| match word {
            "haiku" => Some(Line::Haiku),
            "sonnet" => Some(Line::Sonnet),
            "opus" => Some(Line::Opus),
            "fable" | "mythos" => Some(Line::Tale),
            _ => None,
        });
        // dates are no versions
        let number = |word: &str| word.parse().ok().filter(|_| word.len() <= 2);
        let mut rest = words();
        let version = match rest.by_ref().find_map(number) {
            // the first ones have other numbers: `v2:1`, `instant-v1`
            Some(0..3) if line.is_none() => (2, 0),
            Some(major) => (major, rest.next().and_then(number).unwrap_or(0)),
            None if words().next().is_some_and(|word| word.starts_with('v') || word == "instant") => (2, 0),
            None => (5, 0),
        };
        Some(Self { line: line.unwrap_or(Line::Other), version })
    }

    /// How it is told to think.
    pub(super) fn thinks(self) -> Thinks {
        match self.version {
            version if version < (3, 7) => Thinks::Never,
            version if version < (4, 6) => Thinks::Budget,
            (4, 6) => Thinks::Either,
            _ => Thinks::Adaptive,
        }
    }

    /// Whether it is told this by a budget of tokens.
    pub(super) fn counts(self, wish: Thinking) -> bool {
        match self.thinks() {
            Thinks::Budget => true,
            Thinks::Either => matches!(wish, Thinking::Budget(_)),
            Thinks::Never | Thinks::Adaptive => false,
        }
    }

    /// `thinking` for one that measures its thoughts itself.
    pub(super) fn adaptive(self, origin: Origin) -> Value {
        // the newer ones keep their words to themselves; Anthropic's clients know that
        match self.thinks() == Thinks::Adaptive && origin != Origin::Anthropic {
            true => json!({"type": "adaptive", "display": "summarized"}),
            false => json!({"type": "adaptive"}),
        }
    }

    /// The word for an effort.
    pub(super) fn effort(self, effort: Effort) -> &'static str {
        match effort {
            Effort::Minimal | Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::Max if self.thinks() == Thinks::Adaptive => "xhigh",
            Effort::Max => "max",
        }
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

    /// Which of `temperature`, `top_p` and `top_k` it takes.
    pub(super) fn samples(self) -> Samples {
        match self.version {
            version if version <= (4, 0) => Samples::All,
            version if version <= (4, 6) => Samples::One,
            _ => Samples::None,
        }
    }

    /// At home it has structured outputs and strict tools.
    pub(super) fn has_schemas(self) -> bool {
        self.version > (4, 0)
    }

    /// At home it takes instructions in the middle of a conversation.
    pub(super) fn takes_asides(self) -> bool {
        self.version >= (4, 8) && (self.line, self.version) != (Line::Sonnet, (5, 0))
    }
}

/// The tokens for thoughts within an answer of `most`; `None` where they do not fit in. What was not counted out leaves a
/// quarter to the answer.
pub(super) fn budget(wish: Thinking, most: u64) -> Option<u64> {
    let tokens = match wish {
        Thinking::Budget(tokens) if tokens < most => tokens,
        _ => wish.budget().unwrap_or(Effort::Medium.budget()).min(most - most / 4),
    };
    Some(tokens.max(LEAST)).filter(|tokens| *tokens < most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claude(name: &str) -> Claude {
        Claude::of(name).unwrap()
    }

    #[test]
    fn a_version_is_found_in_every_spelling() {
        for (name, version) in [
            ("anthropic.claude-v2:1", (2, 0)),
            ("anthropic.claude-instant-v1", (2, 0)),
            ("claude-2.1", (2, 0)),
            ("anthropic.claude-3-haiku-20240307-v1:0", (3, 0)),
            ("claude-3-5-haiku-latest", (3, 5)),
            ("eu.anthropic.claude-3-7-sonnet-20250219-v1:0", (3, 7)),
            ("claude-opus-4@20250514", (4, 0)),
            ("anthropic.claude-sonnet-4-20250514-v1:0", (4, 0)),
            ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", (4, 5)),
            ("us.anthropic.claude-opus-4-6-v1", (4, 6)),
            ("claude-4.7-opus", (4, 7)),
            (
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0",
                (4, 1),
            ),
            ("Claude-Sonnet-5", (5, 0)),
            ("global.anthropic.claude-mythos-preview", (5, 0)),
        ] {
            assert_eq!(claude(name).version, version, "{name}");
        }
        assert_eq!(Claude::of("glm-5"), None);
    }

    #[test]
    fn each_generation_has_its_settings() {
        let thinks = |name| claude(name).thinks();
        assert_eq!(thinks("claude-3-5-haiku-20241022"), Thinks::Never);
        assert_eq!(thinks("us.anthropic.claude-opus-4-5-20251101-v1:0"), Thinks::Budget);
        assert_eq!(thinks("claude-sonnet-4-6"), Thinks::Either);
        assert_eq!(thinks("claude-opus-4-7"), Thinks::Adaptive);
        assert_eq!(Claude::IMITATED.thinks(), Thinks::Budget);
        let rests = |name| claude(name).rests();
        assert_eq!((rests("claude-fable-5"), rests("claude-opus-5-5")), (None, None));
        assert_eq!(rests("claude-sonnet-5-5"), Some("between_tools"));
        assert_eq!((rests("claude-haiku-5-5"), rests("claude-opus-5")), (Some("disabled"), Some("disabled")));
        let forced = |name| claude(name).forced();
        assert_eq!(
            (forced("claude-opus-5-5"), forced("claude-mythos-preview")),
            (Forced::Never, Forced::Never)
        );
        assert_eq!((forced("claude-opus-5"), forced("claude-haiku-5-5")), (Forced::Always, Forced::Always));
        assert_eq!(forced("claude-opus-4-8"), Forced::Unthinking);
        assert_eq!(claude("claude-opus-4-1").samples(), Samples::One);
        assert_eq!(Claude::IMITATED.samples(), Samples::All);
        assert!(!claude("claude-sonnet-5").takes_asides() && claude("claude-opus-4-8").takes_asides());
    }

    #[test]
    fn a_budget_leaves_room_for_the_answer() {
        assert_eq!(budget(Thinking::Budget(2000), 2001), Some(2000));
        assert_eq!(budget(Thinking::Budget(3000), 2000), Some(1500));
        assert_eq!(budget(Thinking::Budget(10), 2000), Some(1024));
        assert_eq!(budget(Thinking::Effort(Effort::Low), 1000), None);
        assert_eq!(budget(Thinking::Effort(Effort::High), 1365), Some(1024));
        assert_eq!(budget(Thinking::Adaptive(None), 64_000), Some(8192));
    }
}
