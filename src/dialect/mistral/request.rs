//! A chat request, written for Mistral.

use super::message;
use crate::{
    chat::{Effort, Loss, Request, Sampling, Thinking, Tool, Unfit},
    dialect::{Goal, kin, left},
    json::put,
};
use serde_json::{Map, Number, Value, json};

/// Fields that clients may name and Mistral knows under the same name.
const OWN: [&str; 8] = [
    "guardrails",
    "metadata",
    "min_tokens",
    "prediction",
    "prompt_cache_key",
    "prompt_mode",
    "repetition_penalty",
    "safe_prompt",
];

/// Models that can not think, and refuse to be told how hard.
const DULL: [&str; 10] = [
    "codestral",
    "devstral",
    "ministral",
    "mistral-large",
    "mistral-medium-25",
    "mistral-small-24",
    "mistral-small-25",
    "open-mi",
    "pixtral",
    "voxtral",
];

/// The highest temperature that Mistral takes.
const HOTTEST: f64 = 1.5;

/// The body for Mistral.
///
/// # Errors
/// The request asks for something that Mistral can not express.
pub fn write(request: &Request, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let effort = effort(request.thinking, goal.model, loss);
    let messages = message::write(&request.messages, effort.is_some(), loss)?;
    let mut body = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    put("model", Some(goal.model.into()));
    put("messages", Some(messages.into()));
    put("stream", request.stream.then_some(true.into()));
    put("max_tokens", request.max_tokens.map(Value::from));
    tools(request, loss, &mut put);
    put("response_format", request.format.as_ref().map(kin::format));
    put("stop", (!request.stop.is_empty()).then(|| request.stop.clone().into()));
    put("reasoning_effort", effort.map(Value::from));
    sampling(&request.sampling, loss, &mut put);
    loss.where_some("user", request.user.as_ref());
    rest(request, loss, &mut put);
    goal.quirks.apply(&mut body, loss);
    Ok(body)
}

/// Mistral's models think hard or not at all, and do not where nothing is said.
fn effort(thinking: Option<Thinking>, model: &str, loss: &mut Loss) -> Option<&'static str> {
    let asked = match thinking? {
        Thinking::Off | Thinking::Adaptive(None) => return None,
        asked => asked.effort(),
    };
    if DULL.iter().any(|name| model.starts_with(name)) {
        loss.of("reasoning");
        return None;
    }
    if asked != Some(Effort::High) {
        loss.of("reasoning");
    }
    Some("high")
}

fn sampling(sampling: &Sampling, loss: &mut Loss, put: &mut impl FnMut(&str, Option<Value>)) {
    let number = |number: &Option<Number>| number.clone().map(Value::Number);
    let heat = sampling.temperature.as_ref().and_then(Number::as_f64);
    if heat.is_some_and(|heat| heat > HOTTEST) {
        loss.of("temperature");
        put("temperature", Some(HOTTEST.into()));
    } else {
        put("temperature", number(&sampling.temperature));
    }
    // at no heat there is one choice: `top_p` says nothing there, and Mistral refuses it
    put("top_p", number(&sampling.top_p).filter(|_| heat != Some(0.0)));
    put("top_k", sampling.top_k.map(Value::from));
    put("frequency_penalty", number(&sampling.frequency_penalty));
    put("presence_penalty", number(&sampling.presence_penalty));
    put("random_seed", seed(sampling.seed, loss));
    put("n", sampling.n.map(Value::from));
    put("logprobs", sampling.logprobs.map(Value::from));
    put("top_logprobs", sampling.top_logprobs.map(Value::from));
    loss.where_some("logit_bias", sampling.logit_bias.as_ref());
}

/// Mistral counts its seeds from 0.
fn seed(seed: Option<i64>, loss: &mut Loss) -> Option<Value> {
    let seed = seed?;
    if seed < 0 {
        loss.of("seed");
    }
    u64::try_from(seed).ok().map(Value::from)
}

fn tools(request: &Request, loss: &mut Loss, put: &mut impl FnMut(&str, Option<Value>)) {
    let tools: Vec<Value> = request.tools.iter().filter_map(|one| tool(one, loss)).collect();
    if tools.is_empty() {
        return;
    }
    put("tools", Some(tools.into()));
    put("tool_choice", request.tool_choice.as_ref().map(|choice| kin::choice(choice, "any")));
    put("parallel_tool_calls", request.parallel_tool_calls.map(Value::from));
}

fn tool(tool: &Tool, loss: &mut Loss) -> Option<Value> {
    match tool {
        Tool::Function { name, description, parameters, strict, cache } => {
            loss.where_some("cache_control", cache.as_ref());
            let mut function = kin::function(name, description.as_deref(), parameters.as_ref());
            if let Some(strict) = strict {
                put(&mut function, "strict", *strict);
            }
            Some(json!({"type": "function", "function": function}))
        }
        Tool::Foreign(tool) => {
            left::tool(tool, loss);
            None
        }
    }
}

/// What has no word in the hub form.
fn rest(request: &Request, loss: &mut Loss, put: &mut impl FnMut(&str, Option<Value>)) {
    left::rest(request, loss, |field, value| {
        let known = match field {
            // OpenAI's may come in parts, Mistral's is a string
            "prediction" => value.get("content").is_some_and(Value::is_string),
            field => OWN.contains(&field),
        };
        put(field, known.then(|| value.clone()));
        known
    });
}
