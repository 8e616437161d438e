//! The routes API of Cloudflare's AI Gateway: its own SDKs drive it when their base URL is this door's.

mod envelope;
mod place;
mod routes;
mod versions;
mod view;

pub(super) use place::number;
pub(super) use routes::may_change;
pub(super) use view::{Gateway, RouteView, time};

use super::Office;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Where it is.
const ROUTES: &str = "/client/v4/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes";

pub(super) fn router() -> OpenApiRouter<Arc<Office>> {
    let all = OpenApiRouter::new()
        .routes(routes!(routes::list, routes::create))
        .routes(routes!(routes::show, routes::rename, routes::delete))
        .routes(routes!(versions::versions, versions::create))
        .routes(routes!(versions::show))
        .routes(routes!(versions::deployments, versions::deploy));
    OpenApiRouter::new().nest(ROUTES, all)
}
