//! A streamed answer of ConverseStream, event by event.

use super::{
    answer::{citation, finish, is_ours, signature, usage},
    fault,
};
use crate::{
    chat::Delta,
    dialect::{Event, Reader},
};
use serde_json::Value;

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub struct StreamReader {
    began: bool,
    calls: Vec<Call>,
}

/// A call that is being written.
#[derive(Debug)]
struct Call {
    /// The number of its block among all blocks.
    block: u64,
    /// Arguments came.
    filled: bool,
}

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        let Ok(data) = serde_json::from_slice::<Value>(event.data) else { return };
        if is_known(event.name) && !std::mem::replace(&mut self.began, true) {
            out.push(Delta::Start { id: String::new(), model: String::new() });
        }
        match event.name {
            "contentBlockStart" => self.block(&data, out),
            "contentBlockDelta" => self.delta(&data, out),
            "contentBlockStop" => self.stop(&data, out),
            "messageStop" => {
                let reason = data.get("stopReason").and_then(Value::as_str).unwrap_or_default();
                let additional = data.get("additionalModelResponseFields");
                out.push(match finish(reason, additional, !self.calls.is_empty()) {
                    Ok(finish) => Delta::Finish { choice: 0, finish },
                    Err(fault) => Delta::Fault(fault),
                });
            }
            "metadata" => {
                out.extend(data.get("usage").and_then(usage).map(Delta::Usage));
                out.push(Delta::Done);
            }
            name if is_exception(name, &data) => out.push(Delta::Fault(fault::of_exception(name, &data))),
            _ => {}
        }
    }
}

impl StreamReader {
    fn block(&mut self, data: &Value, out: &mut Vec<Delta>) {
        let Some(call) = data.pointer("/start/toolUse").filter(|call| is_ours(call)) else { return };
        let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        self.calls.push(Call { block: number(data), filled: false });
        let text = |field| call.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = Some(text("toolUseId")).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{index}"));
        out.push(Delta::ToolCall { choice: 0, index, id, name: text("name"), signature: None });
    }

    fn delta(&mut self, data: &Value, out: &mut Vec<Delta>) {
        let Some(delta) = data.get("delta") else { return };
        let text = |path| delta.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(text) = text("/text") {
            out.push(Delta::Text { choice: 0, text: text.into() });
        } else if let Some(piece) = text("/toolUse/input") {
            self.arguments(number(data), piece, out);
        } else if let Some(text) = text("/reasoningContent/text") {
            out.push(Delta::Reasoning { choice: 0, text: text.into() });
        } else if let Some(token) =
            text("/reasoningContent/signature").or_else(|| text("/reasoningContent/redactedContent"))
        {
            out.push(Delta::Signature { choice: 0, signature: signature(token) });
        } else if let Some(source) = delta.get("citation") {
            out.push(Delta::Citation { choice: 0, citation: citation(source) });
        }
    }

    /// A block ends; whoever reads a call's arguments wants an object, even for none.
    fn stop(&mut self, data: &Value, out: &mut Vec<Delta>) {
        let block = number(data);
        if self.calls.iter().any(|call| call.block == block && !call.filled) {
            self.arguments(block, "{}", out);
        }
    }

    fn arguments(&mut self, block: u64, piece: &str, out: &mut Vec<Delta>) {
        // what belongs to no call is a tool's that the host runs
        let Some((index, call)) = (0..).zip(&mut self.calls).find(|(_, call)| call.block == block) else {
            return;
        };
        call.filled = true;
        out.push(Delta::ToolArguments { choice: 0, index, text: piece.into() });
    }
}

fn number(data: &Value) -> u64 {
    data.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0)
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "messageStart"
            | "contentBlockStart"
            | "contentBlockDelta"
            | "contentBlockStop"
            | "messageStop"
            | "metadata"
    )
}

/// Whether an event that is none of the answer's tells of an error.
fn is_exception(name: &str, data: &Value) -> bool {
    name.ends_with("Exception") || !is_known(name) && data.get("message").is_some_and(Value::is_string)
}
