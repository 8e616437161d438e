//! A whole chat completion, read from a provider and written for a client.

use crate::{
    chat::{
        Answer, Choice, Citation, Content, Fault, Finish, Kind, Maker, Part, Reasoning, Signature, ToolCall,
        Usage,
    },
    dialect::{
        openai::{answer::Figures, fault},
        whole,
    },
    json::put,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read(body: &[u8]) -> Result<Answer, Fault> {
    let usage = crate::dialect::openai::read_answer(body)?;
    let whole: Completion = whole::read(body)?;
    if whole.choices.is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    let choices = whole.choices.into_iter().map(choice).collect();
    Ok(Answer { id: whole.id.unwrap_or_default(), model: whole.model.unwrap_or_default(), choices, usage })
}

#[derive(Deserialize)]
struct Completion {
    id: Option<String>,
    model: Option<String>,
    #[serde(default)]
    choices: Vec<WireChoice>,
}

#[derive(Deserialize)]
struct WireChoice {
    #[serde(default)]
    message: Said,
    finish_reason: Option<String>,
    logprobs: Option<Value>,
}

/// What an assistant said: of a whole answer, or a piece of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) content: Option<Value>,
    pub(super) refusal: Option<String>,
    #[serde(alias = "reasoning")]
    pub(super) reasoning_content: Option<Value>,
    pub(super) reasoning_details: Option<Vec<Value>>,
    pub(super) tool_calls: Option<Vec<Called>>,
    pub(super) annotations: Option<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Called {
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) function: Function,
    pub(super) extra_content: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<Value>,
}

impl Function {
    /// The arguments as text: some providers send an object.
    pub(super) fn text(&self) -> String {
        match &self.arguments {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        }
    }
}

impl Called {
    pub(super) fn signature(&self) -> Option<Signature> {
        let token = self.extra_content.as_ref()?.pointer("/google/thought_signature")?.as_str()?;
        Some(Signature { maker: Maker::Google, token: token.into() })
    }
}

fn choice(wire: WireChoice) -> Choice {
    let said = wire.message;
    let mut parts = thoughts_of(&said);
    if let Some(text) = text_of(said.content.as_ref()) {
        let citations = said.annotations.iter().flatten().filter_map(citation).collect();
        parts.push(Part::from(Content::Text { text, citations }));
    }
    parts.extend(said.refusal.filter(|text| !text.is_empty()).map(|text| Part::from(Content::Refusal(text))));
    for (i, call) in said.tool_calls.unwrap_or_default().into_iter().enumerate() {
        let signature = call.signature();
        let arguments = call.function.text();
        let name = call.function.name.unwrap_or_default();
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{i}"));
        parts.push(Content::ToolCall(ToolCall { id, name, arguments, signature }).into());
    }
    Choice {
        parts,
        finish: finish(wire.finish_reason.as_deref().unwrap_or("stop")),
        logprobs: wire.logprobs.filter(|l| !l.is_null()),
    }
}

/// Thoughts with their proofs, where the provider gives details of them as OpenRouter does; else their words.
fn thoughts_of(said: &Said) -> Vec<Part> {
    let details = said.reasoning_details.iter().flatten().filter_map(super::message::thought);
    let mut thoughts: Vec<Reasoning> = details.collect();
    let words = said.reasoning_content.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(text) = words.filter(|_| thoughts.iter().all(|thought| thought.text.is_empty())) {
        thoughts.insert(0, Reasoning { text: text.into(), signature: None });
    }
    thoughts.into_iter().map(|thought| Content::Reasoning(thought).into()).collect()
}

/// The text of a content: a string, or parts of which some are text.
pub(super) fn text_of(content: Option<&Value>) -> Option<String> {
    let text = match content? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

pub(super) fn citation(annotation: &Value) -> Option<Citation> {
    let cited = annotation.get("url_citation")?;
    let text = |name: &str| cited.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| cited.get(name).and_then(Value::as_u64);
    let span = number("start_index").zip(number("end_index"));
    Some(Citation { url: text("url"), title: text("title"), span, ..Citation::default() })
}

/// Why an answer ended, in OpenAI's words and those of its kin.
pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Stop,
    }
}

/// The same, written, of an answer that has words of refusal or not: without them a client would take it for an answer.
pub(super) fn reason(finish: &Finish, refuses: bool) -> &'static str {
    match finish {
        Finish::Refusal if !refuses => "content_filter",
        Finish::Stop | Finish::StopSequence(_) | Finish::Pause | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}

/// Writes a whole answer for a client; `created` is in seconds, `model` stands in where the provider names none.
#[must_use]
pub fn write(answer: &Answer, model: &str, created: u64) -> Map<String, Value> {
    let choices: Vec<Value> = (0..).zip(&answer.choices).map(|(i, choice)| written(i, choice)).collect();
    let mut out = head(
        &answer.id,
        if answer.model.is_empty() { model } else { &answer.model },
        created,
        "chat.completion",
    );
    out.insert("choices".into(), choices.into());
    out.extend(answer.usage.as_ref().map(|used| ("usage".into(), usage(used))));
    out
}

