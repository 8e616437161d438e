//! Turns that belong together: which version, arms and models a session keeps, in memory and in sealed tokens.
//!
//! A session is found by [`Key`]s: the name that a client gives it, or what its first turn looked like. Whoever brings the
//! token of an answer along ([`Sessions::seal`]) is known to every pair that has the same keys.

mod key;
mod memory;
mod seal;
mod settings;
mod shared;
mod wire;
mod words;

pub use key::{Key, Owner};
pub use seal::{SealKey, Unopened};
pub use settings::Settings;
pub use shared::Shared;
pub use words::Words;

use arc_swap::ArcSwap;
use memory::Memory;
use seal::Seal;
use shared::Behind;
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What is kept at which element: the output of a percentage or a limit; the model that answers where the walk comes to this
/// one first.
pub type Choices = Vec<(Box<str>, Box<str>)>;

/// What a session keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// By which it is known among tokens.
    pub id: Key,
    /// When it was made or changed last, in milliseconds since the Unix epoch.
    pub changed_at: u64,
    /// The number of the version that it began with.
    pub version: Box<str>,
    /// The hash of that version's document, or its beginning: a number alone may come again.
    pub hash: Box<str>,
    /// What is kept.
    pub choices: Choices,
    /// Whether somebody ended it: what it kept before is worth nothing.
    pub ended: bool,
}

impl Session {
    /// What is kept at this element.
    #[must_use]
    pub fn choice(&self, element: &str) -> Option<&str> {
        self.choices.iter().find(|(id, _)| **id == *element).map(|(_, choice)| &**choice)
    }
}

/// All sessions that this process knows.
#[derive(Debug)]
pub struct Sessions {
    memory: Memory,
    seal: ArcSwap<Seal>,
    shared: OnceLock<Behind>,
}

