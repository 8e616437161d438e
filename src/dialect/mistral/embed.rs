//! Texts to vectors, at Mistral.

use super::{answer::usage, fault};
use crate::{
    chat::{EmbedAnswer, EmbedRequest, Fault, Kind, Loss, Unfit, Vector},
    dialect::{
        Goal,
        whole::{self, broken},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The body for Mistral.
///
/// # Errors
/// An input is no text.
pub fn write(request: &EmbedRequest, goal: &Goal<'_>, loss: &mut Loss) -> Result<Map<String, Value>, Unfit> {
    let inputs = request.texts()?;
    let mut body = Map::new();
    body.insert("model".into(), goal.model.into());
    body.insert("input".into(), inputs.into());
    // base64 for the client is made from these
    body.insert("encoding_format".into(), "float".into());
    body.extend(request.dimensions.map(|length| ("output_dimension".into(), length.into())));
    loss.where_some("user", request.user.as_ref());
    for (field, value) in request.extra.iter().filter(|(_, value)| !value.is_null()) {
        if field == "metadata" {
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
    if whole.get("data").is_none() {
        return Err(fault::told(&whole).unwrap_or_else(|| Fault::new(Kind::EmptyAnswer)));
    }
    let mut whole = Whole::deserialize(whole).map_err(|error| broken(&error))?;
    if whole.data.is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    whole.data.sort_by_key(|row| row.index);
    let vectors = whole.data.into_iter().map(|row| row.embedding).collect();
    let usage = whole.usage.as_ref().and_then(usage);
    Ok(EmbedAnswer { model: whole.model.unwrap_or_default(), vectors, usage })
}

#[derive(Deserialize)]
struct Whole {
    model: Option<String>,
    data: Vec<Row>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    index: u64,
    embedding: Vector,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{EmbedInput, Usage},
        dialect::{Platform, Quirks},
    };
    use serde_json::json;

    fn goal() -> Goal<'static> {
        Goal { model: "mistral-embed", platform: Platform::Direct, max_tokens: 0, quirks: Quirks::default() }
    }

    #[test]
    fn texts_are_embedded() {
        let mut request = EmbedRequest {
            inputs: vec![EmbedInput::Text("a".into())],
            dimensions: Some(256),
            base64: true,
            user: Some("u".into()),
            ..EmbedRequest::default()
        };
        request.extra.insert("input_type".into(), "search_query".into());
        let mut loss = Loss::default();
        let body = write(&request, &goal(), &mut loss).unwrap();
        let want = json!({"model": "mistral-embed", "input": ["a"], "encoding_format": "float", "output_dimension": 256});
        assert_eq!((Value::Object(body), loss.join().as_str()), (want, "user,input_type"));
        request.inputs.push(EmbedInput::Tokens(vec![1]));
        assert_eq!(write(&request, &goal(), &mut loss).unwrap_err().at, "input[1]");
    }

    #[test]
    fn vectors_come_in_the_order_of_their_inputs() {
        let body = r#"{"id":"e","object":"list","model":"mistral-embed","data":[{"object":"embedding","index":1,"embedding":[0.5]},
            {"object":"embedding","index":0,"embedding":[-1e-3,2]}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
        let answer = read(body.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&answer.vectors).unwrap(), "[[-0.001,2],[0.5]]");
        assert_eq!(answer.usage, Some(Usage { input: 4, ..Usage::default() }));
        let kind = |body: &str| read(body.as_bytes()).unwrap_err().kind;
        assert_eq!(
            (kind(""), kind("{\"data\":[]}"), kind("{\"da")),
            (Kind::EmptyAnswer, Kind::EmptyAnswer, Kind::Truncated)
        );
        assert_eq!(kind(r#"{"detail":"Unauthorized"}"#), Kind::StreamError);
    }
}
