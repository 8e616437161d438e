//! Turns that belong together: which version, arms and models a session keeps, in memory and in sealed tokens.
//!
//! A session is found by [`Key`]s: the name that a client gives it, or what its first turn looked like. Whoever brings the
//! token of an answer along ([`Sessions::seal`]) is known to every pair that has the same keys.

mod key;
mod memory;
mod seal;
mod settings;
mod wire;
mod words;

pub use key::{Key, Owner};
pub use seal::{SealKey, Unopened};
pub use settings::Settings;
pub use words::Words;

use arc_swap::ArcSwap;
use memory::Memory;
use seal::Seal;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

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
    /// What is kept at which element: the output of a percentage or a limit; the model that answers where the walk comes to
    /// this one first.
    pub choices: Vec<(Box<str>, Box<str>)>,
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
}

impl Sessions {
    /// None yet. Without keys in the settings, tokens are sealed with one that no other process has.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let seal = ArcSwap::from_pointee(Seal::new(&settings.keys, None));
        Self { memory: Memory::new(settings.kept), seal }
    }

    /// Takes other settings over; sessions stay.
    pub fn adopt(&self, settings: &Settings) {
        self.memory.resize(settings.kept);
        let seal = Seal::new(&settings.keys, Some(&self.seal.load()));
        self.seal.store(Arc::new(seal));
    }

    /// The session of the first of these keys that has one, be it ended.
    #[must_use]
    pub fn recall(&self, keys: &[Key], now: SystemTime) -> Option<Arc<Session>> {
        keys.iter().find_map(|key| self.memory.get(key, millis(now)))
    }

    /// Keeps a session under these keys, for so long from now on.
    pub fn remember(&self, keys: &[Key], session: &Arc<Session>, (now, ttl): (SystemTime, Duration)) {
        let until = until(now, ttl);
        keys.iter().for_each(|key| self.memory.put(*key, Arc::clone(session), until));
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
