//! A client's Messages request, read into the hub form.

use super::thought::{self, Seal};
use crate::{
    chat::{
        Citation, Content, Effort, Format, Media, Message, Origin, Part, Request, Role, Signature, Source,
        Thinking, Tool, ToolCall, ToolChoice, ToolResult, Unfit,
    },
    dialect::fields::{Fields, wrong},
};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// Reads a client's request. What it does not know it keeps in `extra`, and names in `unread` what lies deeper.
///
/// # Errors
/// What is no Messages request: where, and what was expected.
pub fn read_request(body: Map<String, Value>) -> Result<Request, Unfit> {
    let mut fields = Fields::of_body(body);
    let mut request = Request { origin: Origin::Anthropic, ..Request::default() };
    fields.take("model");
    let limit = fields.whole("max_tokens")?;
    request.max_tokens = Some(limit.ok_or_else(|| Unfit::new("max_tokens", "is missing"))?);
    let mut reader = Reader { unread: Vec::new() };
    if let Some(system) = fields.take("system") {
        let parts = reader.content(&system, "system")?;
        request.messages.push(Message::new(Role::System, parts));
    }
    let messages =
        fields.list("messages")?.ok_or_else(|| Unfit::new("messages", "is missing; expected a list"))?;
    for (i, message) in messages.iter().enumerate() {
        request.messages.push(reader.message(message, &format!("messages[{i}]"))?);
    }
    for (i, tool) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        request.tools.push(reader.tool(tool, &format!("tools[{i}]"))?);
    }
    if let Some(choice) = fields.take("tool_choice") {
        request.tool_choice = Some(tool_choice(&choice)?);
        request.parallel_tool_calls =
            (choice.get("disable_parallel_tool_use") == Some(&Value::Bool(true))).then_some(false);
    }
    reader.settings(&mut fields, &mut request)?;
    request.unread = reader.unread;
    request.extra = fields.map;
    Ok(request)
}

struct Reader {
    unread: Vec<String>,
}

impl Reader {
    fn unread(&mut self, field: impl Into<String>) {
        let field = field.into();
        if !self.unread.contains(&field) {
            self.unread.push(field);
        }
    }

    /// Names the fields of `object` that are not `known` and ask something.
    fn rest(&mut self, object: &Object, known: &[&str], at: &str) {
        for (key, value) in object {
            if !known.contains(&key.as_str()) && !value.is_null() && *value != false {
                self.unread(format!("{at}.{key}"));
            }
        }
    }

    fn settings(&mut self, fields: &mut Fields, request: &mut Request) -> Result<(), Unfit> {
        request.sampling.temperature = fields.number("temperature")?;
        request.sampling.top_p = fields.number("top_p")?;
        request.sampling.top_k = fields.whole("top_k")?;
        for (i, stop) in fields.list("stop_sequences")?.unwrap_or_default().into_iter().enumerate() {
            let Value::String(stop) = stop else {
                return Err(wrong(format!("stop_sequences[{i}]"), "a string", &stop));
            };
            request.stop.push(stop);
        }
        request.stream = fields.take("stream") == Some(Value::Bool(true));
        // its streams always tell
        request.stream_usage = request.stream;
        if let Some(Value::Object(metadata)) = fields.take("metadata") {
            request.user = metadata.get("user_id").and_then(Value::as_str).map(Into::into);
            self.rest(&metadata, &["user_id"], "metadata");
        }
        let config = fields.take("output_config");
        let config = config.as_ref().and_then(Value::as_object);
        let effort = config.and_then(|config| config.get("effort")?.as_str());
        let thinking = fields.take("thinking");
        request.thinking = self.thinking(thinking.as_ref(), effort)?;
        let format = config.and_then(|config| config.get("format")).cloned();
        if let Some(config) = config {
            self.rest(config, &["effort", "format"], "output_config");
        }
        // the name that it had in the beta
        if let Some(format) = format.or_else(|| fields.take("output_format")).filter(|f| !f.is_null()) {
            request.format = Some(self.format(&format)?);
        }
        Ok(())
    }

