//! Requests: read from clients, written for Claude.

use super::{call, goal, look, object, result, said, user, written};
use crate::{
    chat::{
        Content, Effort, Format, Loss, Maker, Media, Message, Part, Reasoning, Request, Role, Sampling,
        Signature, Source, Thinking, Tool, ToolChoice,
    },
    dialect::{
        Platform,
        anthropic::{read_request, write_request},
    },
};
use serde_json::{Value, json};

#[test]
fn an_openai_conversation_becomes_turns_with_results_first() {
    let request = Request {
        messages: vec![
            Message::new(Role::System, vec![Part::text("Be brief.")]),
            user("What is there?"),
            Message::new(
                Role::Assistant,
                vec![Part::text(""), call("functions.look:0", "{\"at\":1}").into()],
            ),
            user("And?"),
            said(Role::User, result("functions.look:0", "a cat")),
            Message { name: Some("ann".into()), ..user("Well?") },
        ],
        tools: vec![look(None)],
        ..Request::default()
    };
    let (body, loss) = written(&request, "claude-sonnet-4-5");
    assert_eq!(loss, "messages.name");
    assert_eq!(
        body,
        json!({
            "model": "claude-sonnet-4-5", "max_tokens": 64_000, "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "What is there?"},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "functions_look_0", "name": "look", "input": {"at": 1}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "functions_look_0", "content": "a cat"},
                    {"type": "text", "text": "And?"}, {"type": "text", "text": "Well?"}]}],
            "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}],
        })
    );
}

#[test]
fn instructions_in_the_middle_stay_there_where_the_model_takes_them() {
    let system = |text: &str| Message::new(Role::Developer, vec![Part::text(text)]);
    let answer = said(Role::Assistant, Content::Refusal("no".into()));
    let messages = vec![system("a"), user("b"), system("c"), answer, user("d"), system("e"), user("f")];
    let request = Request { messages, ..Request::default() };
    let roles = |model| {
        let body = written(&request, model).0;
        let roles =
            body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap().to_owned());
        (body["system"].clone(), roles.collect::<Vec<_>>().join(" "))
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        roles("claude-opus-4-8"),
        (json!([text("a"), text("e")]), "user system assistant user".into())
    );
    assert_eq!(
        roles("claude-opus-4-5"),
        (json!([text("a"), text("c"), text("e")]), "user assistant user".into())
    );
}

#[test]
fn what_messages_has_no_word_for_is_reported() {
    let half = serde_json::Number::from_f64(0.5);
    let request = Request {
        messages: vec![user("a")],
        tools: vec![Tool::Foreign(json!({"type": "web_search_preview"})), look(Some(true))],
        sampling: Sampling {
            seed: Some(1),
            n: Some(2),
            frequency_penalty: half.clone(),
            presence_penalty: Some(0.into()),
            logprobs: Some(true),
            ..Sampling::default()
        },
        stop: vec!["\n".into(), "END".into()],
        extra: object(json!({"store": false, "service_tier": "auto", "prediction": {}, "modalities": null})),
        unread: vec!["messages.audio".into()],
        ..Request::default()
    };
    let (body, loss) = written(&request, "claude-sonnet-4-0");
    assert_eq!(
        loss,
        "tools.web_search_preview,tools.strict,stop,frequency_penalty,seed,n,logprobs,prediction,messages.audio"
    );
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert!(body.get("prediction").is_none());
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    let refused = |content: Content| {
        let request = Request { messages: vec![said(Role::User, content)], ..Request::default() };
        let goal = goal("claude-opus-5", Platform::Direct);
        write_request(&request, &goal, &mut Loss::default()).unwrap_err()
    };
    let bytes = |media_type: &str| Source::Base64 { media_type: media_type.into(), data: "////".into() };
    let unfit = refused(Content::Audio(Media::new(bytes("audio/wav"))));
    assert_eq!((unfit.at.as_str(), unfit.why.as_str()), ("messages[0].content[0]", "takes no audio"));
    assert!(refused(Content::Image(Media::new(bytes("image/tiff")))).why.contains("PNG"));
    assert!(refused(Content::Image(Media::new(Source::File("file-1".into())))).why.contains("bytes"));
    assert!(refused(Content::Document(Media::new(bytes("text/plain")))).why.contains("UTF-8"));
    assert_eq!(refused(Content::Refusal(String::new())).at, "messages");
}

#[test]
fn instructions_alone_are_what_is_asked() {
    let system = Message::new(Role::System, vec![Part::text("Tell a joke.")]);
    let body = written(&Request { messages: vec![system], ..Request::default() }, "claude-opus-5").0;
    assert_eq!(body["messages"], json!([{"role": "user", "content": "Tell a joke."}]));
    assert!(body.get("system").is_none());
}

#[test]
fn the_first_word_is_the_users() {
    let greeting = Message::new(Role::Assistant, vec![Part::text("Hi, I am Bo.")]);
    let request = Request { messages: vec![greeting, user("Hi")], ..Request::default() };
    let body = written(&request, "claude-opus-5").0;
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
}

