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
    #[serde(alias = "input_tokens_details", alias = "input_token_details")]
    prompt_tokens_details: Option<Details>,
    #[serde(alias = "output_tokens_details", alias = "output_token_details")]
    completion_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "lenient")]
    cached_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    cache_write_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    reasoning_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    audio_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    image_tokens: u64,
}

/// A figure that some providers send as `null` or as a float.
fn lenient<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    Ok(Option::<serde_json::Number>::deserialize(reader)?.and_then(|n| n.as_u64()).unwrap_or(0))
}

impl From<Figures> for Usage {
    fn from(figures: Figures) -> Self {
        let input = figures.prompt_tokens_details.unwrap_or_default();
        let output = figures.completion_tokens_details.unwrap_or_default();
        Self {
            input: figures.prompt_tokens,
            output: figures.completion_tokens,
            cached: input.cached_tokens,
            cache_write: input.cache_write_tokens,
            cache_write_1h: 0,
            audio_input: input.audio_tokens,
            image_input: input.image_tokens,
            reasoning: output.reasoning_tokens,
            audio_output: output.audio_tokens,
            image_output: output.image_tokens,
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
        let want = Usage { input: 9, output: 3, cached: 4, reasoning: 2, ..Usage::default() };
        assert_eq!(read(chat), Ok(Some(want)));
        let responses =
            br#"{"error":null,"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},
            "output_tokens":3,"output_tokens_details":{"reasoning_tokens":2}}}"#;
        assert_eq!(read(responses), Ok(Some(want)));
        assert_eq!(read(br#"{"data":[],"usage":null}"#), Ok(None));
    }

    #[test]
    fn every_part_of_the_tokens_is_read_from_the_whole_that_it_is_in() {
        let spoken = br#"{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":60,"total_tokens":160,
            "prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":20,"audio_tokens":30,"text_tokens":40},
            "completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":45,"accepted_prediction_tokens":1}}}"#;
        let want = Usage {
            input: 100,
            output: 60,
            cached: 10,
            cache_write: 20,
            audio_input: 30,
            reasoning: 5,
            audio_output: 45,
            ..Usage::default()
        };
        assert_eq!(read(spoken), Ok(Some(want)));
        let drawn = br#"{"created":1,"data":[{"b64_json":""}],"usage":{"input_tokens":50,"output_tokens":4160,"total_tokens":4210,
            "input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"image_tokens":4160,"text_tokens":0}}}"#;
        let want = Usage { input: 50, output: 4160, image_input: 40, image_output: 4160, ..Usage::default() };
        assert_eq!(read(drawn), Ok(Some(want)));
        let heard = br#"{"text":"hm","usage":{"type":"tokens","input_tokens":14,"output_tokens":45,
            "input_token_details":{"text_tokens":10,"audio_tokens":4}}}"#;
        let want = Usage { input: 14, output: 45, audio_input: 4, ..Usage::default() };
        assert_eq!(read(heard), Ok(Some(want)));
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
