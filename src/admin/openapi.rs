//! The OpenAPI document: made of the handlers' own descriptions, so it can not say otherwise than they do.

use super::{Office, api, cloudflare};
use axum::Json;
use std::sync::{Arc, LazyLock};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Attaché",
        description = "Routes, versions and deployments in the words of Cloudflare's AI Gateway (`/client/v4`), and what Attaché offers beyond (`/api/v1`).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "routes", description = "Graphs, their versions, and which are live"),
        (name = "prices", description = "What models cost"),
        (name = "health", description = "How targets do"),
        (name = "keys", description = "What clients show"),
        (name = "people", description = "Who may change things, and who has"),
        (name = "world", description = "What this pair knows")
    ),
    security(("token" = []), ("session" = [], "csrf" = [])),
    modifiers(&Doors)
)]
struct Described;

/// How people are let in.
struct Doors;

impl Modify for Doors {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let token =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An admin token")).build();
        let session =
            ApiKeyValue::with_description(super::caller::COOKIE, "The cookie of POST /api/v1/session");
        let csrf =
            ApiKeyValue::with_description(super::caller::CSRF, "What POST /api/v1/session gave, for writes");
        components.add_security_scheme("token", SecurityScheme::Http(token));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    }
}

/// All calls, and their descriptions.
pub(super) fn described() -> OpenApiRouter<Arc<Office>> {
    OpenApiRouter::with_openapi(Described::openapi()).merge(cloudflare::router()).merge(api::router())
}

static DOCUMENT: LazyLock<openapi::OpenApi> = LazyLock::new(|| described().into_openapi());

/// The document.
#[must_use]
pub fn document() -> &'static openapi::OpenApi {
    &DOCUMENT
}

/// For everybody: it says nothing that the docs do not say.
pub(super) async fn json() -> Json<&'static openapi::OpenApi> {
    Json(document())
}
