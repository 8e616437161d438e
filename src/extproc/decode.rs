//! Envoy's messages to events. What is malformed is an error, never a default.

use crate::exchange::{Event, Headers};
use envoy_types::pb::envoy::service::ext_proc::v3::{
    HttpHeaders, ProcessingRequest, processing_request::Request,
};
use tonic::Status;

/// What Envoy says, as an event.
///
/// # Errors
/// `INVALID_ARGUMENT` for a message that Envoy does not send to a filter set up as `attache envoy` prints it.
pub fn event(message: ProcessingRequest) -> Result<Event, Status> {
    match message.request {
        Some(Request::RequestHeaders(head)) => {
            let (headers, end) = headers(head)?;
            Ok(Event::RequestHead { headers, end })
        }
        Some(Request::RequestBody(body)) => {
            Ok(Event::RequestBody { bytes: body.body, end: body.end_of_stream })
        }
        Some(Request::ResponseHeaders(head)) => {
            let (headers, end) = headers(head)?;
            Ok(Event::AnswerHead { headers, end })
        }
        Some(Request::ResponseBody(body)) => {
            Ok(Event::AnswerBody { bytes: body.body, end: body.end_of_stream })
        }
        Some(Request::ResponseTrailers(_)) => Ok(Event::AnswerTrailers),
        Some(Request::RequestTrailers(_)) => Ok(Event::RequestTrailers),
        None => Err(bad("a message without a request")),
    }
}

fn headers(head: HttpHeaders) -> Result<(Headers, bool), Status> {
    let map = head.headers.ok_or_else(|| bad("headers without a header map"))?;
    let value = |text: String, raw: Vec<u8>| if raw.is_empty() { text.into_bytes() } else { raw };
    Ok((map.headers.into_iter().map(|h| (h.key, value(h.value, h.raw_value))).collect(), head.end_of_stream))
}

fn bad(what: &str) -> Status {
    Status::invalid_argument(format!("got {what}"))
}
