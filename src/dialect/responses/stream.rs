//! A streamed answer, as the typed events of Responses.

use super::{
    answer::Echo,
    output::{INCOMPLETE, Item, Output, Said, summary},
};
use crate::{chat::Delta, dialect::Writer};
use serde_json::{Map, Value, json};

/// Writes one stream. Items begin and end in their order; only calls that follow each other are open together, because a
/// provider may tell their arguments in turns.
#[derive(Debug)]
pub struct StreamWriter {
    echo: Echo,
    output: Output,
    sequence: u64,
    /// So many items have begun, and so many of them have ended.
    opened: usize,
    closed: usize,
    /// So many parts of the item that began last have begun; all but the last one have ended.
    parts: usize,
}

impl Writer for StreamWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        self.output.take(delta);
        match delta {
            Delta::Start { .. } => {
                self.tell_response("response.created", out);
                self.tell_response("response.in_progress", out);
            }
            Delta::Done => {
                self.close(out);
                let incomplete = self.output.status().0 == INCOMPLETE;
                self.tell_response(
                    if incomplete { "response.incomplete" } else { "response.completed" },
                    out,
                );
            }
            _ => {
                self.open(out);
                self.piece(delta, out);
            }
        }
    }
}

impl StreamWriter {
    /// A stream that has not begun; `model` is told where the provider names none.
    #[must_use]
    pub fn new(echo: Echo, model: &str) -> Self {
        let output = echo.output(model);
        Self { echo, output, sequence: 0, opened: 0, closed: 0, parts: 0 }
    }

    /// Tells of the items and of the part that the last delta brought.
    fn open(&mut self, out: &mut Vec<u8>) {
        while let Some(item) = self.output.items.get(self.opened) {
            let before = self.opened.checked_sub(1).and_then(|at| self.output.items.get(at));
            let together = item.is_call() && before.is_some_and(Item::is_call);
            let announced = item.announced(&self.output.item_id(self.opened));
            if !together {
                self.close(out);
            }
            let fields = json!({"output_index": self.opened, "item": announced});
            self.tell("response.output_item.added", fields, out);
            self.opened += 1;
            self.parts = 0;
        }
        if let Some((kind, fields)) = self.output.items.last().and_then(|item| beginning(item, self.parts)) {
            self.close_part(out);
            self.tell_of(self.last(), kind, fields, out);
            self.parts += 1;
        }
    }

    /// Ends all that is open.
    fn close(&mut self, out: &mut Vec<u8>) {
        if self.closed < self.opened {
            self.close_part(out);
        }
        while self.closed < self.opened {
            let (at, item) = (self.closed, self.output.item(self.closed));
            if let Some(arguments) = item.get("arguments") {
                let fields = json!({"arguments": arguments});
                self.tell_of(at, "response.function_call_arguments.done", fields, out);
            }
            self.tell("response.output_item.done", json!({"output_index": at, "item": item}), out);
            self.closed += 1;
        }
    }

    fn close_part(&mut self, out: &mut Vec<u8>) {
        let open = self.parts.checked_sub(1).zip(self.output.items.get(self.last()));
        for (kind, fields) in open.map(|(at, item)| ending(item, at)).into_iter().flatten() {
            self.tell_of(self.last(), kind, fields, out);
        }
    }

    /// Tells what the delta itself says.
    fn piece(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        let part = self.parts.saturating_sub(1);
        let (at, kind, fields) = match delta {
            Delta::Text { choice: 0, text } if !text.is_empty() => (
                self.last(),
                "response.output_text.delta",
                json!({"content_index": part, "delta": text, "logprobs": []}),
            ),
            Delta::Refusal { choice: 0, text } if !text.is_empty() => {
                (self.last(), "response.refusal.delta", json!({"content_index": part, "delta": text}))
            }
            Delta::Reasoning { choice: 0, text } if !text.is_empty() => (
                self.last(),
                "response.reasoning_summary_text.delta",
                json!({"summary_index": part, "delta": text}),
            ),
            Delta::Citation { choice: 0, .. } => {
                let Some(fields) = self.output.items.last().and_then(annotation) else { return };
                (self.last(), "response.output_text.annotation.added", fields)
            }
            Delta::ToolArguments { choice: 0, index, text } if !text.is_empty() => {
                let Some(at) = self.output.call(*index) else { return };
                (at, "response.function_call_arguments.delta", json!({"delta": text}))
            }
            _ => return,
        };
        self.tell_of(at, kind, fields, out);
    }

