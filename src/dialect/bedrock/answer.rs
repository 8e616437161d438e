//! A whole answer of Converse.

use super::fault;
use crate::{
    chat::{
        Answer, Choice, Citation, Content, Fault, Finish, Kind, Maker, Part, Reasoning, Signature, ToolCall,
        Usage,
    },
    dialect::{claude::SEALED, whole},
};
use serde_json::Value;

/// Reads a whole answer of status 200.
///
/// # Errors
/// A fault where it is empty, stops in the middle, or is an error all the same.
pub fn read_answer(body: &[u8]) -> Result<Answer, Fault> {
    let whole: Value = whole::read(body)?;
    let reason = whole.get("stopReason").and_then(Value::as_str);
    let content = whole.pointer("/output/message/content").and_then(Value::as_array);
    if content.is_none() && reason.is_none() {
        let error = ["__type", "message", "Message"].iter().any(|field| whole.get(field).is_some());
        return Err(if error { fault::of_exception("", &whole) } else { Fault::new(Kind::EmptyAnswer) });
    }
    let mut parts = Vec::new();
    for block in content.into_iter().flatten() {
        read_block(block, &mut parts);
    }
    let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
    let finish = finish(reason.unwrap_or_default(), whole.get("additionalModelResponseFields"), calls)?;
    let model = whole.pointer("/trace/promptRouter/invokedModelId").and_then(Value::as_str);
    Ok(Answer {
        id: String::new(),
        model: model.unwrap_or_default().into(),
        choices: vec![Choice { parts, finish, logprobs: None }],
        usage: whole.get("usage").and_then(usage),
    })
}

fn read_block(block: &Value, parts: &mut Vec<Part>) {
    if let Some(text) = block.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        parts.push(Part::text(text));
    } else if let Some(call) = block.get("toolUse").filter(|call| is_ours(call)) {
        parts.push(Content::ToolCall(read_call(call, parts.len())).into());
    } else if let Some(thought) = block.get("reasoningContent") {
        parts.extend(read_thought(thought).map(|thought| Content::Reasoning(thought).into()));
    } else if let Some(cited) = block.get("citationsContent") {
        let list = |field| cited.get(field).and_then(Value::as_array).into_iter().flatten();
        let text: String = list("content").filter_map(|piece| piece.get("text")?.as_str()).collect();
        let citations = list("citations").map(citation).collect();
        parts.push(Content::Text { text, citations }.into());
    }
}

/// Whether a call is the client's to answer: the model's host runs some tools itself.
pub(super) fn is_ours(call: &Value) -> bool {
    call.get("type").is_none_or(|kind| kind != "server_tool_use")
}

fn read_call(call: &Value, at: usize) -> ToolCall {
    let text = |field| call.get(field).and_then(Value::as_str).map(str::to_owned);
    let input = call.get("input").filter(|input| !input.is_null());
    ToolCall {
        id: text("toolUseId").filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{at}")),
        name: text("name").unwrap_or_default(),
        arguments: input.map_or_else(|| "{}".into(), Value::to_string),
        signature: None,
    }
}

fn read_thought(thought: &Value) -> Option<Reasoning> {
    let text = |path| thought.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let words = text("/reasoningText/text").unwrap_or_default().to_owned();
    let signature =
        text("/reasoningText/signature").map(signed).or_else(|| text("/redactedContent").map(sealed));
    (signature.is_some() || !words.is_empty()).then_some(Reasoning { text: words, signature })
}

/// A token of Claude's, the only one on Bedrock that signs its thoughts.
pub(super) fn signed(token: &str) -> Signature {
    Signature { maker: Maker::Anthropic, token: token.into() }
}

/// A thought of Claude's that only Claude can read.
pub(super) fn sealed(thought: &str) -> Signature {
    signed(&format!("{SEALED}{thought}"))
}

