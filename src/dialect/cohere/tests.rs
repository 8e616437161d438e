//! What Cohere gets and gives.

use super::{StreamReader, read_answer, read_embed, read_fault, write_request};
use crate::{
    chat::{
        Citation, Content, Delta, Effort, Finish, Format, Kind, Loss, Maker, Media, Message, Part, Request,
        Role, Sampling, Signature, Source, Thinking, Tool, ToolChoice, ToolResult, Unfit, Usage,
    },
    dialect::{
        Event, Reader,
        testing::{calls, goal, nearly, says, thought},
    },
    sse::events,
};
use proptest::prelude::*;
use serde_json::{Number, Value, json};

fn written(request: &Request) -> (Value, String) {
    let mut loss = Loss::default();
    let body = write_request(request, &goal("command-a-reasoning-08-2025"), &mut loss).unwrap();
    (Value::Object(body), loss.join())
}

fn messages(messages: Vec<Message>) -> (Value, String) {
    let (body, loss) = written(&Request { messages, ..Request::default() });
    (body["messages"].clone(), loss)
}

fn unfit(part: Part) -> Unfit {
    let request = Request { messages: vec![Message::new(Role::User, vec![part])], ..Request::default() };
    write_request(&request, &goal("m"), &mut Loss::default()).unwrap_err()
}

fn tool(name: &str, strict: bool) -> Tool {
    let parameters = Some(json!({"type": "object", "properties": {"q": {"type": "integer"}}}));
    Tool::Function { name: name.into(), description: None, parameters, strict: Some(strict), cache: None }
}

fn number(value: f64) -> Option<Number> {
    Number::from_f64(value)
}

#[test]
fn fields_have_coheres_names() {
    let request = Request {
        messages: vec![says(Role::User, "hi")],
        max_tokens: Some(9),
        stream: true,
        stop: vec!["end".into()],
        sampling: Sampling {
            temperature: number(0.5),
            top_p: number(0.9),
            top_k: Some(3),
            seed: Some(7),
            n: Some(1),
            frequency_penalty: number(0.0),
            presence_penalty: number(0.5),
            logprobs: Some(true),
            ..Sampling::default()
        },
        ..Request::default()
    };
    let (body, loss) = written(&request);
    let want = json!({
        "model": "command-a-reasoning-08-2025",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": true, "max_tokens": 9, "temperature": 0.5, "p": 0.9, "presence_penalty": 0.5, "k": 3, "seed": 7,
        "logprobs": true, "stop_sequences": ["end"],
    });
    assert_eq!((body, loss.as_str()), (want, ""));
}

#[test]
fn what_lies_beyond_coheres_bounds_is_clamped_and_reported() {
    let request = Request {
        stop: ["a", "b", "c", "d", "e", "f"].map(String::from).to_vec(),
        sampling: Sampling {
            temperature: number(1.7),
            top_p: number(1.0),
            top_k: Some(501),
            seed: Some(-7),
            n: Some(2),
            frequency_penalty: number(-2.0),
            presence_penalty: number(1.5),
            top_logprobs: Some(3),
            ..Sampling::default()
        },
        ..Request::default()
    };
    let (body, loss) = written(&request);
    assert_eq!(loss, "temperature,top_p,frequency_penalty,presence_penalty,top_k,seed,top_logprobs,n,stop");
    assert_eq!((&body["temperature"], &body["p"], &body["k"]), (&json!(1.0), &json!(0.99), &json!(500)));
    assert_eq!((body.get("frequency_penalty"), &body["presence_penalty"]), (None, &json!(1.0)));
    assert_eq!((body.get("seed"), body["stop_sequences"].as_array().unwrap().len()), (None, 5));
}

