//! Cohere's stream of typed events, read.

use super::{
    answer::{Called, citation, finish, logprobs, usage},
    fault,
};
use crate::{
    chat::{Delta, Fault, Kind},
    dialect::{Event, Reader},
};
use serde::Deserialize;
use serde_json::Value;

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub struct StreamReader {
    started: bool,
    /// Cohere's number of each tool call, in the order in which they began.
    calls: Vec<u64>,
}

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        // where Cohere's own clients stop
        if event.data == b"[DONE]" {
            return out.push(Delta::Done);
        }
        match serde_json::from_slice::<Value>(event.data) {
            Ok(data) => self.event(event.name, &data, out),
            Err(error) => {
                let message = format!("an event is no JSON: {error}");
                out.push(Delta::Fault(Fault { message, ..Fault::new(Kind::StreamError) }));
            }
        }
    }
}

impl StreamReader {
    fn event(&mut self, name: &str, data: &Value, out: &mut Vec<Delta>) {
        let Some(kind) = data.get("type").and_then(Value::as_str).or((name != "message").then_some(name))
        else {
            return out.extend(fault::told(data).map(Delta::Fault));
        };
        if !self.started {
            self.started = true;
            let id = data.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            out.push(Delta::Start { id, model: String::new() });
        }
        let message = data.pointer("/delta/message");
        let said = |path: &str| message.and_then(|message| message.pointer(path));
        match kind {
            "content-start" | "content-delta" => content(data, said("/content"), out),
            "tool-plan-delta" => out.extend(words(said("/tool_plan")).map(text)),
            "tool-call-start" => self.call(data, said("/tool_calls"), out),
            "tool-call-delta" => self.arguments(data, said("/tool_calls/function/arguments"), out),
            "citation-start" => {
                let citation = said("/citations").and_then(citation);
                out.extend(citation.map(|citation| Delta::Citation { choice: 0, citation }));
            }
            "message-end" => end(data.get("delta"), out),
            "error" | "stream-error" => {
                let fault = fault::told(data).unwrap_or_else(|| Fault::new(Kind::StreamError));
                out.push(Delta::Fault(fault));
            }
            _ => {}
        }
    }

    fn call(&mut self, data: &Value, called: Option<&Value>, out: &mut Vec<Delta>) {
        let called = called.and_then(|called| Called::deserialize(called).ok()).unwrap_or_default();
        let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        self.calls.push(number(data));
        let (id, name, arguments) = called.into_parts(index);
        out.push(Delta::ToolCall { choice: 0, index, id, name, signature: None });
        if !arguments.is_empty() {
            out.push(Delta::ToolArguments { choice: 0, index, text: arguments });
        }
    }

    /// Pieces of a call that never began are left out.
    fn arguments(&self, data: &Value, piece: Option<&Value>, out: &mut Vec<Delta>) {
        let at = number(data);
        let index = self.calls.iter().rposition(|call| *call == at).and_then(|i| u32::try_from(i).ok());
        let piece = index.zip(words(piece));
        out.extend(piece.map(|(index, text)| Delta::ToolArguments { choice: 0, index, text }));
    }
}

/// A string that says something.
fn words(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|words| !words.is_empty()).map(str::to_owned)
}

fn text(text: String) -> Delta {
    Delta::Text { choice: 0, text }
}

fn number(data: &Value) -> u64 {
    data.get("index").and_then(Value::as_u64).unwrap_or(0)
}

fn content(data: &Value, content: Option<&Value>, out: &mut Vec<Delta>) {
    let said = |field: &str| words(content.and_then(|content| content.get(field)));
    out.extend(said("thinking").map(|text| Delta::Reasoning { choice: 0, text }));
    out.extend(said("text").map(text));
    let likely = data.get("logprobs").and_then(|item| logprobs(std::slice::from_ref(item)));
    out.extend(likely.map(|value| Delta::Logprobs { choice: 0, value }));
}

fn end(delta: Option<&Value>, out: &mut Vec<Delta>) {
    let field = |name: &str| delta.and_then(|delta| delta.get(name));
    let problem = field("error").and_then(Value::as_str).filter(|problem| !problem.is_empty());
    let reason = field("finish_reason").and_then(Value::as_str);
    let reason = reason.unwrap_or(if problem.is_some() { "ERROR" } else { "COMPLETE" });
    match finish(reason, problem) {
        Ok(finish) => out.push(Delta::Finish { choice: 0, finish }),
        Err(fault) => return out.push(Delta::Fault(fault)),
    }
    out.extend(field("usage").and_then(usage).map(Delta::Usage));
    out.push(Delta::Done);
}
