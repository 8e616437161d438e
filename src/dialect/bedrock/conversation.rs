//! What is said: instructions apart, then user and model in turns.

use super::{media::Shelf, model::Model, tools::check_name};
use crate::{
    chat::{Content, Loss, Maker, Message, Part, Reasoning, Request, Role, ToolCall, ToolResult, Unfit},
    dialect::claude::SEALED,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What a user says where the conversation would begin with the model.
const OPENING: &str = "(The conversation begins.)";
/// What is said beside documents that come without a word.
const ATTACHED: &str = "(See the attached documents.)";
/// What a tool gave that gave nothing.
const NOTHING: &str = "(no output)";

/// A conversation as Converse wants it.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) system: Vec<Value>,
    pub(super) messages: Vec<Value>,
}

/// Writes the messages of a request.
pub(super) fn write(request: &Request, model: Model, loss: &mut Loss) -> Result<Conversation, Unfit> {
    let mut writer = Writer { model, loss, shelf: Shelf::default(), system: Vec::new(), turns: Vec::new() };
    for (at, message) in request.messages.iter().enumerate() {
        writer.message(message, &format!("messages[{at}]"))?;
    }
    Ok(writer.finish())
}

/// Where the prompt is cached up to.
pub(super) fn cache_point(mark: &Value) -> Value {
    match mark.get("ttl").and_then(Value::as_str) {
        Some("1h") => json!({"cachePoint": {"type": "default", "ttl": "1h"}}),
        _ => json!({"cachePoint": {"type": "default"}}),
    }
}

/// What one side says before the other does. Results come first: Claude wants them right behind their calls.
#[derive(Debug)]
struct Turn {
    role: Role,
    results: Vec<Value>,
    others: Vec<Value>,
}

#[derive(Debug)]
struct Writer<'a> {
    model: Model,
    loss: &'a mut Loss,
    shelf: Shelf,
    system: Vec<Value>,
    turns: Vec<Turn>,
}

