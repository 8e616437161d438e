//! Round trips of any request: what a client of this dialect asks is asked again.

use super::there_and_back;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// The fields that are there.
fn with(mut body: Value, fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let present = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    body.as_object_mut().unwrap().extend(present);
    body
}

fn mark() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![4 => Just(None), 1 => Just(Some(json!({"type": "ephemeral"})))]
}

fn text() -> impl Strategy<Value = Value> {
    ("[a-zé😀\\n]{1,6}", mark())
        .prop_map(|(text, cache)| with(json!({"type": "text", "text": text}), [("cache_control", cache)]))
}

fn medium() -> impl Strategy<Value = Value> {
    let image = (
        select(vec!["https://a.b/c.png", "data:image/png;base64,AAAA"]),
        option::of(select(vec!["low", "high", "auto"])),
    )
        .prop_map(|(url, detail)| {
            let image = with(json!({"url": url}), [("detail", detail.map(Value::from))]);
            json!({"type": "image_url", "image_url": image})
        });
    let file = select(vec![
        json!({"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}),
        json!({"file_id": "file-1"}),
    ])
    .prop_map(|file| json!({"type": "file", "file": file}));
    let audio = select(vec!["wav", "mp3"])
        .prop_map(|format| json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": format}}));
    (prop_oneof![image, file, audio], mark()).prop_map(|(part, cache)| with(part, [("cache_control", cache)]))
}

/// A string, or parts that are not the same as one.
fn content(part: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let parts = vec(part, 1..4).prop_map(|parts| match parts.as_slice() {
        [only] if only["type"] == "text" && only["cache_control"].is_null() => only["text"].clone(),
        _ => parts.into(),
    });
    prop_oneof!["[a-z é]{0,8}".prop_map(Value::from), parts]
}

fn plain() -> impl Strategy<Value = Value> {
    let said = (select(vec!["system", "developer"]), content(text()))
        .prop_map(|(role, content)| json!({"role": role, "content": content}));
    let asked =
        (content(prop_oneof![text(), medium()]), option::of("[a-z]{1,4}")).prop_map(|(content, name)| {
            with(json!({"role": "user", "content": content}), [("name", name.map(Value::from))])
        });
    prop_oneof![said, asked]
}

fn call() -> impl Strategy<Value = Value> {
    let arguments = select(vec!["{}", "{\"b\": [1, 2.50], \"a\": null}", "{\"é\":\"\\u00e9\"}"]);
    ("call_[a-z]{1,4}", arguments, any::<bool>()).prop_map(|(id, arguments, signed)| {
        let call =
            json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}});
        let proof = signed.then(|| json!({"google": {"thought_signature": "c2ln"}}));
        with(call, [("extra_content", proof)])
    })
}

fn thoughts() -> impl Strategy<Value = (Value, Value)> {
    let format = select(vec!["anthropic-claude-v1", "google-gemini-v1", "openai-responses-v1"]);
    let kinds = vec((0..3u8, format), 1..3);
    kinds.prop_map(|kinds| {
        let mut words = String::new();
        let detail = |(index, (kind, format)): (usize, (u8, &str))| match kind {
            0 => json!({"type": "reasoning.encrypted", "data": "k", "format": format, "index": index}),
            kind => {
                words.push_str("hm");
                let (signature, format) = if kind == 1 { (Some("k"), Some(format)) } else { (None, None) };
                json!({"type": "reasoning.text", "text": "hm", "signature": signature, "format": format, "index": index})
            }
        };
        let details: Vec<Value> = kinds.into_iter().enumerate().map(detail).collect();
        let words = if words.is_empty() { Value::Null } else { words.into() };
        (words, details.into())
    })
}

