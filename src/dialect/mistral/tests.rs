//! What Mistral gets and gives.

use super::{StreamReader, message, read_answer, read_embed, read_fault, write_request};
use crate::{
    chat::{
        Citation, Content, Delta, Effort, Finish, Format, Kind, Loss, Maker, Media, Message, Part, Request,
        Role, Sampling, Signature, Source, Thinking, Tool, ToolCall, ToolChoice, ToolResult, Unfit, Usage,
    },
    dialect::{
        Event, Reader,
        testing::{calls, goal, nearly, says, thought},
    },
    sse::events,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn written(request: &Request) -> (Value, String) {
    let mut loss = Loss::default();
    let body = write_request(request, &goal("mistral-small-latest"), &mut loss).unwrap();
    (Value::Object(body), loss.join())
}

fn messages(messages: Vec<Message>) -> (Value, String) {
    let (body, loss) = written(&Request { messages, ..Request::default() });
    (body["messages"].clone(), loss)
}

fn gives(id: &str, text: &str) -> Part {
    let parts = vec![Part::text(text)];
    Content::ToolResult(ToolResult { id: id.into(), parts, is_error: false }).into()
}

#[test]
fn fields_have_mistrals_names() {
    let request = Request {
        messages: vec![says(Role::User, "hi")],
        max_tokens: Some(9),
        stream: true,
        stop: vec!["end".into()],
        sampling: Sampling {
            seed: Some(7),
            top_k: Some(3),
            n: Some(2),
            logprobs: Some(true),
            ..Sampling::default()
        },
        ..Request::default()
    };
    let (body, loss) = written(&request);
    let want = json!({
        "model": "mistral-small-latest",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": true, "max_tokens": 9, "stop": ["end"],
        "top_k": 3, "random_seed": 7, "n": 2, "logprobs": true,
    });
    assert_eq!((body, loss.as_str()), (want, ""));
}

#[test]
fn what_mistral_has_no_word_for_is_reported() {
    let mut request = Request {
        messages: vec![Message { name: Some("ann".into()), ..says(Role::User, "hi") }],
        tools: vec![Tool::Foreign(json!({"type": "web_search_20250305"}))],
        tool_choice: Some(ToolChoice::Required),
        user: Some("u".into()),
        unread: vec!["messages.audio".into()],
        sampling: Sampling {
            seed: Some(-1),
            logit_bias: Some(serde_json::Map::new()),
            ..Sampling::default()
        },
        ..Request::default()
    };
    let extra = json!({
        "verbosity": "low", "store": false, "stream_options": {"include_usage": true}, "service_tier": "auto", "top_a": null,
        "safe_prompt": true, "prompt_cache_key": "k", "prediction": {"type": "content", "content": [{"type": "text", "text": "t"}]},
    });
    request.extra = extra.as_object().unwrap().clone();
    let (body, loss) = written(&request);
    assert_eq!(
        loss,
        "messages.name,tools.web_search_20250305,seed,logit_bias,user,verbosity,prediction,messages.audio"
    );
    assert_eq!((&body["safe_prompt"], &body["prompt_cache_key"]), (&json!(true), &json!("k")));
    for absent in ["tools", "tool_choice", "store", "stream_options", "service_tier", "top_a", "random_seed"]
    {
        assert_eq!(body.get(absent), None, "{absent}");
    }
}

#[test]
fn heat_stays_within_mistrals_bounds() {
    let heat = |temperature: f64| {
        let number = |n| serde_json::Number::from_f64(n);
        let sampling =
            Sampling { temperature: number(temperature), top_p: number(0.9), ..Sampling::default() };
        let (body, loss) = written(&Request { sampling, ..Request::default() });
        (body["temperature"].clone(), body.get("top_p").is_some(), loss)
    };
    assert_eq!(heat(2.0), (json!(1.5), true, "temperature".into()));
    assert_eq!(heat(0.7), (json!(0.7), true, String::new()));
    assert_eq!(heat(0.0), (json!(0.0), false, String::new()));
}

#[test]
fn tools_and_choices_are_openais_but_for_any() {
    let tool = Tool::Function {
        name: "f".into(),
        description: Some("d".into()),
        parameters: None,
        strict: Some(true),
        cache: None,
    };
    let chosen = |choice| {
        let request = Request {
            tools: vec![tool.clone()],
            tool_choice: Some(choice),
            parallel_tool_calls: Some(false),
            ..Request::default()
        };
        let (body, loss) = written(&request);
        assert_eq!((loss.as_str(), &body["parallel_tool_calls"]), ("", &json!(false)));
        let function = json!({"name": "f", "parameters": {"type": "object", "properties": {}}, "description": "d", "strict": true});
        assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
        body["tool_choice"].clone()
    };
    assert_eq!(chosen(ToolChoice::Auto), "auto");
    assert_eq!(chosen(ToolChoice::None), "none");
    assert_eq!(chosen(ToolChoice::Required), "any");
    assert_eq!(chosen(ToolChoice::Named("f".into())), json!({"type": "function", "function": {"name": "f"}}));
}

#[test]
fn formats_are_openais() {
    let format = |format| {
        written(&Request { format: Some(format), ..Request::default() }).0["response_format"].clone()
    };
    assert_eq!(format(Format::Json), json!({"type": "json_object"}));
    let schema = Format::Schema {
        name: None,
        description: None,
        schema: json!({"type": "object"}),
        strict: Some(true),
    };
    let inner = json!({"name": "answer", "schema": {"type": "object"}, "strict": true});
    assert_eq!(format(schema), json!({"type": "json_schema", "json_schema": inner}));
}

#[test]
fn a_model_thinks_hard_or_not_at_all() {
    let effort = |model: &str, thinking| {
        let mut loss = Loss::default();
        let request = Request { thinking: Some(thinking), ..Request::default() };
        let body = write_request(&request, &goal(model), &mut loss).unwrap();
        (body.get("reasoning_effort").cloned(), loss.join())
    };
    let small = "mistral-small-latest";
    assert_eq!(effort(small, Thinking::Off), (None, String::new()));
    assert_eq!(effort(small, Thinking::Adaptive(None)), (None, String::new()));
    assert_eq!(effort(small, Thinking::Effort(Effort::High)), (Some("high".into()), String::new()));
    assert_eq!(effort(small, Thinking::Budget(2000)), (Some("high".into()), "reasoning".into()));
    assert_eq!(effort("codestral-latest", Thinking::Effort(Effort::High)), (None, "reasoning".into()));
}

#[test]
fn tool_ids_become_nine_letters_and_digits_the_same_in_call_and_result() {
    assert_eq!(message::id("D681PevKs"), "D681PevKs");
    let made = message::id("toolu_01A09q90qw90lq917835lq9");
    assert!(made.len() == 9 && made.bytes().all(|b| b.is_ascii_alphanumeric()), "{made}");
    assert_eq!(made, message::id("toolu_01A09q90qw90lq917835lq9"));
    assert_ne!(made, message::id("toolu_01A09q90qw90lq917835lq8"));

    let (sent, loss) = messages(vec![
        says(Role::User, "go"),
        Message::new(Role::Assistant, vec![calls("call_1", "f"), calls("call_2", "g")]),
        Message::new(Role::User, vec![gives("call_1", "a"), gives("call_2", "b")]),
    ]);
    let call = |id, name| json!({"id": message::id(id), "type": "function", "function": {"name": name, "arguments": "{\"q\":1}"}});
    let gave = |id, name, text| json!({"role": "tool", "tool_call_id": message::id(id), "content": text, "name": name});
    let want = json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "tool_calls": [call("call_1", "f"), call("call_2", "g")]},
        gave("call_1", "f", "a"),
        gave("call_2", "g", "b"),
    ]);
    assert_eq!((sent, loss.as_str()), (want, ""));
}

