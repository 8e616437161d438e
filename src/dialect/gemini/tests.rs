//! What goes to Gemini and what comes back, whole.

use super::{StreamReader, read_answer, read_embed, read_fault, write_request};
use crate::{
    chat::{
        Answer, Choice, Content, Delta, Finish, Format, Kind, Loss, Maker, Media, Message, Part, Reasoning,
        Request, Role, Signature, Source, Tool, ToolCall, ToolChoice, ToolResult, Unfit, Usage,
    },
    dialect::{Event, Goal, Platform, Quirks, Reader},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn goal(model: &str, platform: Platform) -> Goal<'_> {
    Goal { model, platform, max_tokens: 1000, quirks: Quirks::default() }
}

fn try_write(request: &Request, model: &str, platform: Platform) -> (Result<Value, Unfit>, String) {
    let mut loss = Loss::default();
    let body = write_request(request, &goal(model, platform), &mut loss).map(Value::Object);
    (body, loss.join())
}

/// The body for AI Studio.
fn written(request: &Request, model: &str) -> Value {
    try_write(request, model, Platform::Direct).0.unwrap()
}

fn request(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

fn says(role: Role, text: &str) -> Message {
    Message::new(role, vec![Part::text(text)])
}

fn google(token: &str) -> Option<Signature> {
    Some(Signature { maker: Maker::Google, token: token.into() })
}

fn thought(text: &str, signature: Option<Signature>) -> Part {
    Content::Reasoning(Reasoning { text: text.into(), signature }).into()
}

fn call(id: &str, name: &str, signature: Option<Signature>) -> Part {
    let arguments = r#"{"city":"Paris"}"#.into();
    Content::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments, signature }).into()
}

fn result(id: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Content::ToolResult(ToolResult { id: id.into(), parts, is_error }).into()
}

fn picture() -> Part {
    Content::Image(Media::new(Source::of_url("data:image/png;base64,AAAA"))).into()
}

/// A tool is called and answers.
fn tool_turn(signature: Option<Signature>, results: Vec<Part>) -> Request {
    request(vec![
        says(Role::User, "Weather?"),
        Message::new(Role::Assistant, vec![call("a", "weather", signature)]),
        Message::new(Role::User, results),
    ])
}

#[test]
fn instructions_go_apart_and_roles_take_turns() {
    let body = written(
        &request(vec![
            says(Role::System, "Be brief."),
            says(Role::User, "Hi"),
            says(Role::User, "there"),
            says(Role::Assistant, ""),
            says(Role::Developer, "Be kind."),
            says(Role::Assistant, "Hello."),
        ]),
        "gemini-2.5-flash",
    );
    let want = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}, {"text": "there"}]},
            {"role": "model", "parts": [{"text": "Hello."}]}
        ]
    });
    assert_eq!(body, want);
}

#[test]
fn instructions_alone_are_what_is_to_be_answered() {
    let body = written(&request(vec![says(Role::System, "Write a poem.")]), "gemini-2.5-flash");
    assert_eq!(body, json!({"contents": [{"role": "user", "parts": [{"text": "Write a poem."}]}]}));
    let (body, _) = try_write(
        &request(vec![Message::new(Role::System, vec![picture()])]),
        "gemini-2.5-flash",
        Platform::Direct,
    );
    assert_eq!(body.unwrap_err().at, "messages[0].content[0]");
}

