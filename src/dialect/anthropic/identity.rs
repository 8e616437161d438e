//! A client's Messages request for a Claude: its bytes are kept.

use super::{request::hosted_version, thought};
use crate::{
    dialect::{Platform, Rewrite},
    json::{Edits, Object, quoted},
};
use memchr::memmem;
use serde_json::Value;

/// Names the model, or makes the body one of its host; all else keeps its bytes. Only thoughts that Anthropic would refuse
/// (another maker's, which came from another target in the same conversation) are taken out. `betas` are those of the client's `anthropic-beta` header.
#[must_use]
pub fn rewrite(body: &Object, change: Rewrite<'_>, platform: Platform, betas: Option<&str>) -> Vec<u8> {
    let mut edits = Edits::of(body);
    change.set_params(body, &mut edits);
    match hosted_version(platform) {
        None => edits.set("model", quoted(change.model)),
        Some(version) => {
            edits.remove("model");
            edits.set("anthropic_version", quoted(version));
        }
    }
    if let Some(messages) = body.raw("messages").and_then(without_foreign_thoughts) {
        edits.set("messages", messages);
    }
    if platform == Platform::Bedrock {
        edits.remove("stream");
        // what is a header elsewhere
        let betas: Vec<&str> = betas.into_iter().flat_map(|list| list.split(',')).map(str::trim).collect();
        if !betas.is_empty() {
            edits.set("anthropic_beta", Value::from(betas).to_string());
        }
    }
    edits.apply()
}

/// The messages anew, where any of their thoughts is not Anthropic's.
fn without_foreign_thoughts(raw: &str) -> Option<String> {
    // all of them have this word in them, and most conversations do not
    memmem::find(raw.as_bytes(), b"thinking\"")?;
    let mut messages: Vec<Value> = serde_json::from_str(raw).ok()?;
    let mut changed = false;
    for message in &mut messages {
        let Some(Value::Array(blocks)) = message.get_mut("content") else { continue };
        let before = blocks.len();
        blocks.retain(thought::is_known);
        changed |= blocks.len() < before;
    }
    // a message that was nothing else says nothing
    messages.retain(|message| message.get("content") != Some(&Value::Array(Vec::new())));
    changed.then(|| Value::Array(messages).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Quirks;
    use bytes::Bytes;
    use serde_json::Map;

    fn rewritten(body: &str, platform: Platform) -> String {
        let object = Object::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let none = Map::new();
        let (model, quirks) = ("claude-opus-5", Quirks::default());
        let change = Rewrite { model, defaults: &none, overrides: &none, usage: false, quirks };
        String::from_utf8(rewrite(&object, change, platform, Some("a-1, b-2"))).unwrap()
    }

    #[test]
    fn each_platform_gets_its_own_frame_around_the_same_bytes() {
        let body = r#"{"model":"smart", "stream":true, "max_tokens":1e3, "messages":[]}"#;
        assert_eq!(rewritten(body, Platform::Direct), body.replace("smart", "claude-opus-5"));
        assert_eq!(
            rewritten(body, Platform::Vertex),
            r#"{ "stream":true, "max_tokens":1e3, "messages":[],"anthropic_version":"vertex-2023-10-16"}"#
        );
        assert_eq!(
            rewritten(body, Platform::Bedrock),
            r#"{ "max_tokens":1e3, "messages":[],"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-1","b-2"]}"#
        );
    }

    #[test]
    fn only_foreign_thoughts_are_taken_out() {
        let own = r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"h\u0061","signature":"Eq=="},{"type":"redacted_thinking","data":"Em=="}]}]}"#;
        assert_eq!(rewritten(own, Platform::Direct), own.replace("\"m\"", "\"claude-opus-5\""));
        let foreign = r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""},{"type":"redacted_thinking","data":"call:google:k"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"openai:k"}]}]}"#;
        assert_eq!(
            rewritten(foreign, Platform::Direct),
            r#"{"model":"claude-opus-5","messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]}]}"#
        );
    }
}
