//! An answer, and how a behaviour has it sent: paced, cut, broken.
use super::{
    behaviour::{Behaviour, Ending},
    body::{Body, Step},
    reply::Events,
    watch::Visit,
};
use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::json;
use std::time::Duration;

/// What is to be sent, before its ending has its way.
#[derive(Debug)]
pub(super) enum Answer {
    Json(StatusCode, Bytes),
    Events(Events),
}

/// What every scripted error says.
const SCRIPTED: &str = "The mock fails as it was told to.";
/// How long a peer gets to read what was sent before a reset, which may overtake it otherwise.
const BEFORE_RESET: Duration = Duration::from_millis(10);

impl Answer {
    /// An error in OpenAI's shape.
    pub(super) fn fault(status: StatusCode, message: &str) -> Self {
        Self::Json(status, fault(status, message))
    }

    /// The response that sends it as `behaviour` says.
    pub(super) fn into_response(self, behaviour: Behaviour, visit: Option<Visit>) -> Response<Body> {
        let mut steps = vec![];
        if !behaviour.first.is_zero() {
            steps.push(Step::Wait(behaviour.first));
        }
        let (status, content_type, length) = match self.or_fault(&behaviour) {
            Self::Json(status, bytes) => {
                let length = send_json(bytes, behaviour.ending, &mut steps);
                (status, HeaderValue::from_static("application/json"), Some(length))
            }
            Self::Events(events) => {
                send_events(events, &behaviour, &mut steps);
                (StatusCode::OK, HeaderValue::from_static("text/event-stream; charset=utf-8"), None)
            }
        };
        if let Ending::Cut(_) = behaviour.ending {
            steps.extend([Step::Wait(BEFORE_RESET), Step::Break]);
        }
        let mut response = Response::new(Body::new(steps, length, visit));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        for (name, value) in behaviour.headers {
            response.headers_mut().append(name, value);
        }
        response
    }

    /// The error in its place, if there is to be one and it is not an event.
    fn or_fault(self, behaviour: &Behaviour) -> Self {
        match (behaviour.status, behaviour.ending, self) {
            (Some(status), ..) => Self::fault(status, SCRIPTED),
            (None, Ending::Error(_), Self::Json(status, _)) => {
                Self::Json(status, fault(StatusCode::INTERNAL_SERVER_ERROR, SCRIPTED))
            }
            (.., answer) => answer,
        }
    }
}

/// Sends as much of `bytes` as the ending lets through; returns the length that is promised.
fn send_json(bytes: Bytes, ending: Ending, steps: &mut Vec<Step>) -> usize {
    let whole = bytes.len();
    let (sent, promised) = match ending {
        Ending::Whole | Ending::Reset | Ending::Error(_) => (whole, whole),
        Ending::Cut(0) => (0, whole),
        Ending::Cut(_) => (whole / 2, whole),
        Ending::Short(0) => (0, 0),
        Ending::Short(_) => (whole / 2, whole / 2),
    };
    if sent > 0 {
        steps.push(Step::Send(bytes.slice(..sent)));
    }
    promised
}

fn send_events(events: Events, behaviour: &Behaviour, steps: &mut Vec<Step>) {
    let (count, tail) = match behaviour.ending {
        Ending::Whole | Ending::Reset => (usize::MAX, Some(events.tail)),
        Ending::Error(n) => (n, Some(Bytes::from_static(events.fault.as_bytes()))),
        Ending::Cut(n) | Ending::Short(n) => (n, None),
    };
    for (i, token) in events.tokens.into_iter().take(count).enumerate() {
        steps.extend(behaviour.gap.filter(|_| i > 0).map(Step::Wait));
        steps.push(Step::Send(token));
    }
    steps.extend(tail.map(Step::Send));
}

fn fault(status: StatusCode, message: &str) -> Bytes {
    let (kind, code) = match status.as_u16() {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("unknown_url")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string().into()
}
