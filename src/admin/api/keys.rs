//! Client keys: made, shown once, rotated, revoked.

use super::place::Id;
use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures, Listing},
        caller::Caller,
        cloudflare::time,
        input::{Body, IfMatch, Page, Path, Query, Repeatable, Tagged},
        secret::Fresh,
    },
    graph::Known,
    import::routing,
    store::{ClientKey, KeyDraft, KeySecret, Role, Terms},
};
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use utoipa::ToSchema;

/// The longest time for which a key's old token opens it beside the new one: 30 days.
const LONGEST_OVERLAP: u64 = 30 * 24 * 3600;

/// A client key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyView {
    id: String,
    name: String,
    /// Metadata of every request made with it, above the client's own.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// Which routes it may call; `*` stands for any text.
    routes: Vec<String>,
    /// Which `provider/model` it may name directly; `*` stands for any text.
    models: Vec<String>,
    /// Its logical names.
    #[schema(value_type = Option<Object>)]
    routing: Option<Value>,
    /// `active`, `expired` or `revoked`.
    state: &'static str,
    /// The tokens that open it, the newest first.
    secrets: Vec<SecretView>,
    created_at: String,
    modified_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// Grows with every change; the ETag.
    revision: u64,
    /// The token, in the answer that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// A token that opens a key.
#[derive(Debug, Serialize, ToSchema)]
struct SecretView {
    /// Its first letters.
    prefix: String,
    /// From when on it opens nothing, because another has replaced it.
    expires_at: Option<String>,
}

impl KeyView {
    fn new(key: ClientKey, token: Option<String>, now: SystemTime) -> Self {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            (None, _) => "active",
        };
        let Terms { metadata, routes, models, routing } = key.terms;
        let secret =
            |KeySecret { prefix, expires_at, .. }| SecretView { prefix, expires_at: expires_at.map(time) };
        Self {
            id: key.id,
            name: key.name,
            metadata,
            routes,
            models,
            routing,
            state,
            secrets: key.secrets.into_iter().map(secret).collect(),
            created_at: time(key.created_at),
            modified_at: time(key.modified_at),
            expires_at: key.expires_at.map(time),
            revoked_at: key.revoked_at.map(time),
            revision: key.revision,
            token,
        }
    }
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeKey {
    /// 1 to 128 letters; unique among those that are not revoked.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// All, if not given.
    routes: Option<Vec<String>>,
    /// All, if not given.
    models: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    routing: Option<Value>,
    /// RFC 3339; never, if not given.
    #[schema(format = DateTime, value_type = Option<String>)]
    expires_at: Option<Timestamp>,
}

/// What is to be different about a key. What is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeKey {
    #[schema(min_length = 1, max_length = 128)]
    name: Option<String>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    routes: Option<Vec<String>>,
    models: Option<Vec<String>>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    routing: Option<Option<Value>>,
    /// `null`: never.
    #[serde(default, deserialize_with = "given")]
    #[schema(format = DateTime, value_type = Option<String>)]
    expires_at: Option<Option<Timestamp>>,
}

/// How a key is rotated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// For how many seconds the old token opens it too: 0 to 2592000 (30 days).
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap_seconds: u64,
}

/// `null` is told from nothing.
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// List client keys, by name.
#[utoipa::path(get, path = "/keys", tag = "keys", operation_id = "list_keys", params(Page),
    responses((status = 200, description = "The keys.", body = Answer<Listing<KeyView>>), Failures))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    _: Caller,
    Query(page): Query<Page>,
) -> Result<Answer<Listing<KeyView>>, Failure> {
    let page = page.checked()?;
    let found = office.store.keys(page).await?;
    let now = office.world.now();
    Ok(Answer::new(Listing::new(found, page, |key| KeyView::new(key, None, now))))
}

/// Make a client key. Its token is in this answer and nowhere else.
#[utoipa::path(post, path = "/keys", tag = "keys", operation_id = "create_key", request_body = MakeKey,
    responses((status = 200, description = "The key, with its token.", body = Answer<KeyView>), Failures))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Repeatable { body, once }: Repeatable<MakeKey>,
) -> Result<Tagged<Answer<KeyView>>, Failure> {
    caller.may(Role::Admin)?;
    let all = || vec!["*".to_owned()];
    let terms = Terms {
        metadata: body.metadata,
        routes: body.routes.unwrap_or_else(all),
        models: body.models.unwrap_or_else(all),
        routing: body.routing,
    };
    office.check(&body.name, &terms)?;
    let Fresh { token, hash, prefix } = Fresh::client();
    let draft = KeyDraft { name: body.name, terms, expires_at: body.expires_at.map(SystemTime::from) };
    let secret = KeySecret { hash, prefix, expires_at: None };
    let key = office.store.create_key(caller.writes().once(once.as_ref()), &draft, &secret).await?;
    // a repetition finds the key that was made before, whose token is not known any more
    let made = key.secrets.iter().any(|known| known.hash == secret.hash);
    Ok(office.told(key, made.then_some(token)).await)
}

