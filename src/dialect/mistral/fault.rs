//! Mistral's errors, in their three shapes: its own, its validator's list of details, its door's bare message.

use crate::chat::{Fault, Kind};
use serde_json::Value;

/// How much of a message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status.
#[must_use]
pub fn read(status: u16, body: &[u8]) -> Fault {
    let told = serde_json::from_slice(body).unwrap_or_default();
    fault(status, &told)
}

/// The fault that an event, or a body whose status was 200, tells; `None` where it is no error.
pub(super) fn told(value: &Value) -> Option<Fault> {
    let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
    let is_error = error.get("message").is_some() || error.get("detail").is_some() || error.is_string();
    if !is_error {
        return None;
    }
    let code = ["raw_status_code", "code"].into_iter().find_map(|field| {
        let status = u16::try_from(error.get(field)?.as_u64()?).ok()?;
        (400..600).contains(&status).then_some(status)
    });
    Some(match code {
        Some(status) => fault(status, error),
        None => {
            let message = message(error);
            let kind = kind(error, &message).unwrap_or(Kind::StreamError);
            Fault { message: if kind == Kind::Auth { String::new() } else { message }, ..Fault::new(kind) }
        }
    })
}

fn fault(status: u16, error: &Value) -> Fault {
    let mut fault = Fault::of_status(status);
    let message = message(error);
    match kind(error, &message) {
        Some(kind) => fault.kind = kind,
        None if status == 402 => fault.kind = Kind::QuotaExhausted,
        None => {}
    }
    // one that refuses our credential may quote it
    if fault.kind != Kind::Auth {
        fault.message = message;
    }
    fault
}

/// What the type, the code or the words tell beyond the status.
fn kind(error: &Value, message: &str) -> Option<Kind> {
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let words = message.to_ascii_lowercase();
    let says = |some: &[&str]| some.iter().any(|some| words.contains(some));
    if says(&["too large for model", "maximum context length", "context window"]) {
        return Some(Kind::ContextLength);
    }
    // the same code, with 429 or with 503
    if says(&["capacity exceeded"]) || field("code") == "3505" {
        return Some(Kind::Overloaded);
    }
    if says(&["monthly", "quota", "insufficient credit", "payment"]) {
        return Some(Kind::QuotaExhausted);
    }
    if says(&["guardrail", "moderation"]) {
        return Some(Kind::ContentFilter);
    }
    match (field("type"), field("code")) {
        ("rate_limited", _) | (_, "1300") => Some(Kind::RateLimited),
        ("invalid_model", _) | (_, "1500") => Some(Kind::NotFound),
        _ => None,
    }
}

fn message(error: &Value) -> String {
    let words = match error.get("message").or_else(|| error.get("detail")).unwrap_or(error) {
        Value::String(words) => words.clone(),
        Value::Array(details) => details.iter().map(detail).collect::<Vec<_>>().join("; "),
        // the validator's list, wrapped once more
        Value::Object(inner) => match inner.get("detail") {
            Some(Value::Array(details)) => details.iter().map(detail).collect::<Vec<_>>().join("; "),
            _ => String::new(),
        },
        _ => String::new(),
    };
    words.chars().take(MESSAGE).collect()
}

/// `body.store: Extra inputs are not permitted`.
fn detail(detail: &Value) -> String {
    let steps = detail.get("loc").and_then(Value::as_array).into_iter().flatten();
    let path: Vec<String> =
        steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
    let words = detail.get("msg").and_then(Value::as_str).unwrap_or_default();
    format!("{}: {words}", path.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_are_told_apart() {
        let kind = |status, body: &str| read(status, body.as_bytes()).kind;
        let error = |message: &str, class: &str, code: &str| {
            json!({"object": "error", "message": message, "type": class, "param": null, "code": code})
                .to_string()
        };
        let order =
            error("Unexpected role 'user' after role 'tool'", "invalid_request_message_order", "3230");
        assert_eq!(kind(400, &order), Kind::BadRequest);
        let long = "Prompt contains 40500 tokens and 0 draft tokens, too large for model with 32768 maximum context length";
        assert_eq!(kind(400, &error(long, "invalid_request_error", "3051")), Kind::ContextLength);
        let full = "Service tier capacity exceeded for this model.";
        assert_eq!(kind(429, &error(full, "service_tier_capacity_exceeded", "3505")), Kind::Overloaded);
        assert_eq!(kind(400, &error("Invalid model: x", "invalid_model", "1500")), Kind::NotFound);
        assert_eq!(kind(429, r#"{"message":"Requests rate limit exceeded"}"#), Kind::RateLimited);
        assert_eq!(kind(402, "{}"), Kind::QuotaExhausted);
        assert_eq!(kind(429, r#"{"message":"You have reached your monthly limit"}"#), Kind::QuotaExhausted);
        assert_eq!(kind(502, "<html>"), Kind::Server);
        let detail = r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",0,"store"],"msg":"Extra inputs are not permitted"}]}"#;
        let fault = read(422, detail.as_bytes());
        assert_eq!((fault.kind, fault.status), (Kind::Unprocessable, Some(422)));
        assert_eq!(fault.message, "body.messages.0.store: Extra inputs are not permitted");
        let wrapped =
            json!({"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "m"}]}}).to_string();
        assert_eq!(read(422, wrapped.as_bytes()).message, "body: m");
        let key = read(401, br#"{"message":"Unauthorized: key abc"}"#);
        assert_eq!((key.kind, key.message.as_str()), (Kind::Auth, ""));
    }
}
