//! People's access: admin tokens, the browser's sessions, and what was done with them.

use serde_json::Value;
use std::{fmt, str::FromStr, time::SystemTime};

/// What somebody may do. Each may all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look at everything but tokens.
    Viewer,
    /// Make routes' versions.
    Editor,
    /// Make them live; change what keys bring along.
    Deployer,
    /// Everything: keys and tokens.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Deployer, Self::Admin];

    /// `viewer`, ...
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Deployer => "deployer",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|role| role.name() == word);
        found.ok_or_else(|| format!("`{word}` is none of the roles {}", names()))
    }
}

/// An admin token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// 32 hexadecimal digits, for ever.
    pub id: String,
    /// What people call it; unique among those that are not revoked.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// The SHA-256 of the token, in 64 hexadecimal digits.
    pub hash: String,
    /// The token's first letters, by which people tell it from others.
    pub prefix: String,
    /// When it was made.
    pub created_at: SystemTime,
    /// From when on it opens nothing.
    pub expires_at: Option<SystemTime>,
    /// When it was revoked, for good.
    pub revoked_at: Option<SystemTime>,
}

impl Token {
    /// Whether it opens anything at this time.
    #[must_use]
    pub fn opens(&self, now: SystemTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A browser that has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of its cookie, in 64 hexadecimal digits.
    pub hash: String,
    /// The id of the token that it logged in with.
    pub token: String,
    /// What its writes must bring along besides the cookie.
    pub csrf: String,
    /// From when on it opens nothing.
    pub expires_at: SystemTime,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The id of an admin token; `environment` for the one that the operator set.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One change, as the audit log keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the log; grows.
    pub number: u64,
    /// When.
    pub at: SystemTime,
    /// Who.
    pub actor: Actor,
    /// What: `route.create`, `route.rename`, `route.delete`, `version.create`, `route.deploy`, `route.canary`, `route.pin`,
    /// `route.unpin`, `key.create`, `key.update`, `key.rotate`, `key.revoke`, `token.create`, `token.revoke`,
    /// `conversation.end`.
    pub action: String,
    /// The kind of thing that was changed: `route`, `key`, `token`, `conversation`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name then.
    pub name: String,
    /// What it was before; null for something new. No secret, no hash.
    pub before: Value,
    /// What it is now; null for something that is gone.
    pub after: Value,
}
