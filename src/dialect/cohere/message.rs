//! Messages, written for Cohere: instructions in one message, first; the results of tools in messages of their own.

use crate::{
    chat::{Content, Loss, Media, Message, Part, Role, Source, ToolResult, Unfit},
    dialect::kin,
    json::put,
};
use serde_json::{Value, json};

/// Writes the messages of one request; `thinks` says that thoughts go back, `plea` is one more instruction.
pub(super) fn write(
    messages: &[Message],
    thinks: bool,
    plea: Option<String>,
    loss: &mut Loss,
) -> Result<Vec<Value>, Unfit> {
    let mut writer = Writer { thinks, loss, instructions: Vec::new(), turns: Vec::new() };
    for (i, message) in messages.iter().enumerate() {
        writer.message(message, &format!("messages[{i}]"))?;
    }
    writer.instructions.extend(plea.map(|plea| kin::text(&plea)));
    Ok(writer.end())
}

struct Writer<'l> {
    thinks: bool,
    loss: &'l mut Loss,
    instructions: Vec<Value>,
    turns: Vec<Value>,
}

impl Writer<'_> {
    fn message(&mut self, message: &Message, at: &str) -> Result<(), Unfit> {
        self.loss.where_some("messages.name", message.name.as_ref());
        message.parts.iter().for_each(|part| kin::note(part, self.loss));
        match message.role {
            Role::System | Role::Developer => {
                self.instructions.append(&mut blocks(message.parts.iter().enumerate(), at)?);
                Ok(())
            }
            Role::User => self.user(message, at),
            Role::Assistant => self.assistant(message, at),
        }
    }

    /// Results of tools come before what else the user says; what a result holds besides text, the user says.
    fn user(&mut self, message: &Message, at: &str) -> Result<(), Unfit> {
        let mut said = Vec::new();
        for (i, part) in message.parts.iter().enumerate() {
            match &part.content {
                Content::ToolResult(result) => {
                    said.extend(self.result(result).into_iter().map(|part| (i, part)))
                }
                _ => said.push((i, part)),
            }
        }
        if said.is_empty() && !message.parts.is_empty() {
            return Ok(());
        }
        let blocks = blocks(said, at)?;
        self.turns.push(json!({"role": "user", "content": plain(blocks)}));
        Ok(())
    }

    fn result<'p>(&mut self, result: &'p ToolResult) -> Vec<&'p Part> {
        self.turns.push(json!({"role": "tool", "tool_call_id": result.id, "content": result.text()}));
        result.parts.iter().filter(|part| !matches!(part.content, Content::Text { .. })).collect()
    }

    /// What is said beside a call is the plan of it. An assistant that says nothing is not passed on: Cohere refuses it.
    fn assistant(&mut self, message: &Message, at: &str) -> Result<(), Unfit> {
        let acts = message.parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
        let (mut said, mut plan, mut calls) = (Vec::new(), String::new(), Vec::new());
        for (i, part) in message.parts.iter().enumerate() {
            match &part.content {
                Content::ToolCall(call) => calls.push(kin::tool_call(&call.id, call)),
                Content::Text { text, .. } if acts => plan.push_str(text),
                Content::Text { text, .. } if text.is_empty() => {}
                Content::Reasoning(thought) if !self.thinks || thought.signature.is_some() => {
                    if !thought.text.is_empty() {
                        self.loss.of("messages.reasoning");
                    }
                }
                Content::Image(_) | Content::Document(_) => {
                    let at = format!("{at}.content[{i}]");
                    return Err(Unfit::new(at, "takes pictures and documents from the user alone"));
                }
                _ => said.push((i, part)),
            }
        }
        let mut out = json!({"role": "assistant"});
        if acts {
            put(&mut out, "tool_calls", calls);
        }
        if !plan.is_empty() {
            put(&mut out, "tool_plan", plan);
        }
        if !said.is_empty() {
            put(&mut out, "content", plain(blocks(said, at)?));
        }
        if out.as_object().is_some_and(|out| out.len() > 1) {
            self.turns.push(out);
        }
        Ok(())
    }

    fn end(mut self) -> Vec<Value> {
        let mut all = Vec::with_capacity(self.turns.len() + 1);
        if !self.instructions.is_empty() {
            all.push(json!({"role": "system", "content": plain(self.instructions)}));
        }
        all.append(&mut self.turns);
        all
    }
}

/// Parts come with their places in the message.
fn blocks<'p>(parts: impl IntoIterator<Item = (usize, &'p Part)>, at: &str) -> Result<Vec<Value>, Unfit> {
    parts.into_iter().map(|(i, part)| block(part, &format!("{at}.content[{i}]"))).collect()
}

/// A lone text is a string.
fn plain(mut blocks: Vec<Value>) -> Value {
    match blocks.as_mut_slice() {
        [] => "".into(),
        [one] if one.get("type").is_some_and(|kind| kind == "text") => {
            one.get_mut("text").map(Value::take).unwrap_or_default()
        }
        _ => blocks.into(),
    }
}

fn block(part: &Part, at: &str) -> Result<Value, Unfit> {
    Ok(match &part.content {
        Content::Text { text, .. } | Content::Refusal(text) => kin::text(text),
        Content::Reasoning(thought) => json!({"type": "thinking", "thinking": thought.text}),
        Content::Image(image) => kin::image(image, at)?,
        Content::Document(document) => self::document(document, at)?,
        Content::Audio(_) => return Err(Unfit::new(at, "takes no audio")),
        Content::ToolCall(_) | Content::ToolResult(_) => {
            return Err(Unfit::new(at, "can not stand in a message of this role"));
        }
    })
}

/// Cohere's own `documents` stand beside the conversation and allow neither tools nor a format; the text in its place says the
/// same.
fn document(document: &Media, at: &str) -> Result<Value, Unfit> {
    match &document.source {
        Source::Text(text) => Ok(kin::page(document, text)),
        _ => Err(Unfit::new(at, "takes documents as plain text alone")),
    }
}