/// Show a client key.
#[utoipa::path(get, path = "/keys/{id}", tag = "keys", operation_id = "get_key", params(Id),
    responses((status = 200, description = "The key.", body = Answer<KeyView>), Failures))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    _: Caller,
    Path(Id { id }): Path<Id>,
) -> Result<Tagged<Answer<KeyView>>, Failure> {
    let view = KeyView::new(office.store.key(&id).await?, None, office.world.now());
    Ok(Tagged::new(format!("\"{}\"", view.revision), Answer::new(view)))
}

/// Change what a client key allows and brings along.
#[utoipa::path(patch, path = "/keys/{id}", tag = "keys", operation_id = "update_key", params(Id), request_body = ChangeKey,
    responses((status = 200, description = "The key.", body = Answer<KeyView>), Failures))]
pub(super) async fn update(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Id { id }): Path<Id>,
    IfMatch(expected): IfMatch,
    Body(body): Body<ChangeKey>,
) -> Result<Tagged<Answer<KeyView>>, Failure> {
    caller.may(Role::Deployer)?;
    let old = office.store.key(&id).await?;
    let terms = Terms {
        metadata: body.metadata.unwrap_or(old.terms.metadata),
        routes: body.routes.unwrap_or(old.terms.routes),
        models: body.models.unwrap_or(old.terms.models),
        routing: body.routing.unwrap_or(old.terms.routing),
    };
    let expires_at = body.expires_at.map_or(old.expires_at, |end| end.map(SystemTime::from));
    let draft = KeyDraft { name: body.name.unwrap_or(old.name), terms, expires_at };
    office.check(&draft.name, &draft.terms)?;
    // what was read is what is changed: nobody's change in between is lost
    let expected = expected.unwrap_or(old.revision);
    let key = office.store.update_key(caller.writes().expecting(Some(expected)), &id, &draft).await?;
    Ok(office.told(key, None).await)
}

/// Give a client key a new token. The old one opens it too for a while.
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "keys", operation_id = "rotate_key", params(Id), request_body = Rotation,
    responses((status = 200, description = "The key, with its new token.", body = Answer<KeyView>), Failures))]
pub(super) async fn rotate(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Id { id }): Path<Id>,
    Body(Rotation { overlap_seconds }): Body<Rotation>,
) -> Result<Tagged<Answer<KeyView>>, Failure> {
    caller.may(Role::Admin)?;
    if overlap_seconds > LONGEST_OVERLAP {
        let message = format!("expected 0 to {LONGEST_OVERLAP} seconds");
        return Err(Failure::at(Code::Invalid, &["body", "overlap_seconds"], message));
    }
    let Fresh { token, hash, prefix } = Fresh::client();
    let until = office.world.now() + Duration::from_secs(overlap_seconds);
    let secret = KeySecret { hash, prefix, expires_at: None };
    let key = office.store.rotate_key(caller.writes(), &id, &secret, until).await?;
    Ok(office.told(key, Some(token)).await)
}

/// Revoke a client key, for good.
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", operation_id = "revoke_key", params(Id),
    responses((status = 200, description = "The key, which opens nothing any more.", body = Answer<KeyView>), Failures))]
pub(super) async fn revoke(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Id { id }): Path<Id>,
) -> Result<Tagged<Answer<KeyView>>, Failure> {
    caller.may(Role::Admin)?;
    let key = office.store.revoke_key(caller.writes(), &id).await?;
    Ok(office.told(key, None).await)
}

impl Office {
    /// The key is changed; tells it once it is live.
    async fn told(&self, key: ClientKey, token: Option<String>) -> Tagged<Answer<KeyView>> {
        self.publish().await;
        let view = KeyView::new(key, token, self.world.now());
        Tagged::new(format!("\"{}\"", view.revision), Answer::new(view))
    }

    fn check(&self, name: &str, terms: &Terms) -> Result<(), Failure> {
        super::check_name(name)?;
        let flat = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
        if let Some((field, _)) = terms.metadata.iter().find(|(_, value)| !flat(value)) {
            let message = "metadata is flat: expected a string, a number or a boolean";
            return Err(Failure::at(Code::Invalid, &["body", "metadata", field], message));
        }
        let Some(configuration) = &terms.routing else { return Ok(()) };
        let live = Arc::clone(&self.world.live());
        let providers: Vec<&str> = live.snapshot.providers.keys().map(String::as_str).collect();
        routing::read(configuration, Known::Providers(&providers))
            .map(drop)
            .map_err(|found| Failure::in_field("routing", &found))
    }
}
