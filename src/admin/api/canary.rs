//! Versions beside the live one: a canary takes a share of the traffic, a pin keeps a version callable.

use super::place::{Id, OfVersion};
use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        cloudflare::{Gateway, RouteView, may_change, number},
        input::{Body, IfMatch, Path, Tagged},
    },
    graph::Split,
    store::{Canary, Role},
};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A share for a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCanary {
    /// The version's number.
    version_id: String,
    /// Its share, above 0 and below 100.
    #[schema(exclusive_minimum = 0.0, exclusive_maximum = 100.0)]
    percent: f64,
    /// What keeps a client with one version, such as `metadata.user_id`; by chance for each request where there is none.
    key: Option<String>,
}

impl NewCanary {
    fn read(self) -> Result<Canary, Failure> {
        if !(self.percent > 0.0 && self.percent < 100.0) {
            return Err(Failure::at(
                Code::Invalid,
                &["body", "percent"],
                "expected a number above 0 and below 100",
            ));
        }
        let shares = [("live", 100.0 - self.percent), ("canary", self.percent)];
        Split::new("canary", self.key.as_deref(), &shares)
            .map_err(|why| Failure::at(Code::Invalid, &["body", "key"], why))?;
        Ok(Canary { version: number(&self.version_id)?, percent: self.percent, key: self.key })
    }
}

/// Send a share of a route's traffic to another version.
#[utoipa::path(put, path = "/routes/{id}/canary", tag = "routes", operation_id = "set_canary", params(Id), request_body = NewCanary,
    responses((status = 200, description = "The route, as it is live.", body = Answer<RouteView>), Failures))]
pub(super) async fn set(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Id { id }): Path<Id>,
    IfMatch(expected): IfMatch,
    Body(body): Body<NewCanary>,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(Role::Deployer)?;
    may_change(&id)?;
    let canary = body.read()?;
    office.must_be_deployable(&id, canary.version).await?;
    office.change_canary(&caller, &id, Some(canary), expected).await
}

/// End a canary: all traffic goes to the live version.
#[utoipa::path(delete, path = "/routes/{id}/canary", tag = "routes", operation_id = "end_canary", params(Id),
    responses((status = 200, description = "The route, as it is live.", body = Answer<RouteView>), Failures))]
pub(super) async fn end(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Id { id }): Path<Id>,
    IfMatch(expected): IfMatch,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(Role::Deployer)?;
    may_change(&id)?;
    office.change_canary(&caller, &id, None, expected).await
}

/// Keep a version callable as `dynamic/<name>@v<n>`.
#[utoipa::path(put, path = "/routes/{id}/pins/{version}", tag = "routes", operation_id = "pin_version", params(OfVersion),
    responses((status = 200, description = "The route.", body = Answer<RouteView>), Failures))]
pub(super) async fn pin(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfVersion>,
    IfMatch(expected): IfMatch,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(Role::Deployer)?;
    may_change(&place.id)?;
    let number = number(&place.version)?;
    office.must_be_deployable(&place.id, number).await?;
    office.change_pin(&caller, &place.id, (number, true), expected).await
}

/// Let a version go.
#[utoipa::path(delete, path = "/routes/{id}/pins/{version}", tag = "routes", operation_id = "unpin_version", params(OfVersion),
    responses((status = 200, description = "The route.", body = Answer<RouteView>), Failures))]
pub(super) async fn unpin(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfVersion>,
    IfMatch(expected): IfMatch,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(Role::Deployer)?;
    may_change(&place.id)?;
    office.change_pin(&caller, &place.id, (number(&place.version)?, false), expected).await
}

impl Office {
    async fn change_canary(
        &self,
        caller: &Caller,
        id: &str,
        canary: Option<Canary>,
        expected: Option<u64>,
    ) -> Result<Tagged<Answer<RouteView>>, Failure> {
        let (route, version) =
            self.store.set_canary(caller.writes().expecting(expected), id, canary.as_ref()).await?;
        self.publish().await;
        Ok(told(RouteView::new(&Gateway::ours(), route, version)))
    }

    async fn change_pin(
        &self,
        caller: &Caller,
        id: &str,
        (number, pinned): (u32, bool),
        expected: Option<u64>,
    ) -> Result<Tagged<Answer<RouteView>>, Failure> {
        let (route, version) =
            self.store.pin(caller.writes().expecting(expected), id, number, pinned).await?;
        self.publish().await;
        Ok(told(RouteView::new(&Gateway::ours(), route, version)))
    }
}

fn told(view: RouteView) -> Tagged<Answer<RouteView>> {
    Tagged::new(view.tag(), Answer::new(view))
}
