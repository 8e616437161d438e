//! A whole message: read from the provider, written for the client.

use super::{
    blocks::{arguments, with},
    client::citations,
    fault,
    thought::{self, Seal},
    usage,
};
use crate::{
    chat::{Answer, Choice, Citation, Content, Fault, Finish, Kind, Part, ToolCall, Usage},
    dialect::whole,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Reads a whole answer of status 200. Blocks of Anthropic's own tools are skipped.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read_answer(body: &[u8]) -> Result<Answer, Fault> {
    let whole: Value = whole::read(body)?;
    if whole.get("error").is_some_and(|error| !error.is_null()) {
        return Err(fault::of_event(&whole));
    }
    let text = |key: &str| whole.get(key).and_then(Value::as_str).unwrap_or_default();
    let blocks = whole.get("content").and_then(Value::as_array);
    let mut parts: Vec<Part> = blocks.into_iter().flatten().filter_map(part).collect();
    let reason = whole.get("stop_reason").and_then(Value::as_str);
    parts.extend(explanation(&whole).map(|text| Content::Refusal(text.into()).into()));
    let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
    let finish = match reason {
        Some(reason) => finish(reason, whole.get("stop_sequence")),
        None if parts.is_empty() => return Err(Fault::new(Kind::EmptyAnswer)),
        None if calls => Finish::ToolCalls,
        None => Finish::Stop,
    };
    let figures = whole.get("usage").and_then(|usage| usage::Figures::deserialize(usage).ok());
    Ok(Answer {
        id: text("id").into(),
        model: text("model").into(),
        choices: vec![Choice { parts, finish, logprobs: None }],
        usage: figures.map(Usage::from),
    })
}

fn part(block: &Value) -> Option<Part> {
    let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default();
    let content = match text("type") {
        "text" if text("text").is_empty() => return None,
        "text" => Content::Text { text: text("text").into(), citations: citations(block) },
        "thinking" => Content::Reasoning(thought::read(text("thinking"), text("signature"))),
        "redacted_thinking" => match thought::open(text("data")) {
            Seal::Thought(signature) => Content::Reasoning(thought::wordless(signature)),
            Seal::Call(_) => return None,
        },
        "tool_use" => Content::ToolCall(ToolCall {
            id: text("id").into(),
            name: text("name").into(),
            arguments: block.get("input").map_or_else(|| "{}".into(), Value::to_string),
            signature: None,
        }),
        _ => return None,
    };
    Some(content.into())
}

/// Why the model refused, where Anthropic says so.
pub(super) fn explanation(message: &Value) -> Option<&str> {
    message.get("stop_details")?.get("explanation")?.as_str().filter(|text| !text.is_empty())
}

/// Reads a `stop_reason`.
pub(super) fn finish(reason: &str, sequence: Option<&Value>) -> Finish {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "stop_sequence" => Finish::StopSequence(sequence.and_then(Value::as_str).map(Into::into)),
        "tool_use" => Finish::ToolCalls,
        "pause_turn" => Finish::Pause,
        "refusal" => Finish::Refusal,
        _ => Finish::Stop,
    }
}

/// The `stop_reason` and the `stop_sequence` of a message that may call tools.
pub(super) fn stop(finish: &Finish, calls: bool) -> (&'static str, Option<&str>) {
    match finish {
        Finish::Refusal | Finish::ContentFilter => ("refusal", None),
        Finish::Length => ("max_tokens", None),
        Finish::Pause => ("pause_turn", None),
        Finish::ToolCalls => ("tool_use", None),
        // some providers say `stop` beside their calls
        Finish::Stop if calls => ("tool_use", None),
        Finish::Stop => ("end_turn", None),
        // Anthropic always says which
        Finish::StopSequence(None) => ("end_turn", None),
        Finish::StopSequence(Some(text)) => ("stop_sequence", Some(text)),
    }
}

/// Writes a whole answer for a client: its first choice, all that Messages has room for. Arguments of a tool that are no JSON
/// object are told as `{"raw_arguments": "..."}`.
#[must_use]
pub fn write_answer(answer: &Answer) -> Map<String, Value> {
    let choice = answer.choices.first();
    let parts = choice.map(|choice| choice.parts.as_slice()).unwrap_or_default();
    let content: Vec<Value> = parts.iter().flat_map(|part| written(&part.content)).collect();
    let refuses = parts.iter().any(|part| matches!(part.content, Content::Refusal(_)));
    let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
    let finish = match choice {
        _ if refuses => &Finish::Refusal,
        Some(choice) => &choice.finish,
        None => &Finish::Stop,
    };
    let (reason, sequence) = stop(finish, calls);
    let mut message = start(&answer.id, &answer.model);
    message.insert("content".into(), Value::Array(content));
    message.insert("stop_reason".into(), reason.into());
    message.insert("stop_sequence".into(), sequence.into());
    message.insert("usage".into(), usage::write(&answer.usage.unwrap_or_default()).into());
    message
}

/// A message without content, as it is when a stream begins.
pub(super) fn start(id: &str, model: &str) -> Map<String, Value> {
    let id = if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{id}") };
    let mut message = Map::new();
    message.insert("id".into(), id.into());
    message.insert("type".into(), "message".into());
    message.insert("role".into(), "assistant".into());
    message.insert("model".into(), model.into());
    message.insert("content".into(), Value::Array(Vec::new()));
    message.insert("stop_reason".into(), Value::Null);
    message.insert("stop_sequence".into(), Value::Null);
    message.insert("usage".into(), usage::write(&Usage::default()).into());
    message
}

fn written(content: &Content) -> Vec<Value> {
    match content {
        Content::Text { text, .. } | Content::Refusal(text) if text.is_empty() => Vec::new(),
        Content::Refusal(text) => vec![json!({"type": "text", "text": text})],
        Content::Text { text, citations } => {
            let cited: Vec<Value> = citations.iter().filter_map(cite).collect();
            let cited = (!cited.is_empty()).then_some(Value::Array(cited));
            vec![with(json!({"type": "text", "text": text}), "citations", cited)]
        }
        Content::Reasoning(thought) => thought::blocks(thought),
        Content::ToolCall(call) => {
            let seal = call.signature.as_ref().map(|s| thought::sealed(thought::seal_call(s)));
            let input = arguments(call);
            let call = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input});
            seal.into_iter().chain([call]).collect()
        }
        // no model answers with these
        Content::Image(_) | Content::Document(_) | Content::Audio(_) | Content::ToolResult(_) => Vec::new(),
    }
}

/// A citation in one of Anthropic's forms. Where in a document it is, is not known here: at its beginning.
pub(super) fn cite(citation: &Citation) -> Option<Value> {
    let cited = citation.cited.as_deref().unwrap_or_default();
    match (&citation.url, citation.document) {
        (_, Some(document)) => Some(json!({"type": "char_location", "cited_text": cited,
            "document_index": document, "document_title": citation.title,
            "start_char_index": 0, "end_char_index": 0})),
        (Some(url), None) => Some(json!({"type": "web_search_result_location", "cited_text": cited,
            "url": url, "title": citation.title, "encrypted_index": ""})),
        (None, None) => None,
    }
}