#[test]
fn a_result_names_its_tool_and_is_an_object() {
    let parts =
        |results| written(&tool_turn(None, results), "gemini-2.5-flash")["contents"][2]["parts"].clone();
    let text = |text: &str, is_error| parts(vec![result("a", vec![Part::text(text)], is_error)])[0].clone();
    let object =
        json!({"functionResponse": {"id": "a", "name": "weather", "response": {"sky": "blue", "n": 1}}});
    assert_eq!(text(r#"{"sky": "blue", "n": 1}"#, false), object);
    assert_eq!(text("[1]", false)["functionResponse"]["response"], json!({"output": "[1]"}));
    assert_eq!(
        text("{\"code\": 1}", true)["functionResponse"]["response"],
        json!({"error": "{\"code\": 1}"})
    );
    assert_eq!(text("", false)["functionResponse"]["response"], json!({"output": ""}));
}

#[test]
fn a_result_without_its_call_is_refused() {
    let orphan = request(vec![Message::new(Role::User, vec![result("x", vec![], false)])]);
    let unfit = try_write(&orphan, "gemini-2.5-flash", Platform::Direct).0.unwrap_err();
    assert_eq!(unfit.at, "messages[0].content[0]");
    assert!(unfit.why.contains("the call of each tool result"));
}

#[test]
fn broken_arguments_are_refused() {
    let mut request = tool_turn(None, vec![]);
    let Content::ToolCall(call) = &mut request.messages[1].parts[0].content else { unreachable!() };
    call.arguments = "{\"city\":".into();
    assert_eq!(
        try_write(&request, "gemini-2.5-flash", Platform::Direct).0.unwrap_err().at,
        "messages[1].content[0]"
    );
}

#[test]
fn ids_go_where_they_are_known() {
    let request = tool_turn(google("c2ln"), vec![result("a", vec![Part::text("sun")], false)]);
    let ids = |model, platform| {
        let body = try_write(&request, model, platform).0.unwrap();
        let part = |turn: usize, name: &str| body["contents"][turn]["parts"][0][name].get("id").is_some();
        (part(1, "functionCall"), part(2, "functionResponse"))
    };
    assert_eq!(ids("gemini-2.5-flash", Platform::Direct), (true, true));
    assert_eq!(ids("gemini-3-flash-preview", Platform::Vertex), (true, true));
    assert_eq!(ids("gemini-2.5-flash", Platform::Vertex), (false, false));
}

#[test]
fn pictures_of_a_tool_go_into_its_result_or_behind_all_of_them() {
    let results = vec![
        result("a", vec![Part::text("see"), picture()], false),
        result("a", vec![Part::text("more")], false),
    ];
    let parts =
        |model| written(&tool_turn(google("c2ln"), results.clone()), model)["contents"][2]["parts"].clone();
    let inline = json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}});
    let third = parts("gemini-3-flash-preview");
    assert_eq!(third[0]["functionResponse"]["parts"], json!([inline]));
    assert_eq!(third.as_array().unwrap().len(), 2);
    let second = parts("gemini-2.5-flash");
    assert!(second[0]["functionResponse"].get("parts").is_none());
    assert_eq!(second[1]["functionResponse"]["response"], json!({"output": "more"}));
    assert_eq!(second[2], inline);
}

#[test]
fn googles_signatures_go_back_to_where_they_were() {
    let messages = vec![
        says(Role::User, "Weather?"),
        Message::new(
            Role::Assistant,
            vec![thought("Hm.", None), call("a", "weather", google("AAA=")), call("b", "time", None)],
        ),
        Message::new(Role::User, vec![result("a", vec![], false), result("b", vec![], false)]),
        Message::new(Role::Assistant, vec![Part::text("Sunny."), thought("", google("QkJC"))]),
        says(Role::User, "Thanks"),
        Message::new(Role::Assistant, vec![thought("", google("Q0ND"))]),
    ];
    let contents = written(&request(messages), "gemini-3-pro-preview")["contents"].clone();
    let calls = &contents[1]["parts"];
    assert_eq!(calls[0], json!({"text": "Hm.", "thought": true}));
    assert_eq!((&calls[1]["thoughtSignature"], calls[2].get("thoughtSignature")), (&json!("AAA="), None));
    assert_eq!(contents[3]["parts"], json!([{"text": "Sunny.", "thoughtSignature": "QkJC"}]));
    assert_eq!(contents[5]["parts"], json!([{"text": "", "thoughtSignature": "Q0ND"}]));
}

#[test]
fn calls_of_another_model_are_excused_in_the_current_turn_of_gemini_3() {
    let foreign = Some(Signature { maker: Maker::Anthropic, token: "claude".into() });
    let mut request = tool_turn(foreign, vec![result("a", vec![Part::text("sun")], false)]);
    let signature = |request: &Request, model| {
        written(request, model)["contents"][1]["parts"][0].get("thoughtSignature").cloned()
    };
    assert_eq!(
        signature(&request, "gemini-3.1-pro-preview"),
        Some("skip_thought_signature_validator".into())
    );
    assert_eq!(signature(&request, "gemini-2.5-pro"), None);
    request.messages.push(says(Role::Assistant, "Sunny."));
    request.messages.push(says(Role::User, "Thanks"));
    assert_eq!(signature(&request, "gemini-3.1-pro-preview"), None);
}

