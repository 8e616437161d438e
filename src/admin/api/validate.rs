//! A document, checked without being kept.

use crate::admin::{
    Office,
    answer::{Answer, Failure, Failures, Trouble},
    caller::Caller,
    input::Body,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is wrong with a document.
#[derive(Serialize, ToSchema)]
pub(super) struct Checked {
    valid: bool,
    /// Every mistake; none if it is valid.
    diagnostics: Vec<Trouble>,
    /// The elements in the spelling of the REST dialect.
    #[schema(value_type = Vec<Object>)]
    elements: Box<RawValue>,
}

/// A route document.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct AnyDocument(Box<RawValue>);

/// Check a route document: every mistake at once. Nothing is kept.
#[utoipa::path(post, path = "/validate", tag = "routes", request_body = AnyDocument,
    responses((status = 200, description = "Valid, or not.", body = Answer<Checked>), Failures))]
pub(super) async fn validate(
    State(office): State<Arc<Office>>,
    _: Caller,
    Body(AnyDocument(document)): Body<AnyDocument>,
) -> Result<Answer<Checked>, Failure> {
    let graph = office.document(document.get())?;
    let elements = RawValue::from_string(graph.elements.clone()).unwrap_or_default();
    Ok(Answer::new(Checked { valid: graph.program.is_ok(), diagnostics: graph.troubles(), elements }))
}
