//! What this pair knows: providers and models; and which pairs share its store.

use super::prices::PriceView;
use crate::{
    admin::{
        Office,
        answer::{Answer, Failure, Failures},
        caller::Caller,
        cloudflare::time,
    },
    provider::Provider,
};
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};
use utoipa::ToSchema;

/// A provider.
#[derive(Serialize, ToSchema)]
pub(super) struct ProviderView {
    name: String,
    dialect: String,
    /// Without its credential.
    base_url: String,
    /// Models that its settings name.
    models: Vec<String>,
    usable: bool,
    /// Why it is not usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// A model that some live route calls or some provider's settings name.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelView {
    provider: String,
    model: String,
    price: Option<PriceView>,
}

/// A pair that shares the store.
#[derive(Serialize, ToSchema)]
pub(super) struct PairView {
    id: String,
    /// When it was heard of last.
    seen_at: String,
    /// What it told then.
    #[schema(value_type = Object)]
    status: Value,
}

/// List the providers of this pair.
#[utoipa::path(get, path = "/providers", tag = "world", operation_id = "list_providers",
    responses((status = 200, description = "The providers, by name.", body = Answer<Vec<ProviderView>>), Failures))]
pub(super) async fn providers(State(office): State<Arc<Office>>, _: Caller) -> Answer<Vec<ProviderView>> {
    let live = office.world.live();
    let now = office.world.now();
    let view = |provider: &Arc<Provider>| {
        let problem = provider.credential.problem(now);
        ProviderView {
            name: provider.name.clone(),
            dialect: provider.dialect.name().to_owned(),
            base_url: provider.base_url(),
            models: provider.models.clone(),
            usable: problem.is_none(),
            problem,
        }
    };
    let mut providers: Vec<_> = live.snapshot.providers.values().map(view).collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    Answer::new(providers)
}

/// List the models that live routes call or providers' settings name.
#[utoipa::path(get, path = "/models", tag = "world", operation_id = "list_models",
    responses((status = 200, description = "The models, by name.", body = Answer<Vec<ModelView>>), Failures))]
pub(super) async fn models(State(office): State<Arc<Office>>, _: Caller) -> Answer<Vec<ModelView>> {
    let live = office.world.live();
    let snapshot = &live.snapshot;
    let mut names = BTreeSet::new();
    for target in snapshot.routes.values().flat_map(|route| route.live.program.targets()) {
        names.insert((target.provider.to_string(), target.model.to_string()));
    }
    for provider in snapshot.providers.values() {
        names.extend(provider.models.iter().map(|model| (provider.name.clone(), model.clone())));
    }
    let now = office.world.now();
    let view = |(provider, model): (String, String)| {
        let price = snapshot.prices.of(&provider, &model, now).map(PriceView::new);
        ModelView { provider, model, price }
    };
    Answer::new(names.into_iter().map(view).collect())
}

/// List the pairs that share this one's store, and how they are.
#[utoipa::path(get, path = "/pairs", tag = "world", operation_id = "list_pairs",
    responses((status = 200, description = "The pairs.", body = Answer<Vec<PairView>>), Failures))]
pub(super) async fn pairs(
    State(office): State<Arc<Office>>,
    _: Caller,
) -> Result<Answer<Vec<PairView>>, Failure> {
    let pairs = office.store.pairs().await?.into_iter();
    Ok(Answer::new(
        pairs
            .map(|pair| PairView { id: pair.id, seen_at: time(pair.seen_at), status: pair.status })
            .collect(),
    ))
}
