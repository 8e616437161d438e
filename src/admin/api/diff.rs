//! What two versions of a route differ in, element by element.

use super::place::Id;
use crate::admin::{
    Office,
    answer::{Answer, Failure, Failures},
    caller::Caller,
    cloudflare::{may_change, number},
    input::{Path, Query},
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
#[derive(Debug, PartialEq, Serialize, ToSchema)]
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
    Ok(Answer::new(Diff { from, to, changes: changes(&before.elements, &after.elements) }))
}

fn changes(before: &str, after: &str) -> Vec<Change> {
    let [before, after] = [before, after].map(elements);
    let find =
        |all: &[(String, Value)], id: &str| all.iter().find(|(other, _)| other == id).map(|(_, e)| e.clone());
    let now = after.iter().filter_map(|(id, element)| {
        let old = find(&before, id);
        let change = match &old {
            None => "added",
            Some(old) if old == element => return None,
            Some(_) => "changed",
        };
        Some(Change { element: id.clone(), change, before: old, after: Some(element.clone()) })
    });
    let gone = before.iter().filter(|(id, _)| find(&after, id).is_none()).map(|(id, element)| Change {
        element: id.clone(),
        change: "removed",
        before: Some(element.clone()),
        after: None,
    });
    now.chain(gone).collect()
}

/// The elements with their ids; one without is known by its place.
fn elements(text: &str) -> Vec<(String, Value)> {
    let all: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    let named = all.into_iter().enumerate().map(|(place, element)| {
        let id = element.get("id").and_then(Value::as_str).map_or_else(|| format!("#{place}"), str::to_owned);
        (id, element)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_are_told_apart_by_their_ids() {
        let before = json!([{"id": "a", "n": 1}, {"id": "b"}, {"id": "c", "n": 1}]).to_string();
        let after = json!([{"id": "c", "n": 2}, {"id": "d"}, {"n": 1, "id": "a"}]).to_string();
        let told: Vec<_> = changes(&before, &after).into_iter().map(|c| (c.element, c.change)).collect();
        let [c, d, b] = ["c", "d", "b"].map(str::to_owned);
        assert_eq!(told, [(c, "changed"), (d, "added"), (b, "removed")]);
        assert_eq!(changes(&before, &before), []);
    }
}
