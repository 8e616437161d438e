//! Messages and what they are made of.

use super::reasoning::{Reasoning, Signature};
use serde_json::Value;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The operator's instructions.
    System,
    /// The same, under the name that newer OpenAI models give them.
    Developer,
    /// The person; also the results of tools, as [`Content::ToolResult`].
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// The name of the participant, where there is one.
    pub name: Option<String>,
}

impl Message {
    /// A message of one role.
    #[must_use]
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts, name: None }
    }
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub content: Content,
    /// The prompt up to and with this part is to be cached: Anthropic's `cache_control`, `{"type": "ephemeral"}`, perhaps
    /// with a `ttl`.
    pub cache: Option<Value>,
}

impl From<Content> for Part {
    fn from(content: Content) -> Self {
        Self { content, cache: None }
    }
}

impl Part {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Content::Text { text: text.into(), citations: Vec::new() }.into()
    }
}

/// What a part can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text; what it rests on, where the model said so.
    Text {
        /// The text.
        text: String,
        /// Its sources.
        citations: Vec<Citation>,
    },
    /// A picture.
    Image(Media),
    /// A PDF or a text to read.
    Document(Media),
    /// Speech or sound.
    Audio(Media),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool gave.
    ToolResult(ToolResult),
    /// What the model thought.
    Reasoning(Reasoning),
    /// The model refuses to answer, in words.
    Refusal(String),
}

/// A picture, a document or a sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Where its bytes are.
    pub source: Source,
    /// A document's title or file name.
    pub title: Option<String>,
    /// How closely a picture is looked at: `low`, `high`, `auto`.
    pub detail: Option<String>,
}

impl Media {
    /// A medium without title or detail.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, title: None, detail: None }
    }
}

/// Where the bytes of a medium are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// At a URL, not a `data:` one.
    Url(String),
    /// Here, in base64.
    Base64 {
        /// `image/png`, `application/pdf`, `audio/wav`.
        media_type: String,
        /// The bytes, in base64 with padding.
        data: String,
    },
    /// Here, as plain text.
    Text(String),
    /// In the provider's own file store, under an id.
    File(String),
}

impl Source {
    /// The source that a URL names: the bytes themselves, where it is a `data:` URL in base64.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        match inline {
            Some((media_type, data)) => Self::Base64 { media_type: media_type.into(), data: data.into() },
            None => Self::Url(url.into()),
        }
    }

    /// As a URL, for dialects that put everything into one; `None` for texts and files.
    #[must_use]
    pub fn to_url(&self) -> Option<String> {
        match self {
            Self::Url(url) => Some(url.clone()),
            Self::Base64 { media_type, data } => Some(format!("data:{media_type};base64,{data}")),
            Self::Text(_) | Self::File(_) => None,
        }
    }
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The id that its result names; made up by the dialect's reader where the provider gives none.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, as the JSON text of an object. What a model wrote may be broken.
    pub arguments: String,
    /// What proves to the model's maker that the thought behind this call was its own.
    pub signature: Option<Signature>,
}

impl ToolCall {
    /// The arguments as an object: none at all is an empty one.
    ///
    /// # Errors
    /// They are no JSON object.
    pub fn object(&self) -> Result<serde_json::Map<String, Value>, serde_json::Error> {
        match self.arguments.trim() {
            "" => Ok(serde_json::Map::new()),
            text => serde_json::from_str(text),
        }
    }
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The id of the call.
    pub id: String,
    /// Text, pictures, documents.
    pub parts: Vec<Part>,
    /// The tool failed.
    pub is_error: bool,
}

impl ToolResult {
    /// All of its text, joined by line feeds.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match &part.content {
            Content::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// A source that a text rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Citation {
    /// Where it is on the web.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// The words that are cited.
    pub cited: Option<String>,
    /// Which of the request's documents it is, from 0.
    pub document: Option<u64>,
    /// From where to where, in characters of the answer's text.
    pub span: Option<(u64, u64)>,
}
