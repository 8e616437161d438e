//! Errors as all of Google's APIs tell them: a status by name, and details that say more.

use crate::chat::{Fault, Kind};
use serde_json::Value;
use std::time::Duration;

/// How much of a message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status.
#[must_use]
pub fn read(status: u16, body: &[u8]) -> Fault {
    let fault = Fault::of_status(status);
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return fault };
    // streams that are not server-sent events put it into an array
    let first = body.get(0).unwrap_or(&body);
    match first.get("error") {
        Some(error) => told(error, fault),
        None => fault,
    }
}

/// Reads the `error` of a stream, or of a body whose status was 200.
pub(super) fn of_error(error: &Value) -> Fault {
    let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let fault = match code.filter(|code| (400..600).contains(code)) {
        Some(status) => Fault::of_status(status),
        None => Fault::new(Kind::StreamError),
    };
    told(error, fault)
}

/// `fault` with all that `error` says.
fn told(error: &Value, mut fault: Fault) -> Fault {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let details = Details::of(error);
    let message = text("message");
    fault.kind = kind(text("status"), &message.to_ascii_lowercase(), &details).unwrap_or(fault.kind);
    fault.retry_after = details.wait;
    // who refuses our credential may quote it
    if fault.kind != Kind::Auth {
        fault.message = message.chars().take(MESSAGE).collect();
    }
    fault
}

fn kind(status: &str, message: &str, details: &Details<'_>) -> Option<Kind> {
    let says = |words: &str| message.contains(words);
    let unpaid =
        details.reason == "BILLING_DISABLED" || says("billing to be enabled") || says("enable billing");
    Some(match status {
        "UNAUTHENTICATED" => Kind::Auth,
        "PERMISSION_DENIED" | "FAILED_PRECONDITION" if unpaid => Kind::QuotaExhausted,
        "PERMISSION_DENIED" => Kind::Auth,
        "NOT_FOUND" => Kind::NotFound,
        "RESOURCE_EXHAUSTED" if details.daily => Kind::QuotaExhausted,
        "RESOURCE_EXHAUSTED" if says("credits are depleted") || says("spending cap") || says("limit: 0,") => {
            Kind::QuotaExhausted
        }
        "RESOURCE_EXHAUSTED" => Kind::RateLimited,
        "INVALID_ARGUMENT" if details.reason.starts_with("API_KEY_") => Kind::Auth,
        "INVALID_ARGUMENT" if says("api key not valid") || says("api key expired") => Kind::Auth,
        "INVALID_ARGUMENT" if says("token count") && (says("exceeds") || says("only supports")) => {
            Kind::ContextLength
        }
        "INVALID_ARGUMENT" if says("payload size exceeds") => Kind::TooLarge,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" | "FAILED_PRECONDITION" => Kind::BadRequest,
        "UNAVAILABLE" => Kind::Overloaded,
        "DEADLINE_EXCEEDED" => Kind::Timeout,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" => Kind::Server,
        _ => return None,
    })
}

/// What the `details` say: `ErrorInfo`, `RetryInfo` and `QuotaFailure` among others.
#[derive(Default)]
struct Details<'a> {
    reason: &'a str,
    wait: Option<Duration>,
    /// A quota of the day is used up: waiting for it is not for a request to do.
    daily: bool,
}

impl<'a> Details<'a> {
    fn of(error: &'a Value) -> Self {
        let mut all = Self::default();
        for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| detail.get(name).and_then(Value::as_str);
            all.reason = text("reason").unwrap_or(all.reason);
            all.wait = text("retryDelay").and_then(wait).or(all.wait);
            let violations = detail.get("violations").and_then(Value::as_array).into_iter().flatten();
            let mut quotas = violations.filter_map(|v| v.get("quotaId").and_then(Value::as_str));
            all.daily |= quotas.any(|quota| quota.contains("PerDay"));
        }
        all
    }
}

