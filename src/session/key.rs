//! By what sessions are found: hashes, so that nothing a client said is kept.

use sha2::{Digest, Sha256};

/// Whose sessions: those of one client key on one route. Nobody finds another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner([u8; 32]);

/// What a session is found by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Key(pub(super) [u8; 16]);

impl Owner {
    /// The sessions of this client key (if there is one) on this route.
    #[must_use]
    pub fn new(client: Option<&str>, route: &str) -> Self {
        let known = if client.is_some() { "key" } else { "nobody" };
        Self(digest(&[known.as_bytes(), client.unwrap_or_default().as_bytes(), route.as_bytes()]))
    }

    /// The session that a client calls so.
    #[must_use]
    pub fn named(&self, name: &str) -> Key {
        self.key("named", name.as_bytes())
    }

    /// The session that begins so: with this digest of its system prompt and its first message.
    #[must_use]
    pub fn begun(&self, opening: &[u8]) -> Key {
        self.key("begun", opening)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn key(&self, kind: &str, what: &[u8]) -> Key {
        Key(first(&digest(&[&self.0, kind.as_bytes(), what])))
    }
}

impl Key {
    /// The session of this opening whose first answer had this digest: of several that began alike.
    #[must_use]
    pub fn answered(&self, answer: &[u8]) -> Self {
        Self(first(&digest(&[&self.0, b"answered", answer])))
    }

    /// What the session of this id among tokens is found by.
    #[must_use]
    pub fn identified(&self) -> Self {
        Self(first(&digest(&[&self.0, b"id"])))
    }

    /// In 32 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn of_hex(digits: &str) -> Option<Self> {
        let all = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u128::from_str_radix(digits, 16).ok().filter(|_| all).map(|bits| Self(bits.to_be_bytes()))
    }

    /// Of random bits.
    #[must_use]
    pub fn random([low, high]: [u64; 2]) -> Self {
        Self((u128::from(high) << 64 | u128::from(low)).to_le_bytes())
    }

    /// A die that always falls so for this session.
    #[must_use]
    pub fn dice(&self) -> u64 {
        self.0.iter().take(8).fold(0, |dice, byte| dice << 8 | u64::from(*byte))
    }
}

/// The SHA-256 of parts, none of which can pass for two.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn first(digest: &[u8; 32]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, of)| *byte = *of);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_finds_anothers_session() {
        let owners = [(None, "r"), (Some("k"), "r"), (Some("k"), "s"), (Some("l"), "r"), (Some(""), "r")];
        let keys = owners.map(|(client, route)| Owner::new(client, route).named("one"));
        assert_eq!(HashSet::from(keys).len(), owners.len());
        assert_ne!(Owner::new(Some("ab"), "c"), Owner::new(Some("a"), "bc"));
    }

    #[test]
    fn what_a_session_is_found_by_is_not_taken_for_something_else() {
        let owner = Owner::new(None, "r");
        let named = owner.named("x");
        let keys = [named, owner.begun(b"x"), owner.named("y"), named.answered(b"x"), named.answered(b"y")];
        assert_eq!(HashSet::from(keys).len(), keys.len());
        assert_eq!(owner.named("x"), named);
        assert_eq!(Key::of_hex(&named.hex()), Some(named));
        for odd in ["", "1", "+0000000000000000000000000000000", &"g".repeat(32), &"0".repeat(33)] {
            assert_eq!(Key::of_hex(odd), None, "{odd}");
        }
    }
}