#[test]
fn a_foreign_thought_keeps_its_words_alone() {
    let foreign = Some(Signature { maker: Maker::Anthropic, token: "claude".into() });
    let parts = vec![thought("Hm.", foreign.clone()), thought("", foreign), Part::text("Yes.")];
    let messages = vec![says(Role::User, "?"), Message::new(Role::Assistant, parts)];
    let (body, loss) = try_write(&request(messages), "gemini-2.5-pro", Platform::Direct);
    let want = json!([{"text": "Hm.", "thought": true}, {"text": "Yes."}]);
    assert_eq!((&body.unwrap()["contents"][1]["parts"], loss.as_str()), (&want, ""));
}

#[test]
fn a_form_and_tools_go_together_only_in_gemini_3() {
    let tool = Tool::Function {
        name: "weather".into(),
        description: None,
        parameters: None,
        strict: None,
        cache: None,
    };
    let mut request =
        Request { tools: vec![tool], format: Some(Format::Json), ..request(vec![says(Role::User, "?")]) };
    let third = written(&request, "gemini-3-flash-preview");
    assert_eq!(third["generationConfig"], json!({"responseMimeType": "application/json"}));
    let (second, loss) = try_write(&request, "gemini-2.5-flash", Platform::Direct);
    let second = second.unwrap();
    assert!(second.get("generationConfig").is_none());
    assert!(second["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(loss, "response_format");
    request.tool_choice = Some(ToolChoice::None);
    assert!(written(&request, "gemini-2.5-flash").get("generationConfig").is_some());
}

#[test]
fn what_has_no_word_is_lost_and_what_asks_nothing_is_not() {
    let extra = json!({"metadata": {"a": "b"}, "store": false, "service_tier": "auto", "stream_options": {}, "audio": null});
    let mut message = says(Role::User, "Hi");
    message.name = Some("Ann".into());
    message.parts[0].cache = Some(json!({"type": "ephemeral"}));
    let request = Request {
        user: Some("u".into()),
        parallel_tool_calls: Some(false),
        extra: extra.as_object().unwrap().clone(),
        unread: vec!["messages.audio".into()],
        ..request(vec![message])
    };
    let (_, loss) = try_write(&request, "gemini-2.5-flash", Platform::Direct);
    assert_eq!(loss, "parallel_tool_calls,messages.name,cache_control,user,metadata,messages.audio");
}

/// As AI Studio answers with a thought, a text and two calls.
const WHOLE: &str = r#"{
  "candidates": [{"content": {"parts": [
      {"text": "**Plan**", "thought": true},
      {"text": "I "},
      {"text": "look."},
      {"functionCall": {"name": "weather", "args": {"city": "Paris", "days": 2}}, "thoughtSignature": "AAA="},
      {"functionCall": {"name": "time", "id": "own"}}], "role": "model"},
    "finishReason": "STOP", "index": 0, "safetyRatings": []}],
  "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 22, "cachedContentTokenCount": 4,
    "thoughtsTokenCount": 7, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}]},
  "modelVersion": "gemini-2.5-flash", "responseId": "mAit-aLmk"}"#;

#[test]
fn a_whole_answer_is_read() {
    let named = |id: &str, name: &str, arguments: &str, signature| {
        let (id, name, arguments) = (id.into(), name.into(), arguments.into());
        Part::from(Content::ToolCall(ToolCall { id, name, arguments, signature }))
    };
    let want = Answer {
        id: "mAit-aLmk".into(),
        model: "gemini-2.5-flash".into(),
        choices: vec![Choice {
            parts: vec![
                thought("**Plan**", None),
                Part::text("I look."),
                named("call_mAitaLmk_0_0", "weather", r#"{"city":"Paris","days":2}"#, google("AAA=")),
                named("own", "time", "{}", None),
            ],
            finish: Finish::ToolCalls,
            logprobs: None,
        }],
        usage: Some(Usage { input: 10, output: 12, cached: 4, reasoning: 7, ..Usage::default() }),
    };
    assert_eq!(read_answer(WHOLE.as_bytes()), Ok(want));
}

#[test]
fn candidates_are_in_order_and_a_signed_text_is_followed_by_its_proof() {
    let body = r#"{"candidates": [{"index": 1, "content": {"parts": [{"text": "b", "thoughtSignature": "QkJC"}]}, "finishReason": "MAX_TOKENS"},
        {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "citationMetadata": {"citationSources": [{"uri": "https://a", "endIndex": 1}]}}]}"#;
    let choices = read_answer(body.as_bytes()).unwrap().choices;
    let Content::Text { text, citations } = &choices[0].parts[0].content else { panic!("no text") };
    assert_eq!((text.as_str(), citations[0].span), ("a", Some((0, 1))));
    assert_eq!(choices[1].parts, [Part::text("b"), thought("", google("QkJC"))]);
    assert_eq!((&choices[0].finish, &choices[1].finish), (&Finish::Stop, &Finish::Length));
}

