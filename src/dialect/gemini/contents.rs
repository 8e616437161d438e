//! Messages as `contents`: turns of `user` and `model` by turns, instructions apart.

use super::{media, model::Model};
use crate::{
    chat::{Content, Loss, Maker, Media, Message, Reasoning, Role, Source, ToolCall, ToolResult, Unfit},
    dialect::Platform,
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
    pub(super) fn of(
        messages: &[Message],
        host: Platform,
        model: Model<'_>,
        loss: &mut Loss,
    ) -> Result<Self, Unfit> {
        let mut writer = Writer { host, model, loss, names: HashMap::new() };
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
        self.turns.into_iter().map(|turn| json!({"role": turn.role, "parts": turn.parts})).collect()
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
    host: Platform,
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
                Content::Text { text, .. } if text.is_empty() => {}
                Content::Text { text, .. } => out.push(json!({ "text": text })),
                _ => return Err(Unfit::new(place(index, at), "takes only text as instructions")),
            }
        }
        Ok(())
    }

    fn parts(&mut self, index: usize, message: &'r Message) -> Result<Vec<Value>, Unfit> {
        let mut out = Vec::new();
        // a signature alone: of the call behind it, else of the text before it
        let mut held = None;
        for (at, part) in message.parts.iter().enumerate() {
            self.loss.where_some("cache_control", part.cache.as_ref());
            match &part.content {
                Content::Reasoning(thought) if thought.text.is_empty() => {
                    sign_last(held.take(), &mut out);
                    held = signature(thought);
                }
                Content::ToolCall(call) => {
                    let own = call.signature.as_ref().and_then(|signature| signature.of(Maker::Google));
                    if own.is_some() {
                        sign_last(held.take(), &mut out);
                    }
                    let written = self.call(call, own.or(held.take()));
                    out.push(written.map_err(|why| Unfit::new(place(index, at), why))?);
                }
                content => {
                    sign_last(held.take(), &mut out);
                    self.part(content, &mut out).map_err(|why| Unfit::new(place(index, at), why))?;
                }
            }
        }
        sign_last(held, &mut out);
        Ok(out)
    }

    fn part(&mut self, content: &Content, out: &mut Vec<Value>) -> Result<(), &'static str> {
        match content {
            Content::Text { text, .. } | Content::Refusal(text) => {
                if !text.is_empty() {
                    out.push(json!({ "text": text }));
                }
            }
            Content::Reasoning(thought) => {
                let part = json!({"text": thought.text, "thought": true});
                out.push(signed(part, signature(thought)));
            }
            Content::Image(media) => out.push(self.media(media, "image/jpeg")?),
            Content::Document(media) => out.push(self.media(media, "application/pdf")?),
            Content::Audio(media) => out.push(self.media(media, "audio/wav")?),
            Content::ToolResult(result) => self.result(result, out)?,
            // written with its signature
            Content::ToolCall(_) => {}
        }
        Ok(())
    }

    fn media(&mut self, media: &Media, usual: &str) -> Result<Value, &'static str> {
        media::part(media, usual, (self.host, self.model), self.loss)
    }

    fn call(&mut self, call: &'r ToolCall, signature: Option<&str>) -> Result<Value, &'static str> {
        self.names.insert(&call.id, &call.name);
        // an error of the parser would quote what the model wrote
        let Ok(args) = call.object() else {
            return Err("takes only a JSON object as a tool call's arguments");
        };
        let mut written = self.named(&call.id, &call.name);
        written.insert("args".into(), args.into());
        Ok(signed(json!({ "functionCall": written }), signature))
    }

    fn result(&mut self, result: &ToolResult, out: &mut Vec<Value>) -> Result<(), &'static str> {
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
        out.push(json!({ "functionResponse": written }));
        out.extend(behind);
        Ok(())
    }

    /// The id and the name of a call. On Vertex only Gemini 3 knows ids, and everything unknown is refused there.
    fn named(&self, id: &str, name: &str) -> Map<String, Value> {
        let mut call = Map::new();
        if self.model.is_third() || self.host != Platform::Vertex {
            call.insert("id".into(), id.into());
        }
        call.insert("name".into(), name.into());
        call
    }
}

fn place(message: usize, part: usize) -> String {
    format!("messages[{message}].content[{part}]")
}

fn signature(thought: &Reasoning) -> Option<&str> {
    thought.signature.as_ref().and_then(|signature| signature.of(Maker::Google))
}

fn signed(mut part: Value, signature: Option<&str>) -> Value {
    if let (Some(part), Some(signature)) = (part.as_object_mut(), signature) {
        part.insert("thoughtSignature".into(), signature.into());
    }
    part
}

/// Signs the text that came last; without one the signature stands alone, as Google's own streams do it.
fn sign_last(signature: Option<&str>, parts: &mut Vec<Value>) {
    let Some(signature) = signature else { return };
    match parts.last_mut().and_then(Value::as_object_mut).filter(|last| last.keys().eq(["text"])) {
        Some(last) => drop(last.insert("thoughtSignature".into(), signature.into())),
        None => parts.push(json!({"text": "", "thoughtSignature": signature})),
    }
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
