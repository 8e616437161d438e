//! Embeddings without a meaning: numbers that depend on nothing but the text.
use super::request::{Asked, Said};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::hash::{BuildHasher, Hasher};

const DIMENSIONS: usize = 16;

/// The answer to `asked`.
pub(super) fn whole(asked: &Asked<'_>) -> Value {
    let embed = |(index, said): (usize, &Said<'_>)| {
        let numbers = numbers(said, asked.dimensions.unwrap_or(DIMENSIONS));
        let embedding = if asked.base64() { base64(&numbers) } else { json!(numbers) };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let tokens = asked.prompt_tokens();
    json!({
        "object": "list",
        "data": asked.inputs().iter().enumerate().map(embed).collect::<Value>(),
        "model": asked.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    })
}

/// A vector of length 1, from hashes of the text and the position.
fn numbers(said: &Said<'_>, dimensions: usize) -> Vec<f32> {
    let mut text = String::new();
    said.write_to(&mut text);
    let number = |position: usize| {
        let mut hasher = foldhash::quality::FixedState::with_seed(0).build_hasher();
        hasher.write(text.as_bytes());
        hasher.write_usize(position);
        f32::from(u16::try_from(hasher.finish() >> 48).unwrap_or_default()) - 32767.5
    };
    let mut numbers: Vec<_> = (0..dimensions).map(number).collect();
    let length = numbers.iter().map(|n| n * n).sum::<f32>().sqrt();
    numbers.iter_mut().for_each(|n| *n /= length);
    numbers
}

fn base64(numbers: &[f32]) -> Value {
    let bytes: Vec<_> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes).into()
}