#[test]
fn a_blocked_prompt_is_a_filtered_answer() {
    let body = r#"{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 8}, "modelVersion": "m"}"#;
    let answer = read_answer(body.as_bytes()).unwrap();
    assert_eq!((answer.choices[0].finish.clone(), answer.choices.len()), (Finish::ContentFilter, 1));
    let usage = Usage { input: 8, ..Usage::default() };
    let want = [
        Delta::Start { id: String::new(), model: "m".into() },
        Delta::Finish { choice: 0, finish: Finish::ContentFilter },
        Delta::Usage(usage),
    ];
    assert_eq!(streamed(&[body]), want);
}

#[test]
fn every_end_has_its_word() {
    let read = |reason: &str| {
        let body = json!({"candidates": [{"finishReason": reason, "finishMessage": "so it is"}]}).to_string();
        read_answer(body.as_bytes()).map(|answer| answer.choices[0].finish.clone())
    };
    assert_eq!(read("STOP"), Ok(Finish::Stop));
    assert_eq!(read("OTHER"), Ok(Finish::Stop));
    assert_eq!(read("MAX_TOKENS"), Ok(Finish::Length));
    for filtered in ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"] {
        assert_eq!(read(filtered), Ok(Finish::ContentFilter), "{filtered}");
    }
    let broken = read("MALFORMED_FUNCTION_CALL").unwrap_err();
    assert_eq!(
        (broken.kind, broken.message.as_str()),
        (Kind::StreamError, "MALFORMED_FUNCTION_CALL: so it is")
    );
    assert_eq!(read("MISSING_THOUGHT_SIGNATURE").unwrap_err().kind, Kind::BadRequest);
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let kind = |body: &str| read_answer(body.as_bytes()).unwrap_err().kind;
    assert_eq!(kind(" \n"), Kind::EmptyAnswer);
    assert_eq!(kind("{}"), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"candidates": [{"index": 0}], "usageMetadata": {}}"#), Kind::EmptyAnswer);
    assert_eq!(kind(&WHOLE[..99]), Kind::Truncated);
    assert_eq!(kind(r#"{"error": {"code": 503, "status": "UNAVAILABLE"}}"#), Kind::Overloaded);
    assert_eq!(kind(r#"[{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}]"#), Kind::RateLimited);
}

fn streamed(events: &[&str]) -> Vec<Delta> {
    let (mut reader, mut out) = (StreamReader::default(), Vec::new());
    for event in events {
        reader.read(Event { name: "message", data: event.as_bytes() }, &mut out);
    }
    out
}

#[test]
fn a_stream_is_read_event_by_event() {
    let out = streamed(&[
        r#"{"candidates": [{"content": {"parts": [{"text": "**Plan**","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 10,"totalTokenCount": 10},"modelVersion": "gemini-3-flash-preview","responseId": "r1"}"#,
        r#"{"candidates": [{"content": {"parts": [{"text": "Hel"}],"role": "model"},"index": 0}],"responseId": "r1"}"#,
        r#"{"candidates": [{"content": {"parts": [{"text": "lo"}, {"text": "", "thoughtSignature": "AAA="}],"role": "model"},"index": 0}],"responseId": "r1"}"#,
        r#"{"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 10,"candidatesTokenCount": 2,"thoughtsTokenCount": 3},"responseId": "r1"}"#,
        "",
    ]);
    let text = |text: &str| Delta::Text { choice: 0, text: text.into() };
    let usage = |output, reasoning| Delta::Usage(Usage { input: 10, output, reasoning, ..Usage::default() });
    let want = [
        Delta::Start { id: "r1".into(), model: "gemini-3-flash-preview".into() },
        Delta::Reasoning { choice: 0, text: "**Plan**".into() },
        usage(0, 0),
        text("Hel"),
        text("lo"),
        Delta::Signature { choice: 0, signature: google("AAA=").unwrap() },
        Delta::Finish { choice: 0, finish: Finish::Stop },
        usage(5, 3),
    ];
    assert_eq!(out, want);
}

#[test]
fn calls_of_a_stream_come_whole_and_are_counted() {
    let call = |name: &str, end: &str| {
        format!(
            r#"{{"candidates": [{{"content": {{"parts": [{{"functionCall": {{"name": "{name}", "args": {{}}}}}}]}}{end}}}], "responseId": "r1"}}"#
        )
    };
    let out = streamed(&[
        &call("a", ""),
        &call("b", r#", "finishReason": "STOP""#),
        &call("c", r#", "finishReason": "STOP""#),
    ]);
    let ids: Vec<_> = out
        .iter()
        .filter_map(|delta| match delta {
            Delta::ToolCall { index, id, .. } => Some((*index, id.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [(0, "call_r1_0_0"), (1, "call_r1_0_1"), (2, "call_r1_0_2")]);
    let ends = out.iter().filter(|delta| matches!(delta, Delta::Finish { finish: Finish::ToolCalls, .. }));
    assert_eq!(ends.count(), 1);
}

#[test]
fn sources_of_a_stream_are_placed_in_its_whole_text_and_told_once() {
    let told = r#"{"candidates": [{"content": {"parts": [{"text": "b"}]}, "groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://a"}}],
        "groundingSupports": [{"segment": {"startIndex": 2, "endIndex": 3}, "groundingChunkIndices": [0]}]}}]}"#;
    let last = told.replace(r#"{"text": "b"}"#, r#"{"text": "c"}"#);
    let out = streamed(&[r#"{"candidates": [{"content": {"parts": [{"text": "ü"}]}}]}"#, told, &last]);
    let spans: Vec<_> = out
        .iter()
        .filter_map(|delta| match delta {
            Delta::Citation { citation, .. } => citation.span,
            _ => None,
        })
        .collect();
    assert_eq!(spans, [(1, 2)]);
}

#[test]
fn errors_of_a_stream_are_faults() {
    let kind = |event: &str| match streamed(&[event]).as_slice() {
        [Delta::Fault(fault)] => fault.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        kind(r#"{"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}"#),
        Kind::Overloaded
    );
    assert_eq!(kind(r#"{"candidates": [{"#), Kind::StreamError);
    let malformed = streamed(&[r#"{"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}"#]);
    assert!(matches!(malformed.as_slice(), [Delta::Start { .. }, Delta::Fault(_)]));
}

#[test]
fn a_stream_and_a_whole_answer_tell_the_same() {
    let mut whole = read_answer(WHOLE.as_bytes()).unwrap().into_deltas();
    assert_eq!(whole.pop(), Some(Delta::Done));
    let joined = WHOLE.replace("{\"text\": \"I \"},\n", "").replace("look.", "I look.");
    assert_eq!(streamed(&[&joined]), whole);
}

fn read_all(bytes: &[u8]) {
    drop((read_answer(bytes), read_embed(bytes), read_fault(500, bytes)));
    let (mut reader, mut out) = (StreamReader::default(), Vec::new());
    reader.read(Event { name: "message", data: bytes }, &mut out);
    reader.read(Event { name: "message", data: bytes }, &mut out);
}

proptest! {
    #[test]
    fn no_bytes_panic_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn no_damage_to_an_answer_panics_a_reader(at in any::<proptest::sample::Index>(), with in "[0-9a-z\\[\\]{}\",:-]{0,4}", cut in 0..4_usize) {
        let mut body = WHOLE.to_owned();
        let at = at.index(body.len());
        body.replace_range(at..(at + cut).min(body.len()), &with);
        read_all(body.as_bytes());
    }

    #[test]
    fn no_text_panics_the_writer(text in "\\PC*", id in "\\PC{0,9}", url in "([a-z]{0,5}:)?//\\PC{0,9}", vertex in any::<bool>()) {
        let media = Content::Document(Media { source: Source::of_url(&url), title: Some(text.clone()), detail: None });
        let call = ToolCall { id: id.clone(), name: text.clone(), arguments: text.clone(), signature: google(&text) };
        let messages = [
            Message::new(Role::User, vec![media.into()]),
            Message::new(Role::Assistant, vec![Content::ToolCall(call).into()]),
            Message::new(Role::User, vec![result(&id, vec![Part::text(text)], false)]),
        ];
        for skipped in 0..messages.len() {
            let request = request(messages.iter().skip(skipped).cloned().collect());
            drop(try_write(&request, &url, if vertex { Platform::Vertex } else { Platform::Direct }));
        }
    }
}
