//! Thoughts as Messages tells them: in words with a signature, or sealed (`redacted_thinking`).
//!
//! Signatures of other makers travel in the same blocks, under their maker's name, so that a client carries them back
//! unread. A sealed thought of Anthropic's own is a token with a mark before it. What belongs to a tool call is sealed under a mark of its own, and
//! stands before the call.

use crate::{
    chat::{Maker, Reasoning, Signature},
    dialect::claude::SEALED,
};
use serde_json::{Value, json};

const CALL: &str = "call:";
const HOME: Maker = Maker::Anthropic;

/// A sealed block, opened.
#[derive(Debug, PartialEq)]
pub(super) enum Seal {
    /// A thought.
    Thought(Signature),
    /// What belongs to the tool call that follows.
    Call(Signature),
}

/// A thought with words; its signature may be empty.
pub(super) fn read(text: &str, signature: &str) -> Reasoning {
    let signature = (!signature.is_empty()).then(|| Signature::of_text(signature, HOME));
    Reasoning { text: text.to_owned(), signature }
}

/// A thought that is all signature.
pub(super) fn wordless(signature: Signature) -> Reasoning {
    Reasoning { text: String::new(), signature: Some(signature) }
}

/// What is in a sealed block.
pub(super) fn open(data: &str) -> Seal {
    if let Some(call) = data.strip_prefix(CALL) {
        return Seal::Call(Signature::of_text(call, HOME));
    }
    let signature = Signature::of_text(data, HOME);
    Seal::Thought(match signature.maker {
        HOME => Signature { maker: HOME, token: format!("{SEALED}{data}") },
        _ => signature,
    })
}

/// What stands in a sealed block for this signature, where it is that of a thought without words.
pub(super) fn seal(signature: &Signature) -> Option<String> {
    match signature.of(HOME) {
        Some(token) => token.strip_prefix(SEALED).map(Into::into),
        None => Some(signature.to_text(HOME)),
    }
}

/// What stands in a sealed block before a tool call.
pub(super) fn seal_call(signature: &Signature) -> String {
    format!("{CALL}{}", signature.to_text(HOME))
}

/// A sealed block.
pub(super) fn sealed(data: String) -> Value {
    json!({"type": "redacted_thinking", "data": data})
}

/// The blocks of a thought.
pub(super) fn blocks(thought: &Reasoning) -> Vec<Value> {
    let worded =
        |signature: String| json!({"type": "thinking", "thinking": thought.text, "signature": signature});
    let Some(signature) = &thought.signature else { return vec![worded(String::new())] };
    match seal(signature) {
        Some(data) if thought.text.is_empty() => vec![sealed(data)],
        Some(data) if signature.maker == HOME => vec![worded(String::new()), sealed(data)],
        _ => vec![worded(signature.to_text(HOME))],
    }
}

/// Whether Anthropic would know a block of a request as its own thought; blocks that are no thoughts are always known.
pub(super) fn is_known(block: &Value) -> bool {
    let text = |key| block.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "thinking" => {
            let signature = text("signature");
            !signature.is_empty() && Signature::of_text(signature, HOME).maker == HOME
        }
        "redacted_thinking" => {
            matches!(open(text("data")), Seal::Thought(signature) if signature.maker == HOME)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thought_survives_the_way_through_its_blocks() {
        for (text, maker, token) in [
            ("hm", HOME, "EqQB"),
            ("", HOME, "EqQB"),
            ("", HOME, "redacted:EmwK"),
            ("hm", Maker::Google, "CpcB"),
            ("", Maker::Openai, "gAAA"),
        ] {
            let thought =
                Reasoning { text: text.into(), signature: Some(Signature { maker, token: token.into() }) };
            let block = blocks(&thought).remove(0);
            let back = match block["type"].as_str().unwrap() {
                "thinking" => read(block["thinking"].as_str().unwrap(), block["signature"].as_str().unwrap()),
                _ => match open(block["data"].as_str().unwrap()) {
                    Seal::Thought(signature) => wordless(signature),
                    Seal::Call(_) => panic!("no call"),
                },
            };
            assert_eq!(back, thought);
            assert_eq!(is_known(&block), maker == HOME);
        }
    }

    #[test]
    fn what_belongs_to_a_call_is_told_from_a_thought() {
        let signature = Signature { maker: Maker::Google, token: "abc=".into() };
        assert_eq!(seal_call(&signature), "call:google:abc=");
        assert_eq!(open("call:google:abc="), Seal::Call(signature));
        assert!(!is_known(&sealed("call:google:abc=".into())));
    }
}