impl Sessions {
    /// None yet. Without keys in the settings, tokens are sealed with one that no other process has.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let seal = ArcSwap::from_pointee(Seal::new(&settings.keys, None));
        Self { memory: Memory::new(settings.kept), seal, shared: OnceLock::new() }
    }

    /// Takes other settings over; sessions stay.
    pub fn adopt(&self, settings: &Settings) {
        self.memory.resize(settings.kept);
        let seal = Seal::new(&settings.keys, Some(&self.seal.load()));
        self.seal.store(Arc::new(seal));
    }

    /// Keeps sessions in this engine too from now on, once, under names that begin with `prefix`; to be called within a runtime.
    pub fn share(&self, engine: Arc<dyn Shared>, prefix: &str) {
        self.shared.get_or_init(|| Behind::start(engine, prefix));
    }

    /// The session of the first of these keys that has one in memory, be it ended.
    #[must_use]
    pub fn known(&self, keys: &[Key], now: SystemTime) -> Option<Arc<Session>> {
        keys.iter().find_map(|key| self.memory.get(key, millis(now)))
    }

    /// The same, in memory or in the engine that pairs share: a turn may have been elsewhere, and the newest counts.
    pub async fn recall(&self, keys: &[Key], now: SystemTime) -> Option<Arc<Session>> {
        let known = self.known(keys, now);
        let Some(shared) = self.shared.get().filter(|_| !keys.is_empty()) else { return known };
        match (shared.get(keys, now).await, known) {
            (Some(shared), Some(known)) if known.changed_at > shared.changed_at => Some(known),
            (shared, known) => shared.or(known),
        }
    }

    /// Keeps a session under these keys, for so long from now on.
    pub fn remember(&self, keys: &[Key], session: &Arc<Session>, (now, ttl): (SystemTime, Duration)) {
        let until = until(now, ttl);
        keys.iter().for_each(|key| self.memory.put(*key, Arc::clone(session), until));
        if let Some(shared) = self.shared.get() {
            shared.put(keys, session, (until, ttl));
        }
    }

    /// Ends the session of this id, if there is one or not: its next turn begins anew, and its tokens of before are worth
    /// nothing here.
    pub fn end(&self, id: Key, (now, ttl): (SystemTime, Duration)) {
        let session = Session { id, changed_at: millis(now), ended: true, ..Session::default() };
        self.remember(&[id, id.identified()], &Arc::new(session), (now, ttl));
    }

    /// A session as a token for its owner alone; `None` where it would be too long.
    #[must_use]
    pub fn seal(
        &self,
        owner: &Owner,
        session: &Session,
        (now, ttl): (SystemTime, Duration),
    ) -> Option<String> {
        self.seal.load().seal(owner, session, until(now, ttl))
    }

    /// What such a token says.
    ///
    /// # Errors
    /// It is none, or none for this owner, or not any more.
    pub fn open(&self, owner: &Owner, token: &str, now: SystemTime) -> Result<Session, Unopened> {
        self.seal.load().open(owner, token, millis(now))
    }

    /// How many sessions are in memory, one for each of their keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn until(now: SystemTime, ttl: Duration) -> u64 {
    millis(now).saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dashmap::DashMap;
    use futures_util::future::BoxFuture;
    use std::future::ready;

    /// An engine that every pair of a test shares.
    #[derive(Debug, Default)]
    struct Engine(DashMap<String, Vec<u8>>);

    impl Shared for Engine {
        fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
            Box::pin(ready(self.0.get(name).map(|bytes| bytes.clone())))
        }

        fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], _: Duration) -> BoxFuture<'a, ()> {
            self.0.insert(name.to_owned(), bytes.to_owned());
            Box::pin(ready(()))
        }
    }

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const TTL: Duration = Duration::from_secs(9);

    fn session(changed_at: u64) -> Arc<Session> {
        let choices = vec![("m1".into(), "m2".into())];
        Arc::new(Session { changed_at, version: "1".into(), choices, ..Session::default() })
    }

    /// Lets what was written behind arrive.
    async fn arrived(engine: &Engine, entries: usize) {
        while engine.0.len() < entries {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_one_pair_knows_the_others_find_and_the_newest_counts() {
        let engine = Arc::new(Engine::default());
        let pairs = [(); 2].map(|()| Sessions::new(&Settings::default()));
        pairs.iter().for_each(|pair| pair.share(Arc::clone(&engine) as Arc<dyn Shared>, "p"));
        let [one, other] = &pairs;
        let keys = [1, 2].map(|n| Key::random([n, n]));
        one.remember(&keys[1..], &session(1), (NOW, TTL));
        arrived(&engine, 1).await;
        assert_eq!(other.known(&keys, NOW), None);
        assert_eq!(other.recall(&keys, NOW).await, Some(session(1)));
        assert_eq!(other.recall(&keys[..1], NOW).await, None);
        assert_eq!(other.recall(&keys, NOW + TTL).await, None, "its time is over");
        other.remember(&keys[..1], &session(5), (NOW, TTL));
        arrived(&engine, 2).await;
        one.remember(&keys[1..], &session(3), (NOW, TTL));
        assert_eq!(one.recall(&keys, NOW).await, Some(session(5)), "the newest");
    }

    #[tokio::test]
    async fn without_the_engine_memory_knows() {
        #[derive(Debug)]
        struct Away;
        impl Shared for Away {
            fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
                Box::pin(ready(None))
            }

            fn put<'a>(&'a self, _: &'a str, _: &'a [u8], _: Duration) -> BoxFuture<'a, ()> {
                Box::pin(ready(()))
            }
        }
        let pair = Sessions::new(&Settings::default());
        pair.share(Arc::new(Away), "p");
        let key = Key::random([1, 1]);
        pair.remember(&[key], &session(1), (NOW, TTL));
        assert_eq!(pair.recall(&[key], NOW).await, Some(session(1)));
        pair.end(key, (NOW + TTL / 2, TTL));
        assert!(pair.recall(&[key], NOW + TTL).await.is_some_and(|session| session.ended));
    }
}
