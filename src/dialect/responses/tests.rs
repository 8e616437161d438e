//! Answers and streams agree with each other, with what OpenAI's SDK takes (`tests/sdk/test_responses.py` judges the same
//! files), and with what comes back in the next request.

use super::*;
use crate::{
    chat::{
        Answer, Choice, Citation, Content, Delta, Finish, Maker, Message, Part, Reasoning, Role, Signature,
        ToolCall, Usage,
    },
    dialect::Writer,
    sse::events,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::{fs, path::Path};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn echo() -> Echo {
    let request = json!({
        "model": "dynamic/support",
        "instructions": "Be kind.",
        "input": "Hi",
        "temperature": 0.5,
        "max_output_tokens": 500,
        "metadata": {"team": "blue"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"verbosity": "low"},
        "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": null}],
        "tool_choice": null,
        "user": "u-1",
    });
    Echo::of(&object(request), 1_700_000_000)
}

fn signature(maker: Maker, token: &str) -> Signature {
    Signature { maker, token: token.into() }
}

fn thought(text: &str, signature: Option<Signature>) -> Part {
    Content::Reasoning(Reasoning { text: text.into(), signature }).into()
}

fn call(id: &str, arguments: &str, signature: Option<Signature>) -> Part {
    let (id, arguments) = (id.into(), arguments.into());
    Content::ToolCall(ToolCall { id, name: "weather".into(), arguments, signature }).into()
}

