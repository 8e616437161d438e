//! What the tests of several dialects need.

use super::{Goal, Platform, Quirks};
use crate::chat::{Content, Message, Part, Reasoning, Role, Signature, ToolCall};
use proptest::prelude::*;

/// A model at its maker's.
pub(super) fn goal(model: &str) -> Goal<'_> {
    Goal { model, platform: Platform::Direct, max_tokens: 4096, quirks: Quirks::default() }
}

pub(super) fn says(role: Role, text: &str) -> Message {
    Message::new(role, vec![Part::text(text)])
}

/// A call that asks for `{"q":1}`.
pub(super) fn calls(id: &str, name: &str) -> Part {
    let arguments = r#"{"q":1}"#.into();
    Content::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments, signature: None }).into()
}

pub(super) fn thought(text: &str, signature: Option<Signature>) -> Part {
    Content::Reasoning(Reasoning { text: text.into(), signature }).into()
}

/// Text that is nearly JSON: its signs and a dialect's `words` in any order.
pub(super) fn nearly(words: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    const SIGNS: [&str; 10] = ["{", "}", "[", "]", ",", ":", "null", "-1", "1e99", "\"\""];
    let word = proptest::sample::select([SIGNS.as_slice(), words].concat());
    proptest::collection::vec(word, 0..24).prop_map(|words| words.concat())
}