/// A source, of a whole answer or of a stream.
pub(super) fn citation(citation: &Value) -> Citation {
    let text = |path| citation.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pieces = citation.get("sourceContent").and_then(Value::as_array).into_iter().flatten();
    let cited: String = pieces.filter_map(|piece| piece.get("text")?.as_str()).collect();
    let location = citation.get("location").and_then(Value::as_object);
    let document = location.and_then(|l| l.values().find_map(|place| place.get("documentIndex")?.as_u64()));
    Citation {
        url: text("/location/web/url").map(str::to_owned),
        title: text("/title").map(str::to_owned),
        cited: Some(cited).filter(|cited| !cited.is_empty()),
        document,
        span: None,
    }
}

/// Why the answer ended; `calls` tells whether it called tools.
///
/// # Errors
/// The model wrote what Bedrock could not read.
pub(super) fn finish(reason: &str, additional: Option<&Value>, calls: bool) -> Result<Finish, Fault> {
    Ok(match reason {
        "tool_use" => Finish::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "stop_sequence" => {
            let text = additional.and_then(|fields| fields.get("stop_sequence")).and_then(Value::as_str);
            Finish::StopSequence(text.map(str::to_owned))
        }
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        "malformed_model_output" | "malformed_tool_use" => {
            return Err(Fault { message: reason.into(), ..Fault::new(Kind::StreamError) });
        }
        // some models end their turn with their calls
        _ if calls => Finish::ToolCalls,
        _ => Finish::Stop,
    })
}

/// Tokens; Bedrock counts cached ones apart from the input.
pub(super) fn usage(usage: &Value) -> Option<Usage> {
    let count = |field: &str| usage.get(field).and_then(Value::as_u64);
    let (cached, cache_write) =
        (count("cacheReadInputTokens").unwrap_or(0), count("cacheWriteInputTokens").unwrap_or(0));
    let kept: u64 = usage.get("cacheDetails").and_then(Value::as_array).into_iter().flatten().map(hour).sum();
    Some(Usage {
        input: count("inputTokens")?.saturating_add(cached).saturating_add(cache_write),
        output: count("outputTokens").unwrap_or(0),
        cached,
        cache_write,
        cache_write_1h: kept,
        ..Usage::default()
    })
}