    fn thinking(
        &mut self,
        thinking: Option<&Value>,
        effort: Option<&str>,
    ) -> Result<Option<Thinking>, Unfit> {
        let named = effort.and_then(Effort::of_name);
        if named.is_none() && effort.is_some() {
            self.unread("output_config.effort");
        }
        let Some(thinking) = thinking else { return Ok(named.map(Thinking::Effort)) };
        // `display` is left: a thought that is shown or not is the same thought
        let wish = match text(thinking, "type") {
            "adaptive" => return Ok(Some(Thinking::Adaptive(named))),
            "disabled" | "between_tools" => Thinking::Off,
            "enabled" => match thinking.get("budget_tokens").and_then(Value::as_u64) {
                Some(tokens) => Thinking::Budget(tokens),
                None => return Err(Unfit::new("thinking.budget_tokens", "must be a whole number")),
            },
            _ => return Err(Unfit::new("thinking.type", "must be `adaptive`, `enabled` or `disabled`")),
        };
        if named.is_some() {
            self.unread("output_config.effort");
        }
        Ok(Some(wish))
    }

    fn format(&mut self, format: &Value) -> Result<Format, Unfit> {
        match (text(format, "type"), format.get("schema")) {
            ("json_schema", Some(schema)) => Ok(Format::Schema {
                name: None,
                description: None,
                schema: schema.clone(),
                strict: Some(true),
            }),
            _ => Err(Unfit::new("output_config.format", "must be of type `json_schema` and have a `schema`")),
        }
    }

    fn tool(&mut self, tool: Value, at: &str) -> Result<Tool, Unfit> {
        let mut tool = Fields::of(at, tool)?;
        if tool.map.get("type").is_some_and(|kind| !kind.is_null() && kind != "custom") {
            return Ok(Tool::Foreign(Value::Object(tool.map)));
        }
        let name = tool.need_text("name")?;
        let description = match tool.take("description") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let parameters = tool.take("input_schema");
        let strict = tool.take("strict").and_then(|strict| strict.as_bool());
        let cache = tool.take("cache_control");
        self.rest(&tool.map, &["type"], "tools");
        Ok(Tool::Function { name, description, parameters, strict, cache })
    }

    fn message(&mut self, message: &Value, at: &str) -> Result<Message, Unfit> {
        let role = match text(message, "role") {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(Unfit::new(format!("{at}.role"), "must be `user` or `assistant`")),
        };
        let content = message.get("content").unwrap_or(&Value::Null);
        Ok(Message::new(role, self.content(content, &format!("{at}.content"))?))
    }

    /// A string, or a list of blocks.
    fn content(&mut self, content: &Value, at: &str) -> Result<Vec<Part>, Unfit> {
        let blocks = match content {
            Value::String(text) => return Ok(vec![Part::text(text.as_str())]),
            Value::Array(blocks) => blocks,
            _ => return Err(Unfit::new(at, "must be a string or a list of blocks")),
        };
        let mut parts = Vec::with_capacity(blocks.len());
        let mut held = None;
        for (i, block) in blocks.iter().enumerate() {
            if let Some(content) = self.block(block, &format!("{at}[{i}]"), &mut held)? {
                let cache = block.get("cache_control").filter(|cache| !cache.is_null()).cloned();
                parts.push(Part { content, cache });
            }
        }
        Ok(parts)
    }

