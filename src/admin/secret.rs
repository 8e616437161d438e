//! New tokens. Each is shown once, in the answer to who asked for it, and kept as its hash only.

use super::caller::hash;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;

/// Random bytes of a token.
const BYTES: usize = 32;
/// Letters by which people tell one token from another.
const PREFIX: usize = 12;

/// A token that nobody has seen yet.
pub(super) struct Fresh {
    pub(super) token: String,
    pub(super) hash: String,
    pub(super) prefix: String,
}

impl Fresh {
    /// A client's key.
    pub(super) fn client() -> Self {
        Self::new("sk-att-")
    }

    /// An admin token.
    pub(super) fn admin() -> Self {
        Self::new("att-")
    }

    fn new(kind: &str) -> Self {
        let token = format!("{kind}{}", random());
        Self { hash: hash(&token), prefix: token.chars().take(PREFIX).collect(), token }
    }
}

/// 256 random bits, as letters that need no quoting anywhere.
pub(super) fn random() -> String {
    let bytes: [u8; BYTES] = rand::rng().random();
    URL_SAFE_NO_PAD.encode(bytes)
}