#[test]
fn messages_stand_in_the_order_that_mistral_demands() {
    let (sent, _) = messages(vec![
        says(Role::User, "go"),
        Message::new(Role::Assistant, vec![calls("aaaaaaaaa", "f")]),
        Message::new(Role::User, vec![Part::text("and now?"), gives("aaaaaaaaa", "1")]),
        says(Role::Assistant, "Wait."),
        says(Role::Developer, "be brief"),
        says(Role::System, "be kind"),
        says(Role::Assistant, ""),
        says(Role::Assistant, "So"),
    ]);
    let roles: Vec<&str> = sent.as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(
        roles,
        ["system", "system", "user", "assistant", "tool", "assistant", "user", "assistant", "assistant"]
    );
    assert_eq!((&sent[5]["content"], &sent[6]["content"]), (&json!("OK."), &json!("and now?")));
    assert_eq!((&sent[8]["prefix"], sent[7].get("prefix")), (&json!(true), None));
}

#[test]
fn thoughts_go_back_where_they_were_unsigned_and_are_asked_for() {
    let signed = Some(Signature { maker: Maker::Anthropic, token: "t".into() });
    let turn = vec![thought("hm", None), thought("abroad", signed), Part::text("so")];
    let asks = |thinking| {
        let messages = vec![Message::new(Role::Assistant, turn.clone()), says(Role::User, "why?")];
        let (body, loss) = written(&Request { messages, thinking, ..Request::default() });
        (body["messages"][0]["content"].clone(), loss)
    };
    let kept = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "so"}]);
    assert_eq!(asks(Some(Thinking::Effort(Effort::High))), (kept, "messages.reasoning".into()));
    assert_eq!(asks(None), (json!("so"), "messages.reasoning".into()));
}

