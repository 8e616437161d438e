//! Embeddings: AI Studio's `batchEmbedContents`, Vertex's `predict`.

use super::{fault, reply::lenient};
use crate::{
    chat::{EmbedAnswer, EmbedRequest, Fault, Kind, Loss, Unfit, Usage, Vector},
    dialect::{Goal, Platform, whole},
};
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

/// Writes the body of a request for embeddings.
///
/// # Errors
/// An input in tokens, which only OpenAI reads.
pub fn write(request: &EmbedRequest, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let task = task(request, loss);
    let texts = request.texts()?;
    loss.where_some("user", request.user.as_ref());
    let mut body = Map::new();
    if goal.platform == Platform::Vertex {
        let instances: Vec<Value> =
            texts.iter().map(|text| with(json!({"content": text}), "task_type", task.as_ref())).collect();
        body.insert("instances".into(), instances.into());
        if let Some(length) = request.dimensions {
            body.insert("parameters".into(), json!({ "outputDimensionality": length }));
        }
        return Ok(body);
    }
    let model = format!("models/{}", goal.model.trim_start_matches("models/"));
    let length = request.dimensions.map(Value::from);
    let requests = texts.iter().map(|text| {
        let one = json!({"model": model, "content": {"parts": [{ "text": text }]}});
        with(with(one, "outputDimensionality", length.as_ref()), "taskType", task.as_ref())
    });
    body.insert("requests".into(), requests.collect());
    Ok(body)
}

fn with(mut object: Value, name: &str, value: Option<&Value>) -> Value {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.into(), value.clone());
    }
    object
}

/// What the vectors are for, in Google's words or in Cohere's; everything else is lost.
fn task(request: &EmbedRequest, loss: &mut Loss) -> Option<Value> {
    let mut task = None;
    for (name, value) in request.extra.iter().filter(|(_, value)| !value.is_null()) {
        match (name.as_str(), value.as_str()) {
            ("task_type", Some(own)) => task = Some(own.to_ascii_uppercase().into()),
            ("input_type", Some("search_document")) => task = Some("RETRIEVAL_DOCUMENT".into()),
            ("input_type", Some("search_query")) => task = Some("RETRIEVAL_QUERY".into()),
            ("input_type", Some("classification")) => task = Some("CLASSIFICATION".into()),
            ("input_type", Some("clustering")) => task = Some("CLUSTERING".into()),
            _ => loss.of(name),
        }
    }
    task
}

/// Reads the vectors, of whichever of the two.
///
/// # Errors
/// A fault where there are none, the body stops in the middle, or is an error all the same.
pub fn read(body: &[u8]) -> Result<EmbedAnswer, Fault> {
    let whole: Whole = whole::read(body)?;
    if let Some(error) = &whole.error {
        return Err(fault::of_error(error));
    }
    let mut input = whole.usage_metadata.map(|told| told.prompt_token_count);
    let predicted = whole.predictions.into_iter().map(|one| one.embeddings);
    let mut vectors = Vec::new();
    for embedding in whole.embeddings.into_iter().chain(predicted) {
        if let Some(counted) = embedding.statistics.and_then(|told| whole_number(&told.token_count?)) {
            input = Some(input.unwrap_or(0).saturating_add(counted));
        }
        vectors.push(embedding.values);
    }
    if vectors.is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    let usage = input.map(|input| Usage { input, ..Usage::default() });
    Ok(EmbedAnswer { model: String::new(), vectors, usage })
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Whole {
    #[serde(deserialize_with = "lenient")]
    embeddings: Vec<Embedding>,
    #[serde(deserialize_with = "lenient")]
    predictions: Vec<Prediction>,
    usage_metadata: Option<Figures>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prediction {
    embeddings: Embedding,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Embedding {
    #[serde(deserialize_with = "lenient")]
    values: Vector,
    statistics: Option<Statistics>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Statistics {
    token_count: Option<Number>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Figures {
    #[serde(deserialize_with = "lenient")]
    prompt_token_count: u64,
}

/// A count that Vertex may write as `4.0`.
fn whole_number(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| number.to_string().split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chat::EmbedInput, dialect::Quirks};

    fn written(platform: Platform, request: &EmbedRequest) -> (Value, String) {
        let goal = Goal { model: "gemini-embedding-001", platform, max_tokens: 0, quirks: Quirks::default() };
        let mut loss = Loss::default();
        (write(request, &goal, &mut loss).unwrap().into(), loss.join())
    }

    fn request() -> EmbedRequest {
        let extra = json!({"input_type": "search_query", "truncate": "END", "nothing": null});
        EmbedRequest {
            inputs: vec![EmbedInput::Text("a".into()), EmbedInput::Text("b".into())],
            dimensions: Some(256),
            extra: extra.as_object().unwrap().clone(),
            ..EmbedRequest::default()
        }
    }

    #[test]
    fn each_platform_has_its_own_request() {
        let one = |text: &str| {
            json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
                "outputDimensionality": 256, "taskType": "RETRIEVAL_QUERY"})
        };
        let studio = json!({"requests": [one("a"), one("b")]});
        assert_eq!(written(Platform::Direct, &request()), (studio, "truncate".into()));
        let vertex = json!({"instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"},
            {"content": "b", "task_type": "RETRIEVAL_QUERY"}], "parameters": {"outputDimensionality": 256}});
        assert_eq!(written(Platform::Vertex, &request()), (vertex, "truncate".into()));
    }

    #[test]
    fn tokens_do_not_fit() {
        let request = EmbedRequest { inputs: vec![EmbedInput::Tokens(vec![1])], ..EmbedRequest::default() };
        let goal = Goal { model: "m", platform: Platform::Direct, max_tokens: 0, quirks: Quirks::default() };
        assert_eq!(write(&request, &goal, &mut Loss::default()).unwrap_err().at, "input[0]");
    }

    #[test]
    fn each_platform_has_its_own_answer() {
        let studio = read(br#"{"embeddings": [{"values": [0.10, 1]}, {"values": [2]}]}"#).unwrap();
        assert_eq!((studio.vectors.len(), studio.usage), (2, None));
        let vertex = br#"{"predictions": [{"embeddings": {"values": [0.5], "statistics": {"token_count": 4.0, "truncated": false}}},
            {"embeddings": {"values": [0.25], "statistics": {"token_count": 3}}}], "metadata": {"billableCharacterCount": 9}}"#;
        let vertex = read(vertex).unwrap();
        assert_eq!((vertex.vectors.len(), vertex.usage.map(|usage| usage.input)), (2, Some(7)));
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        let kind = |body: &[u8]| read(body).unwrap_err().kind;
        assert_eq!(kind(b""), Kind::EmptyAnswer);
        assert_eq!(kind(b"{}"), Kind::EmptyAnswer);
        assert_eq!(kind(br#"{"embeddings": [{"val"#), Kind::Truncated);
        assert_eq!(kind(br#"{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}"#), Kind::RateLimited);
    }
}
