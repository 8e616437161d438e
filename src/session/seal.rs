//! Tokens: a session that its client carries. Only who has a key can make or read one, and it opens for its owner alone.
//!
//! In base64 (for URLs, without padding): the form (1), four bytes that name the key, a random nonce, and the message of
//! `proto/attache/session.proto` under XChaCha20-Poly1305, bound to the client key and the route.

use super::{Owner, Session, wire};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::RngExt;
use sha2::{Digest, Sha256};
use std::fmt;

/// What a token begins with.
const FORM: u8 = 1;
/// Letters of the longest token.
const LONGEST: usize = 4096;
const NAME: usize = 4;
const NONCE: usize = 24;

/// A key that tokens are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey([u8; 32]);

impl SealKey {
    /// The key that is made of this secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::new().chain_update(b"attache session key\0").chain_update(secret).finalize().into())
    }

    fn random() -> Self {
        Self(rand::rng().random())
    }

    fn name(&self) -> [u8; NAME] {
        let hash = Sha256::new().chain_update(b"attache session key name\0").chain_update(self.0).finalize();
        let mut name = [0; NAME];
        name.iter_mut().zip(hash).for_each(|(byte, of)| *byte = of);
        name
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// Why a token says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// It is no token.
    Malformed,
    /// Its key is not known here (any more).
    UnknownKey,
    /// It was sealed for another client key or route, or by nobody.
    Foreign,
    /// Its time is over.
    Expired,
}

impl Unopened {
    /// The public name of a token that says something.
    pub const NOT: &str = "opened";

    /// The public name, as logs and metrics use it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
        }
    }
}

/// The keys at hand; the first seals, all open.
pub(super) struct Seal {
    keys: Vec<Held>,
    /// Where no key is set: this process's own.
    own: SealKey,
}

struct Held {
    name: [u8; NAME],
    cipher: XChaCha20Poly1305,
}

impl Held {
    fn new(key: &SealKey) -> Self {
        Self { name: key.name(), cipher: XChaCha20Poly1305::new(&key.0.into()) }
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Seal {
    pub(super) fn new(keys: &[SealKey], before: Option<&Self>) -> Self {
        let own = before.map_or_else(SealKey::random, |before| before.own.clone());
        let held = if keys.is_empty() { std::slice::from_ref(&own) } else { keys };
        Self { keys: held.iter().map(Held::new).collect(), own }
    }

    pub(super) fn seal(&self, owner: &Owner, session: &Session, expires_at: u64) -> Option<String> {
        let key = self.keys.first()?;
        let nonce: [u8; NONCE] = rand::rng().random();
        let message = wire::write(session, expires_at);
        let payload = Payload { msg: &message, aad: owner.bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        let token = BASE64_URL_SAFE_NO_PAD.encode([&[FORM][..], &key.name, &nonce, &sealed].concat());
        (token.len() <= LONGEST).then_some(token)
    }

    pub(super) fn open(&self, owner: &Owner, token: &str, now: u64) -> Result<Session, Unopened> {
        if token.len() > LONGEST {
            return Err(Unopened::Malformed);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_no_base64| Unopened::Malformed)?;
        let (name, nonce, sealed) = cut(&bytes).ok_or(Unopened::Malformed)?;
        let key = self.keys.iter().find(|key| key.name == name).ok_or(Unopened::UnknownKey)?;
        let payload = Payload { msg: sealed, aad: owner.bytes() };
        let message =
            key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_says_no_more| Unopened::Foreign)?;
        let (session, expires_at) = wire::read(&message).ok_or(Unopened::Malformed)?;
        if expires_at <= now { Err(Unopened::Expired) } else { Ok(session) }
    }
}

/// The name of the key, the nonce and the rest of a token of our form.
fn cut(bytes: &[u8]) -> Option<([u8; NAME], [u8; NONCE], &[u8])> {
    let (form, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_first_chunk()?;
    let (nonce, sealed) = rest.split_first_chunk()?;
    (*form == FORM).then_some((*name, *nonce, sealed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Key;

    fn session() -> Session {
        Session {
            id: Key::random([1, 2]),
            changed_at: 3,
            version: "7".into(),
            hash: "abcd".into(),
            choices: vec![("p".into(), "50%".into()), ("m1".into(), "m2".into())],
            ended: false,
        }
    }

    fn owner() -> Owner {
        Owner::new(Some("key"), "route")
    }

    #[test]
    fn a_token_says_what_was_sealed_until_its_time_is_over() {
        let seal = Seal::new(&[SealKey::of("one")], None);
        let token = seal.seal(&owner(), &session(), 100).unwrap();
        assert_eq!(seal.open(&owner(), &token, 99), Ok(session()));
        assert_eq!(seal.open(&owner(), &token, 100), Err(Unopened::Expired));
        assert_ne!(seal.seal(&owner(), &session(), 100).unwrap(), token, "a nonce is used once");
    }

    #[test]
    fn a_token_opens_for_its_owner_alone() {
        let seal = Seal::new(&[], None);
        let token = seal.seal(&owner(), &session(), 100).unwrap();
        for other in
            [Owner::new(Some("key"), "other"), Owner::new(Some("other"), "route"), Owner::new(None, "route")]
        {
            assert_eq!(seal.open(&other, &token, 0), Err(Unopened::Foreign));
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let seal = Seal::new(&[SealKey::of("one")], None);
        let token = seal.seal(&owner(), &session(), 100).unwrap();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let forged = BASE64_URL_SAFE_NO_PAD.encode(forged);
            assert!(seal.open(&owner(), &forged, 0).is_err(), "byte {at}");
        }
        for odd in ["", "new", "AQ", "====", &token[..30], &"A".repeat(5000)] {
            assert_eq!(seal.open(&owner(), odd, 0), Err(Unopened::Malformed), "{odd}");
        }
    }

    #[test]
    fn keys_are_exchanged_one_by_one() {
        let [old, new] = ["old", "new"].map(SealKey::of);
        let before = Seal::new(std::slice::from_ref(&old), None);
        let token = before.seal(&owner(), &session(), 100).unwrap();
        let both = Seal::new(&[new.clone(), old], Some(&before));
        assert_eq!(both.open(&owner(), &token, 0), Ok(session()));
        let newer = both.seal(&owner(), &session(), 100).unwrap();
        let after = Seal::new(&[new], Some(&both));
        assert_eq!(after.open(&owner(), &newer, 0), Ok(session()));
        assert_eq!(after.open(&owner(), &token, 0), Err(Unopened::UnknownKey));
    }

    #[test]
    fn a_process_keeps_its_own_key() {
        let seal = Seal::new(&[], None);
        let token = seal.seal(&owner(), &session(), 100).unwrap();
        assert_eq!(Seal::new(&[], Some(&seal)).open(&owner(), &token, 0), Ok(session()));
        assert_eq!(Seal::new(&[], None).open(&owner(), &token, 0), Err(Unopened::UnknownKey));
    }

    #[test]
    fn what_would_be_too_long_is_no_token() {
        let choices = (0..500).map(|n| (format!("{n:0>100}").into(), "x".into())).collect();
        assert_eq!(Seal::new(&[], None).seal(&owner(), &Session { choices, ..session() }, 100), None);
    }
}
