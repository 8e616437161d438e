//! Bedrock's errors. Their type stands in a header of the answer; its body has hardly more than words.

use crate::chat::{Fault, Kind};
use serde_json::Value;

/// How much of a message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status; `name` is what its header `x-amzn-errortype` says.
#[must_use]
pub fn read_fault(status: u16, name: Option<&str>, body: &[u8]) -> Fault {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Fault::of_status(status) };
    let mut told = Told::of(&body);
    if let Some(name) = name {
        told.name = bare(name);
    }
    // 424: the model failed behind Bedrock
    let otherwise = if status == 424 { Kind::Server } else { Kind::of_status(status) };
    let kind = told.kind(status).unwrap_or(otherwise);
    Fault { status: Some(status), ..told.fault(kind) }
}

/// Reads an exception that came in a stream, or in a body whose status was 200.
pub(super) fn of_exception(name: &str, body: &Value) -> Fault {
    let told = Told::of(body);
    let name = if name.is_empty() { told.name } else { name };
    let status = match name {
        "throttlingException" | "ThrottlingException" => 429,
        "validationException" | "ValidationException" => 400,
        "internalServerException" | "InternalServerException" => 500,
        "serviceUnavailableException" | "ServiceUnavailableException" => 503,
        "modelTimeoutException" | "ModelTimeoutException" => 408,
        "accessDeniedException" | "AccessDeniedException" => 403,
        "modelStreamErrorException" | "ModelErrorException" => 424,
        _ => 0,
    };
    let kind = match told.kind(status) {
        Some(kind) => kind,
        // the model failed midway
        None if matches!(status, 0 | 424) => Kind::StreamError,
        None => Kind::of_status(status),
    };
    told.fault(kind)
}

/// What a body tells.
#[derive(Debug)]
struct Told<'a> {
    /// The type, without its name space.
    name: &'a str,
    message: &'a str,
    /// The status that the model itself answered Bedrock.
    original: Option<u16>,
}

/// A type without its name space, and without the address that may follow.
fn bare(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default()
}

impl<'a> Told<'a> {
    fn of(body: &'a Value) -> Self {
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let name = text("__type").or_else(|| text("code")).unwrap_or_default();
        let name = bare(name);
        let words = text("message").or_else(|| text("Message")).or_else(|| text("originalMessage"));
        let original = body.get("originalStatusCode").and_then(Value::as_u64);
        Self {
            name,
            message: words.or_else(|| body.as_str()).unwrap_or_default(),
            original: original
                .and_then(|status| u16::try_from(status).ok())
                .filter(|s| (400..600).contains(s)),
        }
    }

    /// More than the status alone tells.
    fn kind(&self, status: u16) -> Option<Kind> {
        let message = self.message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
        Some(match status {
            _ if self.name == "ServiceQuotaExceededException" => Kind::QuotaExhausted,
            400 | 424 if says(&TOO_LONG) => Kind::ContextLength,
            400 | 424 if says(&["content filter", "content policy", "blocked by guardrail"]) => {
                Kind::ContentFilter
            }
            400 if says(&NO_MODEL) => Kind::NotFound,
            400 if says(&["security token", "signature"]) => Kind::Auth,
            424 => match self.original? {
                400 => Kind::BadRequest,
                429 => Kind::RateLimited,
                503 | 529 => Kind::Overloaded,
                _ => Kind::Server,
            },
            // no waiting of ours gets over a day
            429 if says(&["per day", "daily"]) => Kind::QuotaExhausted,
            429 if says(&["not ready"]) => Kind::Overloaded,
            503 => Kind::Overloaded,
            _ => return None,
        })
    }

    fn fault(&self, kind: Kind) -> Fault {
        // whoever refuses a credential may quote it
        let message = if kind == Kind::Auth { "" } else { self.message };
        Fault { message: message.chars().take(MESSAGE).collect(), ..Fault::new(kind) }
    }
}

