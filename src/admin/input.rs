//! What requests bring along, read with our own words for what is wrong.

use super::{
    Office,
    answer::{Code, Failure},
};
use crate::store::{self, Once};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::IntoParams;

/// Letters of an idempotency key.
const LONGEST_KEY: usize = 128;

/// A JSON body.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// A JSON body, and what makes a repetition of the request known.
#[derive(Debug)]
pub(super) struct Repeatable<T> {
    pub(super) body: T,
    pub(super) once: Option<Once>,
}

/// The parameters of a query.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// The parts of a path.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// The revision that a writer has seen: `If-Match`.
#[derive(Debug, Clone, Copy)]
pub(super) struct IfMatch(pub(super) Option<u64>);

/// An answer with its ETag.
#[derive(Debug)]
pub(super) struct Tagged<T> {
    tag: String,
    answer: T,
}

impl<T> Tagged<T> {
    pub(super) fn new(tag: String, answer: T) -> Self {
        Self { tag, answer }
    }
}

impl<T: IntoResponse> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, self.tag)], self.answer).into_response()
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// From 1.
    #[serde(default = "first")]
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    pub(super) page: u32,
    /// 1 to 1000.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 1000, default = 20)]
    pub(super) per_page: u32,
}

pub(super) fn first() -> u32 {
    1
}

pub(super) fn twenty() -> u32 {
    20
}

impl Page {
    pub(super) fn checked(self) -> Result<store::Page, Failure> {
        let Self { page, per_page } = self;
        if !(1..=1_000_000).contains(&page) {
            return Err(Failure::at(
                Code::Invalid,
                &["query", "page"],
                "expected a number from 1 to 1000000",
            ));
        }
        if !(1..=1000).contains(&per_page) {
            return Err(Failure::at(
                Code::Invalid,
                &["query", "per_page"],
                "expected a number from 1 to 1000",
            ));
        }
        Ok(store::Page { page, per_page })
    }
}

async fn bytes(request: Request, office: &Arc<Office>) -> Result<Bytes, Failure> {
    let form = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = form.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !form.eq_ignore_ascii_case("application/json") {
        let message = format!("the body is `{form}`; send JSON with `content-type: application/json`");
        return Err(Failure::new(Code::NotJson, message));
    }
    Bytes::from_request(request, office).await.map_err(|why| unreadable(&why))
}

fn unreadable(why: &BytesRejection) -> Failure {
    let code = if why.status() == StatusCode::PAYLOAD_TOO_LARGE { Code::TooLarge } else { Code::Invalid };
    let message = match code {
        Code::TooLarge => "the body is larger than `admin.max_body` allows".to_owned(),
        _ => why.to_string(),
    };
    Failure::new(code, message)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::at(Code::Invalid, &["body"], format!("the body can not be read: {error}")))
}

impl<T: DeserializeOwned> FromRequest<Arc<Office>> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, office: &Arc<Office>) -> Result<Self, Failure> {
        read(&bytes(request, office).await?).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Office>> for Repeatable<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, office: &Arc<Office>) -> Result<Self, Failure> {
        let key = idempotency_key(request.headers())?;
        let place = format!("{} {}\n", request.method(), request.uri().path());
        let bytes = bytes(request, office).await?;
        let body = read(&bytes)?;
        let once = key.map(|key| {
            let digest = Sha256::new().chain_update(place).chain_update(&bytes).finalize();
            Once { key, request_hash: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
        });
        Ok(Self { body, once })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        let message = format!("expected 1 to {LONGEST_KEY} printable ASCII characters");
        Failure::at(Code::Invalid, &["header", "idempotency-key"], message)
    })
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Office>> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, Failure> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, office).await;
        read.map(|query| Self(query.0)).map_err(|why| Failure::at(Code::Invalid, &["query"], why.body_text()))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Office>> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, Failure> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, office).await;
        read.map(|path| Self(path.0)).map_err(|why| Failure::at(Code::Unknown, &["path"], why.body_text()))
    }
}

impl FromRequestParts<Arc<Office>> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Office>) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let tag = text.strip_prefix("W/").unwrap_or(text);
        let revision =
            tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
        revision.map(|revision| Self(Some(revision))).ok_or_else(|| {
            let message = format!(
                "`{text}` is no ETag that this server gave; send the one of your last GET, such as \"7\""
            );
            Failure::at(Code::Invalid, &["header", "if-match"], message)
        })
    }
}
