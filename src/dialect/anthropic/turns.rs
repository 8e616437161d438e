//! A conversation as Messages wants it: instructions apart, turns of two roles, results of tools first.

use super::blocks::{Blocks, terse, text_block};
use crate::chat::{Content, Message, Request, Role, Unfit};
use serde_json::{Value, json};

/// What is said.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The instructions.
    pub(super) system: Vec<Value>,
    messages: Vec<Turn>,
}

#[derive(Debug)]
struct Turn {
    role: &'static str,
    blocks: Vec<Value>,
}

impl Turns {
    /// Reads the conversation. `asides`: instructions may stand in the middle of it; else they all go to the front.
    pub(super) fn of(request: &Request, asides: bool, blocks: &mut Blocks<'_>) -> Result<Self, Unfit> {
        let mut turns = Self::default();
        for (i, message) in request.messages.iter().enumerate() {
            let at = format!("messages[{i}]");
            if message.name.is_some() {
                blocks.loss.of("messages.name");
            }
            match message.role {
                Role::User => turns.push("user", blocks.write(&message.parts, &at)?),
                Role::Assistant => turns.push("assistant", blocks.write(&message.parts, &at)?),
                Role::System | Role::Developer => {
                    let instructions = instructions(message, blocks, &at)?;
                    let rest = request.messages.get(i + 1..).unwrap_or_default();
                    if asides && turns.takes_aside(rest) {
                        turns.push("system", instructions);
                    } else {
                        turns.system.extend(instructions);
                    }
                }
            }
        }
        if turns.messages.is_empty() {
            // instructions alone are what is asked
            let asked = std::mem::take(&mut turns.system);
            turns.push("user", asked);
        }
        let nothing = || Unfit::new("messages", "needs a message that says something");
        if turns.messages.first().ok_or_else(nothing)?.role == "assistant" {
            // the first word must be the user's
            turns
                .messages
                .insert(0, Turn { role: "user", blocks: vec![json!({"type": "text", "text": "Hello."})] });
        }
        Ok(turns)
    }

    /// The messages.
    pub(super) fn messages(self) -> Value {
        let write = |turn: Turn| json!({"role": turn.role, "content": terse(turn.blocks)});
        self.messages.into_iter().map(write).collect()
    }

    /// Whether the model is in the middle of a turn (it waits for the results of its tools) that began without a thought.
    /// Thinking within a budget is refused then.
    pub(super) fn is_open_without_thought(&self) -> bool {
        let is_result = |block: &Value| kind(block) == "tool_result";
        let answers = |turn: &Turn| turn.role == "user" && turn.blocks.iter().any(is_result);
        if !self.messages.last().is_some_and(answers) {
            return false;
        }
        let mut back =
            self.messages.iter().rev().take_while(|turn| turn.role == "assistant" || answers(turn));
        let began = back.by_ref().filter(|turn| turn.role == "assistant").last();
        let thought =
            |turn: &Turn| turn.blocks.first().is_some_and(|block| kind(block).ends_with("thinking"));
        !began.is_some_and(thought)
    }

    fn push(&mut self, role: &'static str, blocks: Vec<Value>) {
        if blocks.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role => {
                last.blocks.extend(blocks);
                // nothing may stand between a call and its result
                last.blocks.sort_by_key(|block| kind(block) != "tool_result");
            }
            _ => self.messages.push(Turn { role, blocks }),
        }
    }

    /// An aside stands behind the user's words and before the model's.
    fn takes_aside(&self, rest: &[Message]) -> bool {
        let next = rest.iter().find(|message| !matches!(message.role, Role::System | Role::Developer));
        self.messages.last().is_some_and(|turn| turn.role != "assistant")
            && next.is_none_or(|message| message.role == Role::Assistant)
    }
}

fn kind(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn instructions(message: &Message, blocks: &mut Blocks<'_>, at: &str) -> Result<Vec<Value>, Unfit> {
    match message.parts.iter().position(|part| !matches!(part.content, Content::Text { .. })) {
        Some(i) => Err(Unfit::new(format!("{at}.content[{i}]"), "takes only text as instructions")),
        None => blocks.write(&message.parts, at),
    }
}

/// The instructions as `system`; `None` where there are none.
pub(super) fn system(mut blocks: Vec<Value>, more: &[String]) -> Option<Value> {
    blocks.extend(more.iter().filter_map(|text| text_block(text)));
    (!blocks.is_empty()).then(|| terse(blocks))
}
