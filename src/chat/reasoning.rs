//! What a model thinks before it answers, and how much of it is asked for.

/// A thought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// In words; empty where the maker keeps them to itself.
    pub text: String,
    /// What proves to its maker that the thought was its own.
    pub signature: Option<Signature>,
}

/// An opaque token that only the model's maker can read: it goes back to the same maker, never to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is.
    pub maker: Maker,
    /// The token.
    pub token: String,
}

/// Who made a signature. Claude's are the same wherever it is hosted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Maker {
    /// Anthropic, at home, on Bedrock or on Vertex.
    Anthropic,
    /// Google.
    Google,
    /// OpenAI.
    Openai,
}

impl Maker {
    /// Every maker.
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::Google, Self::Openai];

    /// Its name where a signature travels through a dialect of another maker.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Google => "google",
            Self::Openai => "openai",
        }
    }
}

impl Signature {
    /// As one text for a dialect of `home`: its own tokens stay as they are, foreign ones say whose they are.
    #[must_use]
    pub fn to_text(&self, home: Maker) -> String {
        if self.maker == home { self.token.clone() } else { format!("{}:{}", self.maker.name(), self.token) }
    }

    /// Reads what `to_text` wrote for a dialect of `home`.
    #[must_use]
    pub fn of_text(text: &str, home: Maker) -> Self {
        let foreign = text.split_once(':').and_then(|(name, token)| {
            Some((Maker::ALL.into_iter().find(|maker| *maker != home && maker.name() == name)?, token))
        });
        let (maker, token) = foreign.unwrap_or((home, text));
        Self { maker, token: token.into() }
    }

    /// The token, where it is of this maker.
    #[must_use]
    pub fn of(&self, maker: Maker) -> Option<&str> {
        (self.maker == maker).then_some(self.token.as_str())
    }
}

/// How much thinking is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// None.
    Off,
    /// As much as the model finds fit, within this effort where one is named.
    Adaptive(Option<Effort>),
    /// So much of an effort.
    Effort(Effort),
    /// At the most so many tokens.
    Budget(u64),
}

/// How hard a model shall think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More than much.
    Max,
}

impl Effort {
    const TABLE: [(Self, &'static str, u64); 5] = [
        (Self::Minimal, "minimal", 1024),
        (Self::Low, "low", 1024),
        (Self::Medium, "medium", 8192),
        (Self::High, "high", 24_576),
        (Self::Max, "xhigh", 32_768),
    ];

    /// OpenAI's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::TABLE.into_iter().find(|row| row.0 == self).map_or("medium", |row| row.1)
    }

    /// The effort of a word; `max` is another for `xhigh`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = if name == "max" { "xhigh" } else { name };
        Self::TABLE.into_iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The tokens that it stands for where a target counts in tokens: the figures that Google publishes for OpenAI's words.
    #[must_use]
    pub fn budget(self) -> u64 {
        Self::TABLE.into_iter().find(|row| row.0 == self).map_or(8192, |row| row.2)
    }

    /// The smallest effort whose budget holds so many tokens.
    #[must_use]
    pub fn of_budget(tokens: u64) -> Self {
        let holds = |row: &(Self, &str, u64)| row.2 >= tokens && row.0 != Self::Minimal;
        Self::TABLE.into_iter().find(holds).map_or(Self::Max, |row| row.0)
    }
}

impl Thinking {
    /// In tokens; `None` for thinking that is off or left to the model.
    #[must_use]
    pub fn budget(self) -> Option<u64> {
        match self {
            Self::Off | Self::Adaptive(None) => None,
            Self::Adaptive(Some(effort)) | Self::Effort(effort) => Some(effort.budget()),
            Self::Budget(tokens) => Some(tokens),
        }
    }

    /// As an effort; `None` for thinking that is off or left to the model.
    #[must_use]
    pub fn effort(self) -> Option<Effort> {
        match self {
            Self::Off | Self::Adaptive(None) => None,
            Self::Adaptive(Some(effort)) | Self::Effort(effort) => Some(effort),
            Self::Budget(tokens) => Some(Effort::of_budget(tokens)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_and_budgets_stand_for_each_other() {
        for effort in [Effort::Low, Effort::Medium, Effort::High, Effort::Max] {
            assert_eq!(Effort::of_budget(effort.budget()), effort);
            assert_eq!(Effort::of_name(effort.name()), Some(effort));
        }
        assert_eq!(Effort::of_budget(2000), Effort::Medium);
        assert_eq!(Effort::of_budget(1_000_000), Effort::Max);
    }

    #[test]
    fn a_signature_says_whose_it_is_only_abroad() {
        let sent = Signature { maker: Maker::Google, token: "abc=".into() };
        assert_eq!(sent.to_text(Maker::Google), "abc=");
        assert_eq!(sent.to_text(Maker::Anthropic), "google:abc=");
        assert_eq!(Signature::of_text("google:abc=", Maker::Anthropic), sent);
        assert_eq!(Signature::of_text("abc=", Maker::Anthropic).maker, Maker::Anthropic);
        assert_eq!((sent.of(Maker::Google), sent.of(Maker::Openai)), (Some("abc="), None));
    }
}
