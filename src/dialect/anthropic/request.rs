//! A request from the hub form to Messages.

use super::{
    blocks::{Blocks, with},
    schema,
    thinking::{self, Scene},
    turns::{Turns, system},
};
use crate::{
    chat::{Format, Loss, Origin, Request, Sampling, Tool, ToolChoice, Unfit},
    dialect::{
        Goal, Platform,
        claude::{Claude, Forced},
        left,
    },
};
use serde_json::{Map, Value, json};

/// The `anthropic_version` of a hosted model's body.
pub(super) fn hosted_version(platform: Platform) -> Option<&'static str> {
    match platform {
        Platform::Direct => None,
        Platform::Vertex => Some("vertex-2023-10-16"),
        Platform::Bedrock => Some("bedrock-2023-05-31"),
    }
}

/// Writes a request's body: Messages at home, with a version and without the model where it is hosted (Bedrock has `stream`
/// in the path, too).
///
/// # Errors
/// What Messages can not take at all: audio, a picture of a strange type, a file of another provider, nothing said.
pub fn write_request(
    request: &Request,
    goal: &Goal<'_>,
    loss: &mut Loss,
) -> Result<Map<String, Value>, Unfit> {
    let model = Claude::of(goal.model).unwrap_or(Claude::IMITATED);
    let mut turns = Turns::of(
        request,
        model.takes_asides() && goal.platform == Platform::Direct,
        &mut Blocks { origin: request.origin, loss },
    )?;
    let mut more = Vec::new();
    let tools = tools(request, model, loss);
    let choice = tool_choice(request, model, &tools, &mut more, loss);
    let format = format(request, model, &mut more, loss);
    let max_tokens = request.max_tokens.unwrap_or(goal.max_tokens);
    let scene = Scene {
        max_tokens,
        forced: matches!(choice.as_ref().and_then(|c| c.get("type")?.as_str()), Some("any" | "tool")),
        unproven: turns.is_open_without_thought(),
    };
    let plan = thinking::plan(request, model, scene, loss);

    let mut body = Map::new();
    match hosted_version(goal.platform) {
        Some(version) => body.insert("anthropic_version".into(), version.into()),
        None => body.insert("model".into(), goal.model.into()),
    };
    body.insert("max_tokens".into(), max_tokens.into());
    let instructions = system(std::mem::take(&mut turns.system), &more);
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.into(), value);
        }
    };
    set("system", instructions);
    set("messages", Some(turns.messages()));
    set("tools", (!tools.is_empty()).then_some(Value::Array(tools)));
    set("tool_choice", choice);
    set("thinking", plan.thinking);
    set("output_config", output_config(plan.effort, format));
    set("stop_sequences", stop(&request.stop, loss));
    set("metadata", request.user.as_ref().map(|user| json!({ "user_id": user })));
    set("stream", (request.stream && goal.platform != Platform::Bedrock).then_some(true.into()));
    thinking::sampling(&request.sampling, model, plan.thinks, loss, &mut body);
    unsaid(&request.sampling, loss);
    let own = request.origin == Origin::Anthropic;
    for (field, value) in request.extra.iter().filter(|_| own) {
        body.entry(field.as_str()).or_insert_with(|| value.clone());
    }
    left::rest(request, loss, |_, _| own);
    Ok(body)
}

fn tools(request: &Request, model: Claude, loss: &mut Loss) -> Vec<Value> {
    let own = request.origin == Origin::Anthropic;
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match tool {
            Tool::Function { name, description, parameters, strict, cache } => {
                let strict = *strict == Some(true);
                if strict && !model.has_schemas() {
                    loss.of("tools.strict");
                }
                let strict = strict && model.has_schemas();
                let description = description.as_deref().filter(|text| !text.is_empty());
                let written = with(json!({ "name": name }), "description", description);
                let schema = input_schema(parameters.as_ref(), strict && !own);
                let written = with(written, "input_schema", Some(schema));
                let written = with(written, "strict", strict.then_some(true));
                tools.push(with(written, "cache_control", cache.clone()));
            }
            Tool::Foreign(tool) if own => tools.push(tool.clone()),
            Tool::Foreign(tool) => {
                left::tool(tool, loss);
            }
        }
    }
    tools
}

