//! How targets do: looked at, cooled and healed by hand.

use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        cloudflare::time,
        input::{Body, Path},
    },
    graph::Target,
    provider::health::{Condition, Phase},
    store::Role,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use utoipa::{IntoParams, ToSchema};

/// The longest cool-down by hand: a day.
const LONGEST: u64 = 24 * 3600;

/// How a target is, on this pair.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthView {
    provider: String,
    model: String,
    /// `healthy`; `cooling`: left alone, if there is another; `probed`: asked one request at a time.
    state: &'static str,
    /// Why it cools or cooled: `error_rate`, `timeouts`, `rate_limited`, `quota_exhausted` or `by_hand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// When its cool-down ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Whether another pair has told of its cool-down.
    shared: bool,
    /// Answers and failures in `health.window`.
    requests: u32,
    /// Failures among them.
    failures: u32,
    /// Timeouts in a row.
    timeouts: u32,
}

impl HealthView {
    fn new(condition: Condition, office: &Office) -> Self {
        let Condition { target, phase, good, bad, timeouts } = condition;
        let (cause, left, shared) = match phase {
            Phase::Healthy => (None, None, false),
            Phase::Cooling { cause, left, told } => (Some(cause), Some(left), told),
            Phase::Probed { cause } => (Some(cause), None, false),
        };
        Self {
            provider: target.provider.into(),
            model: target.model.into(),
            state: phase.name(),
            cause: cause.map(|cause| cause.name()),
            until: left.map(|left| time(office.world.now() + left)),
            shared,
            requests: good.saturating_add(bad),
            failures: bad,
            timeouts,
        }
    }
}

/// A cool-down by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CoolDown {
    /// For how long: 1 second to a day.
    #[schema(minimum = 1, maximum = 86_400)]
    seconds: u64,
}

/// One target.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Of {
    /// `provider/model`, its slashes as `%2F`.
    target: String,
}

impl Of {
    fn read(&self) -> Result<Target, Failure> {
        self.target.parse().map_err(|why: String| Failure::at(Code::Invalid, &["path", "target"], why))
    }
}

/// List the targets of which this pair has heard something lately, and how they are.
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "list_health",
    responses((status = 200, description = "The targets, by name.", body = Answer<Vec<HealthView>>), Failures))]
pub(super) async fn list(State(office): State<Arc<Office>>, _: Caller) -> Answer<Vec<HealthView>> {
    Answer::new(office.health().into_iter().map(|condition| HealthView::new(condition, &office)).collect())
}

/// Let a target cool: it is left alone, if there is another.
#[utoipa::path(put, path = "/health/{target}", tag = "health", operation_id = "cool_target", params(Of), request_body = CoolDown,
    responses((status = 200, description = "How the target is now.", body = Answer<HealthView>), Failures))]
pub(super) async fn cool(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(of): Path<Of>,
    Body(CoolDown { seconds }): Body<CoolDown>,
) -> Result<Answer<HealthView>, Failure> {
    caller.may(Role::Deployer)?;
    let target = of.read()?;
    if !(1..=LONGEST).contains(&seconds) {
        let message = format!("expected 1 to {LONGEST} seconds");
        return Err(Failure::at(Code::Invalid, &["body", "seconds"], message));
    }
    if !office.world.live().snapshot.providers.contains_key(&*target.provider) {
        let message = format!("there is no provider `{}`", target.provider);
        return Err(Failure::at(Code::Unknown, &["path", "target"], message));
    }
    let became = json!({"seconds": seconds});
    office.store.note(caller.writes(), ("target.cool", "target", &of.target), &became).await?;
    let settings = office.world.live().settings.health.clone();
    office.world.health.cool(&target, Duration::from_secs(seconds), &settings);
    office.target(&target)
}

/// End a target's cool-down, and forget its failures.
#[utoipa::path(delete, path = "/health/{target}", tag = "health", operation_id = "heal_target", params(Of),
    responses((status = 200, description = "How the target was.", body = Answer<HealthView>), Failures))]
pub(super) async fn heal(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(of): Path<Of>,
) -> Result<Answer<HealthView>, Failure> {
    caller.may(Role::Deployer)?;
    let target = of.read()?;
    let was = office.target(&target)?;
    let became = json!({"state": "healthy"});
    office.store.note(caller.writes(), ("target.heal", "target", &of.target), &became).await?;
    office.world.health.heal(&target);
    Ok(was)
}

impl Office {
    fn target(&self, target: &Target) -> Result<Answer<HealthView>, Failure> {
        let found = self.health().into_iter().find(|condition| condition.target == *target);
        let unknown = || Failure::new(Code::Unknown, format!("nothing was heard of `{target}` lately"));
        found.map(|condition| Answer::new(HealthView::new(condition, self))).ok_or_else(unknown)
    }
}
