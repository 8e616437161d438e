//! Messages, read.

use crate::{
    chat::{
        Content, Maker, Media, Message, Part, Reasoning, Role, Signature, Source, ToolCall, ToolResult, Unfit,
    },
    dialect::fields::{Fields, wrong},
};
use serde_json::Value;

/// Reads the messages of a request.
pub(super) fn read_all(list: Vec<Value>, unread: &mut Vec<String>) -> Result<Vec<Message>, Unfit> {
    let read = |(i, message)| read(Fields::of(format!("messages[{i}]"), message)?, unread);
    list.into_iter().enumerate().map(read).collect()
}

fn read(mut fields: Fields, unread: &mut Vec<String>) -> Result<Message, Unfit> {
    let role = fields.need_text("role")?;
    let name = fields.text("name")?;
    let message = match role.as_str() {
        "system" => Message::new(Role::System, parts(&mut fields, unread)?),
        "developer" => Message::new(Role::Developer, parts(&mut fields, unread)?),
        "user" => Message::new(Role::User, parts(&mut fields, unread)?),
        "assistant" => Message::new(Role::Assistant, assistant(&mut fields, unread)?),
        "tool" => {
            let id = fields.need_text("tool_call_id")?;
            Message::new(Role::User, vec![result(id, &mut fields, unread)?])
        }
        "function" => {
            // the old form knows no ids: the name stands for the call
            let id = name.clone().unwrap_or_default();
            Message::new(Role::User, vec![result(id, &mut fields, unread)?])
        }
        other => {
            let why = format!("`{other}` is no role; there are system, developer, user, assistant, tool");
            return Err(Unfit::new(fields.at("role"), why));
        }
    };
    fields.rest("messages", unread);
    // of a tool it is the tool's
    let name = name.filter(|_| !matches!(role.as_str(), "tool" | "function"));
    Ok(Message { name, ..message })
}

fn result(id: String, fields: &mut Fields, unread: &mut Vec<String>) -> Result<Part, Unfit> {
    let cache = fields.take("cache_control");
    let is_error = fields.boolean("is_error")?.unwrap_or(false);
    let parts = parts(fields, unread)?;
    Ok(Part { content: Content::ToolResult(ToolResult { id, parts, is_error }), cache })
}

fn assistant(fields: &mut Fields, unread: &mut Vec<String>) -> Result<Vec<Part>, Unfit> {
    let mut all = thoughts(fields)?;
    all.extend(parts(fields, unread)?);
    all.extend(fields.text("refusal")?.map(|text| Content::Refusal(text).into()));
    for (i, call) in fields.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        all.push(call_of(Fields::of(format!("{}.tool_calls[{i}]", fields.at), call)?)?);
    }
    if let Some(mut old) = fields.object("function_call")? {
        let name = old.need_text("name")?;
        let arguments = old.text("arguments")?.unwrap_or_default();
        all.push(Content::ToolCall(ToolCall { id: name.clone(), name, arguments, signature: None }).into());
    }
    // what an answer told besides, and asks nothing when it comes back
    for told in ["annotations", "audio", "reasoning"] {
        fields.take(told);
    }
    Ok(all)
}

fn call_of(mut call: Fields) -> Result<Part, Unfit> {
    let id = call.need_text("id")?;
    let at = call.at("function");
    let mut function =
        call.object("function")?.ok_or_else(|| Unfit::new(at, "is missing; expected an object"))?;
    let signature = call
        .map
        .get("extra_content")
        .and_then(|extra| extra.pointer("/google/thought_signature"))
        .and_then(Value::as_str)
        .map(|token| Signature { maker: Maker::Google, token: token.into() });
    let (name, arguments) = (function.need_text("name")?, function.text("arguments")?.unwrap_or_default());
    let call = ToolCall { id, name, arguments, signature };
    if let Err(error) = call.object() {
        let why = format!("is not the JSON text of an object: {error}");
        return Err(Unfit::new(function.at("arguments"), why));
    }
    Ok(Content::ToolCall(call).into())
}

/// Thoughts come back in the form in which they were given: `reasoning_details` with their proofs, else the bare words.
fn thoughts(fields: &mut Fields) -> Result<Vec<Part>, Unfit> {
    let words = fields.text("reasoning_content")?;
    let details = fields.list("reasoning_details")?.unwrap_or_default();
    let thoughts: Vec<Part> =
        details.iter().filter_map(thought).map(|t| Content::Reasoning(t).into()).collect();
    if !thoughts.is_empty() {
        return Ok(thoughts);
    }
    let bare = words.filter(|text| !text.is_empty());
    Ok(bare.map(|text| Content::Reasoning(Reasoning { text, signature: None }).into()).into_iter().collect())
}

