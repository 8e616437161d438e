//! A stream for a client that speaks Messages.
//!
//! Messages tells one block after the other, each whole before the next. Other providers may tell the arguments of several
//! tool calls at once: then all but the first wait until it is complete, or until nothing else can come.

use super::{
    answer::{cite, start, stop},
    thought, usage,
};
use crate::{
    chat::{Delta, Finish, Maker, Signature, Usage},
    dialect::Writer,
};
use serde::{Serialize, de::IgnoredAny};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Writes the events of one message: the first choice.
#[derive(Debug)]
pub struct StreamWriter {
    model: String,
    started: bool,
    /// The number of the block that is open, or comes next.
    block: u32,
    open: Open,
    waiting: VecDeque<Call>,
    calls: bool,
    refuses: bool,
    finish: Finish,
    usage: Usage,
}

#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Text,
    Thinking,
    Tool(Call),
}

/// A tool call and its arguments so far.
#[derive(Debug)]
struct Call {
    index: u32,
    id: String,
    name: String,
    signature: Option<Signature>,
    arguments: String,
}

impl Call {
    fn is_complete(&self) -> bool {
        self.arguments.trim_end().ends_with('}')
            && serde_json::from_str::<IgnoredAny>(&self.arguments).is_ok()
    }
}

#[derive(Serialize)]
struct Change<'a> {
    r#type: &'static str,
    index: u32,
    delta: Piece<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Piece<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    Arguments { partial_json: &'a str },
    #[serde(rename = "citations_delta")]
    Citation { citation: Value },
}

impl Writer for StreamWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start { id, model } => self.start(id, model, out),
            Delta::Text { choice: 0, text } => self.text(text, out),
            Delta::Refusal { choice: 0, text } => {
                self.refuses = true;
                self.text(text, out);
            }
            Delta::Citation { choice: 0, citation } => {
                if let (Open::Text, Some(citation)) = (&self.open, cite(citation)) {
                    self.change(Piece::Citation { citation }, out);
                }
            }
            Delta::Reasoning { choice: 0, text } => self.reasoning(text, out),
            Delta::Signature { choice: 0, signature } => self.signature(signature, out),
            Delta::ToolCall { choice: 0, index, id, name, signature } => {
                let (id, name, signature) = (id.clone(), name.clone(), signature.clone());
                let call = Call { index: *index, id, name, signature, arguments: String::new() };
                self.call(call, out);
            }
            Delta::ToolArguments { choice: 0, index, text } => self.arguments(*index, text, out),
            Delta::Finish { choice: 0, finish } => {
                self.close_all(out);
                self.finish = finish.clone();
            }
            Delta::Usage(usage) => self.usage = *usage,
            Delta::Done => self.done(out),
            // of other choices, or for others to tell
            _ => {}
        }
    }
}

