//! Messages as `contents`: turns of `user` and `model` by turns, instructions apart.

use super::{media, model::Model};
use crate::chat::{
    Content, Loss, Maker, Media, Message, Reasoning, Role, Signature, Source, ToolCall, ToolResult, Unfit,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What Google documents for calls that another model made: their signature is not asked for.
const UNSIGNED: &str = "skip_thought_signature_validator";

/// The conversation in Google's form.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Contents {
    /// The parts of the system instruction.
    pub(super) system: Vec<Value>,
    turns: Vec<Turn>,
}

#[derive(Debug, PartialEq)]
struct Turn {
    role: &'static str,
    parts: Vec<Value>,
}

impl Contents {
    /// Writes all messages.
    pub(super) fn of(messages: &[Message], model: Model<'_>, loss: &mut Loss) -> Result<Self, Unfit> {
        let mut writer = Writer { model, loss, names: HashMap::new() };
        let mut contents = Self::default();
        for (index, message) in messages.iter().enumerate() {
            writer.loss.where_some("messages.name", message.name.as_ref());
            match message.role {
                Role::System | Role::Developer => writer.instruction(index, message, &mut contents.system)?,
                Role::User => contents.add("user", writer.parts(index, message)?),
                Role::Assistant => contents.add("model", writer.parts(index, message)?),
            }
        }
        contents.settle(model);
        Ok(contents)
    }

    /// As `contents`.
    pub(super) fn turns(self) -> Value {
        let turn = |turn: Turn| object([("role", turn.role.into()), ("parts", turn.parts.into())]);
        self.turns.into_iter().map(turn).collect()
    }

    fn add(&mut self, role: &'static str, parts: Vec<Value>) {
        match self.turns.last_mut() {
            _ if parts.is_empty() => {}
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => self.turns.push(Turn { role, parts }),
        }
    }

    /// What can be said only when all turns are there.
    fn settle(&mut self, model: Model<'_>) {
        for turn in self.turns.iter_mut().filter(|turn| turn.role == "user") {
            // the results of a turn's calls come together, whatever else the client put between them
            turn.parts.sort_by_key(|part| part.get("functionResponse").is_none());
        }
        if model.is_third() {
            self.excuse();
        }
        if self.turns.is_empty() {
            // Google asks for something to answer
            let instructions = std::mem::take(&mut self.system);
            self.add("user", instructions);
        }
    }

    /// Gemini 3 refuses calls of the current turn without a signature; the first call of a step bears that of all.
    fn excuse(&mut self) {
        let asks = |turn: &Turn| turn.role == "user" && !has(turn, "functionResponse");
        let current = self.turns.iter().rposition(asks).unwrap_or(0);
        for turn in self.turns.iter_mut().skip(current) {
            let first = turn.parts.iter_mut().find(|part| part.get("functionCall").is_some());
            if let Some(call) = first.and_then(Value::as_object_mut) {
                call.entry("thoughtSignature").or_insert_with(|| UNSIGNED.into());
            }
        }
    }
}

fn has(turn: &Turn, field: &str) -> bool {
    turn.parts.iter().any(|part| part.get(field).is_some())
}

struct Writer<'r, 'l> {
    model: Model<'r>,
    loss: &'l mut Loss,
    /// The tools of the calls so far, by the ids of the calls.
    names: HashMap<&'r str, &'r str>,
}