#[test]
fn media_become_chunks() {
    let base64 = |media_type: &str| Source::Base64 { media_type: media_type.into(), data: "QQ==".into() };
    let parts = vec![
        Content::Image(Media { detail: Some("low".into()), ..Media::new(base64("image/png")) }).into(),
        Content::Image(Media::new(Source::Url("https://x/a.png".into()))).into(),
        Content::Document(Media { title: Some("a.pdf".into()), ..Media::new(base64("application/pdf")) })
            .into(),
        Content::Document(Media {
            title: Some("Notes".into()),
            ..Media::new(Source::Text("buy milk".into()))
        })
        .into(),
        Content::Audio(Media::new(base64("audio/wav"))).into(),
        Part { cache: Some(json!({"type": "ephemeral"})), ..Part::text("see") },
        Content::Text { text: "said".into(), citations: vec![Citation::default()] }.into(),
    ];
    let (sent, loss) = messages(vec![Message::new(Role::User, parts)]);
    let want = json!([
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ==", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x/a.png"}},
        {"type": "document_url", "document_url": "data:application/pdf;base64,QQ==", "document_name": "a.pdf"},
        {"type": "text", "text": "Notes\n\nbuy milk"},
        {"type": "input_audio", "input_audio": "QQ=="},
        {"type": "text", "text": "see"},
        {"type": "text", "text": "said"},
    ]);
    assert_eq!((&sent[0]["content"], loss.as_str()), (&want, "cache_control,messages.citations"));
}

#[test]
fn a_picture_in_a_foreign_store_does_not_fit() {
    let parts = vec![gives("a", "b"), Content::Image(Media::new(Source::File("f".into()))).into()];
    let request = Request { messages: vec![Message::new(Role::User, parts)], ..Request::default() };
    let unfit = write_request(&request, &goal("m"), &mut Loss::default());
    let want =
        Unfit { at: "messages[0].content[1]".into(), why: "takes images by URL or in base64 alone".into() };
    assert_eq!(unfit, Err(want));
}

#[test]
fn a_whole_answer_is_read() {
    let body = json!({
        "id": "cmpl-1", "object": "chat.completion", "model": "mistral-small-2603", "created": 1,
        "usage": {"prompt_tokens": 1013, "total_tokens": 1043, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 1008}},
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "I "}, {"type": "text", "text": "look"}], "closed": true},
                {"type": "text", "text": "Looking."},
                {"type": "reference", "reference_ids": [1]},
            ],
            "tool_calls": [{"id": "D681PevKs", "function": {"name": "f", "arguments": {"q": 1}}}, {"id": "null", "function": {"name": "g", "arguments": ""}}],
        }}],
    });
    let answer = read_answer(body.to_string().as_bytes()).unwrap();
    assert_eq!((answer.id.as_str(), answer.model.as_str()), ("cmpl-1", "mistral-small-2603"));
    assert_eq!(answer.usage, Some(Usage { input: 1013, output: 30, cached: 1008, ..Usage::default() }));
    let choice = &answer.choices[0];
    assert_eq!(choice.finish, Finish::ToolCalls);
    let made_up = message::id("cmpl-1/0/1").into_owned();
    let second = ToolCall { id: made_up, name: "g".into(), arguments: String::new(), signature: None };
    let want = vec![
        thought("I look", None),
        Part::text("Looking."),
        calls("D681PevKs", "f"),
        Content::ToolCall(second).into(),
    ];
    assert_eq!(choice.parts, want);
}

