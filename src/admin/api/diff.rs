//! What two versions of a route differ in, element by element.

use super::place::Id;
use crate::{
    admin::{
        Office,
        answer::{Answer, Failure, Failures},
        caller::Caller,
        cloudflare::{may_change, number},
        input::{Path, Query},
    },
    graph,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The two versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Between {
    /// The number of the version that was.
    from: String,
    /// The number of the version that is to be.
    to: String,
}

/// What has changed from one version to another.
#[derive(Serialize, ToSchema)]
pub(super) struct Diff {
    from: String,
    to: String,
    /// The elements that are new, have gone or are different, in the order of the new version, those that have gone last.
    changes: Vec<Change>,
}

/// An element that is not the same.
#[derive(Serialize, ToSchema)]
pub(super) struct Change {
    /// The element's id.
    element: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
    /// What it was.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// What it is.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

/// Tell what two versions of a route differ in.
#[utoipa::path(get, path = "/routes/{id}/diff", tag = "routes", operation_id = "diff_versions", params(Id, Between),
    responses((status = 200, description = "The differences.", body = Answer<Diff>), Failures))]
pub(super) async fn diff(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(Id { id }): Path<Id>,
    Query(Between { from, to }): Query<Between>,
) -> Result<Answer<Diff>, Failure> {
    may_change(&id)?;
    let (_, before) = office.store.version(&id, number(&from)?).await?;
    let (_, after) = office.store.version(&id, number(&to)?).await?;
    let changes = graph::changes(&elements(&before.elements), &elements(&after.elements));
    Ok(Answer::new(Diff { from, to, changes: changes.into_iter().map(Change::from).collect() }))
}

fn elements(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_default()
}

impl From<graph::Change> for Change {
    fn from(graph::Change { element, before, after }: graph::Change) -> Self {
        let change = match (&before, &after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        Self { element, change, before, after }
    }
}