#[test]
fn what_cohere_has_no_word_for_is_reported() {
    let mut request = Request {
        messages: vec![Message { name: Some("ann".into()), ..says(Role::User, "hi") }],
        tools: vec![Tool::Foreign(json!({"type": "computer"}))],
        parallel_tool_calls: Some(false),
        user: Some("u".into()),
        unread: vec!["messages.audio".into()],
        ..Request::default()
    };
    let extra = json!({
        "verbosity": "low", "store": false, "stream_options": {}, "service_tier": "default", "top_a": null,
        "safety_mode": "STRICT", "documents": ["a"],
    });
    request.extra = extra.as_object().unwrap().clone();
    let (body, loss) = written(&request);
    assert_eq!(loss, "tools.computer,messages.name,parallel_tool_calls,user,verbosity,messages.audio");
    assert_eq!((&body["safety_mode"], &body["documents"]), (&json!("STRICT"), &json!(["a"])));
    for absent in ["tools", "store", "stream_options", "service_tier", "top_a"] {
        assert_eq!(body.get(absent), None, "{absent}");
    }
}

#[test]
fn one_tool_that_must_be_called_is_the_only_one_offered() {
    let chosen = |choice| {
        let tools = vec![tool("f", true), tool("g", true)];
        let (body, loss) = written(&Request { tools, tool_choice: Some(choice), ..Request::default() });
        assert_eq!((loss.as_str(), &body["strict_tools"]), ("", &json!(true)));
        (body["tools"].as_array().unwrap().len(), body.get("tool_choice").cloned())
    };
    assert_eq!(chosen(ToolChoice::Auto), (2, None));
    assert_eq!(chosen(ToolChoice::None), (2, Some("NONE".into())));
    assert_eq!(chosen(ToolChoice::Required), (2, Some("REQUIRED".into())));
    assert_eq!(chosen(ToolChoice::Named("g".into())), (1, Some("REQUIRED".into())));
    let request = Request { tool_choice: Some(ToolChoice::Named("h".into())), ..Request::default() };
    assert_eq!(write_request(&request, &goal("m"), &mut Loss::default()).unwrap_err().at, "tool_choice");
}

#[test]
fn tools_are_strict_together_or_not_at_all() {
    let (body, loss) =
        written(&Request { tools: vec![tool("f", true), tool("g", false)], ..Request::default() });
    assert_eq!((body.get("strict_tools"), loss.as_str()), (None, "tools.strict"));
    let (body, loss) = written(&Request { tools: vec![tool("g", false)], ..Request::default() });
    assert_eq!((body.get("strict_tools"), loss.as_str()), (None, ""));
}

