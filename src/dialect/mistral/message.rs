//! Messages, written for Mistral, which is strict about their order: instructions first, the results of tools right behind
//! their calls, and between results and what the user says next a word of the assistant's.

use crate::{
    chat::{Content, Loss, Media, Message, Part, Role, Source, ToolResult, Unfit},
    dialect::kin,
    json::put,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{borrow::Cow, collections::HashMap};

/// The word between the results of tools and what the user says next.
const BRIDGE: &str = "OK.";

/// Writes the messages of one request; `thinks` says that the model may read thoughts.
pub(super) fn write(messages: &[Message], thinks: bool, loss: &mut Loss) -> Result<Vec<Value>, Unfit> {
    let mut writer =
        Writer { thinks, loss, tools: HashMap::new(), instructions: Vec::new(), turns: Vec::new() };
    for (i, message) in messages.iter().enumerate() {
        writer.message(message, &format!("messages[{i}]"))?;
    }
    Ok(writer.end())
}

struct Writer<'m, 'l> {
    thinks: bool,
    loss: &'l mut Loss,
    /// The tool of each call, by the call's id.
    tools: HashMap<&'m str, &'m str>,
    instructions: Vec<Value>,
    turns: Vec<Value>,
}

impl<'m> Writer<'m, '_> {
    fn message(&mut self, message: &'m Message, at: &str) -> Result<(), Unfit> {
        self.loss.where_some("messages.name", message.name.as_ref());
        message.parts.iter().for_each(|part| kin::note(part, self.loss));
        match message.role {
            Role::System | Role::Developer => {
                let content = content(&message.parts.iter().enumerate().collect::<Vec<_>>(), at)?;
                self.instructions.push(json!({"role": "system", "content": content}));
                Ok(())
            }
            Role::User => self.user(message, at),
            Role::Assistant => self.assistant(message, at),
        }
    }

    /// Results of tools are messages of their own, before what else the user says.
    fn user(&mut self, message: &'m Message, at: &str) -> Result<(), Unfit> {
        let mut said = Vec::new();
        for (i, part) in message.parts.iter().enumerate() {
            match &part.content {
                Content::ToolResult(result) => self.result(result, &format!("{at}.content[{i}]"))?,
                _ => said.push((i, part)),
            }
        }
        if said.is_empty() && !message.parts.is_empty() {
            return Ok(());
        }
        let content = content(&said, at)?;
        if self.turns.last().is_some_and(|last| is(last, "tool")) {
            self.turns.push(json!({"role": "assistant", "content": BRIDGE}));
        }
        self.turns.push(json!({"role": "user", "content": content}));
        Ok(())
    }

    fn result(&mut self, result: &ToolResult, at: &str) -> Result<(), Unfit> {
        let content = content(&result.parts.iter().enumerate().collect::<Vec<_>>(), at)?;
        let mut message = json!({"role": "tool", "tool_call_id": id(&result.id), "content": content});
        if let Some(name) = self.tools.get(result.id.as_str()) {
            put(&mut message, "name", *name);
        }
        self.turns.push(message);
        Ok(())
    }

    /// An assistant that says nothing is not passed on: Mistral refuses it.
    fn assistant(&mut self, message: &'m Message, at: &str) -> Result<(), Unfit> {
        let (mut said, mut calls) = (Vec::new(), Vec::new());
        for (i, part) in message.parts.iter().enumerate() {
            match &part.content {
                Content::ToolCall(call) => {
                    self.tools.insert(&call.id, &call.name);
                    calls.push(kin::tool_call(&id(&call.id), call));
                }
                Content::Reasoning(thought) if !self.thinks || thought.signature.is_some() => {
                    if !thought.text.is_empty() {
                        self.loss.of("messages.reasoning");
                    }
                }
                Content::Text { text, .. } if text.is_empty() => {}
                _ => said.push((i, part)),
            }
        }
        let mut out = json!({"role": "assistant"});
        if !said.is_empty() {
            put(&mut out, "content", content(&said, at)?);
        }
        match (calls.is_empty(), said.is_empty()) {
            (true, true) => return Ok(()),
            (false, _) => put(&mut out, "tool_calls", calls),
            (true, false) => {}
        }
        self.turns.push(out);
        Ok(())
    }

    /// What an assistant said last is the beginning of the answer: Mistral wants to be told so.
    fn end(mut self) -> Vec<Value> {
        let last = self.turns.last_mut();
        if let Some(last) = last.filter(|last| is(last, "assistant") && last.get("tool_calls").is_none()) {
            put(last, "prefix", true);
        }
        self.instructions.append(&mut self.turns);
        self.instructions
    }
}

/// A lone text is a string. Parts come with their places in the message.
fn content(parts: &[(usize, &Part)], at: &str) -> Result<Value, Unfit> {
    match parts {
        [] => Ok("".into()),
        [(_, Part { content: Content::Text { text, .. } | Content::Refusal(text), .. })] => {
            Ok(text.as_str().into())
        }
        parts => {
            let chunks = parts.iter().map(|(i, part)| chunk(part, &format!("{at}.content[{i}]")));
            chunks.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
    }
}

fn is(message: &Value, role: &str) -> bool {
    message.get("role").is_some_and(|is| is == role)
}

fn chunk(part: &Part, at: &str) -> Result<Value, Unfit> {
    Ok(match &part.content {
        Content::Text { text, .. } | Content::Refusal(text) => kin::text(text),
        Content::Reasoning(thought) => json!({"type": "thinking", "thinking": [kin::text(&thought.text)]}),
        Content::Image(image) => kin::image(image, at)?,
        Content::Document(document) => self::document(document),
        Content::Audio(audio) => {
            let sound = match &audio.source {
                Source::Url(url) => url,
                Source::Base64 { data, .. } => data,
                _ => return Err(Unfit::new(at, "takes audio by URL or in base64 alone")),
            };
            json!({"type": "input_audio", "input_audio": sound})
        }
        Content::ToolCall(_) | Content::ToolResult(_) => {
            return Err(Unfit::new(at, "can not stand in a message of this role"));
        }
    })
}

fn document(document: &Media) -> Value {
    let url = match &document.source {
        Source::Url(url) => url.clone(),
        Source::Base64 { media_type, data } => format!("data:{media_type};base64,{data}"),
        Source::File(id) => return json!({"type": "file", "file_id": id}),
        Source::Text(text) => return kin::page(document, text),
    };
    let mut chunk = json!({"type": "document_url", "document_url": url});
    if let Some(title) = &document.title {
        put(&mut chunk, "document_name", title.as_str());
    }
    chunk
}

/// A call's id as Mistral takes it, nine letters and digits: its own stay, and of a foreign one the same is always made.
pub(super) fn id(foreign: &str) -> Cow<'_, str> {
    if foreign.len() == 9 && foreign.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(foreign);
    }
    let digest = Sha256::digest(foreign);
    digest.iter().take(9).filter_map(|byte| char::from_digit(u32::from(byte % 36), 36)).collect()
}
