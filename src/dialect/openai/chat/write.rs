//! A chat request, written for a provider that speaks OpenAI's chat completions.

use crate::{
    chat::{
        Content, Loss, Media, Message, Origin, Part, Request, Role, Sampling, Source, Thinking, Tool,
        ToolCall, ToolResult, Unfit,
    },
    dialect::{Goal, kin, left},
    json::put,
};
use serde_json::{Map, Value, json};

/// The body for the provider.
///
/// # Errors
/// The request asks for something that chat completions can not express.
pub fn write(request: &Request, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let own = request.origin == Origin::Openai;
    let mut body = Map::new();
    body.insert("model".into(), goal.model.into());
    body.insert("messages".into(), Messages { own, loss, out: Vec::new() }.write(&request.messages)?.into());
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    if request.stream {
        put("stream", Some(true.into()));
        put("stream_options", Some(json!({"include_usage": true})));
    }
    put("max_completion_tokens", request.max_tokens.map(Value::from));
    tools(request, own, loss, &mut put);
    put("response_format", request.format.as_ref().map(kin::format));
    put("stop", (!request.stop.is_empty()).then(|| request.stop.clone().into()));
    put("reasoning_effort", thinking(request.thinking, goal.model, loss));
    put("user", request.user.clone().map(Value::from));
    sampling(&request.sampling, own || goal.quirks.takes.contains(&"top_k"), loss, &mut put);
    if own {
        body.extend(request.extra.clone());
    }
    left::rest(request, loss, |_, _| own);
    goal.quirks.apply(&mut body, loss);
    Ok(body)
}

fn sampling(
    sampling: &Sampling,
    takes_top_k: bool,
    loss: &mut Loss,
    put: &mut impl FnMut(&str, Option<Value>),
) {
    let number = |number: &Option<serde_json::Number>| number.clone().map(Value::Number);
    put("temperature", number(&sampling.temperature));
    put("top_p", number(&sampling.top_p));
    match sampling.top_k {
        Some(_) if !takes_top_k => loss.of("top_k"),
        top_k => put("top_k", top_k.map(Value::from)),
    }
    put("frequency_penalty", number(&sampling.frequency_penalty));
    put("presence_penalty", number(&sampling.presence_penalty));
    put("seed", sampling.seed.map(Value::from));
    put("n", sampling.n.map(Value::from));
    put("logprobs", sampling.logprobs.map(Value::from));
    put("top_logprobs", sampling.top_logprobs.map(Value::from));
    put("logit_bias", sampling.logit_bias.clone().map(Value::Object));
}

/// Models that do not think refuse to be told how hard; `minimal` and `xhigh` are not known to all that do.
fn thinking(thinking: Option<Thinking>, model: &str, loss: &mut Loss) -> Option<Value> {
    let thinking = thinking?;
    let dull = ["gpt-3", "gpt-4", "chatgpt-"].iter().any(|name| model.starts_with(name));
    match thinking {
        Thinking::Off if dull => None,
        Thinking::Off => Some("none".into()),
        Thinking::Adaptive(None) => None,
        asked if dull => {
            loss.where_some("reasoning", Some(&asked));
            None
        }
        asked => asked.effort().map(|effort| effort.name().into()),
    }
}

fn tools(request: &Request, own: bool, loss: &mut Loss, put: &mut impl FnMut(&str, Option<Value>)) {
    let tools: Vec<Value> = request.tools.iter().filter_map(|one| tool(one, own, loss)).collect();
    if tools.is_empty() {
        return;
    }
    put("tools", Some(tools.into()));
    put("tool_choice", request.tool_choice.as_ref().map(|choice| kin::choice(choice, "required")));
    put("parallel_tool_calls", request.parallel_tool_calls.map(Value::from));
}

fn tool(tool: &Tool, own: bool, loss: &mut Loss) -> Option<Value> {
    match tool {
        Tool::Function { name, description, parameters, strict, cache } => {
            let mut function = Map::new();
            function.insert("name".into(), name.as_str().into());
            function.extend(description.as_ref().map(|text| ("description".into(), text.as_str().into())));
            function.extend(parameters.as_ref().map(|schema| ("parameters".into(), schema.clone())));
            function.extend(strict.map(|strict| ("strict".into(), strict.into())));
            let tool = json!({"type": "function", "function": function});
            Some(marked(tool, cache.as_ref(), own, loss))
        }
        Tool::Foreign(tool) if own => Some(tool.clone()),
        Tool::Foreign(tool) => {
            left::tool(tool, loss);
            None
        }
    }
}

/// A mark for the prompt cache goes back to where it came from; OpenAI's own cache needs none.
fn marked(mut value: Value, cache: Option<&Value>, own: bool, loss: &mut Loss) -> Value {
    match cache {
        Some(cache) if own => put(&mut value, "cache_control", cache.clone()),
        Some(_) => loss.of("cache_control"),
        None => {}
    }
    value
}

/// Writes the messages of one request.
struct Messages<'l> {
    /// The request came in this dialect: what only this dialect's speakers know goes back in.
    own: bool,
    loss: &'l mut Loss,
    out: Vec<Value>,
}

