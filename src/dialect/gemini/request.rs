//! A request: the conversation, its tools, its settings.

use super::{config, contents::Contents, model::Model, tools};
use crate::{
    chat::{Loss, Request, Unfit},
    dialect::{Goal, left},
};
use serde_json::{Map, Value, json};

/// Writes the body of `generateContent` and `streamGenerateContent`; the model stands in the path.
///
/// # Errors
/// A part that the model can not take, without which the request would mean something else.
pub fn write(request: &Request, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let model = Model::of(goal);
    let mut body = Map::new();
    let calls = tools::write(request, &mut body, loss);
    let mut contents = Contents::of(&request.messages, model, loss)?;
    // before Gemini 3 it is either tools or a form
    let shaped = !calls || model.is_third();
    if let (Some(format), false) = (&request.format, shaped) {
        loss.of("response_format");
        contents.system.push(json!({"text": config::plea(format)}));
    }
    if !contents.system.is_empty() {
        body.insert("systemInstruction".into(), json!({"parts": std::mem::take(&mut contents.system)}));
    }
    body.insert("contents".into(), contents.turns());
    let config = config::write(request, model, shaped, loss);
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    loss.where_some("user", request.user.as_ref());
    left::rest(request, loss, |_, _| false);
    Ok(body)
}
