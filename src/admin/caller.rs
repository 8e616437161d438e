//! Who asks, and what he may.

use super::{
    Office,
    answer::{Code, Failure},
};
use crate::store::{Actor, Role, StoreError, Token, Write};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use sha2::{Digest, Sha256};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use subtle::ConstantTimeEq;

/// The id and the name of the token that the operator set.
const ENVIRONMENT: &str = "environment";
/// The cookie of a browser that has logged in.
pub(super) const COOKIE: &str = "attache_session";
/// The header that a browser's write must bring along.
pub(super) const CSRF: &str = "x-csrf-token";

/// Somebody whose token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    pub(super) role: Role,
    /// The CSRF token of the browser's session, where that is what he came with.
    pub(super) csrf: Option<String>,
}

impl Caller {
    /// Nothing, if his role is at least `role`.
    pub(super) fn may(&self, role: Role) -> Result<(), Failure> {
        if self.role >= role {
            return Ok(());
        }
        let message =
            format!("the token `{}` is a {}'s; this takes the role {role}", self.actor.name, self.role);
        Err(Failure::new(Code::NotAllowed, message))
    }

    /// A write of his.
    pub(super) fn writes(&self) -> Write<'_> {
        Write::by(&self.actor)
    }

    fn of(token: Token) -> Self {
        Self { actor: Actor { id: token.id, name: token.name }, role: token.role, csrf: None }
    }

    fn environment() -> Self {
        let actor = Actor { id: ENVIRONMENT.into(), name: ENVIRONMENT.into() };
        Self { actor, role: Role::Admin, csrf: None }
    }
}

impl FromRequestParts<Arc<Office>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, Failure> {
        let address = address(parts);
        if let Some(token) = bearer(&parts.headers) {
            return office.known(token, address).await;
        }
        let Some(cookie) = cookie(&parts.headers) else { return Err(no_token()) };
        let caller = office.logged_in(cookie, address).await?;
        if !parts.method.is_safe() && !caller.shows_csrf(&parts.headers) {
            let message =
                format!("a browser's write needs the header `{CSRF}` with the value that its login gave");
            return Err(Failure::new(Code::NoCsrf, message));
        }
        Ok(caller)
    }
}

impl Caller {
    fn shows_csrf(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(CSRF).map(|value| value.as_bytes()).unwrap_or_default();
        self.csrf.as_ref().is_some_and(|csrf| csrf.as_bytes().ct_eq(shown).into())
    }
}

impl Office {
    /// Whose token this is.
    pub(super) async fn known(&self, token: &str, address: IpAddr) -> Result<Caller, Failure> {
        self.may_try(address)?;
        if self.is_operators(token) {
            return Ok(Caller::environment());
        }
        let found = self.store.token_by_hash(&hash(token)).await?;
        found.map(Caller::of).ok_or_else(|| self.wrong_token(address))
    }

    async fn logged_in(&self, cookie: &str, address: IpAddr) -> Result<Caller, Failure> {
        self.may_try(address)?;
        let session = self.store.session(&hash(cookie)).await?.ok_or_else(|| self.wrong_token(address))?;
        let now = self.world.now();
        let caller = match session.token.as_str() {
            // a session does not outlive the token that opened it
            ENVIRONMENT if self.settings.token.is_some() => Some(Caller::environment()),
            id => match self.store.token(id).await {
                Ok(token) => Some(token).filter(|token| token.opens(now)).map(Caller::of),
                Err(StoreError::Unknown { .. }) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let caller = caller.ok_or_else(|| self.wrong_token(address))?;
        Ok(Caller { csrf: Some(session.csrf), ..caller })
    }

    fn is_operators(&self, token: &str) -> bool {
        let operators = self.settings.token.as_ref().map(|secret| hash(secret.reveal()));
        operators.is_some_and(|operators| operators.as_bytes().ct_eq(hash(token).as_bytes()).into())
    }

    fn may_try(&self, address: IpAddr) -> Result<(), Failure> {
        let Some(wait) = self.throttle.wait(address) else { return Ok(()) };
        let message = "too many wrong tokens came from this address; try again later";
        Err(Failure::new(Code::TooManyFailures, message).wait(wait))
    }

    fn wrong_token(&self, address: IpAddr) -> Failure {
        self.throttle.failed(address);
        no_token()
    }
}

/// Who the connection comes from.
pub(super) fn address(parts: &Parts) -> IpAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip())
}

/// The SHA-256 of a token, as the store keeps it.
pub(super) fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn no_token() -> Failure {
    let message = "this needs a known admin token: send it as `authorization: Bearer <token>`";
    Failure::new(Code::NoToken, message)
}
