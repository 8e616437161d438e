//! Admin tokens: made, shown once, revoked.

use super::place::Id;
use crate::{
    admin::{
        Office,
        answer::{Answer, Code, Failure, Failures, Listing},
        caller::Caller,
        cloudflare::time,
        input::{Page, Path, Query, Repeatable},
        secret::Fresh,
    },
    store::{Role, Token, TokenDraft},
};
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::SystemTime};
use utoipa::ToSchema;

/// An admin token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    id: String,
    name: String,
    /// `viewer`, `editor`, `deployer` or `admin`.
    role: &'static str,
    /// Its first letters.
    prefix: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// The token, in the answer that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenView {
    fn new(token: Token, secret: Option<String>) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role.name(),
            prefix: token.prefix,
            created_at: time(token.created_at),
            expires_at: token.expires_at.map(time),
            revoked_at: token.revoked_at.map(time),
            token: secret,
        }
    }
}

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeToken {
    /// 1 to 128 letters; unique among those that are not revoked.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// `viewer`, `editor`, `deployer` or `admin`.
    role: String,
    /// RFC 3339; never, if not given.
    #[schema(format = DateTime, value_type = Option<String>)]
    expires_at: Option<Timestamp>,
}

/// List admin tokens, the newest first.
#[utoipa::path(get, path = "/tokens", tag = "people", operation_id = "list_tokens", params(Page),
    responses((status = 200, description = "The tokens.", body = Answer<Listing<TokenView>>), Failures))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Answer<Listing<TokenView>>, Failure> {
    caller.may(Role::Admin)?;
    let page = page.checked()?;
    let found = office.store.tokens(page).await?;
    Ok(Answer::new(Listing::new(found, page, |token| TokenView::new(token, None))))
}

/// Make an admin token. It is in this answer and nowhere else.
#[utoipa::path(post, path = "/tokens", tag = "people", operation_id = "create_token", request_body = MakeToken,
    responses((status = 200, description = "The token.", body = Answer<TokenView>), Failures))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Repeatable { body, once }: Repeatable<MakeToken>,
) -> Result<Answer<TokenView>, Failure> {
    caller.may(Role::Admin)?;
    super::check_name(&body.name)?;
    let role: Role =
        body.role.parse().map_err(|why: String| Failure::at(Code::Invalid, &["body", "role"], why))?;
    let Fresh { token, hash, prefix } = Fresh::admin();
    let expires_at = body.expires_at.map(SystemTime::from);
    let draft = TokenDraft { name: body.name, role, hash: hash.clone(), prefix, expires_at };
    let made = office.store.create_token(caller.writes().once(once.as_ref()), &draft).await?;
    // a repetition finds the token that was made before, which is not known any more
    let secret = (made.hash == hash).then_some(token);
    Ok(Answer::new(TokenView::new(made, secret)))
}

/// Revoke an admin token, for good.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "people", operation_id = "revoke_token", params(Id),
    responses((status = 200, description = "The token, which opens nothing any more.", body = Answer<TokenView>), Failures))]
pub(super) async fn revoke(
    State(office): State<Arc<Office>>,
    caller: Caller,
    Path(Id { id }): Path<Id>,
) -> Result<Answer<TokenView>, Failure> {
    caller.may(Role::Admin)?;
    let token = office.store.revoke_token(caller.writes(), &id).await?;
    Ok(Answer::new(TokenView::new(token, None)))
}
