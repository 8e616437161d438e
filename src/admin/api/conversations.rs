//! Conversations that keep too long what they began with.

use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        input::Query,
    },
    store::Role,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Letters of a token that the audit log shows.
const SHOWN: usize = 64;

/// Which conversation.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The name of its route, or the logical name.
    route: String,
    /// The id of its client key; none where it has none.
    key: Option<String>,
    /// The name that its client gives it, or a token of it.
    session: String,
}

/// A conversation that keeps nothing any more.
#[derive(Serialize, ToSchema)]
pub(super) struct EndedView {
    /// The id of its session.
    id: String,
    route: String,
    key: Option<String>,
}

/// Let a conversation go: its next turn begins anew.
#[utoipa::path(delete, path = "/conversations", tag = "routes", operation_id = "end_conversation", params(Which),
    responses((status = 200, description = "The conversation, which keeps nothing any more.", body = Answer<EndedView>), Failures))]
pub(super) async fn end(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Query(Which { route, key, session }): Query<Which>,
) -> Result<Answer<EndedView>, Failure> {
    caller.may(Role::Deployer)?;
    let unknown = || Failure::new(Code::Unknown, format!("there is no route `{route}`"));
    let id = office.world.session(&route, key.as_deref(), &session).ok_or_else(unknown)?;
    let name: String = session.chars().take(SHOWN).collect();
    let place = json!({"route": route, "key": key});
    office.store.end_conversation(caller.writes(), (&id.hex(), &name), place).await?;
    office.world.end_session(id);
    office.publish().await;
    Ok(Answer::new(EndedView { id: id.hex(), route, key }))
}
