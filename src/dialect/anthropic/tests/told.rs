//! Answers, whole and streamed: read from Claude, written for clients.

use crate::{
    chat::{Answer, Choice, Content, Delta, Finish, Kind, Maker, Part, Signature, ToolCall, Usage},
    dialect::{
        Event, Reader, Writer,
        anthropic::{StreamReader, StreamWriter, read_answer, write_answer},
    },
    sse::events,
};
use serde_json::{Value, json};

const STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwK"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Grüße"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"g","document_index":0,"document_title":"d","start_char_index":0,"end_char_index":0}}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"at\": "}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":89}}

event: message_stop
data: {"type":"message_stop"}

"#;

#[test]
fn an_answer_is_read_and_written_again() {
    let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "Eq"},
            {"type": "redacted_thinking", "data": "Em"},
            {"type": "text", "text": "Here."},
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1}}],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100,
            "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}});
    let answer = read_answer(body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.usage.map(|usage| (usage.input, usage.reasoning)), Some((123, 4)));
    assert_eq!(Value::Object(write_answer(&answer)), body);
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let kind = |body: &str| read_answer(body.as_bytes()).unwrap_err().kind;
    assert_eq!(kind(" "), Kind::EmptyAnswer);
    assert_eq!(kind("{}"), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"content":[{"ty"#), Kind::Truncated);
    assert_eq!(
        kind(r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#),
        Kind::Overloaded
    );
    let refusal = read_answer(
        br#"{"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"no"}}"#,
    );
    assert_eq!(refusal.unwrap().choices[0].parts[0].content, Content::Refusal("no".into()));
}

#[test]
fn foreign_answers_fit_too() {
    let signature = Some(Signature { maker: Maker::Google, token: "k".into() });
    let broken = ToolCall { id: "c".into(), name: "look".into(), arguments: "{\"at".into(), signature };
    let parts =
        vec![Part::text(""), Content::Refusal("I will not".into()).into(), Content::ToolCall(broken).into()];
    let answer = Answer {
        id: "chatcmpl-1".into(),
        choices: vec![Choice { parts, finish: Finish::Stop, logprobs: None }],
        ..Answer::default()
    };
    let message = Value::Object(write_answer(&answer));
    assert_eq!(message["id"], "msg_chatcmpl-1");
    assert_eq!(message["stop_reason"], "refusal");
    assert_eq!(
        message["content"],
        json!([{"type": "text", "text": "I will not"}, {"type": "redacted_thinking", "data": "call:google:k"},
            {"type": "tool_use", "id": "c", "name": "look", "input": {"raw_arguments": "{\"at"}}])
    );
}

fn deltas(stream: &str) -> Vec<Delta> {
    let (mut reader, mut out) = (StreamReader::default(), vec![]);
    for event in events(stream.as_bytes()) {
        let name = std::str::from_utf8(event.name).unwrap();
        reader.read(Event { name, data: event.data.as_deref().unwrap() }, &mut out);
    }
    out
}

pub(super) fn told(deltas: &[Delta]) -> String {
    let (mut writer, mut out) = (StreamWriter::new("m"), vec![]);
    for delta in deltas {
        writer.write(delta, &mut out);
    }
    String::from_utf8(out).unwrap()
}

/// The message that a client puts together; panics where the events are not those of one.
pub(super) fn assembled(stream: &str) -> Value {
    let (mut message, mut open, mut ended) = (Value::Null, None, false);
    let mut json = String::new();
    for event in events(stream.as_bytes()) {
        let data: Value = serde_json::from_slice(&event.data.unwrap()).unwrap();
        assert_eq!(data["type"].as_str().unwrap().as_bytes(), event.name);
        assert!(!ended, "nothing follows message_stop");
        let at = data["index"].as_u64().map(|at| usize::try_from(at).unwrap());
        match data["type"].as_str().unwrap() {
            "message_start" => message = data["message"].clone(),
            "content_block_start" => {
                assert_eq!((open, at), (None, Some(message["content"].as_array().unwrap().len())));
                open = at;
                json.clear();
                message["content"].as_array_mut().unwrap().push(data["content_block"].clone());
            }
            "content_block_delta" => {
                assert_eq!(open, at);
                let block = &mut message["content"][at.unwrap()];
                let delta = &data["delta"];
                match delta["type"].as_str().unwrap() {
                    "input_json_delta" => json += delta["partial_json"].as_str().unwrap(),
                    "citations_delta" => block["citations"] = json!([delta["citation"]]),
                    kind => {
                        let key = kind.strip_suffix("_delta").unwrap();
                        let text = block[key].as_str().unwrap().to_owned() + delta[key].as_str().unwrap();
                        block[key] = text.into();
                    }
                }
            }
            "content_block_stop" => {
                assert_eq!(open.take(), at);
                if message["content"][at.unwrap()]["type"] == "tool_use" && !json.is_empty() {
                    let input = serde_json::from_str(&json);
                    message["content"][at.unwrap()]["input"] = input.unwrap_or_else(|_| json.clone().into());
                }
            }
            "message_delta" => {
                assert_eq!(open, None);
                message["stop_reason"] = data["delta"]["stop_reason"].clone();
                message["usage"] = data["usage"].clone();
            }
            "message_stop" => ended = true,
            "ping" => {}
            other => panic!("{other}"),
        }
    }
    assert!(ended && open.is_none());
    message
}

#[test]
fn a_stream_survives_the_way_through_the_hub() {
    assert_eq!(assembled(&told(&deltas(STREAM))), assembled(STREAM));
}

#[test]
fn a_whole_answer_and_its_stream_are_the_same() {
    let whole = assembled(STREAM);
    let answer = read_answer(whole.to_string().as_bytes()).unwrap();
    assert_eq!(assembled(&told(&answer.into_deltas())), whole);
}

#[test]
fn errors_and_broken_events_are_faults_and_what_is_new_is_skipped() {
    let out = deltas(
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
    );
    assert!(matches!(&out[..], [Delta::Fault(fault)] if fault.kind == Kind::Overloaded));
    assert_eq!(deltas("data: [DONE]\n\ndata: {\"type\":\"new_event\",\"delta\":1}\n\n"), []);
    for broken in ["data: {\n\n", "event: content_block_delta\ndata: {\"delta\":1}\n\n"] {
        assert!(matches!(&deltas(broken)[..], [Delta::Fault(fault)] if fault.kind == Kind::StreamError));
    }
    let bare = deltas(
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n",
    );
    assert!(matches!(&bare[0], Delta::Start { .. }), "a start comes first");
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let out = deltas(
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"b\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    );
    assert_eq!(out.last(), Some(&Delta::ToolArguments { choice: 0, index: 0, text: "{}".into() }));
}

pub(super) fn opens(index: u32) -> Delta {
    Delta::ToolCall { choice: 0, index, id: format!("c{index}"), name: "look".into(), signature: None }
}

pub(super) fn argues(index: u32, text: &str) -> Delta {
    Delta::ToolArguments { choice: 0, index, text: text.into() }
}

#[test]
fn interleaved_calls_are_told_one_after_the_other() {
    let told = told(&[
        Delta::Start { id: "1".into(), model: String::new() },
        opens(0),
        opens(1),
        argues(1, "{\"b\":"),
        argues(0, "{\"a\":1}"),
        argues(1, "2}"),
        opens(2),
        argues(2, "{}"),
        Delta::Finish { choice: 0, finish: Finish::Stop },
        Delta::Usage(Usage { input: 5, output: 2, ..Usage::default() }),
        Delta::Done,
    ]);
    let message = assembled(&told);
    let inputs: Vec<&Value> =
        message["content"].as_array().unwrap().iter().map(|block| &block["input"]).collect();
    assert_eq!(inputs, [&json!({"a": 1}), &json!({"b": 2}), &json!({})]);
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!((&message["model"], &message["usage"]["input_tokens"]), (&json!("m"), &json!(5)));
}

#[test]
fn a_whole_call_does_not_hold_the_next_one_back() {
    let (mut writer, mut out) = (StreamWriter::new("m"), vec![]);
    for delta in [opens(0), argues(0, "{\"a\":1}"), opens(1)] {
        writer.write(&delta, &mut out);
    }
    assert!(String::from_utf8(out).unwrap().contains("\"c1\""));
}

#[test]
fn foreign_thoughts_are_sealed_for_the_way_back() {
    let signature = |maker| Signature { maker, token: "k".into() };
    let told = told(&[
        Delta::Reasoning { choice: 0, text: "hm".into() },
        Delta::Signature { choice: 0, signature: signature(Maker::Openai) },
        Delta::Signature { choice: 0, signature: signature(Maker::Openai) },
        Delta::Signature { choice: 0, signature: signature(Maker::Anthropic) },
        Delta::ToolCall {
            choice: 0,
            index: 0,
            id: "c".into(),
            name: "look".into(),
            signature: Some(signature(Maker::Google)),
        },
        Delta::Done,
    ]);
    assert_eq!(
        assembled(&told)["content"],
        json!([{"type": "thinking", "thinking": "hm", "signature": "openai:k"},
            {"type": "redacted_thinking", "data": "openai:k"},
            {"type": "thinking", "thinking": "", "signature": "k"},
            {"type": "redacted_thinking", "data": "call:google:k"},
            {"type": "tool_use", "id": "c", "name": "look", "input": {}}])
    );
}
