//! Texts to vectors, at Cohere.

use super::{answer::usage, fault};
use crate::{
    chat::{EmbedAnswer, EmbedRequest, Fault, Kind, Loss, Unfit, Vector},
    dialect::{
        Goal,
        whole::{self, broken},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Fields that clients may name and Cohere knows under the same name.
const OWN: [&str; 4] = ["input_type", "max_tokens", "priority", "truncate"];

/// The body for Cohere. A text whose purpose is not told is one to be found, not one to find others by.
///
/// # Errors
/// An input is no text.
pub fn write(request: &EmbedRequest, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let texts = request.texts()?;
    let mut body = Map::new();
    body.insert("model".into(), goal.model.into());
    body.insert("texts".into(), texts.into());
    body.insert("input_type".into(), "search_document".into());
    // base64 for the client is made from these
    body.insert("embedding_types".into(), json!(["float"]));
    body.extend(request.dimensions.map(|length| ("output_dimension".into(), length.into())));
    loss.where_some("user", request.user.as_ref());
    for (field, value) in request.extra.iter().filter(|(_, value)| !value.is_null()) {
        if OWN.contains(&field.as_str()) {
            body.insert(field.clone(), value.clone());
        } else {
            loss.of(field);
        }
    }
    goal.quirks.apply(&mut body, loss);
    Ok(body)
}

/// Reads the vectors of an answer of status 200.
///
/// # Errors
/// A fault where there are none, it stops in the middle, or is an error all the same.
pub fn read(body: &[u8]) -> Result<EmbedAnswer, Fault> {
    let whole: Value = whole::read(body)?;
    if whole.get("embeddings").is_none() {
        return Err(fault::told(&whole).unwrap_or_else(|| Fault::new(Kind::EmptyAnswer)));
    }
    let whole = Whole::deserialize(whole).map_err(|error| broken(&error))?;
    let vectors = whole.embeddings.float;
    if vectors.is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    Ok(EmbedAnswer { model: String::new(), vectors, usage: whole.meta.as_ref().and_then(usage) })
}

#[derive(Deserialize)]
struct Whole {
    embeddings: Embeddings,
    meta: Option<Value>,
}

#[derive(Deserialize)]
struct Embeddings {
    #[serde(default)]
    float: Vec<Vector>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{EmbedInput, Usage},
        dialect::{Platform, Quirks},
    };

    fn goal() -> Goal<'static> {
        Goal { model: "embed-v4.0", platform: Platform::Direct, max_tokens: 0, quirks: Quirks::default() }
    }

    #[test]
    fn texts_are_embedded_to_be_found_unless_told_otherwise() {
        let mut request = EmbedRequest {
            inputs: vec![EmbedInput::Text("a".into())],
            dimensions: Some(256),
            user: Some("u".into()),
            ..EmbedRequest::default()
        };
        let mut loss = Loss::default();
        let body = write(&request, &goal(), &mut loss).unwrap();
        let want = json!({"model": "embed-v4.0", "texts": ["a"], "input_type": "search_document", "embedding_types": ["float"], "output_dimension": 256});
        assert_eq!((Value::Object(body), loss.join().as_str()), (want, "user"));
        request.extra.insert("input_type".into(), "search_query".into());
        request.extra.insert("task_type".into(), "x".into());
        let body = write(&request, &goal(), &mut loss).unwrap();
        assert_eq!((&body["input_type"], loss.join().as_str()), (&json!("search_query"), "user,task_type"));
        request.inputs.push(EmbedInput::Tokens(vec![1]));
        assert_eq!(write(&request, &goal(), &mut loss).unwrap_err().at, "input[1]");
    }

    #[test]
    fn vectors_are_read() {
        let body = r#"{"id":"e","response_type":"embeddings_by_type","embeddings":{"float":[[-1e-3,2],[0.5]]},"texts":["a","b"],
            "meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":4.0}}}"#;
        let answer = read(body.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&answer.vectors).unwrap(), "[[-0.001,2],[0.5]]");
        assert_eq!(answer.usage, Some(Usage { input: 4, ..Usage::default() }));
        let kind = |body: &str| read(body.as_bytes()).unwrap_err().kind;
        assert_eq!(
            (kind(""), kind(r#"{"embeddings":{}}"#), kind("{\"em")),
            (Kind::EmptyAnswer, Kind::EmptyAnswer, Kind::Truncated)
        );
        assert_eq!(kind(r#"{"message":"no"}"#), Kind::StreamError);
    }
}
