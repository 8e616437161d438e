//! A chat request.

use super::{content::Message, reasoning::Thinking};
use serde_json::{Map, Number, Value};

/// What a client asks, whatever dialect it asks in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The dialect it was read from.
    pub origin: Origin,
    /// Everything that is said, instructions too, in order.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must, and which.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once; providers allow it where nothing is said.
    pub parallel_tool_calls: Option<bool>,
    /// The form that the answer must have; `None` is text.
    pub format: Option<Format>,
    /// The most tokens of the answer.
    pub max_tokens: Option<u64>,
    /// How the answer's words are chosen.
    pub sampling: Sampling,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How much thinking is asked for; `None` leaves it to the model.
    pub thinking: Option<Thinking>,
    /// An answer in pieces, as it is made.
    pub stream: bool,
    /// The client wants to see the usage of its stream.
    pub stream_usage: bool,
    /// Whom the request is for, as an opaque id.
    pub user: Option<String>,
    /// Top-level fields that have no word here, as they stood. The writer of `origin`'s dialect puts them back; every other
    /// reports them as lost.
    pub extra: Map<String, Value>,
    /// Deeper fields that were not understood, by a short path (`messages.audio`): lost in every other dialect.
    pub unread: Vec<String>,
}

/// The dialect that a request was read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// OpenAI's Chat Completions.
    #[default]
    Openai,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Anthropic,
}

/// How the answer's words are chosen. Numbers keep their spelling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2 (Anthropic, Cohere: to 1).
    pub temperature: Option<Number>,
    /// 0 to 1.
    pub top_p: Option<Number>,
    /// A whole number.
    pub top_k: Option<u64>,
    /// -2 to 2.
    pub frequency_penalty: Option<Number>,
    /// -2 to 2.
    pub presence_penalty: Option<Number>,
    /// For answers that repeat.
    pub seed: Option<i64>,
    /// How many answers.
    pub n: Option<u64>,
    /// Tell the likelihood of each token.
    pub logprobs: Option<bool>,
    /// And of so many others in its place.
    pub top_logprobs: Option<u64>,
    /// Likelihoods to change, by token.
    pub logit_bias: Option<Map<String, Value>>,
}

/// A tool.
#[derive(Debug, Clone, PartialEq)]
pub enum Tool {
    /// A function that the client runs.
    Function {
        /// Its name.
        name: String,
        /// What it does.
        description: Option<String>,
        /// A JSON schema of its arguments.
        parameters: Option<Value>,
        /// The arguments must fit the schema exactly.
        strict: Option<bool>,
        /// As [`Part::cache`](super::Part::cache).
        cache: Option<Value>,
    },
    /// A tool that only the dialect of the request knows (a web search, a computer), as it stood.
    Foreign(Value),
}

/// Whether a tool must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Named(String),
}

/// The form of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON that fits a schema.
    Schema {
        /// The schema's name, where the client gave one.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Value,
        /// It must fit exactly.
        strict: Option<bool>,
    },
}
