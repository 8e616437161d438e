//! Who changed what, and when.

use crate::{
    admin::{
        Office,
        answer::{Answer, Failure, Failures, Listing},
        caller::Caller,
        cloudflare::time,
        input::{Page, Query},
    },
    store::{Event, EventFilter},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A change.
#[derive(Serialize, ToSchema)]
pub(super) struct EventView {
    /// Its place in the log.
    number: u64,
    at: String,
    /// The id of the token that did it; `environment` for the operator's.
    actor_id: String,
    /// The token's name.
    actor: String,
    /// `route.create`, `route.deploy`, `key.revoke`, ...
    action: String,
    /// `route`, `key`, `token` or `limits`.
    kind: String,
    /// The id of what was changed.
    id: String,
    /// Its name then.
    name: String,
    /// What it was; null for something new.
    #[schema(value_type = Option<Object>)]
    before: Value,
    /// What it became; null for something that is gone.
    #[schema(value_type = Option<Object>)]
    after: Value,
}

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// From 1.
    #[serde(default = "crate::admin::input::first")]
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: u32,
    /// 1 to 1000.
    #[serde(default = "crate::admin::input::twenty")]
    #[param(minimum = 1, maximum = 1000, default = 20)]
    per_page: u32,
    /// Only of this kind: `route`, `key`, `token` or `limits`.
    kind: Option<String>,
    /// Only of the thing with this id.
    id: Option<String>,
    /// Only by the token with this id.
    actor: Option<String>,
}

/// List changes, the newest first.
#[utoipa::path(get, path = "/audit", tag = "people", operation_id = "list_changes", params(Which),
    responses((status = 200, description = "The changes.", body = Answer<Listing<EventView>>), Failures))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    _: Caller,
    Query(which): Query<Which>,
) -> Result<Answer<Listing<EventView>>, Failure> {
    let page = Page { page: which.page, per_page: which.per_page }.checked()?;
    let filter = EventFilter { kind: which.kind, id: which.id, actor: which.actor };
    let found = office.store.audit(&filter, page).await?;
    Ok(Answer::new(Listing::new(found, page, EventView::from)))
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event { number, at, actor, action, kind, id, name, before, after } = event;
        Self {
            number,
            at: time(at),
            actor_id: actor.id,
            actor: actor.name,
            action,
            kind,
            id,
            name,
            before,
            after,
        }
    }
}