#[test]
fn a_schema_is_native_where_the_model_has_it_and_words_where_not() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}});
    let format = Format::Schema { name: Some("x".into()), description: None, schema, strict: Some(true) };
    let request = Request { messages: vec![user("a")], format: Some(format), ..Request::default() };
    let (body, loss) = written(&request, "claude-haiku-4-5");
    assert_eq!(
        body["output_config"]["format"]["schema"],
        json!({"type": "object",
        "properties": {"a": {"type": "integer", "description": "{minimum: 1}"}}, "additionalProperties": false})
    );
    assert_eq!(loss, "");
    let (body, loss) = written(&request, "claude-3-5-haiku-latest");
    assert!(body["system"].as_str().unwrap().contains("\"minimum\":1"));
    assert_eq!(loss, "response_format.json_schema.strict");
    let request = Request { format: Some(Format::Json), ..request };
    assert!(written(&request, "claude-opus-5").0["system"].as_str().unwrap().contains("one JSON object"));
}

#[test]
fn a_tool_that_can_not_be_forced_is_asked_for() {
    let request = Request {
        messages: vec![user("a")],
        tools: vec![look(None)],
        tool_choice: Some(ToolChoice::Named("look".into())),
        parallel_tool_calls: Some(false),
        ..Request::default()
    };
    let (body, loss) = written(&request, "claude-opus-5");
    assert_eq!(
        body["tool_choice"],
        json!({"type": "tool", "name": "look", "disable_parallel_tool_use": true})
    );
    assert_eq!(loss, "");
    let (body, loss) = written(&request, "claude-opus-5-5");
    assert_eq!(body["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    assert!(body["system"].as_str().unwrap().contains("`look`"));
    assert_eq!(loss, "tool_choice");
}

#[test]
fn a_turn_that_began_without_claudes_thought_is_ended_without_thinking() {
    let thought = |maker| {
        let signature = Some(Signature { maker, token: "k".into() });
        Part::from(Content::Reasoning(Reasoning { text: "hm".into(), signature }))
    };
    let thinks = |first: Option<Part>| {
        let mut parts: Vec<Part> = first.into_iter().collect();
        parts.push(call("a", "{}").into());
        let request = Request {
            messages: vec![
                user("q"),
                Message::new(Role::Assistant, parts),
                said(Role::User, result("a", "r")),
                said(Role::Assistant, call("b", "{}")),
                said(Role::User, result("b", "r")),
            ],
            tools: vec![look(None)],
            thinking: Some(Thinking::Budget(2000)),
            ..Request::default()
        };
        let (body, loss) = written(&request, "claude-sonnet-4-5");
        (body["thinking"]["type"].as_str().unwrap().to_owned(), loss)
    };
    assert_eq!(thinks(Some(thought(Maker::Anthropic))), ("enabled".into(), String::new()));
    assert_eq!(thinks(Some(thought(Maker::Google))), ("disabled".into(), "reasoning".into()));
    assert_eq!(thinks(None).0, "disabled");
}

#[test]
fn hosted_models_have_their_version_and_no_name() {
    let request = Request { messages: vec![user("a")], stream: true, ..Request::default() };
    let keys = |platform| {
        let body = write_request(&request, &goal("claude-opus-5", platform), &mut Loss::default()).unwrap();
        body.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(Platform::Direct), "model max_tokens messages stream");
    assert_eq!(keys(Platform::Vertex), "anthropic_version max_tokens messages stream");
    assert_eq!(keys(Platform::Bedrock), "anthropic_version max_tokens messages");
}

#[test]
fn a_malformed_request_says_where() {
    let at = |body: Value| read_request(object(body)).unwrap_err().at;
    assert_eq!(at(json!({"messages": []})), "max_tokens");
    assert_eq!(at(json!({"max_tokens": 1, "messages": "hi"})), "messages");
    let block = |block: Value| {
        at(json!({"max_tokens": 1, "messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": [block]}]}))
    };
    assert_eq!(block(json!({"type": "text"})), "messages[1].content[0].text");
    assert_eq!(block(json!({"type": "tool_use", "id": "a", "name": "b"})), "messages[1].content[0].input");
    assert_eq!(block(json!("x")), "messages[1].content[0].type");
    assert_eq!(
        at(json!({"max_tokens": 1, "messages": [{"role": "tool", "content": ""}]})),
        "messages[0].role"
    );
    assert_eq!(at(json!({"max_tokens": 1, "messages": [], "thinking": {"type": "on"}})), "thinking.type");
}

#[test]
fn claude_codes_request_is_read() {
    let request = read_request(object(json!({
        "model": "x", "max_tokens": 32_000, "stream": true,
        "system": [{"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "high"},
        "metadata": {"user_id": "u"}, "context_management": {"edits": []},
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}, "eager_input_streaming": true},
            {"type": "web_search_20250305", "name": "web_search"}],
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "Agents: none."},
            {"role": "assistant", "content": [
                {"type": "redacted_thinking", "data": "call:google:sig"},
                {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": true,
                "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}]},
                {"type": "text", "text": "go on", "cache_control": {"type": "ephemeral"}}]}]})))
    .unwrap();
    assert_eq!(request.thinking, Some(Thinking::Adaptive(Some(Effort::High))));
    assert_eq!(request.user.as_deref(), Some("u"));
    assert!(request.stream && request.stream_usage && request.extra.contains_key("context_management"));
    assert_eq!(request.unread, ["tools.eager_input_streaming"]);
    let Content::ToolCall(call) = &request.messages[3].parts[0].content else { panic!("no call") };
    assert_eq!(call.signature, Some(Signature { maker: Maker::Google, token: "sig".into() }));
    assert!(matches!(&request.messages[4].parts[0].content, Content::ToolResult(result) if result.is_error));
    assert!(request.messages[4].parts[1].cache.is_some());
    assert!(matches!(&request.tools[1], Tool::Foreign(tool) if tool["name"] == "web_search"));
}