#[test]
fn likelihoods_take_openais_form() {
    let token = json!({"token": "a", "logprob": -0.1, "bytes": [97], "token_id": 5, "top_logprobs": null});
    let body = json!({"choices": [{"message": {"content": "a"}, "finish_reason": "model_length", "logprobs": {"content": [token]}}]});
    let answer = read_answer(body.to_string().as_bytes()).unwrap();
    let want = json!({"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}], "refusal": null});
    assert_eq!(answer.choices[0].logprobs, Some(want));
    assert_eq!((answer.choices[0].finish.clone(), answer.usage), (Finish::Length, None));
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let kind = |body: &str| read_answer(body.as_bytes()).unwrap_err().kind;
    assert_eq!(kind(" "), Kind::EmptyAnswer);
    assert_eq!(kind("{}"), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"choices":[]}"#), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"choices":[{"message":{"content":""}}]}"#), Kind::EmptyAnswer);
    assert_eq!(kind(r#"{"choices":[{"mess"#), Kind::Truncated);
    assert_eq!(
        kind(r#"{"choices":[{"message":{"content":"a"},"finish_reason":"error"}]}"#),
        Kind::StreamError
    );
    let busy = r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#;
    let fault = read_answer(busy.as_bytes()).unwrap_err();
    assert_eq!((fault.kind, fault.status), (Kind::RateLimited, Some(429)));
}

fn streamed(stream: &str) -> Vec<Delta> {
    let (mut reader, mut out) = (StreamReader::default(), Vec::new());
    for event in events(stream.as_bytes()) {
        if let Some(data) = &event.data {
            reader.read(Event { name: "message", data }, &mut out);
        }
    }
    out
}

#[test]
fn a_stream_of_thoughts_words_and_a_call_is_read() {
    let got = streamed(concat!(
        r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"mistral-small-2603","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"c1","model":"mistral-small-2603","choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"c1","model":"mistral-small-2603","choices":[{"index":0,"delta":{"content":"Let me"},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"c1","model":"mistral-small-2603","choices":[{"index":0,"delta":{"content":"","tool_calls":[{"id":"aaaaaaaaa","function":{"name":"f","arguments":"{\"q\":1}"},"index":0},{"id":"bbbbbbbbb","function":{"name":"g","arguments":"{}"},"index":0}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3}}"#,
        "\n\ndata: [DONE]\n\n",
    ));
    let text = |text: &str| text.to_owned();
    let call = |index, id: &str, name: &str| Delta::ToolCall {
        choice: 0,
        index,
        id: id.into(),
        name: name.into(),
        signature: None,
    };
    let want = vec![
        Delta::Start { id: text("c1"), model: text("mistral-small-2603") },
        Delta::Reasoning { choice: 0, text: text("Hm") },
        Delta::Text { choice: 0, text: text("Let me") },
        call(0, "aaaaaaaaa", "f"),
        Delta::ToolArguments { choice: 0, index: 0, text: text("{\"q\":1}") },
        call(1, "bbbbbbbbb", "g"),
        Delta::ToolArguments { choice: 0, index: 1, text: text("{}") },
        Delta::Finish { choice: 0, finish: Finish::ToolCalls },
        Delta::Usage(Usage { input: 9, output: 3, ..Usage::default() }),
        Delta::Done,
    ];
    assert_eq!(got, want);
}

#[test]
fn a_call_in_pieces_is_one_call() {
    let got = streamed(concat!(
        r#"data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"aaaaaaaaa","function":{"name":"f","arguments":"{"},"index":0}]}}]}"#,
        "\n\n",
        r#"data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"null","function":{"name":"","arguments":"}"},"index":0}]}}]}"#,
        "\n\n",
    ));
    let texts: Vec<&Delta> =
        got.iter().filter(|d| matches!(d, Delta::ToolArguments { index: 0, .. })).collect();
    assert_eq!((got.len(), texts.len()), (4, 2));
}

#[test]
fn a_broken_stream_is_a_fault() {
    let last = |stream: &str| match streamed(stream).pop() {
        Some(Delta::Fault(fault)) => Some(fault.kind),
        _ => None,
    };
    assert_eq!(last("data: {\"id\"\n\n"), Some(Kind::StreamError));
    assert_eq!(
        last("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}\n\n"),
        Some(Kind::StreamError)
    );
    assert_eq!(
        last("data: {\"object\":\"error\",\"message\":\"Internal\",\"raw_status_code\":500}\n\n"),
        Some(Kind::Server)
    );
    assert_eq!(
        last("data: {\"error\":{\"message\":\"Service tier capacity exceeded\"}}\n\n"),
        Some(Kind::Overloaded)
    );
}

/// What answers of Mistral's are made of.
const WORDS: [&str; 13] = [
    r#""choices""#,
    r#""delta""#,
    r#""message""#,
    r#""content""#,
    r#""type""#,
    r#""thinking""#,
    r#""tool_calls""#,
    r#""function""#,
    r#""usage""#,
    r#""error""#,
    r#""detail""#,
    r#""data""#,
    r#"{"choices":[{"delta":{"tool_calls":[{"index":4294967295}]}}]}"#,
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

    #[test]
    fn every_id_becomes_one_that_mistral_takes(foreign in ".*") {
        let id = message::id(&foreign);
        prop_assert!(id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()));
        prop_assert_eq!(message::id(&id), id.clone());
    }
}
