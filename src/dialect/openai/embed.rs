//! Embeddings, as a client of OpenAI asks for them and wants them answered.

use crate::{
    chat::{EmbedAnswer, EmbedInput, EmbedRequest, Unfit, Vector},
    dialect::fields::Fields,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::{Map, Value};

/// Reads a request.
///
/// # Errors
/// Its `input` is neither texts nor tokens, or there is nothing in it.
pub fn read_embed_request(mut body: Map<String, Value>) -> Result<EmbedRequest, Unfit> {
    body.retain(|name, value| name != "model" && !value.is_null());
    let mut fields = Fields::of_body(body);
    let inputs = inputs(fields.take("input").unwrap_or_default())?;
    let dimensions = fields.readable("dimensions", Value::as_u64);
    let base64 = fields.readable("encoding_format", |value| match value.as_str() {
        Some("float") => Some(false),
        Some("base64") => Some(true),
        _ => None,
    });
    let user = fields.readable("user", |value| value.as_str().map(str::to_owned));
    Ok(EmbedRequest { inputs, dimensions, base64: base64.unwrap_or_default(), user, extra: fields.map })
}

fn inputs(value: Value) -> Result<Vec<EmbedInput>, Unfit> {
    let unfit = |at: &str| Unfit::new(at, "needs a text, a list of texts, tokens, or a list of tokens here");
    match value {
        Value::String(text) => Ok(vec![EmbedInput::Text(text)]),
        Value::Array(list) if list.first().is_some_and(Value::is_number) => {
            Ok(vec![tokens(&list).ok_or_else(|| unfit("input"))?])
        }
        Value::Array(list) if !list.is_empty() => {
            let each = list.into_iter().enumerate().map(|(i, value)| match value {
                Value::String(text) => Ok(EmbedInput::Text(text)),
                Value::Array(list) => tokens(&list).ok_or_else(|| unfit(&format!("input[{i}]"))),
                _ => Err(unfit(&format!("input[{i}]"))),
            });
            each.collect()
        }
        _ => Err(unfit("input")),
    }
}

fn tokens(list: &[Value]) -> Option<EmbedInput> {
    let tokens: Vec<u64> = list.iter().map(Value::as_u64).collect::<Option<_>>()?;
    (!tokens.is_empty()).then_some(EmbedInput::Tokens(tokens))
}

/// Writes an answer as its bytes; `model` is told where the provider names none. Without figures the usage is 0.
#[must_use]
pub fn write_embed_answer(answer: &EmbedAnswer, request_base64: bool, model: &str) -> Vec<u8> {
    let entry = |(index, vector)| Entry {
        object: "embedding",
        index,
        embedding: if request_base64 { Embedding::Base64(base64(vector)) } else { Embedding::Floats(vector) },
    };
    let usage = answer.usage.unwrap_or_default();
    let list = List {
        object: "list",
        data: answer.vectors.iter().enumerate().map(entry).collect(),
        model: if answer.model.is_empty() { model } else { &answer.model },
        // nothing comes out but vectors
        usage: Figures { prompt_tokens: usage.input, total_tokens: usage.input },
    };
    serde_json::to_vec(&list).unwrap_or_default()
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    model: &'a str,
    usage: Figures,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'static str,
    index: usize,
    embedding: Embedding<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Embedding<'a> {
    Floats(&'a Vector),
    Base64(String),
}

#[derive(Serialize)]
struct Figures {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// Little-endian 32-bit floats in base64, as OpenAI's SDKs ask for them to save bytes.
fn base64(vector: &Vector) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the format's own precision")]
    let single = |number: &serde_json::Number| number.as_f64().unwrap_or_default() as f32;
    let bytes: Vec<u8> = vector.iter().flat_map(|number| single(number).to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Usage;
    use proptest::prelude::*;
    use serde_json::{Number, json};

    fn read(body: &Value) -> Result<EmbedRequest, Unfit> {
        read_embed_request(body.as_object().unwrap().clone())
    }

    fn text(text: &str) -> EmbedInput {
        EmbedInput::Text(text.into())
    }

    #[test]
    fn every_form_of_input_is_read() {
        let inputs = |input: Value| read(&json!({ "input": input })).map(|request| request.inputs);
        assert_eq!(inputs(json!("a")), Ok(vec![text("a")]));
        assert_eq!(inputs(json!(["a", "b"])), Ok(vec![text("a"), text("b")]));
        assert_eq!(inputs(json!([1, 2])), Ok(vec![EmbedInput::Tokens(vec![1, 2])]));
        let both = vec![EmbedInput::Tokens(vec![1]), EmbedInput::Tokens(vec![2, 3])];
        assert_eq!(inputs(json!([[1], [2, 3]])), Ok(both));
        let at = |input: Value| inputs(input).unwrap_err().at;
        for bad in [json!(null), json!([]), json!(7), json!({}), json!([1, "a"]), json!([1.5])] {
            assert_eq!(at(bad), "input");
        }
        assert_eq!((at(json!(["a", 1])), at(json!([[1], []]))), ("input[1]".into(), "input[1]".into()));
    }

    #[test]
    fn settings_are_read_and_the_rest_is_kept() {
        let request = read(&json!({
            "model": "m", "input": "a", "dimensions": 256, "encoding_format": "base64", "user": "u",
            "input_type": "query", "truncate": null,
        }));
        let want = EmbedRequest {
            inputs: vec![text("a")],
            dimensions: Some(256),
            base64: true,
            user: Some("u".into()),
            extra: json!({"input_type": "query"}).as_object().unwrap().clone(),
        };
        assert_eq!(request, Ok(want));
        let odd = read(&json!({"input": "a", "encoding_format": "int8", "dimensions": "many"})).unwrap();
        assert_eq!(odd.extra.keys().collect::<Vec<_>>(), ["encoding_format", "dimensions"]);
    }

    #[test]
    fn vectors_are_written_as_numbers_or_as_bytes() {
        let number = |value: f64| Number::from_f64(value).unwrap();
        let usage = Usage { input: 3, ..Usage::default() };
        let answer = EmbedAnswer {
            model: String::new(),
            vectors: vec![vec![number(1.0), number(-0.5)], vec![]],
            usage: Some(usage),
        };
        let written =
            |base64| -> Value { serde_json::from_slice(&write_embed_answer(&answer, base64, "m")).unwrap() };
        let list = |first: Value, second: Value| {
            json!({
                "object": "list",
                "data": [
                    {"object": "embedding", "index": 0, "embedding": first},
                    {"object": "embedding", "index": 1, "embedding": second},
                ],
                "model": "m",
                "usage": {"prompt_tokens": 3, "total_tokens": 3},
            })
        };
        assert_eq!(written(false), list(json!([1.0, -0.5]), json!([])));
        assert_eq!(written(true), list(json!("AACAPwAAAL8="), json!("")));
    }

    proptest! {
        #[test]
        fn bytes_hold_the_same_floats_as_numbers(floats in proptest::collection::vec(-1.0f32..1.0, 0..20)) {
            let vector: Vector =
                floats.iter().filter_map(|float| Number::from_f64(f64::from(*float))).collect();
            let bytes = BASE64_STANDARD.decode(base64(&vector)).unwrap();
            let back: Vec<f32> =
                bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
            prop_assert_eq!(back, floats);
        }
    }
}