impl StreamWriter {
    /// A writer; `model` is told where the provider names none.
    #[must_use]
    pub fn new(model: &str) -> Self {
        Self {
            model: model.into(),
            started: false,
            block: 0,
            open: Open::Nothing,
            waiting: VecDeque::new(),
            calls: false,
            refuses: false,
            finish: Finish::Stop,
            usage: Usage::default(),
        }
    }

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if self.started {
            return;
        }
        self.started = true;
        let model = if model.is_empty() { &self.model } else { model };
        event(out, "message_start", &json!({"type": "message_start", "message": start(id, model)}));
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if !matches!(self.open, Open::Text) {
            self.begin(&json!({"type": "text", "text": ""}), out);
            self.open = Open::Text;
        }
        self.change(Piece::Text { text }, out);
    }

    fn reasoning(&mut self, text: &str, out: &mut Vec<u8>) {
        if !matches!(self.open, Open::Thinking) {
            self.begin_thought(out);
        }
        self.change(Piece::Thinking { thinking: text }, out);
    }

    fn begin_thought(&mut self, out: &mut Vec<u8>) {
        self.begin(&json!({"type": "thinking", "thinking": "", "signature": ""}), out);
        self.open = Open::Thinking;
    }

    fn signature(&mut self, signature: &Signature, out: &mut Vec<u8>) {
        let worded = matches!(self.open, Open::Thinking);
        match thought::seal(signature) {
            // a foreign signature seals a thought only where it has no words
            Some(data) if !worded || signature.maker == Maker::Anthropic => {
                self.sealed(data, out);
            }
            _ => {
                if !worded {
                    self.begin_thought(out);
                }
                let signature = signature.to_text(Maker::Anthropic);
                self.change(Piece::Signature { signature: &signature }, out);
            }
        }
        self.close(out);
    }

    fn sealed(&mut self, data: String, out: &mut Vec<u8>) {
        self.begin(&thought::sealed(data), out);
        self.end(out);
    }

    fn call(&mut self, call: Call, out: &mut Vec<u8>) {
        match &self.open {
            Open::Tool(open) if !self.waiting.is_empty() || !open.is_complete() => {
                self.waiting.push_back(call);
            }
            Open::Tool(_) => {
                self.close(out);
                self.open_call(call, out);
            }
            _ => self.open_call(call, out),
        }
    }

    fn open_call(&mut self, call: Call, out: &mut Vec<u8>) {
        if let Some(signature) = &call.signature {
            self.close(out);
            self.sealed(thought::seal_call(signature), out);
        }
        self.begin(&json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}), out);
        if !call.arguments.is_empty() {
            self.change(Piece::Arguments { partial_json: &call.arguments }, out);
        }
        self.calls = true;
        self.open = Open::Tool(call);
    }

    fn arguments(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        if let Some(call) = self.waiting.iter_mut().find(|call| call.index == index) {
            call.arguments.push_str(text);
            return;
        }
        let Open::Tool(open) = &mut self.open else { return };
        if open.index != index || text.is_empty() {
            return;
        }
        open.arguments.push_str(text);
        self.change(Piece::Arguments { partial_json: text }, out);
        while !self.waiting.is_empty() && matches!(&self.open, Open::Tool(open) if open.is_complete()) {
            self.next_call(out);
        }
    }

    /// Closes what is open; the next of the waiting calls is open then, where there is one.
    fn next_call(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        if let Some(call) = self.waiting.pop_front() {
            self.open_call(call, out);
        }
    }

    fn close_all(&mut self, out: &mut Vec<u8>) {
        while !matches!(self.open, Open::Nothing) || !self.waiting.is_empty() {
            self.next_call(out);
        }
    }

    /// Begins a block when all before it are whole.
    fn begin(&mut self, block: &Value, out: &mut Vec<u8>) {
        // a call that is opened has been taken from the waiting ones, and nothing is open
        if matches!(self.open, Open::Tool(_)) {
            self.close_all(out);
        } else {
            self.close(out);
        }
        self.start("", "", out);
        let begun = json!({"type": "content_block_start", "index": self.block, "content_block": block});
        event(out, "content_block_start", &begun);
    }

    fn change(&self, delta: Piece<'_>, out: &mut Vec<u8>) {
        let change = Change { r#type: "content_block_delta", index: self.block, delta };
        event(out, "content_block_delta", &change);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if !matches!(std::mem::take(&mut self.open), Open::Nothing) {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        event(out, "content_block_stop", &json!({"type": "content_block_stop", "index": self.block}));
        self.block += 1;
    }

    fn done(&mut self, out: &mut Vec<u8>) {
        self.start("", "", out);
        self.close_all(out);
        let finish = if self.refuses { &Finish::Refusal } else { &self.finish };
        let (reason, sequence) = stop(finish, self.calls);
        let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
        let last = json!({"type": "message_delta", "delta": delta, "usage": usage::write(&self.usage)});
        event(out, "message_delta", &last);
        event(out, "message_stop", &json!({"type": "message_stop"}));
    }
}

/// Appends an event. That JSON can not be written to memory does not happen; if it did, the event would be left out.
fn event(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    let before = out.len();
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    match serde_json::to_writer(&mut *out, data) {
        Ok(()) => out.extend_from_slice(b"\n\n"),
        Err(_) => out.truncate(before),
    }
}