/// How Bedrock and the makers of its models say that a prompt is too long.
const TOO_LONG: [&str; 8] = [
    "input is too long",
    "prompt is too long",
    "too many input tokens",
    "input tokens exceeded",
    "exceed context limit",
    "maximum context length",
    "context window",
    "context length",
];

/// How it says that there is no such model, or not for this way of paying.
const NO_MODEL: [&str; 4] = [
    "on-demand throughput",
    "model identifier is invalid",
    "end of its life",
    "marked by provider as legacy",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind(status: u16, message: &str) -> Kind {
        let fault = read_fault(status, None, json!({"message": message}).to_string().as_bytes());
        assert_eq!(fault.status, Some(status));
        fault.kind
    }

    #[test]
    fn words_tell_more_than_the_status() {
        assert_eq!(kind(429, "Too many requests, please wait before trying again."), Kind::RateLimited);
        assert_eq!(kind(429, "Too many tokens, please wait before trying again."), Kind::RateLimited);
        assert_eq!(
            kind(429, "Too many tokens per day, please wait before trying again."),
            Kind::QuotaExhausted
        );
        assert_eq!(
            kind(429, "Model is not ready for inference. Wait and try your request again."),
            Kind::Overloaded
        );
        assert_eq!(kind(400, "Input is too long for requested model."), Kind::ContextLength);
        let claude =
            "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum";
        assert_eq!(kind(400, claude), Kind::ContextLength);
        let demand = "Invocation of model ID anthropic.claude-x with on-demand throughput isn\u{2019}t supported. Retry your request \
            with the ID or ARN of an inference profile that contains this model.";
        assert_eq!(kind(400, demand), Kind::NotFound);
        assert_eq!(kind(400, "The provided model identifier is invalid."), Kind::NotFound);
        assert_eq!(
            kind(400, "Malformed input request: #: extraneous key [a] is not permitted"),
            Kind::BadRequest
        );
        assert_eq!(kind(404, "Could not resolve the foundation model"), Kind::NotFound);
        assert_eq!(kind(408, "Model has timed out in processing the request."), Kind::Timeout);
        assert_eq!(kind(500, "The system encountered an unexpected error during processing."), Kind::Server);
        assert_eq!(kind(503, "Bedrock is unable to process your request."), Kind::Overloaded);
        assert_eq!(read_fault(503, None, b"<html>").kind, Kind::Server);
    }

    #[test]
    fn a_model_that_fails_is_its_hosts_failure() {
        let kind = |body: Value| read_fault(424, None, body.to_string().as_bytes()).kind;
        let failed = json!({"message": "Model failed", "originalStatusCode": 500, "resourceName": "m"});
        assert_eq!(kind(failed), Kind::Server);
        assert_eq!(kind(json!({"message": "slow down", "originalStatusCode": 429})), Kind::RateLimited);
        assert_eq!(
            kind(json!({"message": "prompt is too long", "originalStatusCode": 400})),
            Kind::ContextLength
        );
        assert_eq!(kind(json!({"message": "The system failed"})), Kind::Server);
    }

    #[test]
    fn types_are_read_where_the_body_bears_them() {
        let quota = json!({"__type": "com.amazonaws#ServiceQuotaExceededException", "Message": "Your request exceeds the quota"});
        let fault = read_fault(400, None, quota.to_string().as_bytes());
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (Kind::QuotaExhausted, "Your request exceeds the quota")
        );
        assert_eq!(
            of_exception("", &json!({"__type": "ValidationException:http://x/", "message": "a"})).kind,
            Kind::BadRequest
        );
    }

    #[test]
    fn a_message_is_cut_and_never_quotes_a_credential() {
        let long = json!({"message": "é".repeat(1000)}).to_string();
        assert_eq!(read_fault(500, None, long.as_bytes()).message.chars().count(), MESSAGE);
        let key = r#"{"message":"The security token AKIA123 included in the request is invalid."}"#;
        let fault = read_fault(403, None, key.as_bytes());
        assert_eq!((fault.kind, fault.message.as_str()), (Kind::Auth, ""));
        assert_eq!(read_fault(400, None, key.as_bytes()).message, "");
    }
}
