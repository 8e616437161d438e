//! A failed attempt in neutral words: what went wrong, whose turn it is, whether trying again can help.

use std::{fmt, str::FromStr, time::Duration};

/// What went wrong. The snake-case names are public: `fallbackOn`, metrics and logs use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 401 or 403: the credential was refused.
    Auth,
    /// 400: the provider could not read the request.
    BadRequest,
    /// The connection could not be opened.
    Connect,
    /// The prompt does not fit the model's context window.
    ContextLength,
    /// The provider's safety filter refused.
    ContentFilter,
    /// A success without any content.
    EmptyAnswer,
    /// Any other 4xx status.
    Client,
    /// The target cools after failures, and there is another: it was not called.
    Cooling,
    /// The provider is configured without a usable credential.
    NoCredential,
    /// The provider is not known to Envoy.
    NoCluster,
    /// 404: no such model or path.
    NotFound,
    /// 529, or 503 that says so: too busy.
    Overloaded,
    /// 429 that no waiting will cure: the account is out of credit.
    QuotaExhausted,
    /// 429: too many requests.
    RateLimited,
    /// The connection broke before the answer was whole.
    Reset,
    /// 5xx.
    Server,
    /// A 200 whose body or stream begins with an error.
    StreamError,
    /// 408, or nothing arrived in the model's `timeout`.
    Timeout,
    /// 413: the provider refuses a body of this size.
    TooLarge,
    /// A whole HTTP answer whose JSON stops in the middle.
    Truncated,
    /// 422: understood, but not acceptable.
    Unprocessable,
    /// The target can not express what the request asks; it was not called.
    Unsupported,
}

impl Kind {
    /// Every kind, in alphabetical order of the public names.
    pub const ALL: [Self; 22] = [
        Self::Auth,
        Self::BadRequest,
        Self::Client,
        Self::Connect,
        Self::ContentFilter,
        Self::ContextLength,
        Self::Cooling,
        Self::EmptyAnswer,
        Self::NoCluster,
        Self::NoCredential,
        Self::NotFound,
        Self::Overloaded,
        Self::QuotaExhausted,
        Self::RateLimited,
        Self::Reset,
        Self::Server,
        Self::StreamError,
        Self::Timeout,
        Self::TooLarge,
        Self::Truncated,
        Self::Unprocessable,
        Self::Unsupported,
    ];

    /// The public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::BadRequest => "bad_request",
            Self::Client => "client",
            Self::Connect => "connect",
            Self::ContentFilter => "content_filter",
            Self::ContextLength => "context_length",
            Self::Cooling => "cooling",
            Self::EmptyAnswer => "empty_answer",
            Self::NoCluster => "no_cluster",
            Self::NoCredential => "no_credential",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::QuotaExhausted => "quota_exhausted",
            Self::RateLimited => "rate_limited",
            Self::Reset => "reset",
            Self::Server => "server_error",
            Self::StreamError => "stream_error",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Truncated => "truncated",
            Self::Unprocessable => "unprocessable",
            Self::Unsupported => "unsupported",
        }
    }

    /// The kind that an HTTP status alone tells.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            400 => Self::BadRequest,
            401 | 403 => Self::Auth,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            422 => Self::Unprocessable,
            429 => Self::RateLimited,
            529 => Self::Overloaded,
            500.. => Self::Server,
            _ => Self::Client,
        }
    }

    /// Whether the same target may do better when it is asked again.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::EmptyAnswer
                | Self::Overloaded
                | Self::RateLimited
                | Self::Reset
                | Self::Server
                | Self::StreamError
                | Self::Timeout
                | Self::Truncated
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|k| k.name() == name).ok_or(())
    }
}

/// One failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub kind: Kind,
    /// The HTTP status that the provider (or Envoy for it) answered, if there was an answer.
    pub status: Option<u16>,
    /// The provider's own words, cut short, never with a credential in it; may be empty.
    pub message: String,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
}

impl FromStr for Fault {
    type Err = String;

    /// Reads a status (`503`) or the name of a kind (`timeout`).
    fn from_str(text: &str) -> Result<Self, String> {
        let status = || text.parse().ok().filter(|status| (300..600).contains(status)).map(Self::of_status);
        let fault = text.parse().ok().map(Self::new).or_else(status);
        fault.ok_or_else(|| {
            format!("`{text}` is neither a status from 300 to 599 nor the name of a fault such as timeout")
        })
    }
}

impl Fault {
    /// A fault without an HTTP answer.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, status: None, message: String::new(), retry_after: None }
    }

    /// A fault that the provider told by an HTTP status.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        Self { status: Some(status), ..Self::new(Kind::of_status(status)) }
    }
}
