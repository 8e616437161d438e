//! What we offer beyond Cloudflare's API, under `/api/v1`.

mod audit;
mod canary;
mod diff;
mod health;
mod imports;
mod keys;
mod limits;
mod place;
mod prices;
mod tokens;
mod validate;
mod walks;
mod world;

use super::{
    Office,
    answer::{Code, Failure},
    session,
};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Characters of the name of a key or a token.
const LONGEST_NAME: usize = 128;

/// Refuses what can not be the name of a key or a token.
fn check_name(name: &str) -> Result<(), Failure> {
    let good = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
    let message = format!("expected 1 to {LONGEST_NAME} characters, none of them a control character");
    good.then_some(()).ok_or_else(|| Failure::at(Code::Invalid, &["body", "name"], message))
}

pub(super) fn router() -> OpenApiRouter<Arc<Office>> {
    let all = graphs().merge(access()).merge(known());
    OpenApiRouter::new().nest("/api/v1", all)
}

/// Routes, and what they would do.
fn graphs() -> OpenApiRouter<Arc<Office>> {
    OpenApiRouter::new()
        .routes(routes!(validate::validate))
        .routes(routes!(walks::simulate))
        .routes(routes!(walks::replay))
        .routes(routes!(diff::diff))
        .routes(routes!(canary::set, canary::end))
        .routes(routes!(canary::pin, canary::unpin))
        .routes(routes!(imports::portkey))
        .routes(routes!(imports::cloudflare))
}

/// Clients' keys and people's tokens.
fn access() -> OpenApiRouter<Arc<Office>> {
    OpenApiRouter::new()
        .routes(routes!(session::login, session::who, session::logout))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::show, keys::update, keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::list))
}

/// What there is besides.
fn known() -> OpenApiRouter<Arc<Office>> {
    OpenApiRouter::new()
        .routes(routes!(world::providers))
        .routes(routes!(world::models))
        .routes(routes!(prices::list))
        .routes(routes!(health::list))
        .routes(routes!(health::cool, health::heal))
        .routes(routes!(prices::show, prices::set, prices::delete))
        .routes(routes!(world::pairs))
        .routes(routes!(limits::list, limits::reset))
}
