//! Documents of others, made into ours. Nothing is kept.

use crate::{
    admin::{
        Office,
        answer::{Answer, Failure, Failures},
        caller::Caller,
        input::Body,
    },
    graph::Known,
    import::{self, Mistake, Providers, Warning, portkey::Options},
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// What a route is called whose maker has no name for it.
const IMPORTED: &str = "imported";

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
    code: String,
    /// Where in the document, as a JSON pointer.
    pointer: String,
    message: String,
    hint: String,
}

impl Ours {
    fn new(document: Value, warnings: Vec<Warning>) -> Self {
        let view = |warning: Warning| WarningView {
            code: warning.code.to_string(),
            pointer: warning.pointer,
            message: warning.message,
            hint: warning.hint,
        };
        Self { document, warnings: warnings.into_iter().map(view).collect() }
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
    let name = foreign.name.as_deref().unwrap_or(IMPORTED);
    let imported = office.importing(|providers| {
        let model = foreign.model.as_deref();
        import::portkey::import(&foreign.document, &Options { name, model, provider: None, providers })
    })?;
    Ok(Answer::new(Ours::new(imported.document, imported.warnings)))
}

/// Make routes of what Cloudflare's API answers.
#[utoipa::path(post, path = "/import/cloudflare", tag = "routes", operation_id = "import_cloudflare", request_body = Foreign,
    responses((status = 200, description = "The routes, and what differs.", body = Answer<Vec<Ours>>), Failures))]
pub(super) async fn cloudflare(
    State(office): State<Arc<Office>>,
    _: Caller,
    Body(foreign): Body<Foreign>,
) -> Result<Answer<Vec<Ours>>, Failure> {
    let routes = office.importing(|providers| import::cloudflare::import(&foreign.document, &providers))?;
    Ok(Answer::new(routes.into_iter().map(|route| Ours::new(route.document, route.warnings)).collect()))
}

impl Office {
    /// What `import` makes of a document, with the providers that there are.
    fn importing<T>(
        &self,
        import: impl FnOnce(Providers<'_>) -> Result<T, Vec<Mistake>>,
    ) -> Result<T, Failure> {
        let live = Arc::clone(&self.world.live());
        let known: Vec<&str> = live.snapshot.providers.keys().map(String::as_str).collect();
        let providers = Providers { known: Known::Providers(&known), aliases: &BTreeMap::new() };
        import(providers).map_err(|found| Failure::in_field("document", &found))
    }
}
