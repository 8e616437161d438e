//! The mock's own endpoints, under `/_mock/`.
use super::{Behaviour, answer::Answer, service::Mock};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Does what `path`, the part after `/_mock/`, asks for; or says why not.
pub(super) fn obey(mock: &Mock, method: &Method, path: &str, body: &Bytes) -> Answer {
    match (method, path.split_once('/').unwrap_or((path, ""))) {
        (&Method::PUT, ("script", model)) => match String::from_utf8_lossy(body).parse::<Behaviour>() {
            Ok(behaviour) => mock.scripts.put(name(model), Some(behaviour)),
            Err(bad) => return Answer::fault(StatusCode::BAD_REQUEST, &bad.to_string()),
        },
        (&Method::DELETE, ("script", model)) => mock.scripts.put(name(model), None),
        (&Method::DELETE, ("requests", "")) => mock.watch.forget(),
        (&Method::GET, ("requests", "")) => return document(&mock.watch.requests()),
        (&Method::GET, ("stats", "")) => return document(&mock.watch.stats()),
        _ => return Answer::fault(StatusCode::NOT_FOUND, "The mock has no such endpoint."),
    }
    Answer::Json(StatusCode::NO_CONTENT, Bytes::new())
}

fn document(document: &Value) -> Answer {
    Answer::Json(StatusCode::OK, document.to_string().into())
}

fn name(encoded: &str) -> String {
    percent_decode_str(encoded).decode_utf8_lossy().into_owned()
}