/// A duration as protobuf writes it in JSON: `12s`, `0.5s`.
fn wait(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fault(status: u16, name: &str, message: &str, details: Value) -> Fault {
        let error =
            json!({"error": {"code": status, "message": message, "status": name, "details": details}});
        read(status, error.to_string().as_bytes())
    }

    fn quota(id: &str) -> Value {
        json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
        ])
    }

    #[test]
    fn a_quota_of_the_minute_asks_to_wait_and_one_of_the_day_is_gone() {
        let message = "You exceeded your current quota, please check your plan and billing details.";
        let minute =
            fault(429, "RESOURCE_EXHAUSTED", message, quota("GenerateRequestsPerMinutePerProjectPerModel"));
        assert_eq!(
            (minute.kind, minute.retry_after),
            (Kind::RateLimited, Some(Duration::from_millis(12_500)))
        );
        assert_eq!(minute.message, message);
        let day = fault(
            429,
            "RESOURCE_EXHAUSTED",
            message,
            quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        );
        assert_eq!(day.kind, Kind::QuotaExhausted);
        let none = "Quota exceeded for metric: x, limit: 0, model: gemini-2.5-pro";
        assert_eq!(fault(429, "RESOURCE_EXHAUSTED", none, json!([])).kind, Kind::QuotaExhausted);
        assert_eq!(
            fault(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted", json!([])).kind,
            Kind::RateLimited
        );
    }

    #[test]
    fn a_refused_key_is_told_in_a_400_and_its_message_is_kept_back() {
        let details =
            json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
        let refused = fault(400, "INVALID_ARGUMENT", "API key not valid. Key: AIza123", details);
        assert_eq!((refused.kind, refused.status, refused.message.as_str()), (Kind::Auth, Some(400), ""));
        assert_eq!(fault(403, "PERMISSION_DENIED", "no", Value::Null).kind, Kind::Auth);
        let billing = json!([{"reason": "BILLING_DISABLED"}]);
        assert_eq!(fault(403, "PERMISSION_DENIED", "no", billing).kind, Kind::QuotaExhausted);
    }

    #[test]
    fn names_and_messages_tell_more_than_the_status() {
        let kind = |status, name, message| fault(status, name, message, Value::Null).kind;
        let studio =
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
        let vertex = "Unable to submit request because the input token count is 1048577 but model only supports up to 1048576.";
        assert_eq!(kind(400, "INVALID_ARGUMENT", studio), Kind::ContextLength);
        assert_eq!(kind(400, "INVALID_ARGUMENT", vertex), Kind::ContextLength);
        let size = "Request payload size exceeds the limit: 20971520 bytes.";
        assert_eq!(kind(400, "INVALID_ARGUMENT", size), Kind::TooLarge);
        assert_eq!(kind(400, "INVALID_ARGUMENT", "bad schema"), Kind::BadRequest);
        let location = "User location is not supported for the API use.";
        assert_eq!(kind(400, "FAILED_PRECONDITION", location), Kind::BadRequest);
        assert_eq!(kind(404, "NOT_FOUND", "no such model"), Kind::NotFound);
        assert_eq!(kind(503, "UNAVAILABLE", "The model is overloaded."), Kind::Overloaded);
        assert_eq!(kind(504, "DEADLINE_EXCEEDED", "late"), Kind::Timeout);
        assert_eq!(kind(500, "INTERNAL", "oops"), Kind::Server);
        assert_eq!(kind(499, "CANCELLED", "gone"), Kind::Client);
    }

    #[test]
    fn an_array_of_one_and_a_page_are_read_too() {
        let array = br#"[{"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}]"#;
        assert_eq!(read(503, array).kind, Kind::Overloaded);
        assert_eq!(read(404, b"<html>").kind, Kind::NotFound);
        assert_eq!(read(502, b"[]").kind, Kind::Server);
        let long = fault(500, "INTERNAL", &"\u{e9}".repeat(1000), Value::Null);
        assert_eq!(long.message.chars().count(), MESSAGE);
    }

    #[test]
    fn an_error_within_a_success_has_the_status_that_it_names() {
        let busy = of_error(&json!({"code": 503, "status": "UNAVAILABLE", "message": "busy"}));
        assert_eq!((busy.kind, busy.status), (Kind::Overloaded, Some(503)));
        assert_eq!(of_error(&json!("no")).kind, Kind::StreamError);
    }
}
