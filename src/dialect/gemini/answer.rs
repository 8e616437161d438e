//! A whole answer.

use super::{
    fault,
    logprobs::Likelihoods,
    reply::{Call, Candidate, Part, Reply},
    sources::citations,
};
use crate::{
    chat::{
        self, Answer, Choice, Content, Fault, Finish, Kind, Media, Reasoning, Signature, Source, ToolCall,
    },
    dialect::whole,
};

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, is broken, or is an error all the same.
pub fn read(body: &[u8]) -> Result<Answer, Fault> {
    let reply = whole::read_by(body, Reply::read)?;
    if let Some(error) = reply.refusal() {
        return Err(fault::of_error(error));
    }
    let usage = reply.usage();
    let mut choices = Vec::new();
    if reply.is_blocked() {
        choices.push(Choice { parts: Vec::new(), finish: Finish::ContentFilter, logprobs: None });
    }
    let mut candidates = reply.candidates;
    candidates.sort_by_key(|candidate| candidate.index);
    for candidate in candidates {
        choices.extend(choice(candidate, &reply.response_id)?);
    }
    if choices.is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    Ok(Answer { id: reply.response_id, model: reply.model_version, choices, usage })
}

/// One choice, where there is anything of it.
fn choice(mut candidate: Candidate, answer: &str) -> Result<Option<Choice>, Fault> {
    let mut calls = 0;
    let mut parts: Vec<chat::Part> = Vec::new();
    let mut said = String::new();
    for part in std::mem::take(&mut candidate.content.parts) {
        if !part.thought {
            said.push_str(&part.text);
        }
        if let Some(call) = &part.function_call {
            parts.push(tool_call(call, call.id(answer, candidate.index, calls), part.signature()));
            calls += 1;
        } else {
            add(part, &mut parts);
        }
    }
    let sources = citations(&candidate, &said);
    let last = parts.iter_mut().rev().find_map(|part| match &mut part.content {
        Content::Text { citations, .. } => Some(citations),
        _ => None,
    });
    if let Some(citations) = last {
        citations.extend(sources);
    }
    let finish = candidate.finish(calls > 0)?;
    if parts.is_empty() && finish.is_none() {
        return Ok(None);
    }
    let logprobs = candidate.logprobs_result.as_ref().map(Likelihoods::to_openai);
    Ok(Some(Choice { parts, finish: finish.unwrap_or_default(), logprobs }))
}

fn tool_call(call: &Call, id: String, signature: Option<Signature>) -> chat::Part {
    let (name, arguments) = (call.name.clone(), call.arguments());
    Content::ToolCall(ToolCall { id, name, arguments, signature }).into()
}

/// Adds what a part holds; pieces of one text are joined.
fn add(part: Part, parts: &mut Vec<chat::Part>) {
    let signature = part.signature();
    if let Some(blob) = part.inline_data {
        let source = Source::Base64 { media_type: blob.mime_type, data: blob.data };
        parts.push(Content::Image(Media::new(source)).into());
    }
    let mut thought = String::new();
    match (parts.last_mut().map(|last| &mut last.content), part.thought) {
        (_, true) => thought = part.text,
        _ if part.text.is_empty() => {}
        (Some(Content::Text { text, .. }), false) => text.push_str(&part.text),
        _ => parts.push(chat::Part::text(part.text)),
    }
    if signature.is_some() || !thought.is_empty() {
        parts.push(Content::Reasoning(Reasoning { text: thought, signature }).into());
    }
}