#[test]
fn a_format_binds_the_model_unless_tools_are_offered() {
    let schema = json!({"type": "object", "required": ["a"]});
    let format = Format::Schema { name: None, description: Some("d".into()), schema, strict: Some(true) };
    let mut request = Request { format: Some(format), ..Request::default() };
    let (body, loss) = written(&request);
    let schema = json!({"type": "object", "required": ["a"], "description": "d"});
    assert_eq!(body["response_format"], json!({"type": "json_object", "json_schema": schema}));
    assert_eq!(loss, "");
    request.tools.push(tool("f", false));
    let (body, loss) = written(&request);
    assert_eq!((body.get("response_format"), loss.as_str()), (None, "response_format"));
    let plea = body["messages"][0]["content"].as_str().unwrap();
    assert!(plea.ends_with(r#"{"type":"object","required":["a"],"description":"d"}"#), "{plea}");
}

#[test]
fn thinking_is_a_budget() {
    let thinks = |model: &str, thinking| {
        let mut loss = Loss::default();
        let request = Request { thinking: Some(thinking), ..Request::default() };
        let body = write_request(&request, &goal(model), &mut loss).unwrap();
        (body.get("thinking").cloned(), loss.join())
    };
    let enabled = |tokens: u64| Some(json!({"type": "enabled", "token_budget": tokens}));
    let (model, dull) = ("command-a-reasoning-08-2025", "command-r-08-2024");
    assert_eq!(thinks(model, Thinking::Off).0, Some(json!({"type": "disabled"})));
    assert_eq!(thinks(model, Thinking::Adaptive(None)).0, None);
    assert_eq!(thinks(model, Thinking::Effort(Effort::Medium)).0, enabled(8192));
    assert_eq!(thinks(model, Thinking::Budget(500)), (enabled(500), String::new()));
    assert_eq!(thinks(dull, Thinking::Off), (None, String::new()));
    assert_eq!(thinks(dull, Thinking::Budget(500)), (None, "reasoning".into()));
}

#[test]
fn a_conversation_with_tools_is_written() {
    let result = ToolResult {
        id: "c1".into(),
        parts: vec![
            Part::text("12"),
            Content::Image(Media::new(Source::Url("https://x/a.png".into()))).into(),
            Part::text("degrees"),
        ],
        is_error: true,
    };
    let signed = Some(Signature { maker: Maker::Google, token: "t".into() });
    let (sent, loss) = messages(vec![
        says(Role::User, "go"),
        Message::new(
            Role::Assistant,
            vec![thought("hm", None), thought("abroad", signed), Part::text("I look."), calls("c1", "f")],
        ),
        Message::new(Role::User, vec![Part::text("and?"), Content::ToolResult(result).into()]),
        says(Role::Developer, "be brief"),
        says(Role::System, "be kind"),
        Message::new(Role::Assistant, vec![]),
        says(Role::Assistant, "12"),
    ]);
    let want = json!([
        {"role": "system", "content": [{"type": "text", "text": "be brief"}, {"type": "text", "text": "be kind"}]},
        {"role": "user", "content": "go"},
        {"role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"q\":1}"}}],
            "tool_plan": "I look.", "content": [{"type": "thinking", "thinking": "hm"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "12\ndegrees"},
        {"role": "user", "content": [{"type": "text", "text": "and?"}, {"type": "image_url", "image_url": {"url": "https://x/a.png"}}]},
        {"role": "assistant", "content": "12"},
    ]);
    assert_eq!((sent, loss.as_str()), (want, "messages.reasoning,messages.is_error"));
}

#[test]
fn only_texts_and_pictures_fit() {
    let base64 = |media_type: &str| Source::Base64 { media_type: media_type.into(), data: "QQ==".into() };
    let text = Media { title: Some("Notes".into()), ..Media::new(Source::Text("buy milk".into())) };
    let picture = Media { detail: Some("low".into()), ..Media::new(base64("image/png")) };
    let parts = vec![Content::Document(text).into(), Content::Image(picture).into()];
    let (sent, _) = messages(vec![Message::new(Role::User, parts)]);
    let want = json!([
        {"type": "text", "text": "Notes\n\nbuy milk"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ==", "detail": "low"}},
    ]);
    assert_eq!(sent[0]["content"], want);
    let pdf = unfit(Content::Document(Media::new(base64("application/pdf"))).into());
    assert_eq!(
        (pdf.at.as_str(), pdf.why.as_str()),
        ("messages[0].content[0]", "takes documents as plain text alone")
    );
    assert_eq!(unfit(Content::Audio(Media::new(base64("audio/wav"))).into()).why, "takes no audio");
}

#[test]
fn a_whole_answer_is_read() {
    let body = json!({
        "id": "c14c", "finish_reason": "COMPLETE",
        "message": {"role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "It is 24."}],
            "citations": [
                {"start": 6, "end": 8, "text": "24", "sources": [{"type": "tool", "id": "f_1:0", "tool_output": {"t": "24"}}], "type": "TEXT_CONTENT"},
                {"start": 6, "end": 8, "text": "24", "sources": [{"type": "document", "id": "doc:1", "document": {"id": "doc:1", "title": "Weather", "url": "https://w"}}]},
                {"start": 0, "end": 1, "text": "h", "sources": [{"type": "document", "id": "doc:1"}], "type": "THINKING_CONTENT"},
            ]},
        "usage": {"billed_units": {"input_tokens": 87.0, "output_tokens": 19.0}, "tokens": {"input_tokens": 1061.0, "output_tokens": 85}, "cached_tokens": 32.0},
        "logprobs": [{"text": "It", "token_ids": [1], "logprobs": [-0.5]}, {"text": " is", "token_ids": [2, 3], "logprobs": [-0.25, -0.5]}],
    });
    let answer = read_answer(body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.usage, Some(Usage { input: 1061, output: 85, cached: 32, ..Usage::default() }));
    let choice = &answer.choices[0];
    let citation = Citation {
        url: Some("https://w".into()),
        title: Some("Weather".into()),
        document: Some(1),
        span: Some((6, 8)),
        ..Citation::default()
    };
    let text = Content::Text { text: "It is 24.".into(), citations: vec![citation] };
    assert_eq!(choice.parts, vec![thought("hm", None), text.into()]);
    let token = |text: &str, logprob: f64| json!({"token": text, "logprob": logprob, "bytes": text.as_bytes(), "top_logprobs": []});
    assert_eq!(
        choice.logprobs,
        Some(json!({"content": [token("It", -0.5), token(" is", -0.75)], "refusal": null}))
    );
    assert_eq!((answer.id.as_str(), &choice.finish), ("c14c", &Finish::Stop));
}

#[test]
fn a_plan_and_its_calls_are_read() {
    let body = json!({
        "id": "x", "finish_reason": "TOOL_CALL",
        "message": {"role": "assistant", "tool_plan": "I look.",
            "tool_calls": [{"id": "f_1", "type": "function", "function": {"name": "f", "arguments": "{\"q\":1}"}}]},
        "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 4}},
    });
    let answer = read_answer(body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.choices[0].parts, vec![Part::text("I look."), calls("f_1", "f")]);
    assert_eq!(answer.choices[0].finish, Finish::ToolCalls);
    assert_eq!(answer.usage, Some(Usage { input: 3, output: 4, ..Usage::default() }));
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let kind = |body: &str| read_answer(body.as_bytes()).unwrap_err().kind;
    assert_eq!(kind(" "), Kind::EmptyAnswer);
    assert_eq!(kind("{}"), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"message":{"content":[]}}"#), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"message":{"con"#), Kind::Truncated);
    assert_eq!(kind(r#"{"message":{"content":[]},"finish_reason":"ERROR"}"#), Kind::StreamError);
    assert_eq!(kind(r#"{"message":{"content":[]},"finish_reason":"TIMEOUT"}"#), Kind::Timeout);
    assert_eq!(kind(r#"{"message":"internal"}"#), Kind::StreamError);
}

#[test]
fn errors_are_told_apart() {
    let kind =
        |status, message: &str| read_fault(status, json!({"message": message}).to_string().as_bytes()).kind;
    let long = "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.";
    assert_eq!(kind(400, long), Kind::ContextLength);
    let most = "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 8192.";
    assert_eq!(kind(400, most), Kind::BadRequest);
    assert_eq!(
        kind(402, "Please add or update your payment method at https://dashboard.cohere.com"),
        Kind::QuotaExhausted
    );
    assert_eq!(
        kind(429, "You are using a Trial key, which is limited to 1000 API calls / month."),
        Kind::QuotaExhausted
    );
    assert_eq!(
        kind(429, "You are using a Trial key, which is limited to 40 API calls / minute."),
        Kind::RateLimited
    );
    assert_eq!(kind(404, "model 'x' not found"), Kind::NotFound);
    assert_eq!(kind(498, "blocked"), Kind::ContentFilter);
    assert_eq!(kind(499, "request cancelled"), Kind::Client);
    assert_eq!(read_fault(503, b"<html>").kind, Kind::Server);
    let key = read_fault(401, br#"{"message":"invalid api token abc"}"#);
    assert_eq!((key.kind, key.status, key.message.as_str()), (Kind::Auth, Some(401), ""));
    let long = json!({"message": "é".repeat(1000)}).to_string();
    assert_eq!(read_fault(500, long.as_bytes()).message.chars().count(), 300);
}

fn streamed(stream: &str) -> Vec<Delta> {
    let (mut reader, mut out) = (StreamReader::default(), Vec::new());
    for event in events(stream.as_bytes()) {
        if let Some(data) = &event.data {
            let name = std::str::from_utf8(event.name).unwrap();
            reader.read(Event { name, data }, &mut out);
        }
    }
    out
}

fn stream(data: &[Value]) -> String {
    data.iter().map(|data| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())).collect()
}

#[test]
fn a_stream_of_thoughts_and_cited_words_is_read() {
    let content = |kind: &str, index: u64, content: Value| json!({"type": kind, "index": index, "delta": {"message": {"content": content}}});
    let got = streamed(&stream(&[
        json!({"type": "message-start", "id": "e8f9", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}}),
        content("content-start", 0, json!({"type": "thinking", "thinking": ""})),
        content("content-delta", 0, json!({"thinking": "hm"})),
        json!({"type": "content-end", "index": 0}),
        content("content-start", 1, json!({"type": "text", "text": ""})),
        content("content-delta", 1, json!({"text": "It is"})),
        json!({"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 2, "text": "It", "sources": [{"type": "document", "id": "doc:0", "document": {}}], "type": "TEXT_CONTENT"}}}}),
        json!({"type": "citation-end", "index": 0}),
        json!({"type": "debug", "prompt": "p"}),
        json!({"type": "message-end", "delta": {"finish_reason": "MAX_TOKENS", "usage": {"tokens": {"input_tokens": 9.0, "output_tokens": 3.0}}}}),
    ]));
    let citation = Citation { document: Some(0), span: Some((0, 2)), ..Citation::default() };
    let want = vec![
        Delta::Start { id: "e8f9".into(), model: String::new() },
        Delta::Reasoning { choice: 0, text: "hm".into() },
        Delta::Text { choice: 0, text: "It is".into() },
        Delta::Citation { choice: 0, citation },
        Delta::Finish { choice: 0, finish: Finish::Length },
        Delta::Usage(Usage { input: 9, output: 3, ..Usage::default() }),
        Delta::Done,
    ];
    assert_eq!(got, want);
}

#[test]
fn a_stream_of_a_plan_and_two_calls_is_read() {
    let start = |index: u64, id: &str| json!({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": {"id": id, "type": "function", "function": {"name": "f", "arguments": ""}}}}});
    let piece = |index: u64, text: &str| json!({"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": {"function": {"arguments": text}}}}});
    let got = streamed(&stream(&[
        json!({"type": "message-start", "id": "f", "delta": {"message": {"role": "assistant"}}}),
        json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}}),
        start(0, "f_1"),
        piece(0, "{\"q\""),
        piece(0, ":1}"),
        json!({"type": "tool-call-end", "index": 0}),
        start(1, "f_2"),
        piece(1, "{}"),
        piece(7, "lost"),
        json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": null}}),
    ]));
    let call = |index, id: &str| Delta::ToolCall {
        choice: 0,
        index,
        id: id.into(),
        name: "f".into(),
        signature: None,
    };
    let more = |index, text: &str| Delta::ToolArguments { choice: 0, index, text: text.into() };
    let want = vec![
        Delta::Start { id: "f".into(), model: String::new() },
        Delta::Text { choice: 0, text: "I look.".into() },
        call(0, "f_1"),
        more(0, "{\"q\""),
        more(0, ":1}"),
        call(1, "f_2"),
        more(1, "{}"),
        Delta::Finish { choice: 0, finish: Finish::ToolCalls },
        Delta::Done,
    ];
    assert_eq!(got, want);
}

#[test]
fn a_broken_stream_is_a_fault() {
    let last = |stream: &str| match streamed(stream).pop() {
        Some(Delta::Fault(fault)) => Some((fault.kind, fault.message)),
        _ => None,
    };
    assert_eq!(last("data: {\"type\"\n\n").map(|fault| fault.0), Some(Kind::StreamError));
    assert_eq!(last("data: {\"message\":\"internal\"}\n\n"), Some((Kind::StreamError, "internal".into())));
    let end = stream(&[
        json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "out of luck"}}),
    ]);
    assert_eq!(last(&end), Some((Kind::StreamError, "out of luck".into())));
}

/// What answers of Cohere's are made of.
const WORDS: [&str; 13] = [
    r#""type""#,
    r#""delta""#,
    r#""message""#,
    r#""content""#,
    r#""index""#,
    r#""tool_calls""#,
    r#""message-end""#,
    r#""usage""#,
    r#""embeddings""#,
    r#""float""#,
    r#""citations""#,
    r#"{"type":"tool-call-start","index":18446744073709551615}"#,
    r#"{"type":"citation-start","delta":{"message":{"citations":{"sources":[1,{}]}}}}"#,
];

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(text in nearly(&WORDS), bytes in proptest::collection::vec(any::<u8>(), 0..64), status in 100u16..999) {
        let mut reader = StreamReader::default();
        for body in [text.as_bytes(), &bytes] {
            reader.read(Event { name: "message", data: body }, &mut Vec::new());
            prop_assert_eq!(read_fault(status, body).status, Some(status));
            prop_assert!(read_answer(body).is_err() || !body.is_empty());
            prop_assert!(read_embed(body).is_err() || !body.is_empty());
        }
    }
}
