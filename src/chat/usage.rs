//! Tokens that an answer cost, as every dialect reports them.

use serde::Serialize;

/// Tokens of one answer. `input` counts all prompt tokens, cached ones too; `output` counts reasoning too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Prompt tokens, with those that came from the provider's cache.
    pub input: u64,
    /// Answer tokens, with those spent on reasoning.
    pub output: u64,
    /// The part of `input` that the provider read from its prompt cache.
    pub cached: u64,
    /// The part of `input` that was written to the provider's prompt cache.
    pub cache_write: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// The provider gave no figures: these are Attaché's estimate.
    pub estimated: bool,
}

impl Usage {
    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}
