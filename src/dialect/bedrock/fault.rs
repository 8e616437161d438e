//! Bedrock's errors. Their type stands in a header of the answer; its body has hardly more than words.

use crate::chat::{Fault, Kind};
use serde_json::Value;

/// How much of a message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status.
#[must_use]
pub fn read_fault(status: u16, body: &[u8]) -> Fault {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Fault::of_status(status) };
    let told = Told::of(&body);
    let kind = told.kind(status).unwrap_or(Kind::of_status(status));
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

impl<'a> Told<'a> {
    fn of(body: &'a Value) -> Self {
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let name = text("__type").or_else(|| text("code")).unwrap_or_default();
        let name = name.rsplit('#').next().and_then(|name| name.split(':').next()).unwrap_or_default();
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
            424 => match self.original {
                Some(429) => Kind::RateLimited,
                Some(503 | 529) => Kind::Overloaded,
                Some(400) => Kind::BadRequest,
                _ if self.original.is_some() || self.name == "ModelErrorException" => Kind::Server,
                _ => return None,
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
