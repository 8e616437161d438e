//! Where Cloudflare's answers differ from its own envelope: lists are in `data`, a renamed route in `route`.

use super::view::RouteView;
use crate::store::Page;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Data<T> {
    /// `true`.
    success: bool,
    data: Paged<T>,
}

/// A page, and which one it is.
#[derive(Serialize, ToSchema)]
struct Paged<T> {
    #[serde(flatten)]
    items: T,
    page: u32,
    per_page: u32,
    order_by: &'static str,
    order_by_direction: &'static str,
    /// Of all pages.
    total_count: u64,
}

impl<T> Data<T> {
    pub(super) fn new(items: T, page: Page, order_by: &'static str, total_count: u64) -> Self {
        let order_by_direction = if order_by == "name" { "asc" } else { "desc" };
        let Page { page, per_page } = page;
        Self {
            success: true,
            data: Paged { items, page, per_page, order_by, order_by_direction, total_count },
        }
    }
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A route under its new name.
#[derive(Serialize, ToSchema)]
pub(super) struct Renamed {
    /// `true`.
    success: bool,
    route: RouteView,
}

impl Renamed {
    pub(super) fn new(route: RouteView) -> Self {
        Self { success: true, route }
    }
}

impl IntoResponse for Renamed {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
