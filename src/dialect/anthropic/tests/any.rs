//! Requests, deltas and JSON of any kind, to test with.

use super::{
    object,
    told::{argues, opens},
};
use crate::chat::{Citation, Delta, Finish, Maker, Signature, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) fn delta() -> impl Strategy<Value = Delta> {
    let choice = 0;
    prop_oneof![
        Just(Delta::Text { choice, text: "t".into() }),
        Just(Delta::Text { choice: 1, text: "other".into() }),
        Just(Delta::Refusal { choice, text: "r".into() }),
        Just(Delta::Reasoning { choice, text: "h".into() }),
        Just(Delta::Citation { choice, citation: Citation { document: Some(0), ..Default::default() } }),
        (0..3usize, prop_oneof![Just("k"), Just("redacted:k")]).prop_map(|(maker, token)| Delta::Signature {
            choice: 0,
            signature: Signature { maker: Maker::ALL[maker], token: token.into() },
        }),
        (0..3u32).prop_map(opens),
        (0..3u32, prop_oneof![Just("{"), Just("}"), Just("\"a\":1"), Just("{}")])
            .prop_map(|(i, text)| argues(i, text)),
        Just(Delta::Finish { choice, finish: Finish::Length }),
        Just(Delta::Usage(Usage::default())),
    ]
}

fn ephemeral() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![4 => Just(None), 1 => Just(Some(json!({"type": "ephemeral", "ttl": "1h"})))]
}

fn marked(mut block: Value, cache: Option<Value>) -> Value {
    if let Some(cache) = cache {
        block["cache_control"] = cache;
    }
    block
}

fn text() -> impl Strategy<Value = Value> {
    ("[a-zé\\n]{0,5}x", ephemeral())
        .prop_map(|(text, cache)| marked(json!({"type": "text", "text": text}), cache))
}

fn medium() -> impl Strategy<Value = Value> {
    let base64 = |kind: &str| json!({"type": "base64", "media_type": kind, "data": "AAAA"});
    let source = prop_oneof![
        Just(("image", base64("image/png"))),
        Just(("image", json!({"type": "url", "url": "https://a.b/c.png"}))),
        Just(("image", json!({"type": "file", "file_id": "f"}))),
        Just(("document", base64("application/pdf"))),
        Just(("document", json!({"type": "text", "media_type": "text/plain", "data": "d"}))),
        Just(("document", json!({"type": "url", "url": "https://a.b/c.pdf"}))),
    ];
    (source, ephemeral())
        .prop_map(|((kind, source), cache)| marked(json!({"type": kind, "source": source}), cache))
}

pub(super) fn user() -> impl Strategy<Value = Vec<Value>> {
    let inner = proptest::collection::vec(prop_oneof![text(), medium()], 0..3);
    let result = ("[a-z]{1,4}", inner, any::<bool>(), ephemeral()).prop_map(|(id, content, error, cache)| {
        let mut block = json!({"type": "tool_result", "tool_use_id": id, "content": content});
        if error {
            block["is_error"] = true.into();
        }
        marked(block, cache)
    });
    let said = proptest::collection::vec(prop_oneof![text(), medium()], 1..3);
    (proptest::collection::vec(result, 0..3), said).prop_map(|(results, said)| [results, said].concat())
}

pub(super) fn assistant() -> impl Strategy<Value = Vec<Value>> {
    let block = prop_oneof![
        text(),
        Just(json!({"type": "thinking", "thinking": "hm", "signature": "EqQB"})),
        Just(json!({"type": "thinking", "thinking": "", "signature": "EqQB"})),
        Just(json!({"type": "redacted_thinking", "data": "EmwK"})),
        ("[a-z]{1,4}", ephemeral()).prop_map(|(id, cache)| {
            marked(
                json!({"type": "tool_use", "id": id, "name": "look", "input": {"b": [1, 2.5], "a": null}}),
                cache,
            )
        }),
    ];
    proptest::collection::vec(block, 1..4)
}

pub(super) fn settings() -> impl Strategy<Value = Value> {
    let pick = |values: Vec<Value>| proptest::sample::select(values);
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}});
    let tool = json!({"name": "look", "description": "Looks.", "input_schema": schema, "strict": true,
        "cache_control": {"type": "ephemeral"}});
    (
        pick(vec![json!({}), json!({"temperature": 0.5}), json!({"top_p": 0.9}), json!({"top_k": 5})]),
        pick(vec![
            json!({}),
            json!({"thinking": {"type": "disabled"}}),
            json!({"thinking": {"type": "adaptive"}}),
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}),
            json!({"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}}}),
        ]),
        pick(vec![
            json!({}),
            json!({"tools": [tool]}),
            json!({"tools": [tool, {"type": "web_search_20250305", "name": "web_search"}],
                "tool_choice": {"type": "auto", "disable_parallel_tool_use": true}}),
            json!({"tools": [tool], "tool_choice": {"type": "none"}}),
        ]),
        pick(vec![
            json!({}),
            json!({"system": [{"type": "text", "text": "s"}]}),
            json!({"stop_sequences": ["END"], "metadata": {"user_id": "u"}, "stream": true}),
            json!({"service_tier": "standard_only", "container": "c"}),
        ]),
    )
        .prop_map(|(mut sampling, thinking, tools, rest)| {
            if thinking["thinking"]["type"] == "adaptive" {
                sampling = json!({});
            }
            let all = [sampling, thinking, tools, rest].into_iter().flat_map(object);
            Value::Object(all.collect())
        })
}

const WORDS: [&str; 40] = [
    "type",
    "messages",
    "role",
    "user",
    "assistant",
    "content",
    "text",
    "tool_use",
    "tool_result",
    "input",
    "id",
    "name",
    "source",
    "base64",
    "data",
    "max_tokens",
    "thinking",
    "signature",
    "index",
    "delta",
    "content_block",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_start",
    "message",
    "message_delta",
    "usage",
    "stop_reason",
    "error",
    "input_json_delta",
    "partial_json",
    "citations",
    "tools",
    "tool_choice",
    "system",
    "output_config",
    "format",
    "redacted_thinking",
    "enabled",
];

/// JSON of the dialect's own words in any order.
pub(super) fn json() -> impl Strategy<Value = Value> {
    let word = proptest::sample::select(WORDS.to_vec());
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((word.clone(), inner), 0..6).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}
