//! What a target can not express: nothing is dropped in silence.

/// The fields that were lost on the way to a target, each once, in the order in which they were met. Names are OpenAI's
/// where it has one (`seed`, `logit_bias`), else the client's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loss(Vec<String>);

/// How many names are told; the last stands for all that follow.
const NAMES: usize = 32;
/// How many characters of a name are told: clients choose some of them.
const LENGTH: usize = 64;

impl Loss {
    /// Notes that `field` was lost. What a header could not carry, or would read as the next name, becomes `_`.
    pub fn of(&mut self, field: impl AsRef<str>) {
        let told = |c: char| if c.is_ascii_graphic() && c != ',' { c } else { '_' };
        let field: String = field.as_ref().chars().take(LENGTH).map(told).collect();
        if self.0.len() < NAMES && !self.0.contains(&field) {
            self.0.push(if self.0.len() + 1 == NAMES { "...".into() } else { field });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_not_write_headers_by_the_names_of_its_fields() {
        let mut loss = Loss::default();
        loss.of("seed");
        loss.of("seed");
        loss.of("a\r\nx-evil: 1,é");
        loss.of("x".repeat(1000));
        assert_eq!(loss.join(), format!("seed,a__x-evil:_1__,{}", "x".repeat(LENGTH)));
        (0..1000).for_each(|i| loss.of(i.to_string()));
        assert!(loss.join().split(',').count() == NAMES && loss.join().ends_with(",..."));
    }
}