/// Everything that an answer can hold.
fn rich() -> Answer {
    let citation = Citation {
        url: Some("https://example.com".into()),
        title: Some("Skies".into()),
        span: Some((0, 8)),
        ..Citation::default()
    };
    let paper = Citation { title: Some("sky.pdf".into()), document: Some(1), ..Citation::default() };
    let logprob = json!({"token": "blue", "logprob": -0.1, "bytes": null, "top_logprobs": [{"token": "red", "logprob": -3.5, "bytes": [1]}]});
    let parts = vec![
        thought("The sky…", Some(signature(Maker::Anthropic, "sig"))),
        thought("", Some(signature(Maker::Anthropic, "redacted"))),
        Content::Text { text: "It is blüe.".into(), citations: vec![citation, paper] }.into(),
        Content::Refusal("No more.".into()).into(),
        call("call_1", r#"{"city":"Kiel"}"#, Some(signature(Maker::Google, "g=="))),
        call("call_2", "", None),
        Part::text("So."),
    ];
    Answer {
        id: "msg_01X".into(),
        model: "claude".into(),
        choices: vec![Choice {
            parts,
            finish: Finish::Stop,
            logprobs: Some(json!({"content": [logprob], "refusal": null})),
        }],
        usage: Some(Usage {
            input: 20,
            output: 9,
            cached: 4,
            cache_write: 2,
            reasoning: 3,
            ..Usage::default()
        }),
    }
}

fn streamed(answer: &Answer) -> String {
    let mut writer = StreamWriter::new(echo(), "");
    let mut out = Vec::new();
    for delta in answer.clone().into_deltas() {
        writer.write(&delta, &mut out);
    }
    String::from_utf8(out).unwrap()
}

fn told(stream: &str) -> Vec<Value> {
    events(stream.as_bytes())
        .map(|event| {
            let data: Value = serde_json::from_slice(&event.data.unwrap()).unwrap();
            assert_eq!(data["type"].as_str().unwrap().as_bytes(), event.name);
            data
        })
        .collect()
}

/// `UPDATE=1` writes it anew.
fn golden(name: &str, text: &str) {
    let root = Path::new(file!()).ancestors().nth(4).unwrap();
    let path = root.join("tests/cases/responses").join(name);
    if option_env!("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{}", path.display());
}

#[test]
fn answers_and_streams_are_as_they_always_were() {
    golden("stream.sse", &streamed(&rich()));
    let mut answer = serde_json::to_string_pretty(&write_answer(&rich(), &echo())).unwrap();
    answer.push('\n');
    golden("answer.json", &answer);
}

#[test]
fn every_end_has_its_status() {
    let end = |finish: Finish, part: Part| {
        let choices = vec![Choice { parts: vec![part], finish, logprobs: None }];
        let answer = Answer { choices, ..Answer::default() };
        let whole = write_answer(&answer, &echo());
        let last = told(&streamed(&answer)).pop().unwrap();
        assert_eq!(last["response"], Value::Object(whole.clone()));
        let status = whole["status"].as_str().unwrap();
        assert_eq!(last["type"], format!("response.{status}"));
        let item = whole["output"][0]["status"].as_str().unwrap();
        format!("{status} {} {item}", whole["incomplete_details"]["reason"])
    };
    assert_eq!(end(Finish::Stop, Part::text("a")), "completed null completed");
    assert_eq!(end(Finish::ToolCalls, call("c", "{}", None)), "completed null completed");
    assert_eq!(end(Finish::Length, Part::text("a")), r#"incomplete "max_output_tokens" incomplete"#);
    assert_eq!(end(Finish::ContentFilter, Part::text("a")), r#"incomplete "content_filter" incomplete"#);
    assert_eq!(end(Finish::Refusal, Part::text("a")), r#"incomplete "content_filter" incomplete"#);
    assert_eq!(end(Finish::Refusal, Content::Refusal("no".into()).into()), "completed null completed");
    assert_eq!(end(Finish::Pause, Part::text("a")), "incomplete null incomplete");
}

#[test]
fn an_answer_without_id_or_model_gets_those_of_its_request() {
    let whole = write_answer(&Answer::default(), &echo());
    assert_eq!(whole["model"], "dynamic/support");
    assert!(whole["id"].as_str().unwrap().starts_with("resp_6553f100"), "{}", whole["id"]);
    assert_eq!((&whole["tool_choice"], &whole["top_p"]), (&json!("auto"), &Value::Null));
    assert_eq!(whole["text"], json!({"format": {"type": "text"}, "verbosity": "low"}));
    let other = write_answer(&Answer::default(), &Echo::of(&object(json!({"input": "x"})), 1_700_000_000));
    assert_ne!(whole["id"], other["id"]);
}

#[test]
fn calls_may_be_told_in_turns() {
    let call = |index, id: &str| Delta::ToolCall {
        choice: 0,
        index,
        id: id.into(),
        name: "weather".into(),
        signature: None,
    };
    let more = |index, text: &str| Delta::ToolArguments { choice: 0, index, text: text.into() };
    let mut writer = StreamWriter::new(echo(), "m");
    let mut out = Vec::new();
    let deltas = [
        Delta::Start { id: "x".into(), model: String::new() },
        call(0, "a"),
        more(0, "{\"n\":"),
        call(1, "b"),
        more(1, "{\"n\":"),
        more(0, "1}"),
        more(1, "2}"),
        more(7, "lost"),
        Delta::Finish { choice: 0, finish: Finish::ToolCalls },
        Delta::Done,
    ];
    deltas.iter().for_each(|delta| writer.write(delta, &mut out));
    let events = told(std::str::from_utf8(&out).unwrap());
    let done: Vec<_> =
        events.iter().filter(|e| e["type"] == "response.function_call_arguments.done").collect();
    assert_eq!((done.len(), &done[0]["arguments"]), (2, &json!("{\"n\":1}")));
    assert_eq!((&done[1]["arguments"], &done[1]["item_id"]), (&json!("{\"n\":2}"), &json!("fc_x_1")));
}

fn any_part() -> impl Strategy<Value = Part> {
    let proof = proptest::option::of((0..3usize, "[a-zA-Z0-9+/=]{1,8}"));
    let proof = proof.prop_map(|p| p.map(|(maker, token)| Signature { maker: Maker::ALL[maker], token }));
    let citation = proptest::option::of(0..5u64).prop_map(|document| Citation {
        url: document.is_none().then(|| "https://example.com".into()),
        title: Some("t".into()),
        span: document.is_none().then_some((0, 1)),
        document,
        ..Citation::default()
    });
    prop_oneof![
        ("\\PC{1,9}", proptest::collection::vec(citation, 0..2))
            .prop_map(|(text, citations)| Content::Text { text, citations }.into()),
        "\\PC{1,9}".prop_map(|text| Content::Refusal(text).into()),
        ("\\PC{1,9}", proof.clone()).prop_map(|(text, signature)| thought(&text, signature)),
        ("[a-z]{1,5}", "[^\"]{1,9}", proof).prop_map(|(id, text, proof)| call(&id, &text, proof)),
    ]
}

/// An answer whose neighbouring parts do not flow into one, and whose spans all begin in the same text.
fn any_answer() -> impl Strategy<Value = Answer> {
    proptest::collection::vec(any_part(), 1..6).prop_map(|mut parts: Vec<Part>| {
        let mut cited = false;
        parts.dedup_by(|b, a| match (&a.content, &b.content) {
            (Content::Reasoning(a), Content::Reasoning(_)) => a.signature.is_none(),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) && !is_call(a),
        });
        for part in &mut parts {
            if let Content::Text { citations, .. } = &mut part.content {
                citations.retain(|citation| !cited || citation.url.is_none());
                cited = true;
            }
        }
        let choices = vec![Choice { parts, finish: Finish::Stop, logprobs: None }];
        Answer { id: "a".into(), model: "m".into(), choices, usage: Some(Usage::default()) }
    })
}

fn is_call(content: &Content) -> bool {
    matches!(content, Content::ToolCall(_))
}

const WORDS: [&str; 20] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "item_reference",
    "input_text",
    "input_image",
    "input_file",
    "output_text",
    "refusal",
    "user",
    "assistant",
    "auto",
    "function",
    "json_schema",
    "data:a;base64,b",
    "call:google:x",
    "url_citation",
    "none",
    "",
];

const KEYS: [&str; 17] = [
    "type",
    "role",
    "content",
    "text",
    "call_id",
    "name",
    "arguments",
    "output",
    "summary",
    "encrypted_content",
    "id",
    "annotations",
    "image_url",
    "file_data",
    "format",
    "schema",
    "effort",
];

/// JSON of the words that requests are made of.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(&WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 5, |inner| {
        let key = proptest::sample::select(&KEYS).prop_map(str::to_owned);
        let pairs = proptest::collection::vec((key, inner.clone()), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Value::from),
            pairs.prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_answer_comes_back_as_it_was(answer in any_answer()) {
        let whole = write_answer(&answer, &echo());
        let next = json!({"input": whole["output"], "model": "m"});
        let read = read_request(object(next)).unwrap();
        let parts = answer.choices[0].parts.clone();
        prop_assert_eq!(read.messages, vec![Message::new(Role::Assistant, parts)]);
        prop_assert!(read.unread.is_empty() && read.extra.is_empty());
    }

    #[test]
    fn a_stream_ends_with_the_answer_that_it_told(answer in any_answer(), cut in 1..5usize) {
        let mut writer = StreamWriter::new(echo(), "");
        let mut out = Vec::new();
        for delta in answer.clone().into_deltas().iter().flat_map(|delta| pieces(delta, cut)) {
            writer.write(&delta, &mut out);
        }
        let events = told(std::str::from_utf8(&out).unwrap());
        let last = &events.last().unwrap()["response"];
        prop_assert_eq!(last, &Value::Object(write_answer(&answer, &echo())));
        let numbers: Vec<_> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        prop_assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
        let done = events.iter().filter(|event| event["type"] == "response.output_item.done");
        prop_assert_eq!(&done.map(|event| event["item"].clone()).collect::<Vec<_>>(), last["output"].as_array().unwrap());
        prop_assert_eq!(gathered(&events), spoken(last));
    }

    #[test]
    fn no_request_panics(
        input in any_json(), text in any_json(), tools in any_json(), tool_choice in any_json(), reasoning in any_json()
    ) {
        let body = json!({
            "model": "m", "input": input, "text": text, "tools": tools, "tool_choice": tool_choice, "reasoning": reasoning,
            "include": tools, "instructions": text["text"],
        });
        let body = object(body);
        let echo = Echo::of(&body, 0);
        prop_assert!(!write_answer(&rich(), &echo).is_empty());
        if let Err(unfit) = read_request(body) {
            prop_assert!(!unfit.at.is_empty());
        }
    }
}

/// A delta in pieces of so many characters.
fn pieces(delta: &Delta, cut: usize) -> Vec<Delta> {
    let cuts = |text: &str, piece: &dyn Fn(String) -> Delta| {
        let chars: Vec<char> = text.chars().collect();
        chars.chunks(cut).map(|chunk| piece(chunk.iter().collect())).collect()
    };
    match delta.clone() {
        Delta::Text { choice, text } => cuts(&text, &|text| Delta::Text { choice, text }),
        Delta::Refusal { choice, text } => cuts(&text, &|text| Delta::Refusal { choice, text }),
        Delta::Reasoning { choice, text } => cuts(&text, &|text| Delta::Reasoning { choice, text }),
        Delta::ToolArguments { choice, index, text } => {
            cuts(&text, &|text| Delta::ToolArguments { choice, index, text })
        }
        whole => vec![whole],
    }
}

/// What the deltas of each item come to, by its index.
fn gathered(events: &[Value]) -> Vec<String> {
    let mut texts = Vec::new();
    for event in events {
        match event["type"].as_str().unwrap() {
            "response.output_item.added" => texts.push(String::new()),
            kind if kind.ends_with(".delta") => {
                let at = usize::try_from(event["output_index"].as_u64().unwrap()).unwrap();
                texts[at].push_str(event["delta"].as_str().unwrap());
            }
            _ => {}
        }
    }
    texts
}

fn spoken(response: &Value) -> Vec<String> {
    let text =
        |part: &Value| part["text"].as_str().or(part["refusal"].as_str()).unwrap_or_default().to_owned();
    let all = |parts: &Value| parts.as_array().unwrap().iter().map(text).collect::<String>();
    let item = |item: &Value| match item["type"].as_str().unwrap() {
        "function_call" => item["arguments"].as_str().unwrap().to_owned(),
        "message" => all(&item["content"]),
        _ => all(&item["summary"]),
    };
    response["output"].as_array().unwrap().iter().map(item).collect()
}