impl<'r> Writer<'r, '_> {
    fn instruction(&mut self, index: usize, message: &Message, out: &mut Vec<Value>) -> Result<(), Unfit> {
        for (at, part) in message.parts.iter().enumerate() {
            self.loss.where_some("cache_control", part.cache.as_ref());
            match &part.content {
                Content::Text { text, .. } => say(text, out),
                _ => return Err(Unfit::new(place(index, at), "takes only text as instructions")),
            }
        }
        Ok(())
    }

    fn parts(&mut self, index: usize, message: &'r Message) -> Result<Vec<Value>, Unfit> {
        let mut out = Vec::new();
        for (at, part) in message.parts.iter().enumerate() {
            self.loss.where_some("cache_control", part.cache.as_ref());
            self.part(&part.content, &mut out).map_err(|why| Unfit::new(place(index, at), why))?;
        }
        Ok(out)
    }

    fn part(&mut self, content: &'r Content, out: &mut Vec<Value>) -> Result<(), &'static str> {
        match content {
            Content::Text { text, citations } => {
                self.loss.where_some("messages.citations", citations.first());
                say(text, out);
            }
            Content::Refusal(text) => say(text, out),
            Content::Reasoning(thought) => think(thought, out),
            Content::Image(media) => out.push(self.media(media, "image/jpeg")?),
            Content::Document(media) => out.push(self.media(media, "application/pdf")?),
            Content::Audio(media) => out.push(self.media(media, "audio/wav")?),
            Content::ToolCall(call) => out.push(self.call(call)?),
            Content::ToolResult(result) => self.result(result, out)?,
        }
        Ok(())
    }

    fn media(&mut self, media: &Media, usual: &str) -> Result<Value, &'static str> {
        media::part(media, usual, self.model, self.loss)
    }

    fn call(&mut self, call: &'r ToolCall) -> Result<Value, &'static str> {
        self.names.insert(&call.id, &call.name);
        // an error of the parser would quote what the model wrote
        let Ok(args) = call.object() else {
            return Err("takes only a JSON object as a tool call's arguments");
        };
        let mut written = self.named(&call.id, &call.name);
        written.insert("args".into(), args.into());
        Ok(signed(object([("functionCall", written.into())]), call.signature.as_ref()))
    }

    fn result(&mut self, result: &'r ToolResult, out: &mut Vec<Value>) -> Result<(), &'static str> {
        let name = self.names.get(result.id.as_str()).copied();
        let name = name.ok_or("wants the call of each tool result in the messages before it")?;
        let (mut within, mut behind) = (Vec::new(), Vec::new());
        for part in &result.parts {
            self.loss.where_some("cache_control", part.cache.as_ref());
            match &part.content {
                content if text(content).is_some() => {}
                content @ (Content::Image(_) | Content::Document(_)) if self.model.is_third() => {
                    self.part(content, &mut within)?;
                }
                content => self.part(content, &mut behind)?,
            }
        }
        let mut written = self.named(&result.id, name);
        written.insert("response".into(), response(result));
        if !within.is_empty() {
            written.insert("parts".into(), within.into());
        }
        out.push(object([("functionResponse", written.into())]));
        out.extend(behind);
        Ok(())
    }

    /// The id and the name of a call.
    fn named(&self, id: &str, name: &str) -> Map<String, Value> {
        let mut call = Map::new();
        if self.model.knows_ids() {
            call.insert("id".into(), id.into());
        }
        call.insert("name".into(), name.into());
        call
    }
}

fn place(message: usize, part: usize) -> String {
    format!("messages[{message}].content[{part}]")
}

/// An object of values that may be large: `json!` would copy them.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn say(text: &str, out: &mut Vec<Value>) {
    if !text.is_empty() {
        out.push(json!({ "text": text }));
    }
}

/// A signature without words is that of the text before it; without one it stands alone, as in Google's own streams.
fn think(thought: &Reasoning, out: &mut Vec<Value>) {
    let signature = thought.signature.as_ref();
    if !thought.text.is_empty() {
        out.push(signed(json!({"text": thought.text, "thought": true}), signature));
    } else if signature.is_some_and(|signature| signature.of(Maker::Google).is_some()) {
        let text = out.pop_if(|last| last.as_object().is_some_and(|last| last.keys().eq(["text"])));
        out.push(signed(text.unwrap_or_else(|| json!({"text": ""})), signature));
    }
}

/// The part with its signature, where that is Google's: no other proves anything there.
fn signed(mut part: Value, signature: Option<&Signature>) -> Value {
    let token = signature.and_then(|signature| signature.of(Maker::Google));
    if let (Some(part), Some(token)) = (part.as_object_mut(), token) {
        part.insert("thoughtSignature".into(), token.into());
    }
    part
}

/// What a tool gave as the object that Google wants: `output` and `error` are words that it knows.
fn response(result: &ToolResult) -> Value {
    let texts: Vec<&str> = result.parts.iter().filter_map(|part| text(&part.content)).collect();
    let text = texts.join("\n");
    if result.is_error {
        return json!({ "error": text });
    }
    match serde_json::from_str::<Map<String, Value>>(&text) {
        Ok(object) => object.into(),
        Err(_) => json!({ "output": text }),
    }
}

/// What is text, though it be a document.
fn text(content: &Content) -> Option<&str> {
    match content {
        Content::Text { text, .. } | Content::Document(Media { source: Source::Text(text), .. }) => {
            Some(text)
        }
        _ => None,
    }
}
