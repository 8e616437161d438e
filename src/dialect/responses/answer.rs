//! A whole answer: the `response` object.

use super::output::Output;
use crate::chat::{Answer, Usage};
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a response repeats of its request.
const REPEATED: [&str; 13] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
];

/// What an answer says of the request that it answers.
#[derive(Debug, Clone)]
pub struct Echo {
    response: Map<String, Value>,
    /// For answers that have no id of their own.
    id: String,
    model: String,
}

impl Echo {
    /// Of a request's body; `created_at` in seconds since 1970.
    #[must_use]
    pub fn of(body: &Map<String, Value>, created_at: u64) -> Self {
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let mut response = blank(created_at);
        for name in REPEATED {
            if let Some(value) = given(name) {
                response.insert(name.into(), value.clone());
            }
        }
        if let (Some(Value::Object(text)), Some(Value::Object(config))) =
            (response.get_mut("text"), given("text"))
        {
            text.extend(config.clone());
        }
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            response,
            id: format!("{created_at:x}{:016x}", hasher.finish()),
            model: given("model").and_then(Value::as_str).unwrap_or_default().into(),
        }
    }

    /// An answer that has not begun; a `model` of no name is the request's.
    pub(super) fn output(&self, model: &str) -> Output {
        Output::new(&self.id, if model.is_empty() { &self.model } else { model })
    }

    /// The response, as far as it has come.
    pub(super) fn response(&self, output: &Output) -> Map<String, Value> {
        let (status, details) = output.status();
        let items: Vec<Value> = (0..output.items.len()).map(|at| output.item(at)).collect();
        let mut response = self.response.clone();
        response.extend([
            ("id".into(), format!("resp_{}", output.id).into()),
            ("status".into(), status.into()),
            ("incomplete_details".into(), details),
            ("model".into(), output.model.as_str().into()),
            ("output".into(), items.into()),
            ("usage".into(), output.usage.map(usage).unwrap_or_default()),
        ]);
        response
    }
}

/// Writes an answer.
#[must_use]
pub fn write_answer(answer: &Answer, echo: &Echo) -> Map<String, Value> {
    let mut output = echo.output("");
    for delta in answer.clone().into_deltas() {
        output.take(&delta);
    }
    echo.response(&output)
}

/// The answer to a request that says nothing.
fn blank(created_at: u64) -> Map<String, Value> {
    let response = json!({
        "id": null,
        "object": "response",
        "created_at": created_at,
        "status": null,
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "metadata": {},
        "model": null,
        "output": [],
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null},
        "temperature": null,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": null,
        "truncation": "disabled",
        "usage": null,
    });
    match response {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total(),
    })
}
