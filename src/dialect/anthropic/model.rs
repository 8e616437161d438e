//! What sets one Claude apart from another: which settings it takes, told from its name.

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    /// How it is told to think.
    pub(super) thinks: Thinks,
    /// How it is told not to.
    pub(super) rests: Rests,
    /// Whether it can be made to call a tool.
    pub(super) forced: Forced,
    /// Which of `temperature`, `top_p` and `top_k` it takes.
    pub(super) samples: Samples,
    /// It has structured outputs and strict tools.
    pub(super) schema: bool,
    /// It takes instructions in the middle of a conversation.
    pub(super) asides: bool,
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
    /// As it finds fit, within an effort.
    Adaptive,
}

/// How a model is told not to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rests {
    /// `disabled`.
    Disabled,
    /// `between_tools`: but for notes between its tool calls.
    BetweenTools,
    /// It always thinks.
    Never,
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

/// Which sampling settings a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    /// All.
    All,
    /// `temperature` or `top_p`, not both.
    One,
    /// None but their defaults.
    None,
}

impl Traits {
    /// The traits of a model by any of its names: `claude-opus-4-7`, `claude-3-7-sonnet@20250219`,
    /// `eu.anthropic.claude-sonnet-4-5-20250929-v1:0`. A Claude without a version is taken for a new one; what is no Claude
    /// (others speak Messages too) for an old one, whose settings the others imitate.
    pub(super) fn of(model: &str) -> Self {
        let name = model.to_ascii_lowercase();
        let Some((_, rest)) = name.split_once("claude") else { return Self::old((3, 7), false) };
        let always = rest.contains("fable") || rest.contains("mythos");
        match version(rest).unwrap_or((5, 0)) {
            age if age < (4, 6) => Self::old(age, true),
            age => Self {
                thinks: if age == (4, 6) { Thinks::Either } else { Thinks::Adaptive },
                rests: match age {
                    _ if always => Rests::Never,
                    (5, 5..) if rest.contains("opus") => Rests::Never,
                    (5, 5..) if rest.contains("sonnet") => Rests::BetweenTools,
                    _ => Rests::Disabled,
                },
                forced: match age {
                    _ if always => Forced::Never,
                    (5, 5..) if !rest.contains("haiku") => Forced::Never,
                    (..5, _) => Forced::Unthinking,
                    _ => Forced::Always,
                },
                samples: if age == (4, 6) { Samples::One } else { Samples::None },
                schema: true,
                asides: age >= (4, 8) && !(age == (5, 0) && rest.contains("sonnet")),
            },
        }
    }

    fn old(age: (u32, u32), claude: bool) -> Self {
        Self {
            thinks: if age < (3, 7) { Thinks::Never } else { Thinks::Budget },
            rests: Rests::Disabled,
            forced: Forced::Unthinking,
            samples: if claude && age > (4, 0) { Samples::One } else { Samples::All },
            schema: age > (4, 0),
            asides: false,
        }
    }
}

/// The first run of short numbers: major and minor; dates are no versions.
fn version(rest: &str) -> Option<(u32, u32)> {
    let mut words = rest.split(|c: char| !c.is_ascii_alphanumeric());
    let number = |word: &str| word.parse().ok().filter(|_| word.len() <= 2);
    let major = words.by_ref().find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_every_spelling() {
        for (name, want) in [
            ("-opus-4-7", Some((4, 7))),
            ("-opus-4-20250514", Some((4, 0))),
            ("-opus-4@20250514", Some((4, 0))),
            ("-3-5-haiku-latest", Some((3, 5))),
            ("-sonnet-4-5-20250929-v1:0", Some((4, 5))),
            ("-4.7-opus", Some((4, 7))),
            ("-sonnet-5", Some((5, 0))),
            ("-mythos-preview", None),
        ] {
            assert_eq!(version(name), want, "{name}");
        }
    }

    #[test]
    fn each_generation_has_its_settings() {
        let thinks = |name| Traits::of(name).thinks;
        assert_eq!(thinks("claude-3-5-haiku-20241022"), Thinks::Never);
        assert_eq!(thinks("us.anthropic.claude-opus-4-5-20251101-v1:0"), Thinks::Budget);
        assert_eq!(thinks("claude-sonnet-4-6"), Thinks::Either);
        assert_eq!(thinks("claude-opus-4-7"), Thinks::Adaptive);
        assert_eq!(thinks("glm-5"), Thinks::Budget);
        assert_eq!(Traits::of("claude-opus-5-5").rests, Rests::Never);
        assert_eq!(Traits::of("claude-sonnet-5-5").rests, Rests::BetweenTools);
        assert_eq!(Traits::of("claude-haiku-5-5").rests, Rests::Disabled);
        assert_eq!(Traits::of("claude-mythos-preview").forced, Forced::Never);
        assert_eq!(Traits::of("claude-opus-4-1").samples, Samples::One);
        assert_eq!(Traits::of("glm-5").samples, Samples::All);
        assert!(!Traits::of("claude-sonnet-5").asides && Traits::of("claude-opus-4-8").asides);
    }
}
