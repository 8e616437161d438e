//! A whole answer of Mistral's; and what its stream is made of too.

use super::{fault, message};
use crate::{
    chat::{Answer, Choice, Content, Fault, Finish, Kind, Part, Reasoning, ToolCall, Usage},
    dialect::whole::{self, broken},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read(body: &[u8]) -> Result<Answer, Fault> {
    let whole: Value = whole::read(body)?;
    if whole.get("choices").is_none() {
        return Err(fault::told(&whole).unwrap_or_else(|| Fault::new(Kind::EmptyAnswer)));
    }
    let whole = Whole::deserialize(whole).map_err(|error| broken(&error))?;
    let id = whole.id.unwrap_or_default();
    let choices = whole.choices.unwrap_or_default().into_iter().map(|wire| choice(wire, &id));
    let choices = choices.collect::<Result<Vec<_>, _>>()?;
    if choices.is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    let usage = whole.usage.as_ref().and_then(usage);
    Ok(Answer { id, model: whole.model.unwrap_or_default(), choices, usage })
}

/// A completion, or a chunk of one.
#[derive(Deserialize)]
pub(super) struct Whole {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) choices: Option<Vec<WireChoice>>,
    pub(super) usage: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct WireChoice {
    pub(super) index: Option<u32>,
    #[serde(alias = "delta")]
    pub(super) message: Option<Said>,
    pub(super) finish_reason: Option<String>,
    pub(super) logprobs: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(super) struct Said {
    pub(super) content: Option<Value>,
    pub(super) tool_calls: Option<Vec<Called>>,
}

#[derive(Deserialize)]
pub(super) struct Called {
    pub(super) index: Option<u32>,
    id: Option<String>,
    #[serde(default)]
    pub(super) function: Function,
}

#[derive(Default, Deserialize)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    arguments: Option<Value>,
}

impl Called {
    /// The id, where there is one: Mistral's own types say `null`, as a word, for none.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty() && *id != "null")
    }
}

impl Function {
    /// The arguments as text: they may come as an object.
    pub(super) fn text(&self) -> String {
        match &self.arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(object) => object.to_string(),
        }
    }
}

/// What is said, in words or in thoughts.
pub(super) enum Piece {
    Text(String),
    Thought(String),
}

/// The pieces of a content, which is a string or a list of chunks; empty ones are left out.
pub(super) fn pieces(content: Option<Value>) -> Vec<Piece> {
    let mut pieces = match content {
        Some(Value::String(text)) => vec![Piece::Text(text)],
        Some(Value::Array(chunks)) => chunks.iter().filter_map(piece).collect(),
        _ => Vec::new(),
    };
    pieces.retain(|piece| {
        let (Piece::Text(text) | Piece::Thought(text)) = piece;
        !text.is_empty()
    });
    pieces
}

fn piece(chunk: &Value) -> Option<Piece> {
    match chunk.get("type").and_then(Value::as_str) {
        Some("text") => Some(Piece::Text(words(chunk.get("text")?))),
        Some("thinking") => Some(Piece::Thought(words(chunk.get("thinking")?))),
        // references point into what the client's own tools gave
        _ => None,
    }
}

/// A string, or a list of text chunks as one.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(chunks) => chunks.iter().filter_map(|chunk| chunk.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

fn choice(wire: WireChoice, answer: &str) -> Result<Choice, Fault> {
    let said = wire.message.unwrap_or_default();
    let spoken = pieces(said.content).into_iter().map(|piece| match piece {
        Piece::Text(text) => Part::text(text),
        Piece::Thought(text) => Content::Reasoning(Reasoning { text, signature: None }).into(),
    });
    let calls = said.tool_calls.unwrap_or_default();
    let calls = (0..).zip(calls).map(|(i, call): (u32, Called)| {
        let id = call.id().map_or_else(|| made_up(answer, wire.index.unwrap_or(0), i), str::to_owned);
        let arguments = call.function.text();
        let name = call.function.name.unwrap_or_default();
        Part::from(Content::ToolCall(ToolCall { id, name, arguments, signature: None }))
    });
    let parts: Vec<Part> = spoken.chain(calls).collect();
    match wire.finish_reason {
        None if parts.is_empty() => Err(Fault::new(Kind::EmptyAnswer)),
        reason => {
            let finish = finish(reason.as_deref().unwrap_or("stop"))?;
            Ok(Choice { parts, finish, logprobs: wire.logprobs.and_then(logprobs) })
        }
    }
}

/// An id for the `index`th call of an answer, where Mistral gave none.
pub(super) fn made_up(answer: &str, choice: u32, index: u32) -> String {
    message::id(&format!("{answer}/{choice}/{index}")).into_owned()
}

/// Why an answer ended; `error` is a fault.
pub(super) fn finish(reason: &str) -> Result<Finish, Fault> {
    match reason {
        "length" | "model_length" => Ok(Finish::Length),
        "tool_calls" => Ok(Finish::ToolCalls),
        "content_filter" => Ok(Finish::ContentFilter),
        "error" => {
            Err(Fault { message: "the answer ended with an error".into(), ..Fault::new(Kind::StreamError) })
        }
        _ => Ok(Finish::Stop),
    }
}

/// Likelihoods in OpenAI's form: the numbers of tokens are Mistral's own, and lists are never missing.
pub(super) fn logprobs(mut value: Value) -> Option<Value> {
    let tokens = value.get_mut("content")?.as_array_mut()?;
    for token in tokens.iter_mut().filter_map(Value::as_object_mut) {
        token.shift_remove("token_id");
        let others = token.entry("top_logprobs").or_insert(Value::Null);
        if others.is_null() {
            *others = json!([]);
        }
        for other in others.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            other.shift_remove("token_id");
        }
    }
    let content = value.get_mut("content").map(Value::take);
    Some(json!({"content": content, "refusal": null}))
}

/// What was used; `None` where nothing is told.
pub(super) fn usage(told: &Value) -> Option<Usage> {
    let figure = |path: &str| told.pointer(path).and_then(Value::as_u64);
    let cached = figure("/prompt_tokens_details/cached_tokens").or_else(|| figure("/num_cached_tokens"));
    told.is_object().then(|| Usage {
        input: figure("/prompt_tokens").unwrap_or(0),
        output: figure("/completion_tokens").unwrap_or(0),
        cached: cached.unwrap_or(0),
        reasoning: figure("/completion_tokens_details/reasoning_tokens").unwrap_or(0),
        ..Usage::default()
    })
}
