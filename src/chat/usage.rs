//! Tokens that an answer cost, as every dialect reports them.

use serde::Serialize;

/// Tokens of one answer. `input` counts all prompt tokens and `output` all answer tokens; every other figure is a part of one of
/// the two, whatever the provider counts in and what beside. The parts of one whole do not overlap where the provider tells
/// them apart: audio that was read from the cache is `cached` then, and not `audio_input`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Prompt tokens: plain, cached, written to the cache, of sound and of pictures.
    pub input: u64,
    /// Answer tokens: plain, spent on reasoning, of sound and of pictures.
    pub output: u64,
    /// The part of `input` that the provider read from its prompt cache.
    pub cached: u64,
    /// The part of `input` that was written to the provider's prompt cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour, where the provider takes more for that.
    pub cache_write_1h: u64,
    /// The part of `input` that was sound.
    pub audio_input: u64,
    /// The part of `input` that was pictures, where the provider counts them apart.
    pub image_input: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// The part of `output` that was sound.
    pub audio_output: u64,
    /// The part of `output` that was pictures.
    pub image_output: u64,
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
