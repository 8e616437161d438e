//! What a translation costs: a request of 32 KiB and a stream of a hundred words, for every dialect, in time and allocations.
#![expect(clippy::print_stdout, reason = "a bench is there to print its figures")]

use attache::{
    chat::{Loss, Request},
    dialect::{
        Client, Dialect, Endpoint, Follower, Goal, Platform, Quirks, Shape, Translator, Wire, read_request,
    },
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Map, Value, json};
use std::hint::black_box;

/// Name, dialect and a model of every target.
const TARGETS: [(&str, Dialect, &str); 6] = [
    ("openai", Dialect::Openai, "gpt-5"),
    ("anthropic", Dialect::Anthropic, "claude-sonnet-4-5"),
    ("gemini", Dialect::Gemini, "gemini-2.5-flash"),
    ("bedrock", Dialect::Bedrock, "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("mistral", Dialect::Mistral, "mistral-medium-2508"),
    ("cohere", Dialect::Cohere, "command-a-03-2025"),
];
const WORDS: usize = 100;

/// 32 KiB of conversation, as a client sends it.
fn request() -> Vec<u8> {
    let text = "All work and no play makes Jack a dull boy. ".repeat(15);
    let turns =
        (0..48).map(|i| json!({"role": if i % 2 == 0 { "user" } else { "assistant" }, "content": text}));
    let tool = json!({"type": "function", "function": {"name": "look", "description": "Looks a thing up",
        "parameters": {"type": "object", "properties": {"thing": {"type": "string"}}, "required": ["thing"]}}});
    let last = json!({"role": "user", "content": "Go on."});
    let messages: Vec<Value> = turns.chain([last]).collect();
    json!({"model": "dynamic/x", "messages": messages, "tools": [tool], "temperature": 0.5, "max_tokens": 1000})
        .to_string()
        .into_bytes()
}

fn read(body: &[u8]) -> Option<Request> {
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    read_request(Endpoint::CHAT.shape, body).ok()
}

/// From the client's bytes to the provider's.
fn translate(body: &[u8], dialect: Dialect, model: &str) -> Option<Vec<u8>> {
    let wire = Wire { dialect, platform: Platform::Direct, quirks: Quirks::default() };
    let goal = Goal { model, platform: Platform::Direct, max_tokens: 4096, quirks: Quirks::default() };
    let written = wire.write(&read(body)?, &goal, &mut Loss::default()).ok()?;
    Some(Value::Object(written).to_string().into_bytes())
}

/// A provider's stream of a hundred words, an event apiece.
fn stream(dialect: Dialect) -> Vec<Vec<u8>> {
    let named = |name: &str, data: Value| format!("event: {name}\ndata: {data}\n\n").into_bytes();
    let plain = |data: Value| format!("data: {data}\n\n").into_bytes();
    let chunk = |delta: Value, end: Value| {
        plain(json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}))
    };
    let words = |event: &dyn Fn() -> Vec<u8>| (0..WORDS).map(|_| event()).collect::<Vec<_>>();
    match dialect {
        Dialect::Anthropic => [
            vec![
                named("message_start", json!({"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 9, "output_tokens": 1}}})),
                named("content_block_start", json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
            ],
            words(&|| named("content_block_delta", json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}}))),
            vec![
                named("content_block_stop", json!({"type": "content_block_stop", "index": 0})),
                named("message_delta", json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}})),
                named("message_stop", json!({"type": "message_stop"})),
            ],
        ]
        .concat(),
        Dialect::Gemini => {
            let part = |end: Value| plain(json!({"candidates": [{"content": {"role": "model", "parts": [{"text": " word"}]}, "finishReason": end}],
                "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 100}, "modelVersion": "m", "responseId": "r"}));
            [words(&|| part(Value::Null)), vec![part("STOP".into())]].concat()
        }
        Dialect::Cohere => [
            vec![named("message-start", json!({"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}}))],
            words(&|| named("content-delta", json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": " word"}}}}))),
            vec![named("message-end", json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 9, "output_tokens": 100}}}}))],
        ]
        .concat(),
        Dialect::Openai | Dialect::AzureOpenai | Dialect::Mistral => [
            words(&|| chunk(json!({"content": " word"}), Value::Null)),
            vec![chunk(json!({}), "stop".into()), b"data: [DONE]\n\n".to_vec()],
        ]
        .concat(),
        Dialect::Bedrock => include_bytes!("../tests/cases/streams/bedrock.bin").chunks(512).map(<[u8]>::to_vec).collect(),
    }
}

/// To a client of the other kind: OpenAI's stream goes to Anthropic's client, all others to OpenAI's.
fn follow(dialect: Dialect, chunks: Vec<Vec<u8>>) -> usize {
    let shape = if dialect == Dialect::Openai { Shape::Messages } else { Shape::Choices };
    let client = Client { shape, model: "m", created: 1, shows_usage: true, request: b"{}" };
    let (framing, reader) = Wire { dialect, platform: Platform::Direct, quirks: Quirks::default() }.reader();
    let mut stream = Translator::new(framing, reader, Some(client.stream()));
    let passed: usize = chunks.into_iter().map(|chunk| stream.push(chunk).bytes.len()).sum();
    let last = stream.end().bytes.len();
    assert!(stream.fault().is_none(), "{:?}", stream.fault());
    passed + last
}

fn translations(c: &mut Criterion) {
    let body = request();
    for (name, dialect, model) in TARGETS {
        let counted = allocation_counter::measure(|| drop(black_box(translate(&body, dialect, model))));
        println!("request of {} KiB to {name}: {} allocations", body.len() >> 10, counted.count_total);
        c.bench_function(&format!("request of 32 KiB to {name}"), |b| {
            b.iter(|| translate(black_box(&body), dialect, model));
        });
        let events = stream(dialect);
        let copy = events.clone();
        let counted = allocation_counter::measure(|| {
            black_box(follow(dialect, copy));
        });
        println!("stream of {WORDS} words from {name}: {} allocations", counted.count_total);
        c.bench_function(&format!("stream of {WORDS} words from {name}"), |b| {
            b.iter_batched(
                || events.clone(),
                |events| follow(dialect, events),
                criterion::BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, translations);
criterion_main!(benches);
