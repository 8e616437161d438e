//! A whole JSON answer: its usage, or why it is none.

use super::fault;
use crate::{
    chat::{Fault, Usage},
    dialect::whole,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read(body: &[u8]) -> Result<Option<Usage>, Fault> {
    let whole: Whole<'_> = whole::read(body)?;
    match whole.error {
        Some(error) if error.get() != "null" && whole.choices.is_none() => Err(fault::of_event(error.get())),
        _ => Ok(whole.usage.map(Usage::from)),
    }
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<&'a RawValue>,
    usage: Option<Figures>,
}

/// Usage as the Chat, Completions and Embeddings APIs spell it, and as the Responses and Audio APIs do.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Figures {
    #[serde(alias = "input_tokens", deserialize_with = "lenient")]
    prompt_tokens: u64,
    #[serde(alias = "output_tokens", deserialize_with = "lenient")]
    completion_tokens: u64,
    #[serde(alias = "input_tokens_details")]
    prompt_tokens_details: Option<Details>,
    #[serde(alias = "output_tokens_details")]
    completion_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "lenient")]
    cached_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    reasoning_tokens: u64,
}

/// A figure that some providers send as `null` or as a float.
fn lenient<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    Ok(Option::<serde_json::Number>::deserialize(reader)?.and_then(|n| n.as_u64()).unwrap_or(0))
}

impl From<Figures> for Usage {
    fn from(figures: Figures) -> Self {
        Self {
            input: figures.prompt_tokens,
            output: figures.completion_tokens,
            cached: figures.prompt_tokens_details.map_or(0, |d| d.cached_tokens),
            cache_write: 0,
            reasoning: figures.completion_tokens_details.map_or(0, |d| d.reasoning_tokens),
            estimated: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Kind;

    #[test]
    fn usage_is_read_in_both_spellings() {
        let chat = br#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,
            "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":null},"completion_tokens_details":{"reasoning_tokens":2}}}"#;
        let want = Usage { input: 9, output: 3, cached: 4, cache_write: 0, reasoning: 2, estimated: false };
        assert_eq!(read(chat), Ok(Some(want)));
        let responses =
            br#"{"error":null,"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},
            "output_tokens":3,"output_tokens_details":{"reasoning_tokens":2}}}"#;
        assert_eq!(read(responses), Ok(Some(want)));
        assert_eq!(read(br#"{"data":[],"usage":null}"#), Ok(None));
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        let kind = |body: &[u8]| read(body).unwrap_err().kind;
        assert_eq!(kind(b" \n"), Kind::EmptyAnswer);
        assert_eq!(kind(br#"{"choices":[{"mess"#), Kind::Truncated);
        assert_eq!(kind(br#"{"error":{"message":"no","code":429}}"#), Kind::RateLimited);
        assert_eq!(kind(br#"{"error":"no"}"#), Kind::StreamError);
    }
}
