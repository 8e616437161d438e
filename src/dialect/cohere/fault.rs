//! Cohere's errors: a status, and a message that says the rest.

use crate::chat::{Fault, Kind};
use serde_json::Value;

/// How much of a message is kept, in characters.
const MESSAGE: usize = 300;

/// Reads the body of an answer that has an error status.
#[must_use]
pub fn read(status: u16, body: &[u8]) -> Fault {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = message(&told).unwrap_or_default();
    let mut fault = Fault::of_status(status);
    if let Some(kind) = kind(status, message) {
        fault.kind = kind;
    }
    // one that refuses our credential may quote it
    if fault.kind != Kind::Auth {
        fault.message = cut(message);
    }
    fault
}

/// The fault that an event, or a body whose status was 200, tells; `None` where it is no error.
pub(super) fn told(value: &Value) -> Option<Fault> {
    let message = message(value)?;
    let kind = kind(400, message).unwrap_or(Kind::StreamError);
    Some(Fault { message: cut(message), ..Fault::new(kind) })
}

/// As much of a message as is kept.
pub(super) fn cut(message: &str) -> String {
    message.chars().take(MESSAGE).collect()
}

fn message(error: &Value) -> Option<&str> {
    let error = error.get("error").filter(|error| !error.is_null()).unwrap_or(error);
    error.as_str().or_else(|| error.get("message")?.as_str())
}

/// What the words tell beyond the status.
fn kind(status: u16, message: &str) -> Option<Kind> {
    let words = message.to_ascii_lowercase();
    let says = |some: &[&str]| some.iter().any(|some| words.contains(some));
    match status {
        // a setting of the request's own is no overlong prompt
        400 | 413 | 422 if says(&["too many tokens", "context length"]) && !says(&["max tokens must"]) => {
            Some(Kind::ContextLength)
        }
        400 if says(&["blocked input", "blocked output", "blocked prompt"]) => Some(Kind::ContentFilter),
        402 => Some(Kind::QuotaExhausted),
        // a trial key has so many calls a minute, and so many a month
        429 if says(&["month"]) => Some(Kind::QuotaExhausted),
        // the request, or the answer, holds a word that is on a list of forbidden ones
        498 => Some(Kind::ContentFilter),
        _ => None,
    }
}
