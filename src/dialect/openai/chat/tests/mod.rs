//! Tests of the room: what is read is what is written, whole and in pieces.

mod property;

use super::*;
use crate::{
    chat::{Delta, Loss, Maker, Message},
    dialect::{Event, Goal, Platform, Quirks, Reader, Writer},
    sse::events,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn goal() -> Goal<'static> {
    Goal { model: "m", platform: Platform::Direct, max_tokens: 100, quirks: Quirks::default() }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn there_and_back(body: Value) -> (Value, String) {
    let mut loss = Loss::default();
    let request = read_request(object(body)).unwrap();
    (Value::Object(write_request(&request, &goal(), &mut loss).unwrap()), loss.join())
}

fn deltas(stream: &str) -> Vec<Delta> {
    let (mut reader, mut out) = (StreamReader::default(), vec![]);
    for event in events(stream.as_bytes()) {
        let name = std::str::from_utf8(event.name).unwrap();
        reader.read(Event { name, data: &event.data.unwrap() }, &mut out);
    }
    out
}

#[test]
fn a_request_says_the_same_there_and_back() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "developer", "content": "d"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}], "name": "ann"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"},
        ],
        "max_completion_tokens": 9,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": true}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": false,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": true}},
        "stop": ["x"], "reasoning_effort": "low", "user": "u",
        "temperature": 0.5, "seed": 1, "n": 2, "logit_bias": {"1": 2},
        "prompt_cache_key": "k", "verbosity": "low",
    });
    assert_eq!(there_and_back(body.clone()), (body, String::new()));
}

#[test]
fn what_is_no_request_says_where() {
    let at = |body: Value| read_request(object(body)).unwrap_err().at;
    assert_eq!(at(json!({})), "messages");
    assert_eq!(at(json!({"messages": [{"role": "robot"}]})), "messages[0].role");
    assert_eq!(
        at(json!({"messages": [{"role": "user", "content": [{"type": "text"}]}]})),
        "messages[0].content[0].text"
    );
    assert_eq!(at(json!({"messages": [{"role": "user", "content": 1}]})), "messages[0].content");
    let call = json!([{"id": "c", "function": {"name": "f", "arguments": "{"}}]);
    assert_eq!(
        at(json!({"messages": [{"role": "assistant", "tool_calls": call}]})),
        "messages[0].tool_calls[0].function.arguments"
    );
    assert_eq!(at(json!({"messages": [], "temperature": "hot"})), "temperature");
    assert_eq!(at(json!({"messages": [], "reasoning_effort": "huge"})), "reasoning_effort");
}

#[test]
fn pictures_of_a_tool_follow_its_text() {
    let request = read_request(object(
        json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": [
        {"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]}),
    ));
    let written = write_request(&request.unwrap(), &goal(), &mut Loss::default()).unwrap();
    let messages = written["messages"].as_array().unwrap();
    assert_eq!(messages[0], json!({"role": "tool", "tool_call_id": "c", "content": "see"}));
    assert_eq!(messages[1]["content"][0]["type"], "image_url");
}

#[test]
fn an_answer_is_the_same_whole_and_in_pieces() {
    let whole = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {
            "role": "assistant", "content": "Hi", "refusal": null,
            "reasoning_content": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": null, "format": null, "index": 0}],
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 3}}
    });
    let answer = read_answer(whole.to_string().as_bytes()).unwrap();
    assert_eq!(Value::Object(write_answer(&answer, "", 7)), whole);
    let mut stream = Vec::new();
    let mut writer = StreamWriter::new("", 7, true);
    let told = answer.into_deltas();
    told.iter().for_each(|delta| writer.write(delta, &mut stream));
    assert_eq!(deltas(std::str::from_utf8(&stream).unwrap()), told);
}

#[test]
fn proofs_are_read_whole_and_in_pieces() {
    let details = json!([
        {"type": "reasoning.text", "text": "hm", "signature": "a", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "b", "format": "azure-openai-responses-v1", "index": 1},
        {"type": "reasoning.encrypted", "data": "c", "index": 2},
    ]);
    let said = json!({"reasoning_content": "hm", "reasoning_details": details});
    let proofs = |deltas: Vec<Delta>| -> Vec<_> {
        let proof = |delta| match delta {
            Delta::Signature { signature, .. } => Some((signature.maker, signature.token)),
            _ => None,
        };
        deltas.into_iter().filter_map(proof).collect()
    };
    let whole = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": said}]});
    let chunk = json!({"choices": [{"index": 0, "finish_reason": "stop", "delta": said}]});
    let whole = proofs(read_answer(whole.to_string().as_bytes()).unwrap().into_deltas());
    let want = [(Maker::Anthropic, "a"), (Maker::Openai, "b"), (Maker::Anthropic, "c")];
    assert_eq!(whole, want.map(|(maker, token)| (maker, token.to_owned())));
    assert_eq!(proofs(deltas(&format!("data: {chunk}\n\n"))), whole);
}

#[test]
fn calls_without_ids_or_indices_are_told_apart() {
    let said = deltas(concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":3,\"function\":{\"name\":\"a\",\"arguments\":\"{}\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":7,\"id\":\"x\",\"function\":{\"name\":\"b\",\"arguments\":{\"k\":1}}}]}}]}\n\n",
    ));
    let begun: Vec<_> = said
        .iter()
        .filter_map(|delta| match delta {
            Delta::ToolCall { index, id, .. } => Some((*index, id.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(begun, [(0, "call_0_0"), (1, "x")]);
    assert!(said.contains(&Delta::ToolArguments { choice: 0, index: 1, text: "{\"k\":1}".into() }));
}

#[test]
fn a_chunk_that_is_none_is_a_fault() {
    assert!(matches!(deltas("data: {\n\n").as_slice(), [Delta::Fault(_)]));
    assert!(matches!(deltas("data: {\"error\":{\"message\":\"x\"}}\n\n").as_slice(), [Delta::Fault(_)]));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z{}\":]{0,6}".prop_map(Value::from),
    ];
    let key = proptest::sample::select(vec![
        "role",
        "content",
        "type",
        "text",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "image_url",
        "url",
        "tools",
        "messages",
        "delta",
        "choices",
        "message",
        "index",
        "usage",
    ]);
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(key.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_a_reader_panic(value in json_value()) {
        let _request = value.as_object().cloned().map(read_request);
        let _answer = read_answer(value.to_string().as_bytes());
        let _deltas = deltas(&format!("data: {value}\n\n"));
    }

    #[test]
    fn texts_survive_the_hub(texts in proptest::collection::vec("\\PC{1,12}", 1..4)) {
        let messages: Vec<Value> = texts.iter().map(|t| json!({"role": "user", "content": t})).collect();
        let body = json!({"model": "m", "messages": messages});
        prop_assert_eq!(there_and_back(body.clone()), (body, String::new()));
        let read: Vec<Message> = read_request(object(json!({"messages": messages}))).unwrap().messages;
        prop_assert_eq!(read.len(), texts.len());
    }
}
