//! Errors as Anthropic tells them, and as Vertex and Bedrock wrap them.

use crate::chat::{Fault, Kind};
use serde_json::Value;
use std::time::Duration;

/// How much of a provider's message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status.
#[must_use]
pub fn read(status: u16, body: &[u8]) -> Fault {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    told(&body, Fault::of_status(status))
}

/// Reads an error that came under a status of 200: a body, or an event of a stream.
pub(super) fn of_event(body: &Value) -> Fault {
    told(body, Fault::new(Kind::StreamError))
}

/// Reads an exception in an AWS stream.
pub(super) fn of_exception(name: &str, data: &[u8]) -> Fault {
    let kind = match name {
        "throttlingException" => Kind::RateLimited,
        "serviceUnavailableException" => Kind::Overloaded,
        "internalServerException" => Kind::Server,
        "modelTimeoutException" => Kind::Timeout,
        "validationException" => Kind::BadRequest,
        _ => Kind::StreamError,
    };
    told(&serde_json::from_slice(data).unwrap_or_default(), Fault::new(kind))
}

/// `{"error": {"type", "message"}}` of Anthropic, the same with Google's `status`, perhaps in a list, or `{"message"}` of AWS.
fn told(body: &Value, mut fault: Fault) -> Fault {
    let body = body.get(0).unwrap_or(body);
    let error = body.get("error").unwrap_or(body);
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    let message =
        if text("message").is_empty() { error.as_str().unwrap_or_default() } else { text("message") };
    let code =
        error.get("details").and_then(|details| details.get("error_code")?.as_str()).unwrap_or_default();
    if let Some(kind) = kind(text("type"), text("status"), code) {
        fault.kind = kind;
    }
    if matches!(fault.kind, Kind::BadRequest | Kind::RateLimited | Kind::StreamError) {
        fault.kind = kind_of_words(&message.to_ascii_lowercase()).unwrap_or(fault.kind);
    }
    // a provider that refuses our credential may quote it
    if fault.kind != Kind::Auth {
        fault.message = message.chars().take(MESSAGE).collect();
    }
    fault.retry_after = retry_after(error);
    fault
}

fn kind(class: &str, status: &str, code: &str) -> Option<Kind> {
    if code.ends_with("spend_limit_reached") || code.ends_with("billing_unavailable") {
        return Some(Kind::QuotaExhausted);
    }
    Some(match (class, status) {
        ("invalid_request_error", _) | (_, "INVALID_ARGUMENT" | "FAILED_PRECONDITION") => Kind::BadRequest,
        ("authentication_error" | "permission_error", _) | (_, "UNAUTHENTICATED" | "PERMISSION_DENIED") => {
            Kind::Auth
        }
        ("billing_error", _) => Kind::QuotaExhausted,
        ("not_found_error", _) | (_, "NOT_FOUND") => Kind::NotFound,
        ("request_too_large", _) => Kind::TooLarge,
        ("rate_limit_error", _) | (_, "RESOURCE_EXHAUSTED") => Kind::RateLimited,
        ("overloaded_error", _) | (_, "UNAVAILABLE") => Kind::Overloaded,
        ("timeout_error", _) | (_, "DEADLINE_EXCEEDED") => Kind::Timeout,
        ("api_error", _) | (_, "INTERNAL") => Kind::Server,
        _ => return None,
    })
}

/// Anthropic tells these only in words, in small letters here.
fn kind_of_words(message: &str) -> Option<Kind> {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["prompt is too long", "input is too long", "exceed context limit", "context window"]) {
        Some(Kind::ContextLength)
    } else if says(&["credit balance is too low", "api usage limits", "spend limit"]) {
        Some(Kind::QuotaExhausted)
    } else if says(&["content filtering policy"]) {
        Some(Kind::ContentFilter)
    } else {
        None
    }
}

/// Google's `RetryInfo`: `{"retryDelay": "7s"}`.
fn retry_after(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn anthropic(status: u16, class: &str, message: &str) -> Fault {
        let body =
            json!({"type": "error", "error": {"type": class, "message": message}, "request_id": "req_1"});
        read(status, body.to_string().as_bytes())
    }

    #[test]
    fn every_class_of_error_has_its_kind() {
        for (status, class, message, kind) in [
            (429, "rate_limit_error", "slow down", Kind::RateLimited),
            (529, "overloaded_error", "Overloaded", Kind::Overloaded),
            (401, "authentication_error", "invalid x-api-key", Kind::Auth),
            (403, "permission_error", "no", Kind::Auth),
            (404, "not_found_error", "model: claude-0", Kind::NotFound),
            (413, "request_too_large", "big", Kind::TooLarge),
            (500, "api_error", "Internal server error", Kind::Server),
            (504, "timeout_error", "late", Kind::Timeout),
            (402, "billing_error", "pay", Kind::QuotaExhausted),
            (400, "invalid_request_error", "max_tokens: must be positive", Kind::BadRequest),
            (
                400,
                "invalid_request_error",
                "prompt is too long: 210000 tokens > 200000 maximum",
                Kind::ContextLength,
            ),
            (
                400,
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit",
                Kind::ContextLength,
            ),
            (400, "invalid_request_error", "Your credit balance is too low to access", Kind::QuotaExhausted),
            (400, "invalid_request_error", "Output blocked by content filtering policy", Kind::ContentFilter),
            (529, "new_error", "?", Kind::Overloaded),
        ] {
            let fault = anthropic(status, class, message);
            assert_eq!((fault.kind, fault.status), (kind, Some(status)), "{class} {message}");
        }
    }

    #[test]
    fn hosts_wrap_errors_in_their_own_way() {
        let vertex = br#"[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED",
            "details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}]"#;
        let fault = read(429, vertex);
        assert_eq!((fault.kind, fault.retry_after), (Kind::RateLimited, Some(Duration::from_secs(7))));
        let bedrock = br#"{"message":"Input is too long for requested model."}"#;
        assert_eq!(read(400, bedrock).kind, Kind::ContextLength);
        let thrown = of_exception("throttlingException", br#"{"message":"Too many tokens"}"#);
        assert_eq!((thrown.kind, thrown.message.as_str()), (Kind::RateLimited, "Too many tokens"));
    }

    #[test]
    fn a_message_is_cut_and_never_quotes_a_credential() {
        assert_eq!(
            anthropic(400, "invalid_request_error", &"é".repeat(900)).message.chars().count(),
            MESSAGE
        );
        assert_eq!(anthropic(401, "authentication_error", "invalid x-api-key sk-ant-1").message, "");
        assert_eq!(read(502, b"<html>").kind, Kind::of_status(502));
        assert_eq!(read(400, br#"{"error":"no"}"#).message, "no");
    }
}
