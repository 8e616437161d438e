//! How much of a route's limits is used, for one value of their keys.

use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        input::Query,
    },
    exchange::Used,
    snapshot::Version,
    store::Role,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Nano-dollars.
const PER_USD: f64 = 1e9;

/// Which limits.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The name of a route that is live.
    route: String,
    /// The value of the limits' keys, such as a user's id; of several paths the values as a simulation shows them. `-` is the bucket
    /// of requests without one.
    #[serde(default = "none")]
    #[param(default = "-")]
    key: String,
    /// Only the limit of this element.
    element: Option<String>,
}

fn none() -> String {
    "-".to_owned()
}

/// How a limit stands.
#[derive(Serialize, ToSchema)]
pub(super) struct LimitView {
    /// The element of the route's live version.
    element: String,
    key: String,
    /// `count`, `cost`, `tokens`, `input_tokens`, `output_tokens` or `concurrency`.
    limit_type: &'static str,
    /// Of cost: US dollars.
    limit: f64,
    /// What is used or reserved now.
    used: f64,
    remaining: f64,
    /// `60 s`, `a month UTC`, `flight`.
    window: String,
    /// Seconds until the window holds less; 0 when it holds nothing.
    resets_in: u64,
}

impl LimitView {
    fn new(Used { element, key, unit, most, window, grant }: Used) -> Self {
        let shown = |amount: u64| if unit == "cost" { amount as f64 / PER_USD } else { amount as f64 };
        let used = most.saturating_sub(grant.remaining);
        Self {
            element,
            key,
            limit_type: unit,
            limit: shown(most),
            used: shown(used),
            remaining: shown(grant.remaining),
            window: window.to_string(),
            resets_in: u64::try_from(grant.reset.as_millis().div_ceil(1000)).unwrap_or(u64::MAX),
        }
    }
}

/// Look how much of a route's limits is used.
#[utoipa::path(get, path = "/limits", tag = "world", operation_id = "list_limits", params(Which),
    responses((status = 200, description = "The limits of the route's live version.", body = Answer<Vec<LimitView>>), Failures))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer<Vec<LimitView>>, Failure> {
    caller.may(Role::Viewer)?;
    let version = live(&office, &which)?;
    let used = office.world.limits(&version, &which.key).await.map_err(away)?;
    let asked = used.into_iter().filter(|used| which.element.as_ref().is_none_or(|e| *e == used.element));
    Ok(Answer::new(asked.map(LimitView::new).collect()))
}

/// Forget what a route's limits have counted for one value of their keys. With `ledger: memory:` it is this pair's counters.
#[utoipa::path(delete, path = "/limits", tag = "world", operation_id = "reset_limits", params(Which),
    responses((status = 200, description = "The limits, as they stood before.", body = Answer<Vec<LimitView>>), Failures))]
pub(super) async fn reset(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer<Vec<LimitView>>, Failure> {
    caller.may(Role::Admin)?;
    let version = live(&office, &which)?;
    let mut used = office.world.limits(&version, &which.key).await.map_err(away)?;
    used.retain(|used| which.element.as_ref().is_none_or(|element| *element == used.element));
    let counted = |used: &Used| json!({"element": used.element, "used": used.most.saturating_sub(used.grant.remaining)});
    let forgotten = json!({"key": which.key, "forgotten": used.iter().map(counted).collect::<Vec<_>>()});
    office.store.note(caller.writes(), ("limits.reset", "limits", &version.name), &forgotten).await?;
    office.world.reset(&version, &used).await.map_err(away)?;
    Ok(Answer::new(used.into_iter().map(LimitView::new).collect()))
}

fn live(office: &Office, which: &Which) -> Result<Arc<Version>, Failure> {
    let live = office.world.live();
    let route = live.snapshot.routes.get(&which.route).ok_or_else(|| {
        let message = format!("there is no live route `{}`", which.route);
        Failure::at(Code::Unknown, &["query", "route"], message)
    })?;
    if let Some(element) = &which.element
        && !route.live.program.limits("").iter().any(|limit| limit.element == element)
    {
        let message = format!("the live version of `{}` has no limit `{element}`", which.route);
        return Err(Failure::at(Code::Unknown, &["query", "element"], message));
    }
    Ok(Arc::clone(&route.live))
}

fn away(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::LedgerAway, error.to_string())
}