impl Writer<'_> {
    fn message(&mut self, message: &Message, at: &str) -> Result<(), Unfit> {
        self.loss.where_some("messages.name", message.name.as_ref());
        let instructs = matches!(message.role, Role::System | Role::Developer);
        for (index, part) in message.parts.iter().enumerate() {
            let at = format!("{at}.content[{index}]");
            if instructs && !matches!(part.content, Content::Text { .. }) {
                return Err(Unfit::new(at, "takes instructions as text only; say the rest as the user"));
            }
            let Some(block) = self.block(part, message.role, &at)? else { continue };
            let point = self.cache(part, &block);
            if instructs {
                self.system.push(block);
                self.system.extend(point);
            } else {
                self.say(message.role, block, point);
            }
        }
        Ok(())
    }

    /// Adds to the turn of `role`: to the last one, or to a new one.
    fn say(&mut self, role: Role, block: Value, point: Option<Value>) {
        if self.turns.last().is_none_or(|turn| turn.role != role) {
            self.turns.push(Turn { role, results: Vec::new(), others: Vec::new() });
        }
        let Some(turn) = self.turns.last_mut() else { return };
        let is_result = block.get("toolResult").is_some();
        let blocks = if is_result { &mut turn.results } else { &mut turn.others };
        blocks.push(block);
        blocks.extend(point);
    }

    fn block(&mut self, part: &Part, role: Role, at: &str) -> Result<Option<Value>, Unfit> {
        match &part.content {
            Content::Text { text, citations } => {
                if !citations.is_empty() {
                    self.loss.of("messages.citations");
                }
                Ok(text_block(text))
            }
            Content::Refusal(text) => Ok(text_block(text)),
            Content::Image(_) | Content::Document(_) | Content::Audio(_) if role == Role::Assistant => {
                Err(Unfit::new(at, "takes pictures, documents and sounds from the user only"))
            }
            Content::Image(_) | Content::Document(_) | Content::Audio(_) => {
                self.medium(&part.content, at).map(Some)
            }
            Content::ToolCall(call) => call_block(call, at).map(Some),
            Content::ToolResult(result) => self.result(result, at).map(Some),
            Content::Reasoning(thought) => Ok(self.thought(thought)),
        }
    }

    fn medium(&mut self, content: &Content, at: &str) -> Result<Value, Unfit> {
        match content {
            Content::Image(media) => {
                if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
                    self.loss.of("messages.detail");
                }
                self.shelf.image(media, at)
            }
            Content::Document(media) => self.shelf.document(media, at),
            Content::Audio(media) => self.shelf.audio(media, at),
            _ => Err(Unfit::new(at, "takes texts, pictures and documents as a tool's result")),
        }
    }

    fn result(&mut self, result: &ToolResult, at: &str) -> Result<Value, Unfit> {
        let mut content = Vec::new();
        for (index, part) in result.parts.iter().enumerate() {
            match &part.content {
                Content::Text { text, .. } => content.extend(text_block(text)),
                Content::Audio(_) => return Err(Unfit::new(at, "takes no sounds as a tool's result")),
                other => content.push(self.medium(other, &format!("{at}.content[{index}]"))?),
            }
        }
        if content.is_empty() {
            content.push(json!({"text": NOTHING}));
        }
        let mut block = Map::from_iter([("toolUseId".to_owned(), call_id(&result.id).into())]);
        block.insert("content".into(), content.into());
        if result.is_error && (self.model.claude().is_some() || self.model.is_nova()) {
            block.insert("status".into(), "error".into());
        } else if result.is_error {
            self.loss.of("messages.is_error");
        }
        Ok(json!({"toolResult": block}))
    }

    /// Only Claude takes thoughts back, and only those that Claude signed.
    fn thought(&mut self, thought: &Reasoning) -> Option<Value> {
        self.model.claude()?;
        let token = thought.signature.as_ref()?.of(Maker::Anthropic)?;
        let block = match token.strip_prefix(SEALED) {
            Some(sealed) => json!({"redactedContent": sealed}),
            None => json!({"reasoningText": {"text": thought.text, "signature": token}}),
        };
        Some(json!({"reasoningContent": block}))
    }

    fn cache(&mut self, part: &Part, block: &Value) -> Option<Value> {
        let inner = match &part.content {
            Content::ToolResult(result) => result.parts.iter().find_map(|part| part.cache.as_ref()),
            _ => None,
        };
        let mark = part.cache.as_ref().or(inner)?;
        // Bedrock trips over a mark behind any document but a PDF
        let trips = block.pointer("/document/format").is_some_and(|format| format != "pdf");
        if trips || !(self.model.claude().is_some() || self.model.is_nova()) {
            self.loss.of("cache_control");
            return None;
        }
        Some(if self.model.is_nova() { cache_point(&Value::Null) } else { cache_point(mark) })
    }

    fn finish(mut self) -> Conversation {
        if self.turns.first().is_none_or(|turn| turn.role != Role::User) {
            let opening = vec![json!({"text": OPENING})];
            self.turns.insert(0, Turn { role: Role::User, results: Vec::new(), others: opening });
        }
        if let Some(last) = self.turns.last_mut().filter(|turn| turn.role == Role::Assistant) {
            trim(&mut last.others);
        }
        let messages = self.turns.into_iter().map(Turn::message).collect();
        Conversation { system: self.system, messages }
    }
}

impl Turn {
    fn message(mut self) -> Value {
        let has = |blocks: &[Value], kind: &str| blocks.iter().any(|block| block.get(kind).is_some());
        if has(&self.others, "document") && !has(&self.others, "text") {
            self.others.insert(0, json!({"text": ATTACHED}));
        }
        self.results.append(&mut self.others);
        let role = if self.role == Role::Assistant { "assistant" } else { "user" };
        json!({"role": role, "content": self.results})
    }
}

/// What the model is to go on from must not end with white space.
fn trim(blocks: &mut Vec<Value>) {
    let Some(text) = blocks.last().and_then(|block| block.get("text")?.as_str()) else { return };
    let text = text.trim_end().to_owned();
    blocks.pop();
    blocks.extend(text_block(&text));
}

/// Blank texts are refused: left out.
fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"text": text}))
}

fn call_block(call: &ToolCall, at: &str) -> Result<Value, Unfit> {
    check_name(&call.name, &format!("{at}.name"))?;
    // what the model once wrote wrong is shown to it as it stood
    let input = call
        .object()
        .unwrap_or_else(|_| Map::from_iter([("arguments".into(), call.arguments.as_str().into())]));
    Ok(json!({"toolUse": {"toolUseId": call_id(&call.id), "name": call.name, "input": input}}))
}

/// A call's id as Converse takes it: its own, or one that is always made of it.
fn call_id(id: &str) -> String {
    const LONGEST: usize = 64;
    const KEPT: usize = 40;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=LONGEST).contains(&id.len()) && id.chars().all(fits) {
        return id.to_owned();
    }
    let kept: String = id.chars().take(KEPT).map(|c| if fits(c) { c } else { '_' }).collect();
    let hash: String = Sha256::digest(id).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{kept}_{hash}")
}
