//! Texts to vectors.

use super::{Unfit, usage::Usage};
use serde_json::{Map, Value};

/// What is to be embedded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedRequest {
    /// One vector is made of each.
    pub inputs: Vec<EmbedInput>,
    /// How long the vectors shall be.
    pub dimensions: Option<u64>,
    /// The client wants its vectors as base64 of little-endian 32-bit floats.
    pub base64: bool,
    /// Whom the request is for.
    pub user: Option<String>,
    /// Fields that have no word here: Cohere's `input_type` and `truncate`, Gemini's `task_type` among them.
    pub extra: Map<String, Value>,
}

impl EmbedRequest {
    /// The inputs for a provider that reads texts alone.
    ///
    /// # Errors
    /// One of them is in tokens.
    pub fn texts(&self) -> Result<Vec<&str>, Unfit> {
        let texts = self.inputs.iter().enumerate().map(|(i, input)| match input {
            EmbedInput::Text(text) => Ok(text.as_str()),
            EmbedInput::Tokens(_) => {
                Err(Unfit::new(format!("input[{i}]"), "takes no tokens of another maker's; send the text"))
            }
        });
        texts.collect()
    }
}

/// One thing to embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedInput {
    /// A text.
    Text(String),
    /// Tokens of OpenAI's own encoding, which no other provider reads.
    Tokens(Vec<u64>),
}

/// The vectors, in the order of the inputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedAnswer {
    /// The model that the provider names; may be empty.
    pub model: String,
    /// The vectors.
    pub vectors: Vec<Vector>,
    /// What it used, where the provider says so.
    pub usage: Option<Usage>,
}

/// A vector. Numbers keep their spelling.
pub type Vector = Vec<serde_json::Number>;
