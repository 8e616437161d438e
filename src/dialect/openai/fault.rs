//! Providers' errors in OpenAI's shape, read into faults.

use crate::chat::{Fault, Kind};
use serde::Deserialize;
use serde_json::Value;

/// How much of a provider's message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status.
#[must_use]
pub fn read(status: u16, body: &[u8]) -> Fault {
    let mut fault = Fault::of_status(status);
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return fault };
    let error = body.get("error").unwrap_or(&body);
    let wire = Wire::of(error);
    if let Some(kind) = wire.kind() {
        fault.kind = kind;
    }
    // a provider that refuses our credential may quote it
    if fault.kind != Kind::Auth {
        fault.message = wire.message;
    }
    fault
}

/// Reads the `error` of an event or of a body whose status was 200.
pub(super) fn of_event(error: &str) -> Fault {
    let wire = Wire::of(&serde_json::from_str(error).unwrap_or_default());
    let status = wire.code.parse().ok().filter(|code| (400..600).contains(code));
    let kind = wire.kind().or(status.map(Kind::of_status)).unwrap_or(Kind::StreamError);
    let message = if kind == Kind::Auth { String::new() } else { wire.message };
    Fault { kind, status, message, retry_after: None }
}

#[derive(Default)]
struct Wire {
    code: String,
    message: String,
}

impl Wire {
    fn of(error: &Value) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let field = |name: &str| error.get(name).and_then(text);
        let message =
            field("message").or_else(|| field("detail")).or_else(|| text(error)).unwrap_or_default();
        Self {
            code: field("code").or_else(|| field("type")).unwrap_or_default(),
            message: message.chars().take(MESSAGE).collect(),
        }
    }

    fn kind(&self) -> Option<Kind> {
        Some(match self.code.as_str() {
            "context_length_exceeded" => Kind::ContextLength,
            "insufficient_quota" | "billing_hard_limit_reached" => Kind::QuotaExhausted,
            "content_filter" | "content_policy_violation" => Kind::ContentFilter,
            "rate_limit_exceeded" => Kind::RateLimited,
            "overloaded_error" | "engine_overloaded" => Kind::Overloaded,
            "server_error" | "internal_server_error" => Kind::Server,
            _ => return None,
        })
    }
}

/// The `error` member of an event's data, where the event is an error.
pub(super) fn error_in(data: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        error: Option<&'a serde_json::value::RawValue>,
    }
    let event: Event<'_> = serde_json::from_slice(data).ok()?;
    event.error.map(serde_json::value::RawValue::get).filter(|raw| *raw != "null")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes_tell_more_than_the_status() {
        let kind = |status, body: &str| read(status, body.as_bytes()).kind;
        assert_eq!(
            kind(429, r#"{"error":{"code":"insufficient_quota","message":"pay"}}"#),
            Kind::QuotaExhausted
        );
        assert_eq!(kind(400, r#"{"error":{"code":"context_length_exceeded"}}"#), Kind::ContextLength);
        assert_eq!(kind(429, "<html>"), Kind::RateLimited);
        assert_eq!(kind(503, r#"{"detail":"busy"}"#), Kind::Server);
    }

    #[test]
    fn a_message_is_cut_and_never_quotes_a_credential() {
        let long = json!({"error": {"message": "é".repeat(1000)}}).to_string();
        assert_eq!(read(500, long.as_bytes()).message.chars().count(), MESSAGE);
        let key = r#"{"error":{"message":"Incorrect API key provided: sk-123","code":"invalid_api_key"}}"#;
        assert_eq!(read(401, key.as_bytes()).message, "");
    }
}
