//! A provider's stream, read event by event.

use super::{
    answer::{explanation, finish},
    client::citation,
    fault, thought,
    usage::Figures,
};
use crate::{
    chat::{Delta, Fault, Kind, Maker, Signature, Usage},
    dialect::{Event, Reader},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads the events of Messages.
#[derive(Debug, Default)]
pub struct StreamReader {
    started: bool,
    calls: u32,
    /// The tool calls that are being told, by the number of their block.
    open: BTreeMap<u64, Call>,
    figures: Figures,
}

#[derive(Debug)]
struct Call {
    index: u32,
    /// What its first event said of the arguments: used where no other does.
    input: String,
    told: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    r#type: String,
    index: u64,
    message: Value,
    content_block: Value,
    delta: Piece,
    usage: Option<Figures>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece {
    r#type: String,
    text: String,
    thinking: String,
    signature: String,
    partial_json: String,
    citation: Value,
    stop_reason: Option<String>,
    stop_sequence: Value,
    stop_details: Value,
}

/// The events that an answer is made of.
const KNOWN: [&str; 4] = ["message_start", "content_block_start", "content_block_delta", "message_delta"];

fn is_json(data: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok()
}

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        let mut wire = match serde_json::from_slice::<Wire>(event.data) {
            Ok(wire) => wire,
            // as OpenAI's kin end their streams
            Err(_) if event.data == b"[DONE]" => return,
            // a hole in the answer would be worse than its end; events to come may have any shape, as long as it is one
            Err(error) if KNOWN.contains(&event.name) || !is_json(event.data) => {
                let message = format!("an event can not be read: {error}");
                return out.push(Delta::Fault(Fault { message, ..Fault::new(Kind::StreamError) }));
            }
            Err(_) => return,
        };
        if wire.r#type.is_empty() {
            event.name.clone_into(&mut wire.r#type);
        }
        match wire.r#type.as_str() {
            "message_start" => self.message_start(&wire.message, out),
            "content_block_start" => {
                self.start("", "", out);
                self.block_start(wire.index, &wire.content_block, out);
            }
            "content_block_delta" => {
                self.start("", "", out);
                self.piece(wire.index, wire.delta, out);
            }
            "content_block_stop" => self.block_stop(wire.index, out),
            "message_delta" => {
                self.start("", "", out);
                self.message_delta(wire, out);
            }
            "message_stop" => out.push(Delta::Done),
            "error" => {
                let body = serde_json::from_slice(event.data).unwrap_or_default();
                out.push(Delta::Fault(fault::of_event(&body)));
            }
            // `ping`, and what is not known yet
            _ => {}
        }
    }
}

impl StreamReader {
    fn start(&mut self, id: &str, model: &str, out: &mut Vec<Delta>) {
        if !self.started {
            self.started = true;
            out.push(Delta::Start { id: id.into(), model: model.into() });
        }
    }

    fn message_start(&mut self, message: &Value, out: &mut Vec<Delta>) {
        let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default();
        self.start(text("id"), text("model"), out);
        if let Some(figures) = message.get("usage").and_then(|usage| Figures::deserialize(usage).ok()) {
            self.usage(figures, out);
        }
    }

    fn usage(&mut self, figures: Figures, out: &mut Vec<Delta>) {
        self.figures.grow(figures);
        out.push(Delta::Usage(Usage::from(self.figures)));
    }

    fn block_start(&mut self, at: u64, block: &Value, out: &mut Vec<Delta>) {
        let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match text("type").as_str() {
            "tool_use" => {
                let index = self.calls;
                self.calls += 1;
                let input = block.get("input").filter(|input| input.is_object());
                let input = input.map_or_else(|| "{}".into(), Value::to_string);
                self.open.insert(at, Call { index, input, told: false });
                let (id, name) = (text("id"), text("name"));
                out.push(Delta::ToolCall { choice: 0, index, id, name, signature: None });
            }
            "redacted_thinking" => {
                if let thought::Seal::Thought(signature) = thought::open(&text("data")) {
                    out.push(Delta::Signature { choice: 0, signature });
                }
            }
            // these are empty as a rule, but for imitators
            "text" => words(text("text"), out),
            "thinking" => {
                thinks(text("thinking"), out);
                signs(text("signature"), out);
            }
            _ => {}
        }
    }

    fn piece(&mut self, at: u64, piece: Piece, out: &mut Vec<Delta>) {
        match piece.r#type.as_str() {
            "text_delta" => words(piece.text, out),
            "thinking_delta" => thinks(piece.thinking, out),
            "signature_delta" => signs(piece.signature, out),
            "citations_delta" => {
                out.push(Delta::Citation { choice: 0, citation: citation(&piece.citation) });
            }
            "input_json_delta" if !piece.partial_json.is_empty() => {
                if let Some(call) = self.open.get_mut(&at) {
                    call.told = true;
                    out.push(Delta::ToolArguments { choice: 0, index: call.index, text: piece.partial_json });
                }
            }
            _ => {}
        }
    }

    fn block_stop(&mut self, at: u64, out: &mut Vec<Delta>) {
        if let Some(call) = self.open.remove(&at).filter(|call| !call.told) {
            out.push(Delta::ToolArguments { choice: 0, index: call.index, text: call.input });
        }
    }

    fn message_delta(&mut self, wire: Wire, out: &mut Vec<Delta>) {
        if let Some(reason) = &wire.delta.stop_reason {
            let details = serde_json::json!({"stop_details": wire.delta.stop_details});
            if let Some(text) = explanation(&details) {
                out.push(Delta::Refusal { choice: 0, text: text.into() });
            }
            out.push(Delta::Finish { choice: 0, finish: finish(reason, Some(&wire.delta.stop_sequence)) });
        }
        if let Some(figures) = wire.usage {
            self.usage(figures, out);
        }
    }
}

fn words(text: String, out: &mut Vec<Delta>) {
    if !text.is_empty() {
        out.push(Delta::Text { choice: 0, text });
    }
}

fn thinks(text: String, out: &mut Vec<Delta>) {
    if !text.is_empty() {
        out.push(Delta::Reasoning { choice: 0, text });
    }
}

fn signs(signature: String, out: &mut Vec<Delta>) {
    if !signature.is_empty() {
        let signature = Signature::of_text(&signature, Maker::Anthropic);
        out.push(Delta::Signature { choice: 0, signature });
    }
}
