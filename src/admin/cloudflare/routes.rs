//! Routes: listed, made, shown, renamed, deleted.

use super::{
    envelope::{Data, Renamed},
    place::{Filter, NewRoute, OfGateway, OfRoute, Rename},
    view::{FileRoute, Gateway, RouteView},
};
use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures},
        caller::Caller,
        input::{self, Body, IfMatch, Path, Query, Repeatable, Tagged},
    },
    snapshot::STORE,
    store::{Listed, Page, Role, Route, StoreError, Version},
};
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Routes of one page.
#[derive(Serialize, ToSchema)]
pub(super) struct Routes {
    routes: Vec<RouteView>,
}

/// List routes.
#[utoipa::path(get, path = "", tag = "routes", operation_id = "list_routes", params(OfGateway, Filter),
    responses((status = 200, description = "The routes, by name.", body = Data<Routes>), Failures))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(place): Path<OfGateway>,
    Query(filter): Query<Filter>,
) -> Result<Data<Routes>, Failure> {
    let page = input::Page { page: filter.page, per_page: filter.per_page }.checked()?;
    let gateway = place.gateway();
    let stored = office.stored_routes(page, &filter).await?;
    let mut routes: Vec<_> =
        stored.items.into_iter().map(|(route, version)| RouteView::new(&gateway, route, version)).collect();
    // those of the folder come after all others
    let files = office.file_routes(|name| filter.fits(name));
    let total = stored.total.saturating_add(files.len() as u64);
    let before = u64::from(page.page - 1) * u64::from(page.per_page);
    let skipped = usize::try_from(before.saturating_sub(stored.total)).unwrap_or(usize::MAX);
    let room = (page.per_page as usize).saturating_sub(routes.len());
    routes.extend(files.into_iter().skip(skipped).take(room).map(|file| RouteView::of_file(&gateway, file)));
    Ok(Data::new(Routes { routes }, page, "name", total))
}

/// Make a route, and deploy its first version.
#[utoipa::path(post, path = "", tag = "routes", operation_id = "create_route", params(OfGateway), request_body = NewRoute,
    responses((status = 200, description = "The route.", body = Answer<RouteView>), Failures))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfGateway>,
    Repeatable { body, once }: Repeatable<NewRoute>,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    caller.may(if body.deploy { Role::Deployer } else { Role::Editor })?;
    office.may_be_named(&body.name)?;
    let graph = office.graph(&body.name, &body.elements)?;
    if body.deploy {
        graph.must_be_valid()?;
    }
    let draft = graph.draft(body.comment);
    let (route, version) = office
        .store
        .create_route(caller.writes().once(once.as_ref()), &body.name, &draft, body.deploy)
        .await?;
    office.publish().await;
    let view = RouteView::new(&place.gateway(), route, version);
    Ok(Tagged::new(view.tag(), Answer::new(view.diagnosed(&graph))))
}

/// Show a route.
#[utoipa::path(get, path = "/{id}", tag = "routes", operation_id = "get_route", params(OfRoute),
    responses((status = 200, description = "The route.", body = Answer<RouteView>), Failures))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(place): Path<OfRoute>,
) -> Result<Tagged<Answer<RouteView>>, Failure> {
    let (gateway, id) = place.split();
    let view = office.route(&gateway, &id).await?;
    Ok(Tagged::new(view.tag(), Answer::new(view)))
}

/// Rename a route.
#[utoipa::path(patch, path = "/{id}", tag = "routes", operation_id = "rename_route", params(OfRoute), request_body = Rename,
    responses((status = 200, description = "The route.", body = Renamed), Failures))]
pub(super) async fn rename(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfRoute>,
    IfMatch(expected): IfMatch,
    Body(body): Body<Rename>,
) -> Result<Tagged<Renamed>, Failure> {
    caller.may(Role::Deployer)?;
    let (gateway, id) = place.split();
    may_change(&id)?;
    office.may_be_named(&body.name)?;
    let (route, version) =
        office.store.rename_route(caller.writes().expecting(expected), &id, &body.name).await?;
    office.publish().await;
    let view = RouteView::new(&gateway, route, version);
    Ok(Tagged::new(view.tag(), Renamed::new(view)))
}

/// Delete a route with all its versions. What it did stays in the audit log.
#[utoipa::path(delete, path = "/{id}", tag = "routes", operation_id = "delete_route", params(OfRoute),
    responses((status = 200, description = "What the route was.", body = Answer<RouteView>), Failures))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(place): Path<OfRoute>,
    IfMatch(expected): IfMatch,
) -> Result<Answer<RouteView>, Failure> {
    caller.may(Role::Deployer)?;
    let (gateway, id) = place.split();
    may_change(&id)?;
    let (route, version) = office.store.delete_route(caller.writes().expecting(expected), &id).await?;
    office.publish().await;
    Ok(Answer::new(RouteView::new(&gateway, route, version)))
}

/// Refuses to change what comes from a file.
pub(in crate::admin) fn may_change(id: &str) -> Result<(), Failure> {
    let Some(name) = FileRoute::named(id) else { return Ok(()) };
    let message = format!("the route `{name}` comes from a file of the routes folder: change it there");
    Err(Failure::new(Code::ReadOnly, message))
}

impl Filter {
    /// Whether it lets this name through.
    fn fits(&self, name: &str) -> bool {
        let found = |part: &String| name.to_lowercase().contains(&part.to_lowercase());
        self.name.as_ref().is_none_or(|wanted| wanted == name) && self.search.as_ref().is_none_or(found)
    }
}

impl Office {
    /// The stored routes that a filter lets through.
    async fn stored_routes(&self, page: Page, filter: &Filter) -> Result<Listed<(Route, Version)>, Failure> {
        let Some(name) = &filter.name else {
            return Ok(self.store.routes(page, filter.search.as_deref()).await?);
        };
        let found = match self.store.route_named(name).await {
            Ok(found) => Some(found).filter(|(route, _)| filter.fits(&route.name)),
            Err(StoreError::Unknown { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let total = found.iter().len() as u64;
        Ok(Listed { items: found.filter(|_| page.page == 1).into_iter().collect(), total })
    }

    /// One route of the store or of the folder.
    pub(in crate::admin) async fn route(&self, gateway: &Gateway, id: &str) -> Result<RouteView, Failure> {
        if let Some(name) = FileRoute::named(id) {
            let file = self.file_routes(|other| other == name).pop();
            let unknown = || Failure::new(Code::Unknown, format!("there is no route `{id}`"));
            return file.map(|file| RouteView::of_file(gateway, file)).ok_or_else(unknown);
        }
        let (route, version) = self.store.route(id).await?;
        let graph = self.stored(&route.name, &version.elements)?;
        Ok(RouteView::new(gateway, route, version).diagnosed(&graph))
    }

    /// Refuses a name that no route may have, or that one of the folder has.
    fn may_be_named(&self, name: &str) -> Result<(), Failure> {
        if !crate::graph::is_name(name) {
            let message = "use 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit";
            return Err(Failure::at(Code::Invalid, &["body", "name"], message));
        }
        let live = self.world.live();
        if live.snapshot.routes.get(name).is_some_and(|route| route.source != STORE) {
            let message =
                format!("the name `{name}` is that of a route that comes from a file; choose another one");
            return Err(Failure::at(Code::Taken, &["body", "name"], message));
        }
        Ok(())
    }
}
