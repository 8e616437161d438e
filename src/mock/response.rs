//! The same answers as the Responses API spells them.
use super::reply::{CREATED, Events, Reply, event};
use serde_json::{Value, json};

const ITEM: &str = "msg_mock";
const FAULT: &str = concat!(
    "event: error\n",
    r#"data: {"type":"error","code":"server_error","message":"The mock fails as it was told to.","#,
    r#""param":null,"sequence_number":0}"#,
    "\n\n"
);

/// The answer in one piece.
pub(super) fn whole(reply: &Reply<'_>) -> Value {
    let status = if reply.limited { "incomplete" } else { "completed" };
    envelope(reply, status, &[item("completed", &[part(&reply.tokens.concat())])])
}

/// The answer as a stream of named, numbered events.
pub(super) fn events(reply: &Reply<'_>) -> serde_json::Result<Events> {
    let mut log = Numbered::default();
    let mut opening =
        log.event("response.created", json!({"response": envelope(reply, "in_progress", &[])}))?;
    let item_added = json!({"output_index": 0, "item": item("in_progress", &[])});
    opening.append(&mut log.event("response.output_item.added", item_added)?);
    opening.append(&mut log.event("response.content_part.added", in_part("part", part("")))?);
    let mut tokens = vec![];
    for token in &reply.tokens {
        opening.append(&mut log.event("response.output_text.delta", in_part("delta", json!(token)))?);
        tokens.push(std::mem::take(&mut opening).into());
    }
    let text = reply.tokens.concat();
    let mut tail = opening;
    tail.append(&mut log.event("response.output_text.done", in_part("text", json!(text)))?);
    tail.append(&mut log.event("response.content_part.done", in_part("part", part(&text)))?);
    let item_done = json!({"output_index": 0, "item": item("completed", &[part(&text)])});
    tail.append(&mut log.event("response.output_item.done", item_done)?);
    let end = if reply.limited { "response.incomplete" } else { "response.completed" };
    tail.append(&mut log.event(end, json!({"response": whole(reply)}))?);
    Ok(Events { tokens, tail: tail.into(), fault: FAULT })
}

fn envelope(reply: &Reply<'_>, status: &str, output: &[Value]) -> Value {
    let usage = reply.usage.filter(|_| status != "in_progress").map(|usage| {
        json!({
            "input_tokens": usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage.total_tokens,
        })
    });
    json!({
        "id": "resp_mock", "object": "response", "created_at": CREATED, "status": status, "error": null,
        "incomplete_details": (status == "incomplete").then(|| json!({"reason": "max_output_tokens"})),
        "instructions": null, "metadata": {}, "model": reply.model, "output": output,
        "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": usage,
    })
}

fn item(status: &str, content: &[Value]) -> Value {
    json!({"id": ITEM, "type": "message", "status": status, "role": "assistant", "content": content})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// An event's data that is about the one part of the one item.
fn in_part(field: &str, value: Value) -> Value {
    json!({"item_id": ITEM, "output_index": 0, "content_index": 0, "logprobs": [], field: value})
}

/// Numbers events in the order in which they are made.
#[derive(Default)]
struct Numbered(u32);

impl Numbered {
    fn event(&mut self, name: &str, mut data: Value) -> serde_json::Result<Vec<u8>> {
        if let Some(data) = data.as_object_mut() {
            data.insert("type".into(), name.into());
            data.insert("sequence_number".into(), self.0.into());
        }
        self.0 += 1;
        let mut bytes = format!("event: {name}\n").into_bytes();
        bytes.append(&mut event(&data)?);
        Ok(bytes)
    }
}
