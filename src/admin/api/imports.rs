//! Documents of others, made into ours. Nothing is kept.

use crate::{
    admin::{
        Office,
        answer::{Answer, Failure, Failures},
        caller::Caller,
        input::Body,
    },
    graph::Known,
    import::{self, Imported, Options, Warning},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is to be imported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Foreign {
    /// The configuration, as its maker writes it.
    #[schema(value_type = Object)]
    document: Value,
    /// The name of the route.
    name: Option<String>,
    /// The model of targets that name none.
    model: Option<String>,
}

/// A route, and what differs from what it was made of.
#[derive(Serialize, ToSchema)]
pub(super) struct Ours {
    /// The route document.
    #[schema(value_type = Object)]
    document: Value,
    warnings: Vec<WarningView>,
}

/// Something that means less or something else with us.
#[derive(Serialize, ToSchema)]
struct WarningView {
    /// Which kind; docs/import.md lists them.
    code: &'static str,
    /// Where in the document, as a JSON pointer.
    pointer: String,
    message: String,
    hint: String,
}

impl Ours {
    fn new(imported: Imported) -> Self {
        let view = |warning: Warning| WarningView {
            code: warning.code.slug(),
            pointer: warning.pointer,
            message: warning.message,
            hint: warning.hint,
        };
        Self { document: imported.document, warnings: imported.warnings.into_iter().map(view).collect() }
    }
}

/// Make a route of a Portkey config.
#[utoipa::path(post, path = "/import/portkey", tag = "routes", operation_id = "import_portkey", request_body = Foreign,
    responses((status = 200, description = "The route, and what differs.", body = Answer<Ours>), Failures))]
pub(super) async fn portkey(
    State(office): State<Arc<Office>>,
    _: Caller,
    Body(foreign): Body<Foreign>,
) -> Result<Answer<Ours>, Failure> {
    office.import(&foreign, |options| import::portkey::import(&foreign.document, options)).map(Ours::new).map(Answer::new)
}

/// Make routes of what Cloudflare's API answers.
#[utoipa::path(post, path = "/import/cloudflare", tag = "routes", operation_id = "import_cloudflare", request_body = Foreign,
    responses((status = 200, description = "The routes, and what differs.", body = Answer<Vec<Ours>>), Failures))]
pub(super) async fn cloudflare(
    State(office): State<Arc<Office>>,
    _: Caller,
    Body(foreign): Body<Foreign>,
) -> Result<Answer<Vec<Ours>>, Failure> {
    let routes = office.import(&foreign, |options| import::cloudflare::import(&foreign.document, options))?;
    Ok(Answer::new(routes.into_iter().map(Ours::new).collect()))
}

impl Office {
    fn import<T>(
        &self,
        foreign: &Foreign,
        import: impl FnOnce(&Options<'_>) -> Result<T, Vec<import::Mistake>>,
    ) -> Result<T, Failure> {
        let live = Arc::clone(&self.world.live());
        let providers: Vec<&str> = live.snapshot.providers.keys().map(String::as_str).collect();
        let (name, model) = (foreign.name.as_deref(), foreign.model.as_deref());
        let options = Options { name, model, known: Known::Providers(&providers) };
        import(&options).map_err(|found| Failure::in_field("document", &found))
    }
}
