//! Client keys of the store and of `attache.yaml`: found by the hashes of their tokens, each with its own end.

use super::{Building, FILE, Problem, STORE, Sources, logical::Names};
use crate::{
    snapshot::{
        Client, KeyDocument, Route,
        client::{self, Opens},
    },
    store::{ClientKey, Terms},
};
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

/// A client key, wherever it stands.
pub(super) struct Key<'a> {
    pub(super) source: &'static str,
    pub(super) id: &'a str,
    name: &'a str,
    pub(super) terms: &'a Terms,
    tokens: Vec<Token>,
}

/// What is known of a token: its SHA-256, unless that is none, and from when on it opens nothing.
struct Token {
    hash: Option<[u8; 32]>,
    expires_at: Option<SystemTime>,
}

impl<'a> Key<'a> {
    fn stored(key: &'a ClientKey) -> Self {
        let tokens = key.secrets.iter().map(|secret| Token {
            hash: digest(&secret.hash),
            expires_at: secret.expires_at.into_iter().chain(key.expires_at).min(),
        });
        Self { source: STORE, id: &key.id, name: &key.name, terms: &key.terms, tokens: tokens.collect() }
    }

    fn written(key: &'a KeyDocument) -> Self {
        let token = Token { hash: Some(client::hash(key.key.reveal())), expires_at: key.expires_at };
        Self { source: FILE, id: &key.id, name: &key.name, terms: &key.terms, tokens: vec![token] }
    }

    fn client(&self, logical: BTreeMap<String, Arc<Route>>, routing: String) -> Client {
        let Terms { metadata, routes, models, .. } = self.terms.clone();
        let (id, name) = (self.id.to_owned(), self.name.to_owned());
        Client { id, name, metadata, models, routes, logical, source: self.source, routing }
    }
}

impl Building<'_> {
    /// Takes all keys over, those of the store first: what is given twice is theirs.
    pub(super) fn keys(&mut self, sources: &Sources<'_>) {
        let stored = sources.published.keys.iter().map(Key::stored);
        for key in stored.chain(sources.keys.iter().map(Key::written)) {
            let mistakes = self.key(&key);
            if !mistakes.is_empty() {
                let (source, key) = (key.source.to_owned(), Some(key.id.to_owned()));
                self.next.problems.push(Problem { source, key, mistakes, ..Problem::default() });
            }
        }
    }

    /// Takes a key over; gives what is wrong with it.
    fn key(&mut self, key: &Key<'_>) -> Vec<String> {
        if let Some(other) = self.next.clients.of_id(key.id) {
            return vec![format!("a key of {} has the id `{}`; give this one another", other.source, key.id)];
        }
        let Names { by_name, hash, mut mistakes } = self.names(key);
        let client = Arc::new(key.client(by_name, hash));
        let clients = &mut self.next.clients;
        for Token { hash, expires_at } in &key.tokens {
            let Some(hash) = hash else {
                mistakes.push("the hash of a token is none".to_owned());
                continue;
            };
            if let Some(Opens { client: other, .. }) = clients.by_token.get(hash) {
                let cure = "nobody could tell them apart; rotate one of them";
                mistakes
                    .push(format!("the key `{}` of {} has the same token: {cure}", other.id, other.source));
                continue;
            }
            let opens = Opens { client: Arc::clone(&client), expires_at: *expires_at };
            clients.by_token.insert(*hash, opens);
        }
        clients.by_id.insert(client.id.clone(), client);
        mistakes
    }
}

/// The bytes of 64 hexadecimal digits.
fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let digits = hex.as_bytes().as_chunks::<2>().0;
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
