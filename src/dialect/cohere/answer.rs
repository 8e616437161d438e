//! A whole answer of Cohere's; and what its stream is made of too.

use super::fault;
use crate::{
    chat::{Answer, Choice, Citation, Content, Fault, Finish, Kind, Part, Reasoning, ToolCall, Usage},
    dialect::whole::{self, broken},
};
use serde::Deserialize;
use serde_json::{Number, Value, json};

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read(body: &[u8]) -> Result<Answer, Fault> {
    let whole: Value = whole::read(body)?;
    // an error's message is a string
    if whole.get("message").is_none_or(|message| !message.is_object()) {
        return Err(fault::told(&whole).unwrap_or_else(|| Fault::new(Kind::EmptyAnswer)));
    }
    let whole = Whole::deserialize(whole).map_err(|error| broken(&error))?;
    let parts = parts(whole.message);
    let finish = match whole.finish_reason {
        None if parts.is_empty() => return Err(Fault::new(Kind::EmptyAnswer)),
        reason => finish(reason.as_deref().unwrap_or("COMPLETE"), None)?,
    };
    let logprobs = whole.logprobs.and_then(|items| logprobs(&items));
    let usage = whole.usage.as_ref().and_then(usage);
    let choices = vec![Choice { parts, finish, logprobs }];
    Ok(Answer { id: whole.id.unwrap_or_default(), model: String::new(), choices, usage })
}

#[derive(Deserialize)]
struct Whole {
    id: Option<String>,
    message: Said,
    finish_reason: Option<String>,
    logprobs: Option<Vec<Value>>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<Vec<Value>>,
    tool_plan: Option<String>,
    tool_calls: Option<Vec<Called>>,
    citations: Option<Vec<Value>>,
}

/// A call, or a piece of one.
#[derive(Default, Deserialize)]
pub(super) struct Called {
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

impl Called {
    /// Its id, its name, and its arguments so far. `index` stands for an id that is missing.
    pub(super) fn into_parts(self, index: u32) -> (String, String, String) {
        let function = self.function.unwrap_or_default();
        let id = self.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
        (id, function.name.unwrap_or_default(), function.arguments.unwrap_or_default())
    }
}

/// The plan comes first, as it does in a stream.
fn parts(said: Said) -> Vec<Part> {
    let mut parts: Vec<Part> =
        said.tool_plan.into_iter().filter(|plan| !plan.is_empty()).map(Part::text).collect();
    let mut citations: Vec<Citation> = said.citations.iter().flatten().filter_map(citation).collect();
    for block in said.content.unwrap_or_default() {
        let words = |field: &str| block.get(field).and_then(Value::as_str).filter(|words| !words.is_empty());
        if let Some(text) = words("thinking") {
            parts.push(Content::Reasoning(Reasoning { text: text.into(), signature: None }).into());
        }
        if let Some(text) = words("text") {
            let citations = std::mem::take(&mut citations);
            parts.push(Content::Text { text: text.into(), citations }.into());
        }
    }
    parts.extend((0..).zip(said.tool_calls.unwrap_or_default()).map(|(i, called): (u32, Called)| {
        let (id, name, arguments) = called.into_parts(i);
        Part::from(Content::ToolCall(ToolCall { id, name, arguments, signature: None }))
    }));
    parts
}

/// A source on the web or among the documents of the request; the results of tools are the client's own.
pub(super) fn citation(told: &Value) -> Option<Citation> {
    // thoughts and plans are cited too
    if told.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "TEXT_CONTENT") {
        return None;
    }
    let number = |field: &str| told.get(field).and_then(Value::as_u64);
    let span = number("start").zip(number("end"));
    let sources = told.get("sources")?.as_array()?;
    sources.iter().find_map(|source| {
        let content = source.get("document").or_else(|| source.get("tool_output"));
        let text = |field: &str| Some(content?.get(field)?.as_str()?.to_owned());
        // `doc:0` where the client gave no id of its own
        let id = source.get("id").and_then(Value::as_str).unwrap_or_default();
        let document = id.strip_prefix("doc:").and_then(|number| number.parse().ok());
        let cited = Citation { url: text("url"), title: text("title"), cited: None, document, span };
        (cited.url.is_some() || cited.title.is_some() || document.is_some()).then_some(cited)
    })
}

/// Why an answer ended; `problem` is what a stream says of an error.
pub(super) fn finish(reason: &str, problem: Option<&str>) -> Result<Finish, Fault> {
    let fault = |kind| {
        let message = problem.unwrap_or("the answer ended with an error");
        Err(Fault { message: fault::cut(message), ..Fault::new(kind) })
    };
    match reason {
        "STOP_SEQUENCE" => Ok(Finish::StopSequence(None)),
        "MAX_TOKENS" => Ok(Finish::Length),
        "TOOL_CALL" => Ok(Finish::ToolCalls),
        "ERROR_TOXIC" => Ok(Finish::ContentFilter),
        "TIMEOUT" => fault(Kind::Timeout),
        "ERROR" | "ERROR_LIMIT" => fault(Kind::StreamError),
        _ => Ok(Finish::Stop),
    }
}

/// Likelihoods in OpenAI's form. Cohere tells them by chunks of text: one of several tokens is as likely as all of them together.
pub(super) fn logprobs(items: &[Value]) -> Option<Value> {
    let tokens: Vec<Value> = items.iter().filter_map(likelihood).collect();
    (!tokens.is_empty()).then(|| json!({"content": tokens, "refusal": null}))
}

fn likelihood(item: &Value) -> Option<Value> {
    let text = item.get("text")?.as_str()?;
    let each = item.get("logprobs")?.as_array()?;
    let together = match each.as_slice() {
        [] => return None,
        [one] => one.clone(),
        several => several.iter().filter_map(Value::as_f64).sum::<f64>().into(),
    };
    Some(json!({"token": text, "logprob": together, "bytes": text.as_bytes(), "top_logprobs": []}))
}

/// What was used, as the model counts it, else as it is billed; `None` where nothing is told.
pub(super) fn usage(told: &Value) -> Option<Usage> {
    let counted =
        told.get("tokens").filter(|tokens| tokens.is_object()).or_else(|| told.get("billed_units"))?;
    let figure = |of: &Value, field: &str| of.get(field).and_then(Value::as_number).and_then(whole);
    Some(Usage {
        input: figure(counted, "input_tokens").unwrap_or(0),
        output: figure(counted, "output_tokens").unwrap_or(0),
        cached: figure(told, "cached_tokens").unwrap_or(0),
        ..Usage::default()
    })
}

/// Cohere counts in floats: `913.0`.
fn whole(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok())
}
