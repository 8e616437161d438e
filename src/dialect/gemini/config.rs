//! `generationConfig`: how the answer is made, and its form.

use super::model::Model;
use crate::chat::{Format, Loss, Request};
use serde_json::{Map, Value};

/// How many `stopSequences` Google takes.
const STOPS: usize = 5;

/// Writes it; the form of the answer only where `shaped` says that the model can keep to it.
pub(super) fn write(
    request: &Request,
    model: Model<'_>,
    shaped: bool,
    loss: &mut Loss,
) -> Map<String, Value> {
    let mut config = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(name.into(), value);
        }
    };
    set("maxOutputTokens", request.max_tokens.map(Value::from));
    let sampling = &request.sampling;
    set("temperature", sampling.temperature.clone().map(Value::Number));
    set("topP", sampling.top_p.clone().map(Value::Number));
    set("topK", sampling.top_k.map(Value::from));
    set("presencePenalty", sampling.presence_penalty.clone().map(Value::Number));
    set("frequencyPenalty", sampling.frequency_penalty.clone().map(Value::Number));
    set("seed", sampling.seed.and_then(|seed| seed_value(seed, loss)));
    set("candidateCount", sampling.n.filter(|n| *n != 1).map(Value::from));
    set("responseLogprobs", sampling.logprobs.filter(|asked| *asked).map(Value::Bool));
    set("logprobs", sampling.top_logprobs.filter(|_| sampling.logprobs == Some(true)).map(Value::from));
    loss.where_some("logit_bias", sampling.logit_bias.as_ref().filter(|bias| !bias.is_empty()));
    set("stopSequences", stops(&request.stop, loss));
    set("thinkingConfig", request.thinking.and_then(|asked| model.thinking(asked, loss)));
    if let (Some(format), true) = (&request.format, shaped) {
        set("responseMimeType", Some("application/json".into()));
        set("responseJsonSchema", schema(format));
    }
    config
}

/// What a system instruction says in place of a form that the model can not be held to.
pub(super) fn plea(format: &Format) -> String {
    let form = match schema(format) {
        None => "a JSON object and nothing else.".into(),
        Some(schema) => format!("nothing but JSON that fits this schema:\n{schema}"),
    };
    format!("Unless you call a tool, answer with {form}")
}

fn schema(format: &Format) -> Option<Value> {
    let Format::Schema { schema, description, .. } = format else { return None };
    let mut schema = schema.clone();
    if let (Some(schema), Some(description)) = (schema.as_object_mut(), description) {
        schema.entry("description").or_insert_with(|| description.as_str().into());
    }
    Some(schema)
}

/// Google's seeds have 32 bits.
fn seed_value(seed: i64, loss: &mut Loss) -> Option<Value> {
    let seed = i32::try_from(seed).ok();
    if seed.is_none() {
        loss.of("seed");
    }
    seed.map(Value::from)
}

fn stops(stops: &[String], loss: &mut Loss) -> Option<Value> {
    if stops.len() > STOPS {
        loss.of("stop");
    }
    let kept: Vec<Value> = stops.iter().take(STOPS).map(|stop| stop.as_str().into()).collect();
    (!kept.is_empty()).then_some(Value::Array(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{Effort, Sampling, Thinking},
        dialect::{Goal, Platform, Quirks},
    };
    use serde_json::{Number, json};

    fn written(request: &Request) -> (Value, String) {
        let mut loss = Loss::default();
        let platform = Platform::Direct;
        let goal = Goal { model: "gemini-2.5-flash", platform, max_tokens: 0, quirks: Quirks::default() };
        let config = write(request, Model::of(&goal), true, &mut loss);
        (config.into(), loss.join())
    }

    #[test]
    fn every_setting_has_its_name() {
        let sampling = Sampling {
            temperature: Some(Number::from_f64(0.5).unwrap()),
            top_p: Some(1.into()),
            top_k: Some(40),
            frequency_penalty: Some(1.into()),
            presence_penalty: Some(2.into()),
            seed: Some(-7),
            n: Some(2),
            logprobs: Some(true),
            top_logprobs: Some(3),
            logit_bias: None,
        };
        let request = Request {
            sampling,
            max_tokens: Some(99),
            stop: vec!["END".into()],
            thinking: Some(Thinking::Effort(Effort::High)),
            format: Some(Format::Schema {
                name: Some("city".into()),
                description: Some("a city".into()),
                schema: json!({"type": "object"}),
                strict: Some(true),
            }),
            ..Request::default()
        };
        let want = json!({"maxOutputTokens": 99, "temperature": 0.5, "topP": 1, "topK": 40, "presencePenalty": 2,
            "frequencyPenalty": 1, "seed": -7, "candidateCount": 2, "responseLogprobs": true, "logprobs": 3,
            "stopSequences": ["END"], "thinkingConfig": {"thinkingBudget": 24576, "includeThoughts": true},
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "object", "description": "a city"}});
        assert_eq!(written(&request), (want, String::new()));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let bias = Map::from_iter([("50256".to_owned(), json!(-100))]);
        let request = Request {
            sampling: Sampling {
                seed: Some(1 << 40),
                logit_bias: Some(bias),
                n: Some(1),
                ..Sampling::default()
            },
            stop: ["a", "b", "c", "d", "e", "f"].map(String::from).to_vec(),
            ..Request::default()
        };
        let (config, loss) = written(&request);
        assert_eq!(config, json!({"stopSequences": ["a", "b", "c", "d", "e"]}));
        assert_eq!(loss, "seed,logit_bias,stop");
    }
}
