//! A client's stream of chunks, written.

use super::answer::{annotation, extra_content, head, maker_format, reason, usage};
use crate::{
    chat::{Delta, Signature, Usage},
    dialect::Writer,
    json::put,
};
use serde_json::{Value, json};

/// Writes chunks of chat completions.
#[derive(Debug)]
pub struct StreamWriter {
    /// Names the model where the provider does not.
    model: String,
    created: u64,
    shows_usage: bool,
    /// What every chunk begins with, written once: all but its choices.
    head: String,
    /// The choices that have had their role.
    spoken: Vec<u32>,
    /// How many thoughts each choice has ended: the index of its next proof.
    thoughts: u32,
    thinking: bool,
    /// The choices that have refused in words.
    refused: Vec<u32>,
    usage: Option<Usage>,
}

impl StreamWriter {
    /// Writes for a client that asked at `created` (seconds), and wants its usage told or not.
    #[must_use]
    pub fn new(model: &str, created: u64, shows_usage: bool) -> Self {
        let mut writer = Self {
            model: model.into(),
            created,
            shows_usage,
            head: String::new(),
            spoken: Vec::new(),
            thoughts: 0,
            thinking: false,
            refused: Vec::new(),
            usage: None,
        };
        writer.begin("", "");
        writer
    }

    fn begin(&mut self, id: &str, model: &str) {
        let model = if model.is_empty() { &self.model } else { model };
        let head = Value::Object(head(id, model, self.created, "chat.completion.chunk")).to_string();
        head.trim_end_matches('}').clone_into(&mut self.head);
    }

    fn chunk(&mut self, choice: u32, delta: Value, out: &mut Vec<u8>) {
        let piece = json!({"index": choice, "delta": delta, "logprobs": null, "finish_reason": null});
        self.piece(choice, piece, out);
    }

    /// What comes now is no thought: a proof that follows is not of the last one.
    fn speak(&mut self) {
        if std::mem::take(&mut self.thinking) {
            self.thoughts += 1;
        }
    }

    /// The first of each answer says whose it is.
    fn piece(&mut self, choice: u32, mut piece: Value, out: &mut Vec<u8>) {
        if !self.spoken.contains(&choice) {
            self.spoken.push(choice);
            if let Some(delta) = piece.get_mut("delta") {
                put(delta, "role", "assistant");
            }
        }
        self.data(&json!([piece]), None, out);
    }

    fn data(&self, choices: &Value, usage: Option<&Value>, out: &mut Vec<u8>) {
        let usage = usage.map(|usage| format!(",\"usage\":{usage}")).unwrap_or_default();
        out.extend_from_slice(format!("data: {},\"choices\":{choices}{usage}}}\n\n", self.head).as_bytes());
    }

    fn done(&mut self, out: &mut Vec<u8>) {
        if let Some(used) = self.usage.filter(|_| self.shows_usage) {
            self.data(&json!([]), Some(&usage(&used)), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn proof(&mut self, choice: u32, signature: &Signature, out: &mut Vec<u8>) {
        let format = maker_format(signature.maker);
        let detail = if self.thinking {
            json!({"type": "reasoning.text", "text": "", "signature": signature.token, "format": format, "index": self.thoughts})
        } else {
            json!({"type": "reasoning.encrypted", "data": signature.token, "format": format, "index": self.thoughts})
        };
        self.thoughts += 1;
        self.thinking = false;
        self.chunk(choice, json!({"reasoning_details": [detail]}), out);
    }
}

impl Writer for StreamWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start { id, model } => self.begin(id, model),
            Delta::Text { choice, text } => {
                self.speak();
                self.chunk(*choice, json!({"content": text}), out);
            }
            Delta::Refusal { choice, text } => {
                self.speak();
                self.refused.push(*choice);
                self.chunk(*choice, json!({"refusal": text}), out);
            }
            Delta::Reasoning { choice, text } => {
                self.thinking = true;
                let detail = json!({"type": "reasoning.text", "text": text, "index": self.thoughts});
                self.chunk(*choice, json!({"reasoning_content": text, "reasoning_details": [detail]}), out);
            }
            Delta::Signature { choice, signature } => self.proof(*choice, signature, out),
            Delta::Citation { choice, citation } => {
                if let Some(annotation) = annotation(citation) {
                    self.chunk(*choice, json!({"annotations": [annotation]}), out);
                }
            }
            Delta::ToolCall { choice, index, id, name, signature } => {
                self.speak();
                let function = json!({"name": name, "arguments": ""});
                let mut call = json!({"index": index, "id": id, "type": "function", "function": function});
                if let Some(extra) = signature.as_ref().and_then(extra_content) {
                    put(&mut call, "extra_content", extra);
                }
                self.chunk(*choice, json!({"tool_calls": [call]}), out);
            }
            Delta::ToolArguments { choice, index, text } => {
                let call = json!({"index": index, "function": {"arguments": text}});
                self.chunk(*choice, json!({"tool_calls": [call]}), out);
            }
            Delta::Logprobs { choice, value } => {
                let piece = json!({"index": choice, "delta": {}, "logprobs": value, "finish_reason": null});
                self.piece(*choice, piece, out);
            }
            Delta::Finish { choice, finish } => {
                let reason = reason(finish, self.refused.contains(choice));
                let piece = json!({"index": choice, "delta": {}, "logprobs": null, "finish_reason": reason});
                self.piece(*choice, piece, out);
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Done => self.done(out),
            Delta::Fault(_) => {}
        }
    }
}