    /// `held` is the signature of the tool call that follows.
    fn block(
        &mut self,
        block: &Value,
        at: &str,
        held: &mut Option<Signature>,
    ) -> Result<Option<Content>, Unfit> {
        let need = |key: &str| {
            let value = block.get(key).and_then(Value::as_str);
            value.ok_or_else(|| Unfit::new(format!("{at}.{key}"), "must be a string"))
        };
        Ok(Some(match text(block, "type") {
            "text" => Content::Text { text: need("text")?.into(), citations: citations(block) },
            "image" => Content::Image(Media::new(self.source(block, at)?)),
            "document" => Content::Document(self.document(block, at)?),
            "search_result" => {
                self.unread("messages.search_result");
                let title = block.get("title").and_then(Value::as_str).map(Into::into);
                let words = Source::Text(words(block.get("content")));
                Content::Document(Media { title, ..Media::new(words) })
            }
            "thinking" => Content::Reasoning(thought::read(need("thinking")?, text(block, "signature"))),
            "redacted_thinking" => match thought::open(need("data")?) {
                Seal::Thought(signature) => Content::Reasoning(thought::wordless(signature)),
                Seal::Call(signature) => {
                    *held = Some(signature);
                    return Ok(None);
                }
            },
            "tool_use" => {
                let Some(Value::Object(input)) = block.get("input") else {
                    return Err(Unfit::new(format!("{at}.input"), "must be an object"));
                };
                Content::ToolCall(ToolCall {
                    id: need("id")?.into(),
                    name: need("name")?.into(),
                    arguments: Value::Object(input.clone()).to_string(),
                    signature: held.take(),
                })
            }
            "tool_result" => Content::ToolResult(ToolResult {
                id: need("tool_use_id")?.into(),
                parts: match block.get("content").filter(|content| !content.is_null()) {
                    Some(content) => self.content(content, &format!("{at}.content"))?,
                    None => Vec::new(),
                },
                is_error: block.get("is_error") == Some(&Value::Bool(true)),
            }),
            "" => return Err(Unfit::new(format!("{at}.type"), "must be a string")),
            kind => {
                self.unread(format!("messages.{kind}"));
                return Ok(None);
            }
        }))
    }

    fn document(&mut self, block: &Value, at: &str) -> Result<Media, Unfit> {
        if let Some(object) = block.as_object() {
            self.rest(object, &["type", "source", "title", "cache_control"], "messages.document");
        }
        let title = block.get("title").and_then(Value::as_str).map(Into::into);
        Ok(Media { title, ..Media::new(self.source(block, at)?) })
    }

    fn source(&mut self, block: &Value, at: &str) -> Result<Source, Unfit> {
        let source = block.get("source").unwrap_or(&Value::Null);
        let need = |key: &str| {
            let value = source.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
            value.ok_or_else(|| Unfit::new(format!("{at}.source.{key}"), "must be a string"))
        };
        Ok(match text(source, "type") {
            "base64" => Source::Base64 { media_type: need("media_type")?, data: need("data")? },
            "url" => Source::of_url(&need("url")?),
            "text" => Source::Text(need("data")?),
            "file" => Source::File(need("file_id")?),
            "content" => Source::Text(words(source.get("content"))),
            _ => {
                return Err(Unfit::new(
                    format!("{at}.source.type"),
                    "must be `base64`, `url`, `text` or `file`",
                ));
            }
        })
    }
}

fn tool_choice(choice: &Value) -> Result<ToolChoice, Unfit> {
    Ok(match (text(choice, "type"), choice.get("name").and_then(Value::as_str)) {
        ("auto", _) => ToolChoice::Auto,
        ("any", _) => ToolChoice::Required,
        ("none", _) => ToolChoice::None,
        ("tool", Some(name)) => ToolChoice::Named(name.into()),
        ("tool", None) => return Err(Unfit::new("tool_choice.name", "must be a string")),
        _ => return Err(Unfit::new("tool_choice.type", "must be `auto`, `any`, `tool` or `none`")),
    })
}

/// The citations of a text block, as far as they mean something elsewhere.
pub(super) fn citations(block: &Value) -> Vec<Citation> {
    let list = block.get("citations").and_then(Value::as_array);
    list.into_iter().flatten().map(citation).collect()
}

/// One citation.
pub(super) fn citation(citation: &Value) -> Citation {
    let words = |key: &str| citation.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    Citation {
        url: words("url").or_else(|| words("source")),
        title: words("title").or_else(|| words("document_title")),
        cited: words("cited_text"),
        document: citation.get("document_index").and_then(Value::as_u64),
        span: None,
    }
}

/// All text of a string or of text blocks.
fn words(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let texts = blocks.iter().filter_map(|block| block.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}
