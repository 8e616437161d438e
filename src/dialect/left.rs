//! What of a request its target has no place for, as every dialect tells it.

use crate::chat::{Loss, Request};
use serde_json::Value;

/// What has no word in the hub form is lost, but for what asks nothing and what the target `takes`.
pub(super) fn rest(request: &Request, loss: &mut Loss, mut takes: impl FnMut(&str, &Value) -> bool) {
    for (field, value) in &request.extra {
        if asks(field, value) && !takes(field, value) {
            loss.of(field);
        }
    }
    request.unread.iter().for_each(|field| loss.of(field));
}

/// Whether a field asks for anything that is not done anyway.
fn asks(field: &str, value: &Value) -> bool {
    match field {
        _ if value.is_null() => false,
        "stream_options" => false,
        "store" => *value != false,
        "service_tier" => *value != "auto" && *value != "default",
        _ => true,
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
        let extra = json!({"a": null, "stream_options": {}, "store": false, "service_tier": "auto", "b": 1, "taken": 1});
        let extra = extra.as_object().unwrap().clone();
        let request = Request { extra, unread: vec!["c.d".into()], ..Request::default() };
        let mut loss = Loss::default();
        rest(&request, &mut loss, |field, _| field == "taken");
        assert_eq!(loss.join(), "b,c.d");
    }
}
