//! A browser logs in with an admin token, and out again. What it keeps is a cookie that scripts can not read.

use super::{
    Office,
    answer::{Answer, Failure, Failures},
    caller::{COOKIE, Caller, address, cookie, hash},
    input::Body,
    secret,
};
use crate::store::Session;
use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, sync::Arc};
use utoipa::ToSchema;

/// Who comes with which token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// An admin token.
    token: String,
}

/// Who is logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct Who {
    /// The token's name.
    name: String,
    /// `viewer`, `editor`, `deployer` or `admin`.
    role: &'static str,
    /// What every write of this browser must send as `x-csrf-token`; none for who comes with a token.
    csrf: Option<String>,
}

impl Who {
    fn of(caller: &Caller) -> Self {
        Self { name: caller.actor.name.clone(), role: caller.role.name(), csrf: caller.csrf.clone() }
    }
}

/// The address of the connection.
pub(super) struct From(IpAddr);

impl FromRequestParts<Arc<Office>> for From {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Office>) -> Result<Self, Failure> {
        Ok(Self(address(parts)))
    }
}

/// Log a browser in.
#[utoipa::path(post, path = "/session", tag = "people", request_body = Login, security(()),
    responses((status = 200, description = "Logged in; the cookie is set.", body = Answer<Who>), Failures))]
pub(super) async fn login(
    State(office): State<Arc<Office>>,
    From(address): From,
    Body(login): Body<Login>,
) -> Result<Response, Failure> {
    let caller = office.known(&login.token, address).await?;
    let (cookie, csrf) = (secret::random(), secret::random());
    let expires_at = office.world.now() + office.settings.session;
    let token = caller.actor.id.clone();
    office
        .store
        .begin_session(&Session { hash: hash(&cookie), token, csrf: csrf.clone(), expires_at })
        .await?;
    let set = office.cookie(&cookie, office.settings.session.as_secs());
    let who = Who::of(&Caller { csrf: Some(csrf), ..caller });
    Ok(([(header::SET_COOKIE, set)], Answer::new(who)).into_response())
}

/// Who is asking.
#[utoipa::path(get, path = "/session", tag = "people",
    responses((status = 200, description = "The caller.", body = Answer<Who>), Failures))]
pub(super) async fn who(caller: Caller) -> Answer<Who> {
    Answer::new(Who::of(&caller))
}

/// Log the browser out.
#[utoipa::path(delete, path = "/session", tag = "people",
    responses((status = 200, description = "Logged out; the cookie is void.", body = Answer<Who>), Failures))]
pub(super) async fn logout(
    State(office): State<Arc<Office>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(cookie) = cookie(&headers) {
        office.store.end_session(&hash(cookie)).await?;
    }
    Ok(([(header::SET_COOKIE, office.cookie("", 0))], Answer::new(Who::of(&caller))).into_response())
}

impl Office {
    fn cookie(&self, value: &str, seconds: u64) -> String {
        let secure = if self.settings.tls.is_some() { "; Secure" } else { "" };
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }
}
