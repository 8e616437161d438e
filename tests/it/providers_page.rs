//! The table of docs/providers.md, made of what the code does with small requests. `UPDATE=1` writes it anew.
use crate::dialects::{TARGETS, written};
use serde_json::{Value, json};
use std::{env, fs, path::Path};

const BEGIN: &str = "<!-- made by tests/it/providers_page.rs -->\n";
const END: &str = "<!-- end -->\n";
/// The targets of the table: those of other platforms differ in their frame alone.
const COLUMNS: [&str; 6] = ["openai", "anthropic", "gemini", "bedrock", "mistral", "cohere"];

#[test]
fn the_table_says_what_the_code_does() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/providers.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let new = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var_os("UPDATE").is_some() {
        return fs::write(&page, new).unwrap();
    }
    assert!(
        text == new,
        "docs/providers.md is not what the code does; run the tests with UPDATE=1:\n{}",
        table()
    );
}

fn table() -> String {
    let mut out =
        format!("| what a client asks | {} |\n|---|{}\n", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()));
    for (what, client, request) in probes() {
        let cells = COLUMNS.map(|column| cell(column, client, &request));
        out += &format!("| {what} | {} |\n", cells.join(" | "));
    }
    out
}

fn cell(column: &str, client: &str, request: &Value) -> &'static str {
    let target = TARGETS.iter().find(|(name, ..)| *name == column).unwrap();
    let written = written(client, request.as_object().unwrap().clone(), target);
    match written["loss"].as_str() {
        Some("") => "yes",
        Some(_) => "lost",
        None => "refused",
    }
}

/// Name, client and request of everything that the table tells of.
fn probes() -> Vec<(&'static str, &'static str, Value)> {
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let with = |more: Value| {
        let mut request = user("Hi".into());
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let tool = json!({"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}, "additionalProperties": false}}});
    let tools = |more: Value| {
        let mut request = with(json!({"tools": [tool]}));
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let mut all = contents(user);
    all.extend(tool_probes(&tools));
    let field = |name: &'static str, value: Value| (name, "chat", with(value));
    all.extend([
        field("`response_format` `json_object`", json!({"response_format": {"type": "json_object"}})),
        field("`response_format` `json_schema`", json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true,
            "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}}}})),
        field("`max_tokens`, `max_completion_tokens`", json!({"max_tokens": 9})),
        field("`stop`", json!({"stop": ["x"]})),
        field("`temperature` up to 1", json!({"temperature": 0.5})),
        field("`temperature` above 1", json!({"temperature": 1.5})),
        field("`top_p`", json!({"top_p": 0.5})),
        ("`top_k`", "messages", { let mut r = with(json!({"top_k": 5})); r["max_tokens"] = 9.into(); r }),
        field("`frequency_penalty`, `presence_penalty` from 0", json!({"frequency_penalty": 0.5, "presence_penalty": 0.5})),
        field("the same below 0", json!({"frequency_penalty": -0.5, "presence_penalty": -0.5})),
        field("`seed`", json!({"seed": 7})),
        field("`n` above 1", json!({"n": 2})),
        field("`logprobs`", json!({"logprobs": true})),
        field("`top_logprobs`", json!({"logprobs": true, "top_logprobs": 2})),
        field("`logit_bias`", json!({"logit_bias": {"1": 1}})),
        field("`reasoning_effort`", json!({"reasoning_effort": "medium", "max_completion_tokens": 20000})),
        field("`user`", json!({"user": "ann"})),
        field("`metadata`", json!({"metadata": {"a": "b"}})),
        field("`service_tier` `flex`", json!({"service_tier": "flex"})),
        field("`prompt_cache_key`", json!({"prompt_cache_key": "k"})),
        field("`web_search_options`", json!({"web_search_options": {}})),
    ]);
    all
}

fn contents(user: impl Fn(Value) -> Value) -> Vec<(&'static str, &'static str, Value)> {
    let part = |part: Value| user(json!([{"type": "text", "text": "Hi"}, part]));
    let pdf = json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}});
    let audio = json!({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}});
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let messages = |content: Value| {
        let mut request = user(content);
        request["max_tokens"] = 9.into();
        request
    };
    let text =
        json!([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}]);
    let named = json!([{"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}]);
    vec![
        ("text", "chat", user("Hi".into())),
        (
            "system and developer messages",
            "chat",
            json!({"messages": [{"role": "system", "content": "s"}, {"role": "developer", "content": "d"}, {"role": "user", "content": "Hi"}]}),
        ),
        (
            "a participant's `name`",
            "chat",
            json!({"messages": [{"role": "user", "content": "Hi", "name": "ann"}]}),
        ),
        ("images in base64", "chat", part(image("data:image/png;base64,iVBORw0KGgo="))),
        ("images by URL", "chat", part(image("https://example.com/a.png"))),
        ("PDF in base64", "chat", part(pdf)),
        ("documents by URL", "messages", messages(named)),
        ("text documents", "messages", messages(text)),
        ("audio", "chat", part(audio)),
        (
            "prompt cache marks (`cache_control`)",
            "messages",
            messages(json!([{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}])),
        ),
    ]
}

fn tool_probes(tools: &impl Fn(Value) -> Value) -> Vec<(&'static str, &'static str, Value)> {
    let called = |result: Value, signature: Option<&str>| {
        let mut thought = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]});
        if let Some(token) = signature {
            thought["reasoning_details"] = json!([{"type": "reasoning.text", "text": "hm", "signature": token, "format": "anthropic-claude-v1"}]);
        }
        let result = json!({"role": "tool", "tool_call_id": "call_1", "content": result});
        json!({"messages": [{"role": "user", "content": "Hi"}, thought, result]})
    };
    let failed = json!({"max_tokens": 9, "tools": [{"name": "look", "input_schema": {"type": "object"}}], "messages": [
        {"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": true, "content": "no"}]}]});
    let search = json!({"max_tokens": 9, "tools": [{"type": "web_search_20250305", "name": "web_search"}], "messages": [{"role": "user", "content": "Hi"}]});
    let picture = json!([{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]);
    let strict = json!([{"type": "function", "function": {"name": "look", "strict": true, "parameters": {"type": "object", "properties": {}, "additionalProperties": false}}}]);
    vec![
        ("tools", "chat", tools(json!({}))),
        ("strict tools", "chat", tools(json!({"tools": strict}))),
        ("`tool_choice` `none`", "chat", tools(json!({"tool_choice": "none"}))),
        ("`tool_choice` `required`", "chat", tools(json!({"tool_choice": "required"}))),
        (
            "`tool_choice` by name",
            "chat",
            tools(json!({"tool_choice": {"type": "function", "function": {"name": "look"}}})),
        ),
        ("`parallel_tool_calls: false`", "chat", tools(json!({"parallel_tool_calls": false}))),
        ("results of tools", "chat", tools(called("x".into(), None))),
        ("pictures in results", "chat", tools(called(picture, None))),
        ("results that are errors", "messages", failed),
        ("Claude's signed thoughts", "chat", tools(called("x".into(), Some("c2ln")))),
        ("a provider's own tools", "messages", search),
    ]
}
