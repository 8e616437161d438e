//! A client's chat request, read.

use super::message;
use crate::{
    chat::{Effort, Format, Origin, Request, Sampling, Thinking, Tool, ToolChoice, Unfit},
    dialect::fields::{Fields, wrong},
};
use serde_json::{Map, Value};

/// Reads the body of a chat completion request; its `model` is left to the caller.
///
/// # Errors
/// What is no chat request, and where.
pub fn read(body: Map<String, Value>) -> Result<Request, Unfit> {
    let mut fields = Fields::of_body(body);
    fields.take("model");
    let mut unread = Vec::new();
    let messages =
        fields.list("messages")?.ok_or_else(|| Unfit::new("messages", "is missing; expected a list"))?;
    let messages = message::read_all(messages, &mut unread)?;
    let stream_options = fields.object("stream_options")?;
    let request = Request {
        origin: Origin::Openai,
        messages,
        tools: tools(&mut fields, &mut unread)?,
        tool_choice: choice(&mut fields, &mut unread)?,
        parallel_tool_calls: fields.boolean("parallel_tool_calls")?,
        format: format(&mut fields)?,
        max_tokens: most(&mut fields)?,
        sampling: sampling(&mut fields)?,
        stop: stop(&mut fields)?,
        thinking: thinking(&mut fields)?,
        stream: fields.boolean("stream")?.unwrap_or(false),
        stream_usage: stream_options.is_some_and(|o| o.map.get("include_usage") == Some(&Value::Bool(true))),
        user: fields.text("user")?,
        extra: Map::new(),
        unread,
    };
    Ok(Request { extra: fields.map, ..request })
}

/// The newer name wins: it is the one that newer models read.
fn most(fields: &mut Fields) -> Result<Option<u64>, Unfit> {
    let old = fields.whole("max_tokens")?;
    Ok(fields.whole("max_completion_tokens")?.or(old))
}

fn sampling(fields: &mut Fields) -> Result<Sampling, Unfit> {
    Ok(Sampling {
        temperature: fields.number("temperature")?,
        top_p: fields.number("top_p")?,
        top_k: fields.whole("top_k")?,
        frequency_penalty: fields.number("frequency_penalty")?,
        presence_penalty: fields.number("presence_penalty")?,
        seed: fields.number("seed")?.and_then(|seed| seed.as_i64()),
        n: fields.whole("n")?,
        logprobs: fields.boolean("logprobs")?,
        top_logprobs: fields.whole("top_logprobs")?,
        logit_bias: fields.object("logit_bias")?.map(|bias| bias.map),
    })
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, Unfit> {
    match fields.take("stop") {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(list)) => list
            .into_iter()
            .map(|text| match text {
                Value::String(text) => Ok(text),
                other => Err(wrong("stop", "strings", &other)),
            })
            .collect(),
        Some(other) => Err(wrong("stop", "a string or a list of them", &other)),
    }
}

fn thinking(fields: &mut Fields) -> Result<Option<Thinking>, Unfit> {
    // OpenRouter's form of the same
    let mut nested = fields.object("reasoning")?;
    let named = match fields.text("reasoning_effort")? {
        Some(effort) => Some(effort),
        None => nested.as_mut().map(|r| r.text("effort")).transpose()?.flatten(),
    };
    let budget = nested.as_mut().map(|r| r.whole("max_tokens")).transpose()?.flatten();
    match named.as_deref() {
        None => Ok(budget.map(Thinking::Budget)),
        Some("none") => Ok(Some(Thinking::Off)),
        Some(name) => match Effort::of_name(name) {
            Some(effort) => Ok(Some(Thinking::Effort(effort))),
            None => {
                let why = format!("`{name}` is no effort; there are none, minimal, low, medium, high, xhigh");
                Err(Unfit::new("reasoning_effort", why))
            }
        },
    }
}

fn format(fields: &mut Fields) -> Result<Option<Format>, Unfit> {
    let Some(mut format) = fields.object("response_format")? else { return Ok(None) };
    match format.need_text("type")?.as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let at = format.at("json_schema");
            let mut inner = format.object("json_schema")?.ok_or_else(|| Unfit::new(at, "is missing"))?;
            let schema = inner.take("schema").unwrap_or_else(|| Value::Object(Map::new()));
            let (name, description) = (inner.text("name")?, inner.text("description")?);
            Ok(Some(Format::Schema { name, description, schema, strict: inner.boolean("strict")? }))
        }
        other => {
            let why = format!("`{other}` is no format; there are text, json_object, json_schema");
            Err(Unfit::new("response_format.type", why))
        }
    }
}

fn tools(fields: &mut Fields, unread: &mut Vec<String>) -> Result<Vec<Tool>, Unfit> {
    let mut tools = Vec::new();
    for (i, tool) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or("function");
        if kind != "function" {
            tools.push(Tool::Foreign(tool));
            continue;
        }
        let mut tool = Fields::of(format!("tools[{i}]"), tool)?;
        let at = tool.at("function");
        let mut function =
            tool.object("function")?.ok_or_else(|| Unfit::new(at, "is missing; expected an object"))?;
        let cache = tool.take("cache_control").or_else(|| function.take("cache_control"));
        tools.push(self::function(&mut function, cache)?);
        function.rest("tools", unread);
    }
    for (i, function) in fields.list("functions")?.unwrap_or_default().into_iter().enumerate() {
        tools.push(self::function(&mut Fields::of(format!("functions[{i}]"), function)?, None)?);
    }
    Ok(tools)
}

fn function(function: &mut Fields, cache: Option<Value>) -> Result<Tool, Unfit> {
    Ok(Tool::Function {
        name: function.need_text("name")?,
        description: function.text("description")?,
        parameters: function.take("parameters"),
        strict: function.boolean("strict")?,
        cache,
    })
}

fn choice(fields: &mut Fields, unread: &mut Vec<String>) -> Result<Option<ToolChoice>, Unfit> {
    let old = fields.take("function_call");
    let Some(choice) = fields.take("tool_choice").or(old) else { return Ok(None) };
    let named = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    match &choice {
        Value::String(word) => match word.as_str() {
            "auto" => Ok(Some(ToolChoice::Auto)),
            "none" => Ok(Some(ToolChoice::None)),
            "required" | "any" => Ok(Some(ToolChoice::Required)),
            other => {
                let why =
                    format!("`{other}` is no choice; there are auto, none, required, or a function by name");
                Err(Unfit::new("tool_choice", why))
            }
        },
        Value::Object(object) => match object.get("function").and_then(named).or_else(|| named(&choice)) {
            Some(name) => Ok(Some(ToolChoice::Named(name))),
            None => {
                unread.push("tool_choice".into());
                Ok(None)
            }
        },
        other => Err(wrong("tool_choice", "a word or a function", other)),
    }
}
