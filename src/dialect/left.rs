//! What of a request its target has no place for, as every dialect tells it.

use crate::chat::{Loss, Request};
use serde_json::Value;

/// What has no word in the hub form is lost, but for what asks nothing and what the target `takes`.
pub(super) fn rest(request: &Request, loss: &mut Loss, mut takes: impl FnMut(&str, &Value) -> bool) {
    for (field, value) in &request.extra {
        if !asks_nothing(field, &value.to_string()) && !takes(field, value) {
            loss.of(field);
        }
    }
    request.unread.iter().for_each(|field| loss.of(field));
}

/// Whether a top-level field says what goes without saying: to leave it out loses nothing.
pub(super) fn asks_nothing(field: &str, raw: &str) -> bool {
    match field {
        _ if raw == "null" => true,
        "stream_options" => true,
        "n" => raw == "1",
        "frequency_penalty" | "presence_penalty" => raw.parse() == Ok(0.0),
        "logprobs" | "store" => raw == "false",
        "logit_bias" | "metadata" => raw == "{}",
        "modalities" => raw == r#"["text"]"#,
        "parallel_tool_calls" => raw == "true",
        "service_tier" => matches!(raw, r#""auto""# | r#""default""#),
        "tool_choice" => raw == r#""auto""#,
        _ => false,
    }
}

/// A tool that only another maker has.
pub(super) fn tool(foreign: &Value, loss: &mut Loss) {
    let kind = foreign.get("type").and_then(Value::as_str).unwrap_or("unknown");
    loss.of(format!("tools.{kind}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_asks_nothing_is_not_lost() {
        let extra = json!({"a": null, "stream_options": {}, "store": false, "service_tier": "auto", "modalities": ["text"], "b": 1, "taken": 1});
        let extra = extra.as_object().unwrap().clone();
        let request = Request { extra, unread: vec!["c.d".into()], ..Request::default() };
        let mut loss = Loss::default();
        rest(&request, &mut loss, |field, _| field == "taken");
        assert_eq!(loss.join(), "b,c.d");
    }
}
