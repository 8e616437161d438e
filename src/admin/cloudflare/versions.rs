//! Versions and deployments of a route.

use super::{
    envelope::Data,
    place::{NewDeployment, NewVersion, OfRoute, OfVersion, number},
    routes::may_change,
    view::{DeploymentView, FileRoute, RouteView, VersionView, WholeVersion},
};
use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        input::{Body, IfMatch, Page, Path, Query, Repeatable, Tagged},
    },
    store::Role,
};
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Versions of one page.
#[derive(Serialize, ToSchema)]
pub(super) struct Versions {
    versions: Vec<VersionView>,
}

/// Deployments of one page.
#[derive(Serialize, ToSchema)]
pub(super) struct Deployments {
    deployments: Vec<DeploymentView>,
}

/// List a route's versions, the newest first.
#[utoipa::path(get, path = "/{id}/versions", tag = "routes", operation_id = "list_versions", params(OfRoute, Page),
    responses((status = 200, description = "The versions.", body = Data<Versions>), Failures))]
pub(super) async fn versions(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(place): Path<OfRoute>,
    Query(page): Query<Page>,
) -> Result<Data<Versions>, Failure> {
    let page = page.checked()?;
    let (gateway, id) = place.split();
    if FileRoute::named(&id).is_some() {
        let versions = vec![office.route(&gateway, &id).await?.version()];
        return Ok(Data::new(Versions { versions }, page, "version_id", 1));
    }
    let (route, _) = office.store.route(&id).await?;
    let live = route.deployment.map(|deployment| deployment.version);
    let found = office.store.versions(&id, page).await?;
    let versions = found.items.into_iter().map(|version| VersionView::new(version, live)).collect();
    Ok(Data::new(Versions { versions }, page, "version_id", found.total))
}

/// Make a version. It is a draft until it is deployed; one with mistakes is kept too, and told with all of them.
#[utoipa::path(post, path = "/{id}/versions", tag = "routes", operation_id = "create_version", params(OfRoute),
    request_body = NewVersion,
    responses((status = 200, description = "The route, with the new version.", body = Answer<RouteView>), Failures))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfRoute>,
    IfMatch(expected): IfMatch,
    Repeatable { body, once }: Repeatable<NewVersion>,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(Role::Editor)?;
    let (gateway, id) = place.split();
    may_change(&id)?;
    let (route, _) = office.store.route(&id).await?;
    let graph = office.graph(&route.name, &body.elements)?;
    let draft = graph.draft(body.comment);
    let (route, version) = office
        .store
        .create_version(caller.writes().expecting(expected).once(once.as_ref()), &id, &draft)
        .await?;
    let view = RouteView::new(&gateway, route, version).diagnosed(&graph);
    Ok(Tagged::new(view.tag(), Answer::new(view)))
}

/// Show a version, with everything that keeps it from being deployed.
#[utoipa::path(get, path = "/{id}/versions/{version_id}", tag = "routes", operation_id = "get_version", params(OfVersion),
    responses((status = 200, description = "The version.", body = Answer<WholeVersion>), Failures))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(place): Path<OfVersion>,
) -> Result<Answer<WholeVersion>, Failure> {
    if FileRoute::named(&place.id).is_some() {
        let route = office.route(&place.gateway(), &place.id).await?;
        let whole = WholeVersion::new(route, vec![]);
        let unknown = || Failure::new(Code::Unknown, format!("there is no version `{}`", place.version_id));
        return whole.has_id(&place.version_id).then_some(whole).map(Answer::new).ok_or_else(unknown);
    }
    let (route, version) = office.store.version(&place.id, number(&place.version_id)?).await?;
    let graph = office.stored(&route.name, &version.elements)?;
    let view = RouteView::new(&place.gateway(), route, version);
    Ok(Answer::new(WholeVersion::new(view, graph.troubles())))
}

/// List a route's deployments, the newest first.
#[utoipa::path(get, path = "/{id}/deployments", tag = "routes", operation_id = "list_deployments", params(OfRoute, Page),
    responses((status = 200, description = "The deployments.", body = Data<Deployments>), Failures))]
pub(super) async fn deployments(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(place): Path<OfRoute>,
    Query(page): Query<Page>,
) -> Result<Data<Deployments>, Failure> {
    let page = page.checked()?;
    let (gateway, id) = place.split();
    if FileRoute::named(&id).is_some() {
        let deployments = vec![office.route(&gateway, &id).await?.deployment()];
        return Ok(Data::new(Deployments { deployments }, page, "deployment_id", 1));
    }
    let found = office.store.deployments(&id, page).await?;
    let deployments = found.items.into_iter().map(DeploymentView::from).collect();
    Ok(Data::new(Deployments { deployments }, page, "deployment_id", found.total))
}

/// Make a version live; an older one is a rollback. The next request takes it.
#[utoipa::path(post, path = "/{id}/deployments", tag = "routes", operation_id = "create_deployment", params(OfRoute),
    request_body = NewDeployment,
    responses((status = 200, description = "The route, as it is live.", body = Answer<RouteView>), Failures))]
pub(super) async fn deploy(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfRoute>,
    IfMatch(expected): IfMatch,
    Body(body): Body<NewDeployment>,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(Role::Deployer)?;
    let (gateway, id) = place.split();
    may_change(&id)?;
    let number = number(&body.version_id)?;
    office.must_be_deployable(&id, number).await?;
    let (route, version) = office
        .store
        .deploy(caller.writes().expecting(expected), &id, number, body.comment.as_deref())
        .await?;
    office.publish().await;
    let view = RouteView::new(&gateway, route, version);
    Ok(Tagged::new(view.tag(), Answer::new(view)))
}

impl Office {
    /// Nothing, if the version has no mistakes as things are now.
    pub(in crate::admin) async fn must_be_deployable(&self, id: &str, number: u32) -> Result<(), Failure> {
        let (route, version) = self.store.version(id, number).await?;
        self.stored(&route.name, &version.elements)?.must_be_valid()?;
        if !version.valid {
            // the provider that it lacked when it was made is there now
            self.store.found_valid(id, number).await?;
        }
        Ok(())
    }
}
