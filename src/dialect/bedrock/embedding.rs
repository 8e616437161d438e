//! Texts to vectors, over InvokeModel: every maker's models in his own words.

use super::fault;
use crate::{
    chat::{EmbedAnswer, EmbedInput, EmbedRequest, Fault, Kind, Loss, Unfit, Usage, Vector},
    dialect::Goal,
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
    let texts = texts(request)?;
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

fn texts(request: &EmbedRequest) -> Result<Vec<&str>, Unfit> {
    let mut texts = Vec::with_capacity(request.inputs.len());
    for (at, input) in request.inputs.iter().enumerate() {
        match input {
            EmbedInput::Text(text) => texts.push(text.as_str()),
            EmbedInput::Tokens(_) => {
                return Err(Unfit::new(format!("input[{at}]"), "reads no tokens of OpenAI's; send text"));
            }
        }
    }
    Ok(texts)
}

/// Reads an answer of status 200, of whichever maker.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read_embed(body: &[u8]) -> Result<EmbedAnswer, Fault> {
    if body.trim_ascii().is_empty() {
        return Err(Fault::new(Kind::EmptyAnswer));
    }
    let answer: Wire = serde_json::from_slice(body).map_err(|error| Fault {
        message: format!("not whole JSON: {error}"),
        ..Fault::new(Kind::Truncated)
    })?;
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
