//! The rim of the wheel: which room reads and writes what, and when bytes pass as they are.

use super::{
    Dialect, Endpoint, Framing, Goal, Platform, Quirks, Reader, Shape, Writer, anthropic, bedrock, cohere,
    gemini, mistral, openai, responses,
};
use crate::chat::{Answer, EmbedAnswer, EmbedRequest, Fault, Loss, Request, Unfit};
use serde_json::{Map, Value};

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// In which format.
    pub dialect: Dialect,
    /// Who hosts its models.
    pub platform: Platform,
    /// What sets it apart.
    pub quirks: Quirks,
}

/// The way of a request to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Both sides speak the same: only what must change does.
    Identity,
    /// Through the hub form of chat.
    Chat,
    /// Through the hub form of embeddings.
    Embeddings,
    /// The provider has nothing of the kind.
    Closed,
}

impl Wire {
    /// The way of requests for this endpoint.
    #[must_use]
    pub fn way(&self, endpoint: Endpoint) -> Way {
        let openai = matches!(self.dialect, Dialect::Openai | Dialect::AzureOpenai);
        match endpoint.shape {
            Shape::Choices if openai => Way::Identity,
            Shape::Choices if endpoint == Endpoint::CHAT => Way::Chat,
            Shape::Responses if openai && !self.quirks.chat_only => Way::Identity,
            Shape::Messages if self.dialect == Dialect::Anthropic => Way::Identity,
            Shape::Responses | Shape::Messages => Way::Chat,
            Shape::Embeddings | Shape::Plain if openai => Way::Identity,
            Shape::Embeddings if self.dialect != Dialect::Anthropic => Way::Embeddings,
            Shape::Embeddings | Shape::Choices | Shape::Count | Shape::Plain => Way::Closed,
        }
    }

    /// A chat request for the provider.
    ///
    /// # Errors
    /// The provider can not be asked this.
    pub fn write(
        &self,
        request: &Request,
        goal: &Goal<'_>,
        loss: &mut Loss,
    ) -> Result<Map<String, Value>, Unfit> {
        match self.dialect {
            Dialect::Anthropic => anthropic::write_request(request, goal, loss),
            Dialect::Bedrock => bedrock::write_request(request, goal, loss),
            Dialect::Cohere => cohere::write_request(request, goal, loss),
            Dialect::Gemini => gemini::write_request(request, goal, loss),
            Dialect::Mistral => mistral::write_request(request, goal, loss),
            Dialect::Openai | Dialect::AzureOpenai => openai::chat::write_request(request, goal, loss),
        }
    }

    /// The provider's whole answer to a chat request.
    ///
    /// # Errors
    /// It is none.
    pub fn read(&self, body: &[u8]) -> Result<Answer, Fault> {
        match self.dialect {
            Dialect::Anthropic => anthropic::read_answer(body),
            Dialect::Bedrock => bedrock::read_answer(body),
            Dialect::Cohere => cohere::read_answer(body),
            Dialect::Gemini => gemini::read_answer(body),
            Dialect::Mistral => mistral::read_answer(body),
            Dialect::Openai | Dialect::AzureOpenai => openai::chat::read_answer(body),
        }
    }

    /// Reads the provider's stream, and how it is framed.
    #[must_use]
    pub fn reader(&self) -> (Framing, Box<dyn Reader>) {
        match (self.dialect, self.platform) {
            (Dialect::Anthropic, Platform::Bedrock) => {
                (Framing::Aws, Box::new(anthropic::BedrockReader::default()))
            }
            (Dialect::Anthropic, _) => (Framing::Sse, Box::new(anthropic::StreamReader::default())),
            (Dialect::Bedrock, _) => (Framing::Aws, Box::new(bedrock::StreamReader::default())),
            (Dialect::Cohere, _) => (Framing::Sse, Box::new(cohere::StreamReader::default())),
            (Dialect::Gemini, _) => (Framing::Sse, Box::new(gemini::StreamReader::default())),
            (Dialect::Mistral, _) => (Framing::Sse, Box::new(mistral::StreamReader::default())),
            (Dialect::Openai | Dialect::AzureOpenai, _) => {
                (Framing::Sse, Box::new(openai::chat::StreamReader::default()))
            }
        }
    }

