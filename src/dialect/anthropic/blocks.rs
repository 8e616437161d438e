//! Parts of messages as content blocks.

use super::thought;
use crate::chat::{Content, Loss, Maker, Media, Origin, Part, Source, ToolCall, ToolResult, Unfit};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Writes the blocks of one request.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    /// Ids of files mean something only to their own provider.
    pub(super) origin: Origin,
    /// What is lost on the way.
    pub(super) loss: &'a mut Loss,
}

impl Blocks<'_> {
    /// The blocks of `parts`; `at` is where they stand in the request.
    pub(super) fn write(&mut self, parts: &[Part], at: &str) -> Result<Vec<Value>, Unfit> {
        let mut blocks = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            if let Some(block) = self.block(&part.content, &format!("{at}.content[{i}]"))? {
                blocks.push(with(block, "cache_control", part.cache.clone()));
            }
        }
        Ok(blocks)
    }

    fn block(&mut self, content: &Content, at: &str) -> Result<Option<Value>, Unfit> {
        Ok(match content {
            Content::Text { text, citations } => {
                if !citations.is_empty() {
                    // each kind of Anthropic's citations has a pointer in it that only its maker knows
                    self.loss.of("messages.citations");
                }
                text_block(text)
            }
            Content::Refusal(text) => text_block(text),
            Content::Image(media) => Some(self.image(media, at)?),
            Content::Document(media) => Some(self.document(media, at)?),
            Content::Audio(_) => return Err(Unfit::new(at, "takes no audio")),
            Content::ToolCall(call) => Some(tool_use(call)),
            Content::ToolResult(result) => Some(self.tool_result(result, at)?),
            // a thought that Anthropic did not sign proves nothing to it
            Content::Reasoning(thought) => {
                let own = thought.signature.as_ref().is_some_and(|s| s.maker == Maker::Anthropic);
                own.then(|| thought::blocks(thought).pop()).flatten()
            }
        })
    }

    fn image(&mut self, media: &Media, at: &str) -> Result<Value, Unfit> {
        if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
            self.loss.of("messages.detail");
        }
        let source = match &media.source {
            Source::Base64 { media_type, data } => match media_type.as_str() {
                "image/jpeg" | "image/png" | "image/gif" | "image/webp" => base64(media_type, data),
                "image/jpg" => base64("image/jpeg", data),
                other => {
                    let why = format!("takes no images of type {other}; send JPEG, PNG, GIF or WebP");
                    return Err(Unfit::new(at, why));
                }
            },
            Source::Url(url) => json!({"type": "url", "url": url}),
            Source::File(id) => self.file(id, at)?,
            Source::Text(_) => return Err(Unfit::new(at, "takes no text as an image")),
        };
        Ok(json!({"type": "image", "source": source}))
    }

    fn document(&mut self, media: &Media, at: &str) -> Result<Value, Unfit> {
        let source = match &media.source {
            Source::Base64 { media_type, data } if media_type == "application/pdf" => {
                base64(media_type, data)
            }
            Source::Base64 { media_type, data } if media_type.starts_with("text/") => {
                let bytes = STANDARD.decode(data).ok();
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                plain(&text.ok_or_else(|| Unfit::new(at, "takes text documents as base64 of UTF-8 only"))?)
            }
            Source::Base64 { media_type, .. } => {
                let why = format!("takes no documents of type {media_type}; send PDF or plain text");
                return Err(Unfit::new(at, why));
            }
            Source::Text(text) => plain(text),
            Source::Url(url) => json!({"type": "url", "url": url}),
            Source::File(id) => self.file(id, at)?,
        };
        Ok(with(json!({"type": "document", "source": source}), "title", media.title.as_deref()))
    }

    fn file(&self, id: &str, at: &str) -> Result<Value, Unfit> {
        match self.origin {
            Origin::Anthropic => Ok(json!({"type": "file", "file_id": id})),
            _ => Err(Unfit::new(at, "does not have this file; send its bytes")),
        }
    }

    fn tool_result(&mut self, result: &ToolResult, at: &str) -> Result<Value, Unfit> {
        let content = self.write(&result.parts, at)?;
        let strange = content.iter().find(|block| {
            !matches!(block.get("type").and_then(Value::as_str), Some("text" | "image" | "document"))
        });
        if strange.is_some() {
            return Err(Unfit::new(at, "takes only text, images and documents as the result of a tool"));
        }
        let content = (!content.is_empty()).then(|| terse(content));
        let block = json!({"type": "tool_result", "tool_use_id": tool_id(&result.id)});
        Ok(with(with(block, "content", content), "is_error", result.is_error.then_some(true)))
    }
}

/// An object with one more field, where there is a value.
pub(super) fn with(mut object: Value, key: &str, value: Option<impl Into<Value>>) -> Value {
    if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
        object.insert(key.into(), value.into());
    }
    object
}

/// Blocks as one string where they are one plain text, else as they are.
pub(super) fn terse(mut blocks: Vec<Value>) -> Value {
    if let [Value::Object(block)] = blocks.as_mut_slice()
        && block.len() == 2
        && let Some(text) = block.remove("text")
    {
        return text;
    }
    Value::Array(blocks)
}

/// A block of text; Anthropic refuses blank ones.
pub(super) fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

/// The arguments of a call as the object that Messages demands. What is none is told as `raw_arguments`: the fields that the
/// tool asks for are missing, so that it fails instead of doing what nobody asked for.
pub(super) fn arguments(call: &ToolCall) -> Value {
    match call.object() {
        Ok(object) => Value::Object(object),
        Err(_) => json!({"raw_arguments": call.arguments}),
    }
}

fn tool_use(call: &ToolCall) -> Value {
    json!({"type": "tool_use", "id": tool_id(&call.id), "name": call.name, "input": arguments(call)})
}

/// An id in the letters that Anthropic allows in one, the same for a call and its result.
fn tool_id(id: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let id: String = id.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    if id.is_empty() { "_".into() } else { id }
}

fn base64(media_type: &str, data: &str) -> Value {
    json!({"type": "base64", "media_type": media_type, "data": data})
}

fn plain(text: &str) -> Value {
    json!({"type": "text", "media_type": "text/plain", "data": text})
}
