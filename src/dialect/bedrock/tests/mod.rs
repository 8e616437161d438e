//! Requests, as Converse gets them.

mod thinking;

use super::write_request;
use crate::{
    chat::{
        Content, Effort, Format, Loss, Maker, Media, Message, Part, Reasoning, Request, Role, Signature,
        Source, Thinking, Tool, ToolCall, ToolChoice, ToolResult, Unfit,
    },
    dialect::{Goal, Platform, Quirks},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const OPUS5: &str = "global.anthropic.claude-opus-5";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const GPT: &str = "openai.gpt-oss-120b-1:0";
const LLAMA: &str = "meta.llama3-3-70b-instruct-v1:0";

fn write(model: &str, request: &Request) -> Result<(Value, String), Unfit> {
    let goal = Goal { model, platform: Platform::Direct, max_tokens: 64_000, quirks: Quirks::default() };
    let mut loss = Loss::default();
    let body = write_request(request, &goal, &mut loss)?;
    Ok((Value::Object(body), loss.join()))
}

fn written(model: &str, request: &Request) -> (Value, String) {
    write(model, request).unwrap()
}

fn body(model: &str, request: &Request) -> Value {
    let (body, loss) = written(model, request);
    assert_eq!(loss, "");
    body
}

fn user(parts: Vec<Part>) -> Message {
    Message::new(Role::User, parts)
}

fn says(role: Role, text: &str) -> Message {
    Message::new(role, vec![Part::text(text)])
}

fn ask(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

fn hello() -> Request {
    ask(vec![says(Role::User, "Hello")])
}

fn cached(mut part: Part, mark: Value) -> Part {
    part.cache = Some(mark);
    part
}

fn call(id: &str) -> Part {
    let call =
        ToolCall { id: id.into(), name: "look".into(), arguments: r#"{"at":1}"#.into(), signature: None };
    Content::ToolCall(call).into()
}

fn result(id: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Content::ToolResult(ToolResult { id: id.into(), parts, is_error }).into()
}

fn thought(text: &str, maker: Maker) -> Part {
    let signature = Some(Signature { maker, token: "c2ln".into() });
    Content::Reasoning(Reasoning { text: text.into(), signature }).into()
}

fn tool(name: &str) -> Tool {
    Tool::Function {
        name: name.into(),
        description: Some("Looks".into()),
        parameters: Some(json!({"type": "object", "properties": {"at": {"type": "integer"}}})),
        strict: None,
        cache: None,
    }
}

fn with_tools() -> Request {
    Request { tools: vec![tool("look")], ..hello() }
}

/// A turn that called a tool, with what it thought before.
fn called(before: Vec<Part>) -> Request {
    let assistant = Message::new(Role::Assistant, before.into_iter().chain([call("c1")]).collect());
    let answer = user(vec![result("c1", vec![Part::text("here")], false)]);
    Request { messages: vec![says(Role::User, "Look"), assistant, answer], ..with_tools() }
}

#[test]
fn a_plain_request_is_all_converse() {
    let request = Request {
        max_tokens: Some(100),
        stop: vec!["END".into(), String::new()],
        sampling: serde_temperature("0.5"),
        ..ask(vec![
            says(Role::System, "Be brief."),
            says(Role::Developer, "Be kind."),
            says(Role::User, "Hello"),
        ])
    };
    let want = json!({
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "system": [{"text": "Be brief."}, {"text": "Be kind."}],
        "inferenceConfig": {"maxTokens": 100, "stopSequences": ["END"], "temperature": 0.5},
    });
    assert_eq!(body(LLAMA, &request), want);
    let paths = json!(["/stop_sequence"]);
    assert_eq!(body(SONNET, &request)["additionalModelResponseFieldPaths"], paths);
}

fn serde_temperature(number: &str) -> crate::chat::Sampling {
    crate::chat::Sampling { temperature: serde_json::from_str(number).ok(), ..Default::default() }
}

#[test]
fn sides_take_turns_and_the_user_begins() {
    let request = ask(vec![
        says(Role::Assistant, "Welcome"),
        says(Role::User, "a"),
        says(Role::System, "late"),
        says(Role::User, "b"),
        says(Role::User, " \n"),
        says(Role::Assistant, " "),
        says(Role::User, "c"),
        says(Role::Assistant, "so far \n"),
    ]);
    let body = body(LLAMA, &request);
    let turns: Vec<(&str, Vec<&str>)> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| {
            let texts =
                m["content"].as_array().unwrap().iter().map(|b| b["text"].as_str().unwrap()).collect();
            (m["role"].as_str().unwrap(), texts)
        })
        .collect();
    let want = [
        ("user", vec!["(The conversation begins.)"]),
        ("assistant", vec!["Welcome"]),
        ("user", vec!["a", "b", "c"]),
        ("assistant", vec!["so far"]),
    ];
    assert_eq!(turns, want);
    assert_eq!(body["system"], json!([{"text": "late"}]));
}

#[test]
fn tool_calls_and_results_keep_their_ids_or_get_ones_that_fit() {
    let odd = format!("call.{}", "x".repeat(80));
    let assistant = Message::new(Role::Assistant, vec![call("c-1_A"), call(&odd)]);
    let picture = Content::Image(Media::new(Source::of_url("data:image/jpeg;base64,YQ=="))).into();
    let answers = user(vec![
        Part::text("and now?"),
        result("c-1_A", vec![Part::text("here"), picture], true),
        result(&odd, vec![], false),
    ]);
    let request = Request { messages: vec![says(Role::User, "Look"), assistant, answers], ..with_tools() };
    let body = body(SONNET, &request);
    let answers = body["messages"][2]["content"].as_array().unwrap();
    let picture = json!({"image": {"format": "jpeg", "source": {"bytes": "YQ=="}}});
    let want = json!({"toolUseId": "c-1_A", "content": [{"text": "here"}, picture], "status": "error"});
    assert_eq!(answers[0]["toolResult"], want);
    assert_eq!(answers[1]["toolResult"]["content"], json!([{"text": "(no output)"}]));
    assert_eq!(answers[2], json!({"text": "and now?"}));
    let id = &body["messages"][1]["content"][1]["toolUse"]["toolUseId"];
    assert_eq!(id, &answers[1]["toolResult"]["toolUseId"]);
    assert!(id.as_str().unwrap().len() <= 64 && !id.as_str().unwrap().contains('.'));
    assert_eq!(body["messages"][1]["content"][0]["toolUse"]["input"], json!({"at": 1}));
    assert_eq!(written(LLAMA, &request).1, "messages.is_error");
}

#[test]
fn arguments_that_are_no_object_are_shown_as_they_stood() {
    let mut request = called(vec![]);
    let Content::ToolCall(call) = &mut request.messages[1].parts[0].content else { unreachable!() };
    call.arguments = "{\"at\":".into();
    let input = &body(LLAMA, &request)["messages"][1]["content"][0]["toolUse"]["input"];
    assert_eq!(input, &json!({"arguments": "{\"at\":"}));
}

#[test]
fn media_go_in_as_bytes() {
    let media = |url: &str| Media::new(Source::of_url(url));
    let request = ask(vec![user(vec![
        Content::Document(media("data:application/pdf;base64,YQ==")).into(),
        Content::Document(Media { title: Some("notes".into()), ..Media::new(Source::Text("hi".into())) })
            .into(),
        Content::Audio(media("data:audio/wav;base64,YQ==")).into(),
    ])]);
    let want = json!([
        {"text": "(See the attached documents.)"},
        {"document": {"format": "pdf", "name": "document", "source": {"bytes": "YQ=="}}},
        {"document": {"format": "txt", "name": "notes", "source": {"bytes": "aGk="}}},
        {"audio": {"format": "wav", "source": {"bytes": "YQ=="}}},
    ]);
    assert_eq!(body(NOVA, &request)["messages"][0]["content"], want);
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    let image = |url: &str| Part::from(Content::Image(Media::new(Source::of_url(url))));
    let refused = |messages: Vec<Message>| write(SONNET, &ask(messages)).unwrap_err().at;
    assert_eq!(refused(vec![user(vec![image("https://a.test/a.png")])]), "messages[0].content[0]");
    assert_eq!(refused(vec![user(vec![image("data:image/tiff;base64,YQ==")])]), "messages[0].content[0]");
    let spoken = Message::new(Role::Assistant, vec![image("data:image/png;base64,YQ==")]);
    assert_eq!(refused(vec![says(Role::User, "a"), spoken]), "messages[1].content[0]");
    let shown = Message::new(Role::System, vec![image("data:image/png;base64,YQ==")]);
    assert_eq!(refused(vec![shown]), "messages[0].content[0]");
    let nested = result("c", vec![image("https://a.test/a.png")], false);
    assert_eq!(refused(vec![user(vec![nested])]), "messages[0].content[0].content[0]");
    let request = Request { tools: vec![tool("mcp.look")], ..hello() };
    assert_eq!(write(SONNET, &request).unwrap_err().at, "tools[0].name");
}

#[test]
fn caches_are_marked_behind_what_they_hold() {
    let mark = || json!({"type": "ephemeral"});
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let inner = result("c1", vec![cached(Part::text("here"), mark())], false);
    let request = Request {
        tools: vec![tool("look"), {
            let Tool::Function { name, description, parameters, strict, .. } = tool("last") else {
                unreachable!()
            };
            Tool::Function { name, description, parameters, strict, cache: Some(mark()) }
        }],
        ..ask(vec![
            Message::new(Role::System, vec![cached(Part::text("Be brief."), hour)]),
            user(vec![cached(Part::text("a"), mark()), Part::text("b")]),
            Message::new(Role::Assistant, vec![call("c1")]),
            user(vec![inner]),
        ])
    };
    let point = json!({"cachePoint": {"type": "default"}});
    let body = body(SONNET, &request);
    let long = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    assert_eq!(body["system"], json!([{"text": "Be brief."}, long]));
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a"}, point, {"text": "b"}]));
    assert_eq!(body["messages"][2]["content"][1], point);
    assert_eq!(body["toolConfig"]["tools"][2], point);
    let (nova, loss) = written(NOVA, &request);
    assert_eq!((&nova["system"][1], loss.as_str()), (&point, "cache_control"));
    let (llama, loss) = written(LLAMA, &request);
    assert!(!llama.to_string().contains("cachePoint"));
    assert_eq!(loss, "cache_control");
}

#[test]
fn tools_are_offered_and_chosen() {
    let config = |choice: Option<ToolChoice>, request: Request| {
        let (body, loss) = written(SONNET, &Request { tool_choice: choice, ..request });
        (body.get("toolConfig").cloned().unwrap_or_default(), loss)
    };
    let spec = json!({"toolSpec": {"name": "look", "description": "Looks", "inputSchema": {"json":
        {"type": "object", "properties": {"at": {"type": "integer"}}}}}});
    let auto = json!({"tools": [spec]});
    assert_eq!(config(None, with_tools()), (auto.clone(), String::new()));
    assert_eq!(config(Some(ToolChoice::Auto), with_tools()).0, auto);
    let choice = |choice| config(Some(choice), with_tools()).0["toolChoice"].clone();
    assert_eq!(choice(ToolChoice::Required), json!({"any": {}}));
    assert_eq!(choice(ToolChoice::Named("look".into())), json!({"tool": {"name": "look"}}));
    assert_eq!(config(Some(ToolChoice::None), with_tools()), (Value::Null, String::new()));
    assert_eq!(config(Some(ToolChoice::None), called(vec![])), (auto, "tool_choice".into()));
    let bare =
        json!({"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]});
    assert_eq!(config(None, Request { tools: vec![], ..called(vec![]) }), (bare, "tool_choice".into()));
    assert_eq!(config(None, hello()), (Value::Null, String::new()));
}

#[test]
fn what_a_tool_has_beyond_a_function_is_lost() {
    let strict = Tool::Function {
        name: "look".into(),
        description: Some(String::new()),
        parameters: None,
        strict: Some(true),
        cache: None,
    };
    let search = Tool::Foreign(json!({"type": "web_search_20250305", "name": "web_search"}));
    let request = Request { tools: vec![strict, search], ..hello() };
    let (sonnet, loss) = written(SONNET, &request);
    let schema = json!({"type": "object", "additionalProperties": false});
    let spec = json!({"name": "look", "strict": true, "inputSchema": {"json": schema}});
    assert_eq!(sonnet["toolConfig"]["tools"], json!([{"toolSpec": spec}]));
    assert_eq!(loss, "tools.web_search_20250305");
    assert_eq!(written(OPUS5, &request).1, "tools.strict,tools.web_search_20250305");
}

#[test]
fn one_call_at_a_time_is_a_word_of_claudes() {
    let choice = |model: &str, choice: Option<ToolChoice>| {
        let request = Request { parallel_tool_calls: Some(false), tool_choice: choice, ..with_tools() };
        let (body, loss) = written(model, &request);
        (body["additionalModelRequestFields"]["tool_choice"].clone(), loss)
    };
    let auto = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(choice(SONNET, None), (auto, String::new()));
    let forced = json!({"disable_parallel_tool_use": true});
    assert_eq!(choice(SONNET, Some(ToolChoice::Required)), (forced, String::new()));
    assert_eq!(choice(LLAMA, None), (Value::Null, "parallel_tool_calls".into()));
    let request = Request { parallel_tool_calls: Some(false), ..hello() };
    assert_eq!(written(LLAMA, &request).1, "");
}

#[test]
fn a_schema_binds_where_the_model_can_be_bound() {
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let format = Format::Schema {
        name: Some("out".into()),
        description: None,
        schema: schema.clone(),
        strict: Some(true),
    };
    let request = Request { format: Some(format), ..hello() };
    let bound = &body(SONNET, &request)["outputConfig"];
    let wanted = json!({"schema": schema.to_string(), "name": "out"});
    assert_eq!(bound, &json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": wanted}}}));
    let (asked, loss) = written(OPUS5, &request);
    assert!(asked["system"][0]["text"].as_str().unwrap().ends_with(&schema.to_string()));
    assert_eq!((asked.get("outputConfig"), loss.as_str()), (None, "response_format"));
    let (json, loss) = written(SONNET, &Request { format: Some(Format::Json), ..hello() });
    assert!(json["system"][0]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(loss, "response_format");
}

#[test]
fn what_has_no_word_is_told() {
    let Value::Object(extra) = json!({
        "store": false, "stream_options": {}, "service_tier": "flex", "prediction": null,
        "metadata": {"team": "a", "note": "{}"}, "verbosity": "low", "modalities": ["text"],
    }) else {
        unreachable!()
    };
    let request = Request {
        user: Some("user-1".into()),
        unread: vec!["messages.audio".into()],
        sampling: crate::chat::Sampling {
            temperature: serde_json::from_str("1.5").ok(),
            seed: Some(1),
            n: Some(1),
            logprobs: Some(false),
            logit_bias: Some(Map::new()),
            ..Default::default()
        },
        extra,
        messages: vec![Message { name: Some("ann".into()), ..says(Role::User, "Hello") }],
        ..Request::default()
    };
    let (body, loss) = written(LLAMA, &request);
    assert_eq!(loss, "messages.name,temperature,seed,metadata,verbosity,messages.audio");
    assert_eq!(body["serviceTier"], json!({"type": "flex"}));
    assert_eq!(body["requestMetadata"], json!({"user": "user-1", "team": "a"}));
    assert_eq!(body["inferenceConfig"], json!({"temperature": 1}));
}

proptest! {
    #[test]
    fn no_request_panics(
        model in proptest::sample::select(vec![SONNET, OPUS5, NOVA, GPT, LLAMA, "claude-", "openai.", ""]),
        texts in proptest::collection::vec((0..4usize, "\\PC{0,20}", 0..7usize), 0..8),
        most in proptest::option::of(0..100_000u64),
        budget in proptest::option::of(0..100_000u64),
    ) {
        let roles = [Role::System, Role::Developer, Role::User, Role::Assistant];
        let messages = texts.iter().map(|(role, text, kind)| {
            let part = match kind {
                0 => Content::Image(Media::new(Source::of_url(text))).into(),
                1 => Content::Document(Media { title: Some(text.clone()), ..Media::new(Source::Text(text.clone())) }).into(),
                2 => result(text, vec![Part::text(text.as_str())], true),
                3 => call(text),
                4 => thought(text, Maker::Anthropic),
                _ => cached(Part::text(text.as_str()), json!(text)),
            };
            Message::new(roles[*role], vec![part])
        });
        let request = Request {
            messages: messages.collect(),
            max_tokens: most,
            thinking: budget.map(Thinking::Budget),
            ..with_tools()
        };
        if let Ok((body, _)) = write(model, &request) {
            prop_assert_eq!(&body["messages"][0]["role"], "user");
        }
    }
}
