//! What a request is written for.

/// Who hosts the models of a provider, where one dialect lives in several places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Platform {
    /// The maker of the dialect.
    #[default]
    Direct,
    /// Google's Vertex AI: Gemini and Claude.
    Vertex,
    /// Amazon Bedrock's `InvokeModel`: Claude in Anthropic's own dialect.
    Bedrock,
}

/// The target of a request, as far as a dialect needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Goal<'a> {
    /// The model, as the provider calls it.
    pub model: &'a str,
    /// Who hosts it.
    pub platform: Platform,
    /// The most output tokens, for dialects that must name some where the request does not: the model's own limit.
    pub max_tokens: u64,
    /// What sets a provider apart from the maker of its dialect.
    pub quirks: Quirks,
}

/// What sets a provider apart from the maker of its dialect, as data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Top-level fields that it refuses or ignores: left out, and reported as lost.
    pub refuses: &'static [&'static str],
    /// Top-level fields that it calls something else: OpenAI's name, its own.
    pub renames: &'static [(&'static str, &'static str)],
}
