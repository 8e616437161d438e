//! What a target can not express: nothing is dropped in silence.

/// The fields that were lost on the way to a target, each once, in the order in which they were met. Names are OpenAI's
/// where it has one (`seed`, `logit_bias`), else the client's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loss(Vec<String>);

impl Loss {
    /// Notes that `field` was lost.
    pub fn of(&mut self, field: impl AsRef<str>) {
        let field = field.as_ref();
        if !self.0.iter().any(|known| known == field) {
            self.0.push(field.to_owned());
        }
    }

    /// Notes `field` where there is a value that would have to be expressed.
    pub fn where_some<T>(&mut self, field: &str, value: Option<&T>) {
        if value.is_some() {
            self.of(field);
        }
    }

    /// Whether everything was expressed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it, for a header: `seed,logit_bias`.
    #[must_use]
    pub fn join(&self) -> String {
        self.0.join(",")
    }
}

/// A request that a target can not take at all: sending it with a part left out would change what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The part: `messages[2].content[0]`.
    pub at: String,
    /// What is the matter and how to mend it: `takes no images by URL; send it as a data: URL`. Behind the target's name.
    pub why: String,
}

impl Unfit {
    /// What does not fit, and why.
    #[must_use]
    pub fn new(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self { at: at.into(), why: why.into() }
    }
}