/// A turn of the model, and what its tools gave.
fn turn() -> impl Strategy<Value = Vec<Value>> {
    let result = (content(text()), any::<bool>(), mark());
    let calls = vec((call(), result), 0..3);
    (option::of(content(text())), calls, option::of(thoughts())).prop_map(|(said, calls, thoughts)| {
        let (calls, results): (Vec<Value>, Vec<_>) = calls.into_iter().unzip();
        let (words, details) = thoughts.unzip();
        let calls_or_none = (!calls.is_empty()).then(|| calls.clone().into());
        let message = with(
            json!({"role": "assistant", "content": said}),
            [
                ("tool_calls", calls_or_none),
                ("reasoning_content", words.filter(|words| !words.is_null())),
                ("reasoning_details", details),
            ],
        );
        let told = calls.iter().zip(results).map(|(call, (content, is_error, cache))| {
            let is_error = is_error.then_some(Value::Bool(true));
            let result = json!({"role": "tool", "tool_call_id": call["id"], "content": content});
            with(result, [("is_error", is_error), ("cache_control", cache)])
        });
        std::iter::once(message).chain(told).collect()
    })
}

fn tools() -> impl Strategy<Value = Value> {
    let function = (any::<bool>(), option::of(any::<bool>()), mark()).prop_map(|(rich, strict, cache)| {
        let schema = json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}});
        let rich = |value: Value| rich.then_some(value);
        let function = with(
            json!({"name": "look"}),
            [
                ("description", rich("Looks.".into())),
                ("parameters", rich(schema)),
                ("strict", strict.map(Value::from)),
            ],
        );
        with(json!({"type": "function", "function": function}), [("cache_control", cache)])
    });
    let own = Just(json!({"type": "custom", "custom": {"name": "draw"}}));
    let choice = select(vec![
        json!("auto"),
        json!("none"),
        json!("required"),
        json!({"type": "function", "function": {"name": "look"}}),
    ]);
    (vec(prop_oneof![4 => function, 1 => own], 1..3), option::of(choice), option::of(any::<bool>())).prop_map(
        |(tools, choice, parallel)| {
            with(
                json!({"tools": tools}),
                [("tool_choice", choice), ("parallel_tool_calls", parallel.map(Value::from))],
            )
        },
    )
}

fn format() -> impl Strategy<Value = Value> {
    let schema = (option::of(any::<bool>()), any::<bool>()).prop_map(|(strict, described)| {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
        let described = described.then(|| "An answer.".into());
        let inner = with(
            json!({"name": "n", "schema": schema}),
            [("strict", strict.map(Value::from)), ("description", described)],
        );
        json!({"response_format": {"type": "json_schema", "json_schema": inner}})
    });
    prop_oneof![schema, Just(json!({"response_format": {"type": "json_object"}}))]
}

/// Some of the settings.
fn settings() -> impl Strategy<Value = Value> {
    let all = vec![
        json!({"temperature": 0.5, "top_p": 1}),
        json!({"max_completion_tokens": 9, "stop": ["a", "b"]}),
        json!({"seed": -1, "n": 2, "frequency_penalty": -0.5, "presence_penalty": 1}),
        json!({"logprobs": true, "top_logprobs": 2, "logit_bias": {"1": -100}}),
        json!({"reasoning_effort": "none"}),
        json!({"reasoning_effort": "minimal", "verbosity": "low"}),
        json!({"reasoning_effort": "xhigh"}),
        json!({"user": "u", "prompt_cache_key": "k", "service_tier": "flex", "metadata": {"a": "b"}}),
        json!({"stream": true, "stream_options": {"include_usage": true}}),
        json!({"store": true, "modalities": ["text", "audio"], "audio": {"voice": "v", "format": "mp3"}}),
        json!({"prediction": {"type": "content", "content": "p"}, "web_search_options": {}}),
    ];
    proptest::sample::subsequence(all, 0..5).prop_map(|some| {
        some.into_iter().flat_map(|one| one.as_object().cloned().unwrap()).collect::<Map<_, _>>().into()
    })
}

proptest! {
    #[test]
    fn any_request_survives_the_way_through_the_hub(
        messages in vec(prop_oneof![plain().prop_map(|one| vec![one]), turn()], 1..5),
        settings in settings(),
        tools in option::of(tools()),
        format in option::of(format()),
    ) {
        let mut body = json!({"model": "m", "messages": messages.concat()});
        for more in [Some(settings), tools, format].into_iter().flatten() {
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        }
        prop_assert_eq!(there_and_back(body.clone()), (body, String::new()));
    }
}
