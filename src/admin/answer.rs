//! The one shape of answers, good and bad: Cloudflare's envelope.

use crate::{
    graph::Diagnostic,
    store::{Listed, Page, StoreError},
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use utoipa::{IntoResponses, ToSchema};

/// A good answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer<T> {
    /// `true`.
    success: bool,
    errors: Vec<Trouble>,
    messages: Vec<Trouble>,
    /// What was asked for.
    pub(super) result: T,
}

impl<T> Answer<T> {
    pub(super) fn new(result: T) -> Self {
        Self { success: true, errors: vec![], messages: vec![], result }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listing<T> {
    pub(super) items: Vec<T>,
    /// From 1.
    pub(super) page: u32,
    pub(super) per_page: u32,
    /// Of all pages.
    pub(super) total_count: u64,
}

impl<T> Listing<T> {
    pub(super) fn new<S>(found: Listed<S>, page: Page, view: impl Fn(S) -> T) -> Self {
        let items = found.items.into_iter().map(view).collect();
        Self { items, page: page.page, per_page: page.per_page, total_count: found.total }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Trouble {
    /// Which kind; docs/control.md lists them.
    code: u32,
    message: String,
    /// Where in the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<Value>,
    /// The rule of the graph that is broken, such as `G021 unknown-provider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The element that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Trouble {
    /// What is wrong with a document that was sent as the request's body.
    pub(super) fn of(diagnostic: &Diagnostic) -> Self {
        Self::within(&["body"], diagnostic)
    }

    /// What is wrong with a document that stands at `place` in the request.
    fn within(place: &[&str], diagnostic: &Diagnostic) -> Self {
        let steps =
            diagnostic.pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let steps =
            steps.map(|step| step.parse::<u32>().map_or_else(|_| Value::from(step.as_str()), Value::from));
        Self {
            code: Code::Invalid.number(),
            message: diagnostic.message.clone(),
            path: place.iter().map(|step| Value::from(*step)).chain(steps).collect(),
            rule: Some(diagnostic.code.to_string()),
            element: diagnostic.element.clone(),
            hint: Some(diagnostic.hint.clone()),
        }
    }

    fn plain(code: Code, message: String, path: &[&str]) -> Self {
        let path = path.iter().map(|step| Value::from(*step)).collect();
        Self { code: code.number(), message, path, rule: None, element: None, hint: None }
    }
}

/// The kinds of troubles. Numbers are public and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The request, or a document in it, has mistakes.
    Invalid,
    /// There is no such thing.
    Unknown,
    /// The name is another's.
    Taken,
    /// Somebody else was faster.
    Moved,
    /// It comes from a file.
    ReadOnly,
    /// The idempotency key was used before.
    Reused,
    /// No known admin token.
    NoToken,
    /// The token's role is too small.
    NotAllowed,
    /// A browser's write without its CSRF token.
    NoCsrf,
    /// Too many wrong tokens.
    TooManyFailures,
    /// The body is too large.
    TooLarge,
    /// The body is no JSON.
    NotJson,
    /// The path exists, but not with this method.
    WrongMethod,
    /// The store can not be reached.
    StoreAway,
    /// The counters of limits can not be reached.
    LedgerAway,
}

impl Code {
    const fn number(self) -> u32 {
        match self {
            Self::Invalid => 7001,
            Self::Unknown => 7002,
            Self::Taken => 7003,
            Self::Moved => 7004,
            Self::ReadOnly => 7005,
            Self::Reused => 7006,
            Self::NoToken => 7101,
            Self::NotAllowed => 7102,
            Self::NoCsrf => 7103,
            Self::TooManyFailures => 7104,
            Self::TooLarge => 7201,
            Self::NotJson => 7202,
            Self::WrongMethod => 7203,
            Self::StoreAway => 7301,
            Self::LedgerAway => 7302,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Taken | Self::Moved | Self::ReadOnly | Self::Reused => StatusCode::CONFLICT,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::NotAllowed | Self::NoCsrf => StatusCode::FORBIDDEN,
            Self::TooManyFailures => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::StoreAway | Self::LedgerAway => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A bad answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    code: Code,
    troubles: Vec<Trouble>,
    retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::at(code, &[], message)
    }

    /// A trouble with a part of the request: `["body", "name"]`.
    pub(super) fn at(code: Code, path: &[&str], message: impl Into<String>) -> Self {
        Self { code, troubles: vec![Trouble::plain(code, message.into(), path)], retry_after: None }
    }

    /// Everything that is wrong with a document.
    pub(super) fn diagnostics(found: &[Diagnostic]) -> Self {
        Self { code: Code::Invalid, troubles: found.iter().map(Trouble::of).collect(), retry_after: None }
    }

    /// Everything that is wrong with what stands in a field of the body.
    pub(super) fn in_field(field: &str, found: &[Diagnostic]) -> Self {
        let place = ["body", field];
        let troubles = found.iter().map(|diagnostic| Trouble::within(&place, diagnostic)).collect();
        Self { code: Code::Invalid, troubles, retry_after: None }
    }

    pub(super) fn wait(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Away(_) => Code::StoreAway,
            StoreError::Unknown { .. } => Code::Unknown,
            StoreError::Taken { .. } => Code::Taken,
            StoreError::Moved { .. } => Code::Moved,
            StoreError::Reused(_) => Code::Reused,
            StoreError::Refused(_) => Code::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({"success": false, "errors": self.troubles, "messages": [], "result": null});
        let mut response = (self.code.status(), Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                wait.as_millis().div_ceil(1000).to_string().parse().unwrap_or(HeaderValue::from_static("60")),
            );
        }
        if self.code == Code::NoToken {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A bad answer, as it is written.
#[derive(Serialize, ToSchema)]
#[schema(as = Failure)]
pub(super) struct FailureShape {
    /// `false`.
    success: bool,
    errors: Vec<Trouble>,
    messages: Vec<Trouble>,
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
}

/// The bad answers that every call may give.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is there for its description")]
pub(super) enum Failures {
    /// The request, or a document in it, has mistakes.
    #[response(status = 400)]
    Invalid(#[to_schema] FailureShape),
    /// No known admin token was shown.
    #[response(status = 401)]
    NoToken(#[to_schema] FailureShape),
    /// The token may not do this.
    #[response(status = 403)]
    NotAllowed(#[to_schema] FailureShape),
    /// There is no such thing.
    #[response(status = 404)]
    Unknown(#[to_schema] FailureShape),
    /// The name is taken, or somebody else was faster.
    #[response(status = 409)]
    Conflict(#[to_schema] FailureShape),
    /// The body is larger than `admin.max_body`.
    #[response(status = 413)]
    TooLarge(#[to_schema] FailureShape),
    /// The body is not `application/json`.
    #[response(status = 415)]
    NotJson(#[to_schema] FailureShape),
    /// Too many wrong tokens came from this address.
    #[response(status = 429)]
    Throttled(#[to_schema] FailureShape),
    /// The store can not be reached; nothing was changed.
    #[response(status = 503)]
    StoreAway(#[to_schema] FailureShape),
}
