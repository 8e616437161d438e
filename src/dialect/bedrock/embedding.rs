//! Texts to vectors, over InvokeModel: every maker's models in his own words.

use super::fault;
use crate::{
    chat::{EmbedAnswer, EmbedRequest, Fault, Kind, Loss, Unfit, Usage, Vector},
    dialect::{Goal, whole},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Writes the body; the model stands in the path.
///
/// # Errors
/// What the model can not take: several inputs, or tokens.
pub fn write_embed(
    request: &EmbedRequest,
    goal: &Goal<'_>,
    loss: &mut Loss,
) -> Result<Map<String, Value>, Unfit> {
    let maker = Maker::of(goal.model)?;
    let texts = request.texts()?;
    let length = request.dimensions.filter(|_| maker.is_flexible());
    let body = match (maker, texts.as_slice()) {
        (Maker::Cohere | Maker::Cohere4, texts) => cohere(request, texts, length),
        (_, [text]) => single(maker, text, length),
        _ => return Err(Unfit::new("input", "makes one vector at a time; send one input")),
    };
    if length != request.dimensions {
        loss.of("dimensions");
    }
    loss.where_some("user", request.user.as_ref());
    for (field, value) in &request.extra {
        if !value.is_null() && !body.contains_key(field) {
            loss.of(field);
        }
    }
    Ok(body)
}

/// Who made the model, as far as requests differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    Cohere,
    Cohere4,
    Titan,
    Titan2,
    TitanImage,
    Nova,
}

impl Maker {
    fn of(model: &str) -> Result<Self, Unfit> {
        let makers = [
            ("cohere.embed-v4", Self::Cohere4),
            ("cohere.embed", Self::Cohere),
            ("titan-embed-image", Self::TitanImage),
            ("titan-embed-text-v2", Self::Titan2),
            ("titan-embed", Self::Titan),
            ("multimodal-embeddings", Self::Nova),
        ];
        let known = makers.into_iter().find(|(name, _)| model.contains(name));
        known.map(|(_, maker)| maker).ok_or_else(|| {
            Unfit::new("model", "makes vectors with models of Amazon Titan, Nova and Cohere only; choose one")
        })
    }

    /// The vectors' length can be chosen.
    fn is_flexible(self) -> bool {
        !matches!(self, Self::Cohere | Self::Titan)
    }
}

fn cohere(request: &EmbedRequest, texts: &[&str], length: Option<u64>) -> Map<String, Value> {
    let mut body = Map::from_iter([
        ("texts".to_owned(), json!(texts)),
        ("input_type".to_owned(), "search_document".into()),
    ]);
    for field in ["input_type", "truncate"] {
        let said = request.extra.get(field).filter(|value| !value.is_null());
        body.extend(said.map(|value| (field.to_owned(), value.clone())));
    }
    body.extend(length.map(|length| ("output_dimension".to_owned(), length.into())));
    body
}

fn single(maker: Maker, text: &str, length: Option<u64>) -> Map<String, Value> {
    if maker == Maker::Nova {
        return nova(text, length);
    }
    let mut body = Map::from_iter([("inputText".to_owned(), text.into())]);
    body.extend(length.map(|length| match maker {
        Maker::TitanImage => ("embeddingConfig".to_owned(), json!({"outputEmbeddingLength": length})),
        _ => ("dimensions".to_owned(), length.into()),
    }));
    body
}

fn nova(text: &str, length: Option<u64>) -> Map<String, Value> {
    let text = json!({"truncationMode": "NONE", "value": text});
    let mut wanted =
        Map::from_iter([("embeddingPurpose".to_owned(), "GENERIC_INDEX".into()), ("text".to_owned(), text)]);
    wanted.extend(length.map(|length| ("embeddingDimension".to_owned(), length.into())));
    let task = ("taskType".to_owned(), "SINGLE_EMBEDDING".into());
    Map::from_iter([task, ("singleEmbeddingParams".to_owned(), wanted.into())])
}