/// The tokens of a detail of the cache that are kept for an hour.
fn hour(detail: &Value) -> u64 {
    let tokens = detail.get("inputTokens").filter(|_| detail.get("ttl").is_some_and(|ttl| ttl == "1h"));
    tokens.and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(body: &Value) -> Result<Answer, Fault> {
        read_answer(body.to_string().as_bytes())
    }

    fn answer(content: &Value, reason: &str) -> Value {
        json!({
            "metrics": {"latencyMs": 812},
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": reason,
            "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15},
        })
    }

    #[test]
    fn an_answer_is_read_with_all_that_it_holds() {
        let mut body = answer(
            &json!([
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
                {"reasoningContent": {"redactedContent": "cmVk"}},
                {"text": "Let me look."},
                {"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": 1.0}}},
                {"toolUse": {"toolUseId": "srv_1", "name": "search", "input": {}, "type": "server_tool_use"}},
                {"toolUse": {"toolUseId": "tooluse_2", "name": "wait"}},
            ]),
            "tool_use",
        );
        body["usage"] = json!({"inputTokens": 10, "outputTokens": 5, "totalTokens": 115, "cacheReadInputTokens": 80,
            "cacheWriteInputTokens": 20, "cacheDetails": []});
        body["trace"] = json!({"promptRouter": {"invokedModelId": "arn:x"}});
        let answer = read(&body).unwrap();
        let thought = |text: &str, token: &str| {
            Content::Reasoning(Reasoning { text: text.into(), signature: Some(signed(token)) })
        };
        let call = |id: &str, name: &str, arguments: &str| {
            Content::ToolCall(ToolCall {
                id: id.into(),
                name: name.into(),
                arguments: arguments.into(),
                signature: None,
            })
        };
        let contents: Vec<Content> =
            answer.choices[0].parts.iter().map(|part| part.content.clone()).collect();
        let want = [
            thought("hm", "c2ln"),
            thought("", "redacted:cmVk"),
            Part::text("Let me look.").content,
            call("tooluse_1", "look", r#"{"at":1.0}"#),
            call("tooluse_2", "wait", "{}"),
        ];
        assert_eq!(contents, want);
        assert_eq!((answer.choices[0].finish.clone(), answer.model.as_str()), (Finish::ToolCalls, "arn:x"));
        let usage = Usage { input: 110, output: 5, cached: 80, cache_write: 20, ..Usage::default() };
        assert_eq!(answer.usage, Some(usage));
    }

    #[test]
    fn sources_are_told() {
        let cited = json!([{"citationsContent": {
            "content": [{"text": "It is "}, {"text": "blue."}],
            "citations": [
                {"title": "Sky", "sourceContent": [{"text": "blue"}], "location": {"documentChar": {"documentIndex": 1, "start": 0, "end": 4}}},
                {"location": {"web": {"url": "https://a.test", "domain": "a.test"}}},
            ],
        }}]);
        let answer = read(&answer(&cited, "end_turn")).unwrap();
        let Content::Text { text, citations } = &answer.choices[0].parts[0].content else { panic!() };
        assert_eq!(text, "It is blue.");
        let sky = Citation {
            title: Some("Sky".into()),
            cited: Some("blue".into()),
            document: Some(1),
            ..Citation::default()
        };
        assert_eq!(citations, &[sky, Citation { url: Some("https://a.test".into()), ..Citation::default() }]);
    }

    #[test]
    fn ends_are_told_apart() {
        let finish = |reason: &str| {
            read(&answer(&json!([{"text": "a"}]), reason)).map(|a| a.choices[0].finish.clone())
        };
        assert_eq!(finish("end_turn"), Ok(Finish::Stop));
        assert_eq!(finish("max_tokens"), Ok(Finish::Length));
        assert_eq!(finish("model_context_window_exceeded"), Ok(Finish::Length));
        assert_eq!(finish("guardrail_intervened"), Ok(Finish::ContentFilter));
        assert_eq!(finish("content_filtered"), Ok(Finish::ContentFilter));
        assert_eq!(finish("stop_sequence"), Ok(Finish::StopSequence(None)));
        assert_eq!(finish("malformed_tool_use").unwrap_err().kind, Kind::StreamError);
        let mut stopped = answer(&json!([{"text": "a"}]), "stop_sequence");
        stopped["additionalModelResponseFields"] = json!({"stop_sequence": "END"});
        assert_eq!(read(&stopped).unwrap().choices[0].finish, Finish::StopSequence(Some("END".into())));
        let called = answer(&json!([{"toolUse": {"toolUseId": "a", "name": "b", "input": {}}}]), "end_turn");
        assert_eq!(read(&called).unwrap().choices[0].finish, Finish::ToolCalls);
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        let kind = |body: &str| read_answer(body.as_bytes()).unwrap_err().kind;
        assert_eq!(kind(" \n"), Kind::EmptyAnswer);
        assert_eq!(kind("{}"), Kind::EmptyAnswer);
        assert_eq!(kind(r#"{"output":{"message":{"#), Kind::Truncated);
        assert_eq!(
            kind(r#"{"message":"Too many requests","__type":"ThrottlingException"}"#),
            Kind::RateLimited
        );
        assert_eq!(kind(r#"{"message":"no"}"#), Kind::StreamError);
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), cut in any::<proptest::sample::Index>()) {
            drop(read_answer(&bytes));
            let whole = answer(&json!([{"toolUse": {"input": {"a": "b"}}}, {"reasoningContent": {}}, {"citationsContent": {}}]), "x");
            let whole = whole.to_string();
            drop(read_answer(&whole.as_bytes()[..cut.index(whole.len())]));
        }
    }
}