/// Who signed a detail of this `format`; Claude, where none is named.
pub(super) fn maker(format: Option<&str>) -> Maker {
    match format {
        None => Maker::Anthropic,
        Some(format) if format.starts_with("anthropic") => Maker::Anthropic,
        Some(format) if format.starts_with("google") => Maker::Google,
        Some(_) => Maker::Openai,
    }
}

/// A thought as OpenRouter details it.
pub(super) fn thought(detail: &Value) -> Option<Reasoning> {
    let field = |name: &str| detail.get(name).and_then(Value::as_str);
    let maker = maker(field("format"));
    let signed = |token: &str| Signature { maker, token: token.into() };
    match field("type")? {
        "reasoning.text" => Some(Reasoning {
            text: field("text").unwrap_or_default().into(),
            signature: field("signature").map(signed),
        }),
        "reasoning.encrypted" => {
            Some(Reasoning { text: String::new(), signature: Some(signed(field("data")?)) })
        }
        "reasoning.summary" => Some(Reasoning { text: field("summary")?.into(), signature: None }),
        _ => None,
    }
}

/// The `content` of a message.
fn parts(fields: &mut Fields, unread: &mut Vec<String>) -> Result<Vec<Part>, Unfit> {
    match fields.take("content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            Ok(vec![Part { cache: fields.take("cache_control"), ..Part::text(text) }])
        }
        Some(Value::Array(list)) => {
            let at = fields.at("content");
            let read = |(i, value)| part(Fields::of(format!("{at}[{i}]"), value)?, unread);
            list.into_iter().enumerate().map(read).collect()
        }
        Some(other) => Err(wrong(fields.at("content"), "a string or a list of parts", &other)),
    }
}

fn part(mut fields: Fields, unread: &mut Vec<String>) -> Result<Part, Unfit> {
    let cache = fields.take("cache_control");
    let kind = fields.need_text("type")?;
    let content = match kind.as_str() {
        "text" => Content::Text { text: fields.need_text("text")?, citations: Vec::new() },
        "refusal" => Content::Refusal(fields.need_text("refusal")?),
        "image_url" => image(&mut fields)?,
        "file" => file(&mut fields)?,
        "input_audio" => audio(&mut fields)?,
        other => {
            let why = format!("`{other}` is no part; there are text, image_url, input_audio, file, refusal");
            return Err(Unfit::new(fields.at("type"), why));
        }
    };
    fields.rest("messages.content", unread);
    Ok(Part { content, cache })
}

fn image(fields: &mut Fields) -> Result<Content, Unfit> {
    let at = fields.at("image_url");
    match fields.take("image_url") {
        Some(Value::String(url)) => Ok(Content::Image(Media::new(Source::of_url(&url)))),
        Some(value) => {
            let mut image = Fields::of(at, value)?;
            let (url, detail) = (image.need_text("url")?, image.text("detail")?);
            Ok(Content::Image(Media { detail, ..Media::new(Source::of_url(&url)) }))
        }
        None => Err(Unfit::new(at, "is missing; expected {\"url\": ...}")),
    }
}

fn file(fields: &mut Fields) -> Result<Content, Unfit> {
    let at = fields.at("file");
    let mut file = fields.object("file")?.ok_or_else(|| Unfit::new(at.clone(), "is missing"))?;
    let title = file.text("filename")?;
    let data = file.text("file_data")?.map(|data| match Source::of_url(&data) {
        // bare base64 is a PDF, the only kind that chat takes
        Source::Url(url) if !url.contains("://") => {
            Source::Base64 { media_type: "application/pdf".into(), data: url }
        }
        source => source,
    });
    let source = match data {
        Some(source) => source,
        None => Source::File(
            file.text("file_id")?.ok_or_else(|| Unfit::new(at, "names neither file_data nor file_id"))?,
        ),
    };
    Ok(Content::Document(Media { title, ..Media::new(source) }))
}

fn audio(fields: &mut Fields) -> Result<Content, Unfit> {
    let at = fields.at("input_audio");
    let mut audio = fields.object("input_audio")?.ok_or_else(|| Unfit::new(at, "is missing"))?;
    let media_type = format!("audio/{}", audio.need_text("format")?);
    Ok(Content::Audio(Media::new(Source::Base64 { media_type, data: audio.need_text("data")? })))
}
