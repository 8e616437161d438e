//! A request: its settings. What is said in it, `input` reads.

use super::input;
use crate::{
    chat::{Effort, Format, Origin, Request, Sampling, Thinking, Tool, ToolChoice, Unfit},
    dialect::fields::Fields,
};
use serde_json::{Map, Number, Value};

const LOGPROBS: &str = "message.output_text.logprobs";

/// What asks for something that OpenAI keeps, and what to do instead.
const STATEFUL: [(&str, &str); 4] = [
    (
        "previous_response_id",
        "keeps no state between requests; send the whole conversation in `input`, without `previous_response_id`",
    ),
    (
        "conversation",
        "keeps no state between requests; send the whole conversation in `input`, without `conversation`",
    ),
    ("prompt", "keeps no prompt templates; send the prompt itself in `instructions` and `input`"),
    ("background", "runs nothing in the background; send it without `background`"),
];

/// Reads a request.
///
/// # Errors
/// It builds on state that only OpenAI keeps, or says something that this dialect does not know.
pub fn read_request(body: Map<String, Value>) -> Result<Request, Unfit> {
    let mut fields = asking(body)?;
    let mut unread = Vec::new();
    let instructions = fields.take("instructions");
    let input = fields.take("input").unwrap_or_default();
    let thinking = fields.readable("reasoning", |value| Some(thinking(value.as_object()?, &mut unread)));
    let format = fields.readable("text", |value| Some(format(value.as_object()?, &mut unread)));
    let user = fields.readable("user", text);
    Ok(Request {
        origin: Origin::Responses,
        messages: input::read(instructions.as_ref(), &input, &mut unread)?,
        tools: fields
            .readable("tools", |value| Some(tools(value.as_array()?, &mut unread)))
            .unwrap_or_default(),
        tool_choice: fields.readable("tool_choice", |value| Some(tool_choice(value, &mut unread))).flatten(),
        parallel_tool_calls: fields.readable("parallel_tool_calls", Value::as_bool),
        format: format.flatten(),
        max_tokens: fields.readable("max_output_tokens", Value::as_u64),
        sampling: sampling(&mut fields, &mut unread),
        stop: Vec::new(),
        thinking: thinking.flatten(),
        stream: fields.readable("stream", Value::as_bool).unwrap_or_default(),
        stream_usage: true,
        user: user.or_else(|| fields.readable("safety_identifier", text)),
        extra: fields.map,
        unread,
    })
}

