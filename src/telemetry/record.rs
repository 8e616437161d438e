//! Everything known about one exchange at its end. No prompt text, no secret.

use crate::chat::{Kind, Usage};
use std::time::{Duration, SystemTime};

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A model's answer went through whole.
    Answered,
    /// A model's answer began, then broke; the client saw an error event or a cut stream.
    Cut,
    /// The client went away.
    Cancelled,
    /// Every attempt failed.
    Failed,
    /// A limit led to the end.
    Limited,
    /// Refused before any attempt: a bad request, an unknown route, no key.
    Refused,
}

impl Outcome {
    /// The public name, as metrics, logs and spans use it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Cut => "cut",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Limited => "limited",
            Self::Refused => "refused",
        }
    }
}

/// One call of one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// The `model` element's id.
    pub element: String,
    /// The provider's configured name.
    pub provider: String,
    /// The model as the provider knows it.
    pub model: String,
    /// When it was sent.
    pub started: SystemTime,
    /// From sent to answered or failed.
    pub duration: Duration,
    /// From sent to the first content, where there was any.
    pub first_content: Option<Duration>,
    /// The provider's HTTP status, where it answered.
    pub status: Option<u16>,
    /// Why it failed; `None` for a success.
    pub fault: Option<Kind>,
    /// The fields of the request that the provider could not be told: `seed,logit_bias`.
    pub loss: String,
}

/// One limit that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRecord {
    /// The `rate` element's id.
    pub element: String,
    /// Whether it let the request pass.
    pub allowed: bool,
}

/// What became of what a session kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// It kept nothing yet: this turn is its first, or nobody knows it any more.
    New,
    /// It was kept.
    Pinned,
    /// Some of it was let go: the version is gone, the model answered no more, a limit was exceeded.
    Repinned,
}

impl Kept {
    /// The public name, as metrics, logs and spans use it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Pinned => "pinned",
            Self::Repinned => "repinned",
        }
    }
}

/// The session of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRecord {
    /// What became of what it kept.
    pub kept: Kept,
    /// The token that the client brought along: `opened`, or why it was not.
    pub token: Option<&'static str>,
}

/// One exchange, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The exchange id (Envoy's stream id).
    pub exchange: String,
    /// The route's name; empty when a model was named directly or no route was found.
    pub route: String,
    /// The route's version.
    pub version: String,
    /// `chat.completions`, `embeddings`, ...; `unknown` for a path that is none.
    pub endpoint: &'static str,
    /// The model as the client asked for it.
    pub asked: String,
    /// The element ids walked.
    pub path: Vec<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The client key's id, where there was one.
    pub key: Option<String>,
    /// When the request came in.
    pub started: SystemTime,
    /// From the request to the last byte of its answer.
    pub duration: Duration,
    /// From the request to the first content passed on.
    pub first_content: Option<Duration>,
    /// How it ended.
    pub outcome: Outcome,
    /// The status that the client got; 0 when it went away before.
    pub status: u16,
    /// The public error code, where the client got an error.
    pub error: Option<&'static str>,
    /// Every attempt, in order.
    pub attempts: Vec<AttemptRecord>,
    /// Its session, where its route has something to keep.
    pub session: Option<SessionRecord>,
    /// Every limit, in order.
    pub limits: Vec<LimitRecord>,
    /// Tokens of the answer that was passed on.
    pub usage: Option<Usage>,
    /// What it cost, in nano-dollars; `None` when the price is not known.
    pub cost: Option<u64>,
    /// The W3C `traceparent` that came with the request.
    pub traceparent: Option<String>,
}

impl AttemptRecord {
    /// The name of the fault, or `ok`.
    #[must_use]
    pub fn result(&self) -> &'static str {
        self.fault.map_or("ok", Kind::name)
    }
}

impl Record {
    /// The attempt whose answer was passed on, if any was.
    #[must_use]
    pub fn answering(&self) -> Option<&AttemptRecord> {
        let passed_on = match self.outcome {
            Outcome::Answered | Outcome::Cut => true,
            Outcome::Cancelled => self.first_content.is_some() || self.usage.is_some(),
            Outcome::Failed | Outcome::Limited | Outcome::Refused => false,
        };
        self.attempts.last().filter(|_| passed_on)
    }

    /// What it cost, in US dollars.
    #[must_use]
    pub fn usd(&self) -> Option<f64> {
        self.cost.map(|nano_dollars| nano_dollars as f64 / 1e9)
    }
}