    /// What an answer of an error status tells; `name` is the error's, where a header has it (`x-amzn-errortype`).
    #[must_use]
    pub fn fault(&self, status: u16, name: Option<&str>, body: &[u8]) -> Fault {
        match self.dialect {
            Dialect::Anthropic if self.platform == Platform::Bedrock => {
                bedrock::read_fault(status, name, body)
            }
            Dialect::Anthropic => anthropic::read_fault(status, body),
            Dialect::Bedrock => bedrock::read_fault(status, name, body),
            Dialect::Cohere => cohere::read_fault(status, body),
            Dialect::Gemini => gemini::read_fault(status, body),
            Dialect::Mistral => mistral::read_fault(status, body),
            Dialect::Openai | Dialect::AzureOpenai => openai::read_fault(status, body),
        }
    }

    /// A request for embeddings, for the provider.
    ///
    /// # Errors
    /// The provider can not be asked this.
    pub fn write_embed(
        &self,
        request: &EmbedRequest,
        goal: &Goal<'_>,
        loss: &mut Loss,
    ) -> Result<Map<String, Value>, Unfit> {
        match self.dialect {
            Dialect::Bedrock => bedrock::write_embed(request, goal, loss),
            Dialect::Cohere => cohere::write_embed(request, goal, loss),
            Dialect::Gemini => gemini::write_embed(request, goal, loss),
            Dialect::Mistral => mistral::write_embed(request, goal, loss),
            Dialect::Anthropic | Dialect::Openai | Dialect::AzureOpenai => {
                Err(Unfit::new("input", "makes no embeddings on this way"))
            }
        }
    }

    /// The provider's embeddings.
    ///
    /// # Errors
    /// They are none.
    pub fn read_embed(&self, body: &[u8]) -> Result<EmbedAnswer, Fault> {
        match self.dialect {
            Dialect::Bedrock => bedrock::read_embed(body),
            Dialect::Cohere => cohere::read_embed(body),
            Dialect::Gemini => gemini::read_embed(body),
            Dialect::Mistral => mistral::read_embed(body),
            Dialect::Anthropic | Dialect::Openai | Dialect::AzureOpenai => {
                Err(Fault::new(crate::chat::Kind::Unsupported))
            }
        }
    }
}

/// A client's chat request in the hub form.
///
/// # Errors
/// What is no request of this shape, and where.
pub fn read_request(shape: Shape, body: Map<String, Value>) -> Result<Request, Unfit> {
    match shape {
        Shape::Responses => responses::read_request(body),
        Shape::Messages | Shape::Count => anthropic::read_request(body),
        Shape::Choices | Shape::Embeddings | Shape::Plain => openai::chat::read_request(body),
    }
}

/// Writes answers in a client's own dialect.
#[derive(Debug)]
pub struct Client<'a> {
    /// Its endpoint's.
    pub shape: Shape,
    /// The model, where the provider names none.
    pub model: &'a str,
    /// When it asked, in seconds since 1970.
    pub created: u64,
    /// It wants to see the usage of its stream.
    pub shows_usage: bool,
    /// Its request, of which some answers repeat parts.
    pub request: &'a [u8],
}

impl Client<'_> {
    /// A whole answer.
    #[must_use]
    pub fn whole(&self, answer: &Answer) -> Vec<u8> {
        let mut body = match self.shape {
            Shape::Responses => responses::write_answer(answer, &self.echo()),
            Shape::Messages | Shape::Count => anthropic::write_answer(answer),
            Shape::Choices | Shape::Embeddings | Shape::Plain => {
                openai::chat::write_answer(answer, self.model, self.created)
            }
        };
        if answer.model.is_empty() {
            body.insert("model".into(), self.model.into());
        }
        Value::Object(body).to_string().into_bytes()
    }

    /// A stream.
    #[must_use]
    pub fn stream(&self) -> Box<dyn Writer> {
        match self.shape {
            Shape::Responses => Box::new(responses::StreamWriter::new(self.echo(), self.model)),
            Shape::Messages | Shape::Count => Box::new(anthropic::StreamWriter::new(self.model)),
            Shape::Choices | Shape::Embeddings | Shape::Plain => {
                Box::new(openai::chat::StreamWriter::new(self.model, self.created, self.shows_usage))
            }
        }
    }

    fn echo(&self) -> responses::Echo {
        responses::Echo::of(&serde_json::from_slice(self.request).unwrap_or_default(), self.created)
    }
}
