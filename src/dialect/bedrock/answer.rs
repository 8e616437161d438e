//! A whole answer of Converse.

use super::fault;
use crate::chat::{
    Answer, Choice, Citation, Content, Fault, Finish, Kind, Maker, Part, Reasoning, Signature, ToolCall,
    Usage,
};
use serde_json::Value;

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read_answer(body: &[u8]) -> Result<Answer, Fault> {
    if body.trim_ascii().is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    let whole: Value = serde_json::from_slice(body).map_err(|error| Fault {
        message: format!("not whole JSON: {error}"),
        ..Fault::new(Kind::Truncated)
    })?;
    let reason = whole.get("stopReason").and_then(Value::as_str);
    let content = whole.pointer("/output/message/content").and_then(Value::as_array);
    if content.is_none() && reason.is_none() {
        let error = ["__type", "message", "Message"].iter().any(|field| whole.get(field).is_some());
        return Err(if error { fault::of_exception("", &whole) } else { Fault::new(Kind::EmptyAnswer) });
    }
    let mut parts = Vec::new();
    for block in content.into_iter().flatten() {
        read_block(block, &mut parts);
    }
    let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
    let finish = finish(reason.unwrap_or_default(), whole.get("additionalModelResponseFields"), calls)?;
    let model = whole.pointer("/trace/promptRouter/invokedModelId").and_then(Value::as_str);
    Ok(Answer {
        id: String::new(),
        model: model.unwrap_or_default().into(),
        choices: vec![Choice { parts, finish, logprobs: None }],
        usage: whole.get("usage").and_then(usage),
    })
}

fn read_block(block: &Value, parts: &mut Vec<Part>) {
    if let Some(text) = block.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        parts.push(Part::text(text));
    } else if let Some(call) = block.get("toolUse").filter(|call| is_ours(call)) {
        parts.push(Content::ToolCall(read_call(call, parts.len())).into());
    } else if let Some(thought) = block.get("reasoningContent") {
        parts.extend(read_thought(thought).map(|thought| Content::Reasoning(thought).into()));
    } else if let Some(cited) = block.get("citationsContent") {
        let list = |field| cited.get(field).and_then(Value::as_array).into_iter().flatten();
        let text: String = list("content").filter_map(|piece| piece.get("text")?.as_str()).collect();
        let citations = list("citations").map(citation).collect();
        parts.push(Content::Text { text, citations }.into());
    }
}

/// Whether a call is the client's to answer: the model's host runs some tools itself.
pub(super) fn is_ours(call: &Value) -> bool {
    call.get("type").is_none_or(|kind| kind != "server_tool_use")
}

fn read_call(call: &Value, at: usize) -> ToolCall {
    let text = |field| call.get(field).and_then(Value::as_str).map(str::to_owned);
    let input = call.get("input").filter(|input| !input.is_null());
    ToolCall {
        id: text("toolUseId").filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{at}")),
        name: text("name").unwrap_or_default(),
        arguments: input.map_or_else(|| "{}".into(), Value::to_string),
        signature: None,
    }
}

fn read_thought(thought: &Value) -> Option<Reasoning> {
    let text = |path| thought.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let words = text("/reasoningText/text").unwrap_or_default().to_owned();
    let token = text("/reasoningText/signature").or_else(|| text("/redactedContent"));
    (token.is_some() || !words.is_empty()).then(|| Reasoning { text: words, signature: token.map(signature) })
}

/// A token of Claude's, the only one on Bedrock that signs its thoughts.
pub(super) fn signature(token: &str) -> Signature {
    Signature { maker: Maker::Anthropic, token: token.into() }
}

/// A source, of a whole answer or of a stream.
pub(super) fn citation(citation: &Value) -> Citation {
    let text = |path| citation.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pieces = citation.get("sourceContent").and_then(Value::as_array).into_iter().flatten();
    let cited: String = pieces.filter_map(|piece| piece.get("text")?.as_str()).collect();
    let location = citation.get("location").and_then(Value::as_object);
    let document = location.and_then(|l| l.values().find_map(|place| place.get("documentIndex")?.as_u64()));
    Citation {
        url: text("/location/web/url").map(str::to_owned),
        title: text("/title").map(str::to_owned),
        cited: Some(cited).filter(|cited| !cited.is_empty()),
        document,
        span: None,
    }
}

/// Why the answer ended; `calls` tells whether it called tools.
///
/// # Errors
/// The model wrote what Bedrock could not read.
pub(super) fn finish(reason: &str, additional: Option<&Value>, calls: bool) -> Result<Finish, Fault> {
    Ok(match reason {
        "tool_use" => Finish::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "stop_sequence" => {
            let text = additional.and_then(|fields| fields.get("stop_sequence")).and_then(Value::as_str);
            Finish::StopSequence(text.map(str::to_owned))
        }
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        "malformed_model_output" | "malformed_tool_use" => {
            return Err(Fault { message: reason.into(), ..Fault::new(Kind::StreamError) });
        }
        // some models end their turn with their calls
        _ if calls => Finish::ToolCalls,
        _ => Finish::Stop,
    })
}

/// Tokens; Bedrock counts cached ones apart from the input.
pub(super) fn usage(usage: &Value) -> Option<Usage> {
    let count = |field: &str| usage.get(field).and_then(Value::as_u64);
    let (cached, cache_write) =
        (count("cacheReadInputTokens").unwrap_or(0), count("cacheWriteInputTokens").unwrap_or(0));
    Some(Usage {
        input: count("inputTokens")?.saturating_add(cached).saturating_add(cache_write),
        output: count("outputTokens").unwrap_or(0),
        cached,
        cache_write,
        reasoning: 0,
        estimated: false,
    })
}
