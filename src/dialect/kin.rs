//! What OpenAI's kin write alike: its own chat completions, Mistral's, Cohere's.

use crate::{
    chat::{Content, Format, Loss, Media, Part, ToolCall, ToolChoice, Unfit},
    json::put,
};
use serde_json::{Value, json};

/// A text.
pub(super) fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// A document of plain text, which none of them knows: its text says the same.
pub(super) fn page(document: &Media, words: &str) -> Value {
    let head = document.title.as_ref().map(|title| format!("{title}\n\n")).unwrap_or_default();
    text(&format!("{head}{words}"))
}

/// A picture.
pub(super) fn image(image: &Media, at: &str) -> Result<Value, Unfit> {
    let url =
        image.source.to_url().ok_or_else(|| Unfit::new(at, "takes images by URL or in base64 alone"))?;
    let mut inner = json!({"url": url});
    if let Some(detail) = &image.detail {
        put(&mut inner, "detail", detail.as_str());
    }
    Ok(json!({"type": "image_url", "image_url": inner}))
}

/// A call under the id that the target gives it.
pub(super) fn tool_call(id: &str, call: &ToolCall) -> Value {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

/// The `function` of a tool, for those who must be told of its parameters.
pub(super) fn function(name: &str, description: Option<&str>, parameters: Option<&Value>) -> Value {
    let none = || json!({"type": "object", "properties": {}});
    let mut function = json!({"name": name, "parameters": parameters.cloned().unwrap_or_else(none)});
    if let Some(description) = description {
        put(&mut function, "description", description);
    }
    function
}

/// Which tool to call; `any` is the word for whichever.
pub(super) fn choice(choice: &ToolChoice, any: &str) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => any.into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

/// The answer's form.
pub(super) fn format(format: &Format) -> Value {
    match format {
        Format::Json => json!({"type": "json_object"}),
        Format::Schema { name, description, schema, strict } => {
            let mut inner = json!({"name": name.as_deref().unwrap_or("answer"), "schema": schema});
            if let Some(description) = description {
                put(&mut inner, "description", description.as_str());
            }
            if let Some(strict) = strict {
                put(&mut inner, "strict", *strict);
            }
            json!({"type": "json_schema", "json_schema": inner})
        }
    }
}

/// What a part says besides its content, which none but OpenAI's own have words for.
pub(super) fn note(part: &Part, loss: &mut Loss) {
    loss.where_some("cache_control", part.cache.as_ref());
    match &part.content {
        Content::Text { citations, .. } => loss.where_some("messages.citations", citations.first()),
        Content::ToolResult(result) => {
            if result.is_error {
                loss.of("messages.is_error");
            }
            result.parts.iter().for_each(|part| note(part, loss));
        }
        _ => {}
    }
}
