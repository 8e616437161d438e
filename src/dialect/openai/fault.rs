//! Errors in OpenAI's shape: providers' are read into faults, ours are written for clients.

use crate::chat::{Fault, Kind};
use serde::Deserialize;
use serde_json::{Value, json};

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

/// An error for the client.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The stable public code.
    pub code: &'static str,
    /// What, where, and how to mend it.
    pub message: String,
    /// The field at fault.
    pub param: Option<&'static str>,
    /// OpenAI's class of the error.
    pub class: &'static str,
    /// What each attempt did.
    pub attempts: Vec<Value>,
}

impl Refusal {
    /// The error as a body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.json().to_string().into_bytes()
    }

    /// The error as the last event of a stream.
    #[must_use]
    pub fn event(&self) -> Vec<u8> {
        format!("data: {}\n\n", self.json()).into_bytes()
    }

    fn json(&self) -> Value {
        let mut error =
            json!({"message": self.message, "type": self.class, "param": self.param, "code": self.code});
        if let (Some(error), false) = (error.as_object_mut(), self.attempts.is_empty()) {
            error.insert("attempts".into(), Value::Array(self.attempts.clone()));
        }
        json!({ "error": error })
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

    #[test]
    fn refusals_have_openais_shape() {
        let refusal = Refusal {
            code: "missing_model",
            message: "m".into(),
            param: Some("model"),
            class: "invalid_request_error",
            attempts: vec![],
        };
        let want = r#"{"error":{"message":"m","type":"invalid_request_error","param":"model","code":"missing_model"}}"#;
        assert_eq!(String::from_utf8(refusal.body()).unwrap(), want);
    }
}