    /// The item that began last.
    fn last(&self) -> usize {
        self.opened.saturating_sub(1)
    }

    fn tell_response(&mut self, kind: &str, out: &mut Vec<u8>) {
        let response = Value::Object(self.echo.response(&self.output));
        self.tell(kind, Map::from_iter([("response".to_owned(), response)]).into(), out);
    }

    /// An event about an item.
    fn tell_of(&mut self, at: usize, kind: &str, mut fields: Value, out: &mut Vec<u8>) {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("item_id".into(), self.output.item_id(at).into());
            fields.insert("output_index".into(), at.into());
        }
        self.tell(kind, fields, out);
    }

    fn tell(&mut self, kind: &str, fields: Value, out: &mut Vec<u8>) {
        let mut event = Map::new();
        event.insert("type".into(), kind.into());
        event.insert("sequence_number".into(), self.sequence.into());
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        self.sequence += 1;
        out.extend_from_slice(format!("event: {kind}\ndata: {}\n\n", Value::Object(event)).as_bytes());
    }
}

/// How a part of an item is announced, where the item has so many.
fn beginning(item: &Item, at: usize) -> Option<(&'static str, Value)> {
    match item {
        Item::Thought { text, .. } if at == 0 && !text.is_empty() => {
            Some(("response.reasoning_summary_part.added", json!({"summary_index": at, "part": summary("")})))
        }
        Item::Message(parts) => {
            let part = parts.get(at)?.announced();
            Some(("response.content_part.added", json!({"content_index": at, "part": part})))
        }
        Item::Thought { .. } | Item::Call { .. } => None,
    }
}

/// What is told of a part that is complete.
fn ending(item: &Item, at: usize) -> Vec<(&'static str, Value)> {
    match item {
        Item::Thought { text, .. } => vec![
            ("response.reasoning_summary_text.done", json!({"summary_index": at, "text": text})),
            ("response.reasoning_summary_part.done", json!({"summary_index": at, "part": summary(text)})),
        ],
        Item::Message(parts) => {
            let Some(part) = parts.get(at) else { return Vec::new() };
            let done = match part {
                Said::Text(text) => (
                    "response.output_text.done",
                    json!({"content_index": at, "text": text.text, "logprobs": brief(&text.logprobs)}),
                ),
                Said::Refusal(words) => {
                    ("response.refusal.done", json!({"content_index": at, "refusal": words}))
                }
            };
            vec![done, ("response.content_part.done", json!({"content_index": at, "part": part.json()}))]
        }
        Item::Call { .. } => Vec::new(),
    }
}

/// The annotation that came last.
fn annotation(item: &Item) -> Option<Value> {
    let Item::Message(parts) = item else { return None };
    let Some(Said::Text(text)) = parts.last() else { return None };
    let annotation = text.annotations.last()?;
    Some(json!({
        "content_index": parts.len() - 1,
        "annotation_index": text.annotations.len() - 1,
        "annotation": annotation,
    }))
}

/// Likelihoods as events tell them: without bytes.
fn brief(logprobs: &[Value]) -> Vec<Value> {
    let mut brief = logprobs.to_vec();
    for token in brief.iter_mut().filter_map(Value::as_object_mut) {
        token.shift_remove("bytes");
        let others = token.get_mut("top_logprobs").and_then(Value::as_array_mut).into_iter().flatten();
        for other in others.filter_map(Value::as_object_mut) {
            other.shift_remove("bytes");
        }
    }
    brief
}