/// What a completion and the chunks of a stream begin with.
pub(super) fn head(id: &str, model: &str, created: u64, object: &str) -> Map<String, Value> {
    let id = if id.starts_with("chatcmpl-") { id.to_owned() } else { format!("chatcmpl-{id}") };
    let Value::Object(head) = json!({"id": id, "object": object, "created": created, "model": model}) else {
        return Map::new();
    };
    head
}

fn written(index: u32, choice: &Choice) -> Value {
    let (mut text, mut refusal) = (String::new(), String::new());
    let (mut thoughts_, mut calls, mut annotations) = (Vec::new(), Vec::new(), Vec::new());
    for part in &choice.parts {
        match &part.content {
            Content::Text { text: more, citations } => {
                text.push_str(more);
                annotations.extend(citations.iter().filter_map(annotation));
            }
            Content::Refusal(more) => refusal.push_str(more),
            Content::Reasoning(thought) => thoughts_.push(thought),
            Content::ToolCall(call) => calls.push(super::write::tool_call(call)),
            Content::Image(_) | Content::Document(_) | Content::Audio(_) | Content::ToolResult(_) => {}
        }
    }
    let reason = reason(&choice.finish, !refusal.is_empty());
    let filled = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    let mut message = json!({"role": "assistant", "content": filled(text), "refusal": filled(refusal)});
    thoughts(thoughts_.into_iter(), &mut message);
    if !calls.is_empty() {
        put(&mut message, "tool_calls", calls);
    }
    if !annotations.is_empty() {
        put(&mut message, "annotations", annotations);
    }
    json!({"index": index, "message": message, "logprobs": choice.logprobs, "finish_reason": reason})
}

/// Thoughts in the two forms that clients of this dialect know: their words, and their proofs, which come back with the next turn.
pub(super) fn thoughts<'a>(thoughts: impl Iterator<Item = &'a Reasoning>, message: &mut Value) {
    let (mut words, mut details) = (String::new(), Vec::new());
    for (i, thought) in thoughts.enumerate() {
        words.push_str(&thought.text);
        details.push(detail(i, thought));
    }
    if !words.is_empty() {
        put(message, "reasoning_content", words);
    }
    if !details.is_empty() {
        put(message, "reasoning_details", details);
    }
}

fn detail(index: usize, thought: &Reasoning) -> Value {
    let format = thought.signature.as_ref().map(|signature| maker_format(signature.maker));
    match (&thought.signature, thought.text.is_empty()) {
        (Some(signature), true) => {
            json!({"type": "reasoning.encrypted", "data": signature.token, "format": format, "index": index})
        }
        (signature, _) => {
            let token = signature.as_ref().map(|s| &s.token);
            json!({"type": "reasoning.text", "text": thought.text, "signature": token, "format": format, "index": index})
        }
    }
}

pub(super) fn maker_format(maker: Maker) -> &'static str {
    match maker {
        Maker::Anthropic => "anthropic-claude-v1",
        Maker::Google => "google-gemini-v1",
        Maker::Openai => "openai-responses-v1",
    }
}

/// Where a call's proof travels; only Google's has a place in this dialect.
pub(super) fn extra_content(signature: &Signature) -> Option<Value> {
    Some(json!({"google": {"thought_signature": signature.of(Maker::Google)?}}))
}

pub(super) fn annotation(citation: &Citation) -> Option<Value> {
    let (start, end) = citation.span.unwrap_or_default();
    let title = citation.title.as_deref().unwrap_or_default();
    let inner =
        json!({"url": citation.url.as_ref()?, "title": title, "start_index": start, "end_index": end});
    Some(json!({"type": "url_citation", "url_citation": inner}))
}

pub(super) fn usage(usage: &Usage) -> Value {
    let mut input = json!({"cached_tokens": usage.cached});
    let mut output = json!({"reasoning_tokens": usage.reasoning});
    for (part, tokens) in [(&mut input, usage.audio_input), (&mut output, usage.audio_output)] {
        if let Value::Object(part) = part
            && tokens > 0
        {
            part.insert("audio_tokens".into(), tokens.into());
        }
    }
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total(),
        "prompt_tokens_details": input,
        "completion_tokens_details": output,
    })
}

/// Usage of a chunk, and the error in one.
#[derive(Deserialize)]
pub(super) struct Chunk {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) choices: Vec<Piece>,
    pub(super) usage: Option<Figures>,
}

#[derive(Deserialize)]
pub(super) struct Piece {
    #[serde(default)]
    pub(super) index: u32,
    #[serde(default)]
    pub(super) delta: Said,
    pub(super) finish_reason: Option<String>,
    pub(super) logprobs: Option<Value>,
}

/// The fault that an event tells, where it is an error.
pub(super) fn fault_in(data: &[u8]) -> Option<Fault> {
    fault::error_in(data).map(fault::of_event)
}
