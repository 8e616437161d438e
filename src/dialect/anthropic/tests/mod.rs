//! What holds for the dialect as a whole.

mod any;
mod asked;
mod property;
mod told;

use super::write_request;
use crate::{
    chat::{Content, Loss, Message, Part, Request, Role, Tool, ToolCall, ToolResult},
    dialect::{Goal, Platform, Quirks},
};
use serde_json::{Map, Value};

fn goal(model: &str, platform: Platform) -> Goal<'_> {
    Goal { model, platform, max_tokens: 64_000, quirks: Quirks::default() }
}

fn written(request: &Request, model: &str) -> (Value, String) {
    let mut loss = Loss::default();
    let body = write_request(request, &goal(model, Platform::Direct), &mut loss).unwrap();
    (Value::Object(body), loss.join())
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn said(role: Role, content: Content) -> Message {
    Message::new(role, vec![content.into()])
}

fn user(text: &str) -> Message {
    Message::new(Role::User, vec![Part::text(text)])
}

fn call(id: &str, arguments: &str) -> Content {
    Content::ToolCall(ToolCall {
        id: id.into(),
        name: "look".into(),
        arguments: arguments.into(),
        signature: None,
    })
}

fn result(id: &str, text: &str) -> Content {
    Content::ToolResult(ToolResult { id: id.into(), parts: vec![Part::text(text)], is_error: false })
}

fn look(strict: Option<bool>) -> Tool {
    Tool::Function {
        name: "look".into(),
        description: Some("Looks.".into()),
        parameters: None,
        strict,
        cache: None,
    }
}