impl Messages<'_> {
    fn write(mut self, messages: &[Message]) -> Result<Vec<Value>, Unfit> {
        for (i, message) in messages.iter().enumerate() {
            let at = format!("messages[{i}]");
            match message.role {
                Role::System => self.plain("system", message, &at)?,
                Role::Developer if self.own => self.plain("developer", message, &at)?,
                // many who speak this dialect know only the older name, and OpenAI takes it everywhere
                Role::Developer => self.plain("system", message, &at)?,
                Role::User => self.user(message, &at)?,
                Role::Assistant => self.assistant(message, &at)?,
            }
        }
        Ok(self.out)
    }

    /// Results of tools are messages of their own, before what else the user says.
    fn user(&mut self, message: &Message, at: &str) -> Result<(), Unfit> {
        let mut said: Vec<&Part> = Vec::new();
        for part in &message.parts {
            match &part.content {
                Content::ToolResult(result) => said.extend(self.result(result, part, at)?),
                _ => said.push(part),
            }
        }
        if said.is_empty() && !message.parts.is_empty() {
            return Ok(());
        }
        let content = self.content(&said, at)?;
        self.push("user", content, message.name.as_deref());
        Ok(())
    }

    /// A tool message holds text alone; pictures follow in the user's.
    fn result<'p>(&mut self, result: &'p ToolResult, whole: &Part, at: &str) -> Result<Vec<&'p Part>, Unfit> {
        let (texts, others): (Vec<&Part>, Vec<&Part>) =
            result.parts.iter().partition(|part| matches!(part.content, Content::Text { .. }));
        let content = self.content(&texts, at)?;
        let mut message = json!({"role": "tool", "tool_call_id": result.id, "content": content});
        match result.is_error {
            true if self.own => put(&mut message, "is_error", true),
            true => self.loss.of("messages.is_error"),
            false => {}
        }
        self.out.push(marked(message, whole.cache.as_ref(), self.own, self.loss));
        Ok(others)
    }

    fn plain(&mut self, role: &str, message: &Message, at: &str) -> Result<(), Unfit> {
        let content = self.content(&message.parts.iter().collect::<Vec<_>>(), at)?;
        self.push(role, content, message.name.as_deref());
        Ok(())
    }

    fn push(&mut self, role: &str, content: Value, name: Option<&str>) {
        let mut message = json!({"role": role, "content": content});
        if let Some(name) = name {
            put(&mut message, "name", name);
        }
        self.out.push(message);
    }

    fn assistant(&mut self, message: &Message, at: &str) -> Result<(), Unfit> {
        let (mut said, mut calls, mut thoughts) = (Vec::new(), Vec::new(), Vec::new());
        for part in &message.parts {
            match &part.content {
                Content::ToolCall(call) => calls.push(tool_call(call)),
                Content::Reasoning(thought) => thoughts.push(thought),
                _ => said.push(part),
            }
        }
        let content = if said.is_empty() { Value::Null } else { self.content(&said, at)? };
        let mut out = json!({"role": "assistant", "content": content});
        if let Some(name) = &message.name {
            put(&mut out, "name", name.as_str());
        }
        if !calls.is_empty() {
            put(&mut out, "tool_calls", calls);
        }
        if !thoughts.is_empty() && self.own {
            super::answer::thoughts(thoughts.into_iter(), &mut out);
        } else if !thoughts.is_empty() {
            self.loss.of("messages.reasoning");
        }
        self.out.push(out);
        Ok(())
    }

    /// A lone text is a string: every speaker of this dialect takes that.
    fn content(&mut self, parts: &[&Part], at: &str) -> Result<Value, Unfit> {
        if let [Part { content: Content::Text { text, .. }, cache: None }] = parts {
            return Ok(text.as_str().into());
        }
        if parts.is_empty() {
            return Ok("".into());
        }
        let written = parts.iter().enumerate().map(|(i, part)| {
            let value = content_part(&part.content, &format!("{at}.content[{i}]"))?;
            Ok(marked(value, part.cache.as_ref(), self.own, self.loss))
        });
        written.collect::<Result<Vec<_>, _>>().map(Value::Array)
    }
}

fn content_part(content: &Content, at: &str) -> Result<Value, Unfit> {
    Ok(match content {
        Content::Text { text, .. } => kin::text(text),
        Content::Refusal(text) => json!({"type": "refusal", "refusal": text}),
        Content::Image(image) => kin::image(image, at)?,
        Content::Document(document) => self::document(document, at)?,
        Content::Audio(audio) => match &audio.source {
            Source::Base64 { media_type, data } => {
                let format = media_type.strip_prefix("audio/").unwrap_or(media_type);
                json!({"type": "input_audio", "input_audio": {"data": data, "format": format}})
            }
            _ => return Err(Unfit::new(at, "takes audio in base64 alone")),
        },
        Content::ToolCall(_) | Content::ToolResult(_) | Content::Reasoning(_) => {
            return Err(Unfit::new(at, "can not stand in a message of this role"));
        }
    })
}

fn document(document: &Media, at: &str) -> Result<Value, Unfit> {
    let mut file = match &document.source {
        Source::Base64 { .. } => json!({"file_data": document.source.to_url()}),
        Source::File(id) => json!({"file_id": id}),
        Source::Text(text) => return Ok(kin::page(document, text)),
        Source::Url(_) => {
            return Err(Unfit::new(at, "takes no documents by URL; send the file itself in base64"));
        }
    };
    if let Some(title) = &document.title {
        put(&mut file, "filename", title.as_str());
    } else if matches!(document.source, Source::Base64 { .. }) {
        put(&mut file, "filename", "document.pdf");
    }
    Ok(json!({"type": "file", "file": file}))
}

/// A call in OpenAI's form; Google's own OpenAI surface carries its proof in `extra_content`.
pub(super) fn tool_call(call: &ToolCall) -> Value {
    let mut out = kin::tool_call(&call.id, call);
    if let Some(extra) = call.signature.as_ref().and_then(super::answer::extra_content) {
        put(&mut out, "extra_content", extra);
    }
    out
}
