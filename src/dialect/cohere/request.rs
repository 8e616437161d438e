//! A chat request, written for Cohere.

use super::message;
use crate::{
    chat::{Format, Loss, Request, Sampling, Thinking, Tool, ToolChoice, Unfit},
    dialect::{Goal, kin, left},
    json::put,
};
use serde_json::{Map, Number, Value, json};

/// Fields that clients may name and Cohere knows under the same name.
const OWN: [&str; 5] = ["citation_options", "documents", "priority", "safety_mode", "strict_tools"];

/// Models that can not think, and refuse to be told how.
const DULL: [&str; 6] =
    ["c4ai-", "command-a-03", "command-a-translate", "command-a-vision", "command-light", "command-r"];

/// The most texts that may end an answer.
const STOPS: usize = 5;

/// The body for Cohere.
///
/// # Errors
/// The request asks for something that Cohere can not express.
pub fn write(request: &Request, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    let format = request.format.as_ref().map(format);
    let tools = tools(request, loss)?;
    // beside tools Cohere takes no format: there the model is asked for it, which does not bind it
    let plea = format.as_ref().filter(|_| !tools.is_empty()).map(plea);
    loss.where_some("response_format", plea.as_ref());
    let thinks = request.thinking != Some(Thinking::Off);
    put("model", Some(goal.model.into()));
    put("messages", Some(message::write(&request.messages, thinks, plea, loss)?.into()));
    put("stream", request.stream.then_some(true.into()));
    put("max_tokens", request.max_tokens.map(Value::from));
    put("thinking", thinking(request.thinking, goal.model, loss));
    put("response_format", format.filter(|_| tools.is_empty()));
    if !tools.is_empty() {
        put("strict_tools", strict(&request.tools, loss).then_some(true.into()));
        put("tool_choice", request.tool_choice.as_ref().and_then(choice));
        put("tools", Some(tools.into()));
    }
    sampling(&request.sampling, loss, &mut put);
    if request.stop.len() > STOPS {
        loss.of("stop");
    }
    let stops: Vec<Value> = request.stop.iter().take(STOPS).map(|text| text.as_str().into()).collect();
    put("stop_sequences", (!stops.is_empty()).then(|| stops.into()));
    rest(request, loss, &mut put);
    goal.quirks.apply(&mut body, loss);
    Ok(body)
}

/// A model that can think does where nothing is said.
fn thinking(thinking: Option<Thinking>, model: &str, loss: &mut Loss) -> Option<Value> {
    let thinking = thinking?;
    let dull = DULL.iter().any(|name| model.starts_with(name));
    match thinking {
        Thinking::Adaptive(None) => None,
        Thinking::Off => (!dull).then(|| json!({"type": "disabled"})),
        _ if dull => {
            loss.of("reasoning");
            None
        }
        asked => Some(json!({"type": "enabled", "token_budget": asked.budget()})),
    }
}

fn sampling(sampling: &Sampling, loss: &mut Loss, put: &mut impl FnMut(&str, Option<Value>)) {
    let mut within = |field: &str, number: &Option<Number>, least: f64, most: f64| {
        let number = number.as_ref()?;
        let bound = number.as_f64().map(|value| value.clamp(least, most));
        match bound.filter(|bound| number.as_f64() != Some(*bound)) {
            Some(bound) => {
                loss.of(field);
                Some(bound.into())
            }
            None => Some(Value::Number(number.clone())),
        }
    };
    put("temperature", within("temperature", &sampling.temperature, 0.0, 1.0));
    put("p", within("top_p", &sampling.top_p, 0.01, 0.99));
    // some models refuse to see both, even where one says nothing
    let says = |penalty: &Value| penalty.as_f64() != Some(0.0);
    let frequency = within("frequency_penalty", &sampling.frequency_penalty, 0.0, 1.0);
    put("frequency_penalty", frequency.filter(says));
    let presence = within("presence_penalty", &sampling.presence_penalty, 0.0, 1.0);
    put("presence_penalty", presence.filter(says));
    let top_k = sampling.top_k.map(|k| k.min(500));
    if top_k != sampling.top_k {
        loss.of("top_k");
    }
    put("k", top_k.map(Value::from));
    let seed = sampling.seed.and_then(|seed| u64::try_from(seed).ok());
    loss.where_some("seed", sampling.seed.filter(|_| seed.is_none()).as_ref());
    put("seed", seed.map(Value::from));
    put("logprobs", sampling.logprobs.filter(|wanted| *wanted).map(Value::from));
    loss.where_some("top_logprobs", sampling.top_logprobs.filter(|others| *others > 0).as_ref());
    loss.where_some("n", sampling.n.filter(|n| *n != 1).as_ref());
    loss.where_some("logit_bias", sampling.logit_bias.as_ref());
}

/// One tool that must be called is the only one that is offered.
fn tools(request: &Request, loss: &mut Loss) -> Result<Vec<Value>, Unfit> {
    let only = match &request.tool_choice {
        Some(ToolChoice::Named(name)) => Some(name),
        _ => None,
    };
    let mut tools = Vec::new();
    for tool in &request.tools {
        match tool {
            Tool::Function { name, .. } if only.is_some_and(|only| only != name) => {}
            Tool::Function { name, description, parameters, cache, .. } => {
                loss.where_some("cache_control", cache.as_ref());
                let function = kin::function(name, description.as_deref(), parameters.as_ref());
                tools.push(json!({"type": "function", "function": function}));
            }
            Tool::Foreign(tool) => {
                left::tool(tool, loss);
            }
        }
    }
    match only.filter(|_| tools.is_empty()) {
        Some(name) => Err(Unfit::new("tool_choice", format!("`{name}` is no function among the tools"))),
        None => Ok(tools),
    }
}

/// Cohere is strict with all tools or with none.
fn strict(tools: &[Tool], loss: &mut Loss) -> bool {
    let wishes = || {
        tools.iter().filter_map(|tool| match tool {
            Tool::Function { strict, .. } => Some(strict.unwrap_or(false)),
            Tool::Foreign(_) => None,
        })
    };
    let all = wishes().all(|strict| strict);
    if !all && wishes().any(|strict| strict) {
        loss.of("tools.strict");
    }
    all
}

/// Where nothing is said the model does as it likes.
fn choice(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some("NONE".into()),
        ToolChoice::Required | ToolChoice::Named(_) => Some("REQUIRED".into()),
    }
}

fn format(format: &Format) -> Value {
    match format {
        Format::Json => json!({"type": "json_object"}),
        Format::Schema { description, schema, .. } => {
            let mut schema = schema.clone();
            if let Some(description) = description.as_ref().filter(|_| schema.get("description").is_none()) {
                put(&mut schema, "description", description.as_str());
            }
            json!({"type": "json_object", "json_schema": schema})
        }
    }
}

fn plea(format: &Value) -> String {
    match format.get("json_schema") {
        Some(schema) => format!("Give your final answer as JSON alone, fitting this JSON schema: {schema}"),
        None => "Give your final answer as a JSON object alone.".into(),
    }
}

/// What has no word in the hub form, and words of it that Cohere has none for.
fn rest(request: &Request, loss: &mut Loss, put: &mut impl FnMut(&str, Option<Value>)) {
    loss.where_some("parallel_tool_calls", request.parallel_tool_calls.filter(|many| !many).as_ref());
    loss.where_some("user", request.user.as_ref());
    left::rest(request, loss, |field, value| {
        let known = OWN.contains(&field);
        put(field, known.then(|| value.clone()));
        known
    });
}