fn input_schema(parameters: Option<&Value>, fitted: bool) -> Value {
    let mut schema = match parameters {
        Some(schema) if fitted => schema::fit(schema),
        Some(schema @ Value::Object(_)) => schema.clone(),
        _ => json!({"type": "object", "properties": {}}),
    };
    if let Some(schema) = schema.as_object_mut() {
        schema.entry("type").or_insert_with(|| "object".into());
    }
    schema
}

/// A model that can not be made to call a tool is asked to, in the instructions.
fn tool_choice(
    request: &Request,
    model: Claude,
    tools: &[Value],
    more: &mut Vec<String>,
    loss: &mut Loss,
) -> Option<Value> {
    let single = request.parallel_tool_calls == Some(false);
    let asked = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    if tools.is_empty() {
        if asked {
            loss.of("tool_choice");
        }
        return None;
    }
    let never = asked && model.forced() == Forced::Never;
    if never {
        loss.of("tool_choice");
    }
    let choice = match &request.tool_choice {
        Some(ToolChoice::Named(name)) if never => {
            more.push(format!("Answer by a call of the tool `{name}`, not in words."));
            json!({"type": "auto"})
        }
        Some(ToolChoice::Required) if never => {
            more.push("Answer by a call of one of the tools, not in words.".into());
            json!({"type": "auto"})
        }
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": name}),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Auto) => json!({"type": "auto"}),
        None if single => json!({"type": "auto"}),
        None => return None,
    };
    Some(with(choice, "disable_parallel_tool_use", single.then_some(true)))
}

/// `output_config.format` for a schema; what has no native means is asked for in the instructions.
fn format(request: &Request, model: Claude, more: &mut Vec<String>, loss: &mut Loss) -> Option<Value> {
    const ALONE: &str = "and nothing else: no words before or after it, no code fence";
    match request.format.as_ref()? {
        Format::Json => {
            more.push(format!("Answer with one JSON object {ALONE}."));
            None
        }
        Format::Schema { schema, description, .. } if model.has_schemas() => {
            let mut schema =
                if request.origin == Origin::Anthropic { schema.clone() } else { schema::fit(schema) };
            if let (Some(description), Some(schema)) = (description, schema.as_object_mut()) {
                schema.entry("description").or_insert_with(|| description.as_str().into());
            }
            Some(json!({"type": "json_schema", "schema": schema}))
        }
        Format::Schema { schema, strict, .. } => {
            if *strict == Some(true) {
                loss.of("response_format.json_schema.strict");
            }
            more.push(format!("Answer with one JSON value that fits this JSON schema {ALONE}:\n{schema}"));
            None
        }
    }
}

fn output_config(effort: Option<&str>, format: Option<Value>) -> Option<Value> {
    let config = with(with(json!({}), "effort", effort), "format", format);
    (config != json!({})).then_some(config)
}

/// Blank texts are refused as ends.
fn stop(texts: &[String], loss: &mut Loss) -> Option<Value> {
    let kept: Vec<Value> =
        texts.iter().filter(|text| !text.trim().is_empty()).map(|text| text.as_str().into()).collect();
    if kept.len() < texts.len() {
        loss.of("stop");
    }
    (!kept.is_empty()).then_some(Value::Array(kept))
}

/// What Messages has no word for. Values that ask nothing are not lost.
fn unsaid(sampling: &Sampling, loss: &mut Loss) {
    let asks = |number: &Option<serde_json::Number>| number.as_ref().is_some_and(|n| n.as_f64() != Some(0.0));
    for (field, asked) in [
        ("frequency_penalty", asks(&sampling.frequency_penalty)),
        ("presence_penalty", asks(&sampling.presence_penalty)),
        ("seed", sampling.seed.is_some()),
        ("n", sampling.n.is_some_and(|n| n != 1)),
        ("logprobs", sampling.logprobs == Some(true)),
        ("top_logprobs", sampling.top_logprobs.is_some_and(|n| n > 0)),
        ("logit_bias", sampling.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty())),
    ] {
        if asked {
            loss.of(field);
        }
    }
}