/// The fields without what asks nothing of a target.
fn asking(mut body: Map<String, Value>) -> Result<Fields, Unfit> {
    body.retain(|name, value| match name.as_str() {
        "model" | "stream_options" => false,
        "background" | "store" => *value != false && !value.is_null(),
        "truncation" => value != "disabled" && !value.is_null(),
        _ => !value.is_null(),
    });
    match STATEFUL.iter().find(|(name, _)| body.contains_key(*name)) {
        Some((name, why)) => Err(Unfit::new(*name, *why)),
        None => Ok(Fields::of_body(body)),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn number(value: &Value) -> Option<Number> {
    value.as_number().cloned()
}

fn sampling(fields: &mut Fields, unread: &mut Vec<String>) -> Sampling {
    let include = fields.readable("include", |value| value.as_array().cloned()).unwrap_or_default();
    let top_logprobs = fields.readable("top_logprobs", Value::as_u64).filter(|top| *top > 0);
    // other dialects tell no alternatives without the likelihoods themselves
    let logprobs = top_logprobs.is_some() || include.iter().any(|what| what == LOGPROBS);
    for what in include.iter().filter_map(Value::as_str) {
        // signatures are always included
        if what != LOGPROBS && what != "reasoning.encrypted_content" {
            unread.push(format!("include.{what}"));
        }
    }
    Sampling {
        temperature: fields.readable("temperature", number),
        top_p: fields.readable("top_p", number),
        logprobs: logprobs.then_some(true),
        top_logprobs,
        ..Sampling::default()
    }
}

fn thinking(reasoning: &Map<String, Value>, unread: &mut Vec<String>) -> Option<Thinking> {
    let mut thinking = None;
    for (name, value) in reasoning {
        match (name.as_str(), value.as_str()) {
            ("effort", Some("none")) => thinking = Some(Thinking::Off),
            ("effort", Some(word)) if Effort::of_name(word).is_some() => {
                thinking = Effort::of_name(word).map(Thinking::Effort);
            }
            // what a target tells of its thoughts is always passed on; the rest are the defaults
            ("summary" | "generate_summary", _) | ("context", Some("auto")) | ("mode", Some("standard")) => {}
            _ if value.is_null() => {}
            _ => unread.push(format!("reasoning.{name}")),
        }
    }
    thinking
}

fn format(config: &Map<String, Value>, unread: &mut Vec<String>) -> Option<Format> {
    for (name, value) in config {
        if name != "format" && !value.is_null() {
            unread.push(format!("text.{name}"));
        }
    }
    let format = config.get("format").filter(|format| !format.is_null())?;
    let word = |name: &str| format.get(name).and_then(text);
    match (format.get("type").and_then(Value::as_str), format.get("schema")) {
        (Some("text"), _) => None,
        (Some("json_object"), _) => Some(Format::Json),
        (Some("json_schema"), Some(schema)) => Some(Format::Schema {
            name: word("name"),
            description: word("description"),
            schema: schema.clone(),
            strict: format.get("strict").and_then(Value::as_bool),
        }),
        _ => {
            unread.push("text.format".into());
            None
        }
    }
}

fn tools(list: &[Value], unread: &mut Vec<String>) -> Vec<Tool> {
    list.iter().map(|value| function(value, unread).unwrap_or_else(|| Tool::Foreign(value.clone()))).collect()
}

fn function(value: &Value, unread: &mut Vec<String>) -> Option<Tool> {
    let fields = value.as_object().filter(|_| value.get("type").is_some_and(|kind| kind == "function"))?;
    let function = Tool::Function {
        name: fields.get("name").and_then(text)?,
        description: fields.get("description").and_then(text),
        parameters: fields.get("parameters").filter(|schema| !schema.is_null()).cloned(),
        strict: fields.get("strict").and_then(Value::as_bool),
        cache: None,
    };
    for (name, value) in fields {
        let known = matches!(name.as_str(), "type" | "name" | "description" | "parameters" | "strict");
        if !known && !value.is_null() && *value != false {
            unread.push(format!("tools.{name}"));
        }
    }
    Some(function)
}

fn tool_choice(value: &Value, unread: &mut Vec<String>) -> Option<ToolChoice> {
    let field = |name: &str| value.get(name).and_then(Value::as_str);
    let word = |word: Option<&str>| match word {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required") => Some(ToolChoice::Required),
        _ => None,
    };
    let (choice, lost) = match (field("type"), field("name")) {
        (None, _) => (word(value.as_str()), "tool_choice"),
        (Some("function"), Some(name)) => (Some(ToolChoice::Named(name.into())), ""),
        // whether a tool must be called is kept, which ones may be is not
        (Some("allowed_tools"), _) => (word(field("mode")), "tool_choice.tools"),
        (Some(_), _) => (None, "tool_choice"),
    };
    if choice.is_none() || lost == "tool_choice.tools" {
        unread.push(lost.into());
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(mut body: Value) -> Result<Request, Unfit> {
        let fields = body.as_object_mut().unwrap();
        fields.entry("input").or_insert("Hi".into());
        read_request(fields.clone())
    }

    #[test]
    fn settings_are_read() {
        let request = read(json!({
            "model": "m", "temperature": 0.20, "top_p": 1, "max_output_tokens": 9, "parallel_tool_calls": false, "user": "u",
            "stream": true, "stream_options": {"include_obfuscation": false}, "include": ["reasoning.encrypted_content"],
            "reasoning": {"effort": "max", "summary": "auto"}, "store": false, "background": false, "truncation": "disabled",
            "previous_response_id": null,
        }));
        let want = Request {
            origin: Origin::Responses,
            messages: read(json!({})).unwrap().messages,
            parallel_tool_calls: Some(false),
            max_tokens: Some(9),
            sampling: Sampling {
                temperature: Number::from_f64(0.2),
                top_p: Some(1.into()),
                ..Sampling::default()
            },
            thinking: Some(Thinking::Effort(Effort::Max)),
            stream: true,
            stream_usage: true,
            user: Some("u".into()),
            ..Request::default()
        };
        assert_eq!(request, Ok(want));
        assert_eq!(read(json!({"reasoning": {"effort": "none"}})).unwrap().thinking, Some(Thinking::Off));
        assert_eq!(read(json!({"safety_identifier": "s"})).unwrap().user.as_deref(), Some("s"));
    }

    #[test]
    fn what_builds_on_stored_state_does_not_fit() {
        for (field, value) in [
            ("previous_response_id", json!("resp_1")),
            ("conversation", json!({"id": "conv_1"})),
            ("background", json!(true)),
            ("prompt", json!({"id": "pmpt_1"})),
        ] {
            let unfit = read(json!({ field: value })).unwrap_err();
            assert_eq!(unfit.at, field);
            assert!(unfit.why.contains("; send"), "{}", unfit.why);
        }
    }

    #[test]
    fn nothing_is_lost_in_silence() {
        let request = read(json!({
            "store": true, "metadata": {"a": "b"}, "service_tier": "flex", "truncation": "auto", "temperature": "hot",
            "include": ["file_search_call.results"], "text": {"verbosity": "low", "format": {"type": "grammar"}},
            "reasoning": {"effort": "huge", "mode": "pro"}, "tool_choice": {"type": "mcp", "server_label": "x"},
            "tools": [{"type": "function", "name": "f", "defer_loading": true, "output_schema": null}],
        }));
        let request = request.unwrap();
        let extra: Vec<_> = request.extra.keys().map(String::as_str).collect();
        assert_eq!(extra, ["store", "metadata", "service_tier", "truncation", "temperature"]);
        let unread = [
            "reasoning.effort",
            "reasoning.mode",
            "text.verbosity",
            "text.format",
            "tools.defer_loading",
            "tool_choice",
            "include.file_search_call.results",
        ];
        assert_eq!(request.unread, unread);
    }

    #[test]
    fn tools_of_others_stay_as_they_are() {
        let search = json!({"type": "web_search"});
        let tools = json!([search, {"type": "function", "name": "f", "parameters": null, "strict": true}]);
        let function = Tool::Function {
            name: "f".into(),
            description: None,
            parameters: None,
            strict: Some(true),
            cache: None,
        };
        assert_eq!(read(json!({ "tools": tools })).unwrap().tools, [Tool::Foreign(search), function]);
    }

    #[test]
    fn every_choice_of_tools_is_read() {
        let choice = |value: Value| {
            let request = read(json!({ "tool_choice": value })).unwrap();
            (request.tool_choice, request.unread.join(","))
        };
        for (word, want) in
            [("auto", ToolChoice::Auto), ("none", ToolChoice::None), ("required", ToolChoice::Required)]
        {
            assert_eq!(choice(json!(word)), (Some(want), String::new()));
        }
        let named = json!({"type": "function", "name": "f"});
        assert_eq!(choice(named), (Some(ToolChoice::Named("f".into())), String::new()));
        let allowed = json!({"type": "allowed_tools", "mode": "required", "tools": []});
        assert_eq!(choice(allowed), (Some(ToolChoice::Required), "tool_choice.tools".into()));
    }

    #[test]
    fn formats_are_read() {
        let format = |value: Value| read(json!({"text": {"format": value}})).unwrap().format;
        assert_eq!(format(json!({"type": "text"})), None);
        assert_eq!(format(json!({"type": "json_object"})), Some(Format::Json));
        let schema =
            json!({"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true});
        let want = Format::Schema {
            name: Some("n".into()),
            description: None,
            schema: json!({"type": "object"}),
            strict: Some(true),
        };
        assert_eq!(format(schema), Some(want));
    }

    #[test]
    fn likelihoods_are_asked_for_in_either_way() {
        let asked = |body: Value| {
            let sampling = read(body).unwrap().sampling;
            (sampling.logprobs, sampling.top_logprobs)
        };
        assert_eq!(asked(json!({"include": [LOGPROBS]})), (Some(true), None));
        assert_eq!(asked(json!({"top_logprobs": 2})), (Some(true), Some(2)));
        assert_eq!(asked(json!({"top_logprobs": 0})), (None, None));
    }
}