/// Reads an answer of status 200, of whichever maker.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read_embed(body: &[u8]) -> Result<EmbedAnswer, Fault> {
    let answer: Wire = whole::read(body)?;
    let vectors = match answer.embeddings {
        Some(Vectors::Plain(vectors)) => vectors,
        Some(Vectors::Typed { float }) => float,
        Some(Vectors::Told(vectors)) => vectors.into_iter().map(|told| told.embedding).collect(),
        None => answer.embedding.filter(|vector| !vector.is_empty()).into_iter().collect(),
    };
    match answer.message {
        Some(message) if vectors.is_empty() => Err(fault::of_exception("", &json!({"message": message}))),
        _ if vectors.is_empty() => Err(Fault::new(Kind::EmptyAnswer)),
        _ => {
            let usage = answer.input_text_token_count.map(|input| Usage { input, ..Usage::default() });
            Ok(EmbedAnswer { model: String::new(), vectors, usage })
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    /// Titan's.
    embedding: Option<Vector>,
    input_text_token_count: Option<u64>,
    /// Cohere's and Nova's.
    embeddings: Option<Vectors>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vectors {
    /// Cohere's, where no types were asked for.
    Plain(Vec<Vector>),
    /// Cohere's, by type.
    Typed { float: Vec<Vector> },
    /// Nova's.
    Told(Vec<Told>),
}

#[derive(Deserialize)]
struct Told {
    embedding: Vector,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::EmbedInput,
        dialect::{Platform, Quirks},
    };
    use proptest::prelude::*;

    const TITAN: &str = "amazon.titan-embed-text-v2:0";

    fn write(model: &str, request: &EmbedRequest) -> Result<(Value, String), Unfit> {
        let goal = Goal { model, platform: Platform::Direct, max_tokens: 0, quirks: Quirks::default() };
        let mut loss = Loss::default();
        Ok((write_embed(request, &goal, &mut loss)?.into(), loss.join()))
    }

    fn ask(texts: &[&str], dimensions: Option<u64>) -> EmbedRequest {
        let inputs = texts.iter().map(|text| EmbedInput::Text((*text).into())).collect();
        EmbedRequest { inputs, dimensions, ..EmbedRequest::default() }
    }

    fn body(model: &str, dimensions: Option<u64>) -> (Value, String) {
        write(model, &ask(&["a"], dimensions)).unwrap()
    }

    #[test]
    fn every_maker_is_asked_in_his_own_words() {
        let whole = |body: Value| (body, String::new());
        assert_eq!(body(TITAN, Some(256)), whole(json!({"inputText": "a", "dimensions": 256})));
        let first = (json!({"inputText": "a"}), "dimensions".to_owned());
        assert_eq!(body("amazon.titan-embed-text-v1", Some(256)), first);
        let image = json!({"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 256}});
        assert_eq!(body("amazon.titan-embed-image-v1", Some(256)), whole(image));
        let nova = json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX", "text": {"truncationMode": "NONE", "value": "a"}, "embeddingDimension": 256}});
        assert_eq!(body("amazon.nova-2-multimodal-embeddings-v1:0", Some(256)), whole(nova));
        let cohere = json!({"texts": ["a"], "input_type": "search_document"});
        assert_eq!(body("cohere.embed-english-v3", None), whole(cohere));
        let request = EmbedRequest {
            extra: Map::from_iter([
                ("input_type".to_owned(), "search_query".into()),
                ("truncate".to_owned(), "END".into()),
                ("task".to_owned(), "x".into()),
            ]),
            ..ask(&["a", "b"], Some(512))
        };
        let want = json!({"texts": ["a", "b"], "input_type": "search_query", "truncate": "END", "output_dimension": 512});
        assert_eq!(write("us.cohere.embed-v4:0", &request), Ok((want, "task".into())));
    }

    #[test]
    fn what_can_not_be_embedded_is_refused() {
        assert_eq!(write(TITAN, &ask(&["a", "b"], None)).unwrap_err().at, "input");
        let tokens = EmbedRequest { inputs: vec![EmbedInput::Tokens(vec![1])], ..EmbedRequest::default() };
        assert_eq!(write(TITAN, &tokens).unwrap_err().at, "input[0]");
        assert_eq!(write("meta.llama3", &ask(&["a"], None)).unwrap_err().at, "model");
    }

    #[test]
    fn every_makers_vectors_are_read() {
        let read = |body: Value| {
            let answer = read_embed(body.to_string().as_bytes()).unwrap();
            (serde_json::to_value(answer.vectors).unwrap(), answer.usage.map(|usage| usage.input))
        };
        let titan = json!({"embedding": [0.5, -1], "inputTextTokenCount": 3, "embeddingsByType": {"float": [0.5, -1]}});
        assert_eq!(read(titan), (json!([[0.5, -1]]), Some(3)));
        let plain = json!({"embeddings": [[0.5], [1.5]], "id": "x", "response_type": "embeddings_floats", "texts": ["a", "b"]});
        assert_eq!(read(plain), (json!([[0.5], [1.5]]), None));
        let typed = json!({"embeddings": {"float": [[0.5]]}, "response_type": "embeddings_by_type"});
        assert_eq!(read(typed), (json!([[0.5]]), None));
        let nova = json!({"embeddings": [{"embeddingType": "TEXT", "embedding": [0.5]}]});
        assert_eq!(read(nova), (json!([[0.5]]), None));
    }

    #[test]
    fn what_is_no_vector_is_a_fault() {
        let fault = |body: &str| read_embed(body.as_bytes()).unwrap_err();
        assert_eq!(fault("").kind, Kind::EmptyAnswer);
        assert_eq!(fault(r#"{"embedding":[]}"#).kind, Kind::EmptyAnswer);
        assert_eq!(fault(r#"{"embedding":[0.5,"#).kind, Kind::Truncated);
        assert_eq!(fault(r#"{"embedding":null,"message":"no"}"#).message, "no");
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            drop(read_embed(&bytes));
        }
    }
}
