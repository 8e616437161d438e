//! Errors for the client, in its own shape, with codes that stay.

use super::effect::{Header, Reply};
use crate::dialect::{Refusal, Shape};
use std::time::Duration;

/// An error that ends an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Refuse {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub refusal: Refusal,
    /// Headers besides.
    pub headers: Vec<Header>,
}

impl Refuse {
    fn new(status: u16, class: &'static str, code: &'static str, message: String) -> Self {
        let refusal = Refusal { code, message, param: None, class, attempts: Vec::new() };
        Self { status, refusal, headers: Vec::new() }
    }

    /// 400: the request itself is at fault.
    #[must_use]
    pub fn bad_request(code: &'static str, message: String) -> Self {
        Self::new(400, "invalid_request_error", code, message)
    }

    /// 404: what the request names is not here.
    #[must_use]
    pub fn not_found(code: &'static str, message: String) -> Self {
        Self::new(404, "invalid_request_error", code, message)
    }

    /// 403: the client's key does not allow it.
    #[must_use]
    pub fn forbidden(code: &'static str, message: String) -> Self {
        Self::new(403, "permission_error", code, message)
    }

    /// 403: the graph led to its end past every model.
    #[must_use]
    pub fn no_model_called(element: &str) -> Self {
        Self::forbidden("no_model_called", format!("the route ended at `{element}` without calling a model"))
    }

    /// 405: the path is known, the method is not.
    #[must_use]
    pub fn method(method: &str, path: &str) -> Self {
        let message = format!("{method} {path} is not offered; use POST (GET for /v1/models)");
        let mut refuse = Self::new(405, "invalid_request_error", "method_not_allowed", message);
        refuse.headers.push(("allow", "POST".into()));
        refuse
    }

    /// 413: the body is over `limits.max_body`.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message =
            format!("the request body is larger than {limit} bytes, the limit that envoy.max_body sets");
        Self::new(413, "invalid_request_error", "body_too_large", message)
    }

    /// 429: a limit led to the end of the graph.
    #[must_use]
    pub fn limited(element: &str, retry_after: Duration) -> Self {
        let seconds = retry_after.as_millis().div_ceil(1000).max(1);
        let message = format!("the limit `{element}` is exceeded; try again in {seconds} s");
        let mut refuse = Self::new(429, "rate_limit_error", "limit_exceeded", message);
        refuse.headers.push(("retry-after", seconds.to_string()));
        refuse
    }

    /// 503: not now, for a reason of our own.
    #[must_use]
    pub fn unavailable(code: &'static str, message: String) -> Self {
        Self::new(503, "server_error", code, message)
    }

    /// 503: the process is about to stop.
    #[must_use]
    pub fn shutting_down() -> Self {
        let message = "this instance is shutting down; send the request again";
        let mut refuse = Self::unavailable("shutting_down", message.into());
        refuse.headers.push(("retry-after", "1".into()));
        refuse
    }

    /// The failed attempts' own end.
    #[must_use]
    pub fn failed(status: u16, code: &'static str, message: String) -> Self {
        Self::new(status, "upstream_error", code, message)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn param(mut self, param: &'static str) -> Self {
        self.refusal.param = Some(param);
        self
    }

    /// As an answer to a request of this shape.
    #[must_use]
    pub fn reply(&self, shape: Shape) -> Reply {
        let mut headers = vec![("content-type", "application/json".into())];
        headers.extend(self.headers.iter().cloned());
        Reply { status: self.status, headers, body: self.refusal.body(shape, self.status) }
    }
}
