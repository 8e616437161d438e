//! The wire formats that providers speak, by name.

/// The wire format that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's, as many others speak it too.
    Openai,
    /// OpenAI's, behind Azure's paths.
    AzureOpenai,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's `generateContent`.
    Gemini,
    /// Amazon Bedrock's Converse.
    Bedrock,
    /// Mistral's: near to OpenAI's.
    Mistral,
    /// Cohere's version 2.
    Cohere,
}

impl Dialect {
    /// Its name in `attache.yaml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::AzureOpenai => "azure_openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
            Self::Mistral => "mistral",
            Self::Cohere => "cohere",
        }
    }
}
