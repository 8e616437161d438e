//! Sessions in memory: of a bounded number, those stay that were used last.

use super::{Key, Session};
use foldhash::fast::RandomState;
use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Parts that are locked apart.
const PARTS: usize = 16;

/// All that are kept.
#[derive(Debug)]
pub(super) struct Memory {
    parts: [Mutex<Part>; PARTS],
    /// How many one generation of a part may have.
    room: AtomicUsize,
}

/// Two generations: what is used moves to the young one, and when that is full the old one is gone.
#[derive(Debug, Default)]
struct Part {
    young: HashMap<Key, Entry, RandomState>,
    old: HashMap<Key, Entry, RandomState>,
}

#[derive(Debug)]
struct Entry {
    session: Arc<Session>,
    /// Milliseconds since the Unix epoch.
    until: u64,
}

impl Memory {
    pub(super) fn new(most: usize) -> Self {
        Self { parts: Default::default(), room: room(most).into() }
    }

    pub(super) fn resize(&self, most: usize) {
        self.room.store(room(most), Ordering::Relaxed);
    }

    pub(super) fn get(&self, key: &Key, now: u64) -> Option<Arc<Session>> {
        let mut part = self.part(key)?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = part.young.get(key) {
            return (now < entry.until).then(|| Arc::clone(&entry.session));
        }
        let entry = part.old.remove(key).filter(|entry| now < entry.until)?;
        let session = Arc::clone(&entry.session);
        part.put(*key, entry, self.room.load(Ordering::Relaxed));
        Some(session)
    }

    pub(super) fn put(&self, key: Key, session: Arc<Session>, until: u64) {
        let Some(part) = self.part(&key) else { return };
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = part.put(key, Entry { session, until }, self.room.load(Ordering::Relaxed));
        // whoever waits shall not wait for many to be freed
        drop(part);
        drop(gone);
    }

    pub(super) fn len(&self) -> usize {
        let len = |part: &Mutex<Part>| {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.young.len() + part.old.len()
        };
        self.parts.iter().map(len).sum()
    }

    fn part(&self, key: &Key) -> Option<&Mutex<Part>> {
        let [.., last] = key.0;
        self.parts.get(usize::from(last) % PARTS)
    }
}

impl Part {
    /// Puts an entry in; gives back those that had to go.
    fn put(&mut self, key: Key, entry: Entry, room: usize) -> HashMap<Key, Entry, RandomState> {
        let mut gone = HashMap::default();
        if self.young.len() >= room && !self.young.contains_key(&key) {
            gone = mem::replace(&mut self.old, mem::take(&mut self.young));
        }
        self.old.remove(&key);
        self.young.insert(key, entry);
        gone
    }
}

/// How many one generation of a part may have, for so many in all.
fn room(most: usize) -> usize {
    (most / PARTS / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Key {
        // the last byte chooses the part
        Key::random([n, n << 56])
    }

    fn session(n: u64) -> Arc<Session> {
        Arc::new(Session { changed_at: n, ..Session::default() })
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for() {
        let memory = Memory::new(1024);
        for n in 0..100_000 {
            memory.put(key(n), session(n), u64::MAX);
        }
        assert!((512..=1024).contains(&memory.len()), "{}", memory.len());
        assert_eq!(memory.get(&key(99_999), 0), Some(session(99_999)));
        assert_eq!(memory.get(&key(0), 0), None);
    }

    #[test]
    fn what_is_used_stays() {
        let memory = Memory::new(1024);
        memory.put(key(0), session(0), u64::MAX);
        for n in 1..100_000 {
            memory.put(key(n), session(n), u64::MAX);
            assert!(memory.get(&key(0), 0).is_some(), "gone after {n} others");
        }
    }

    #[test]
    fn what_is_over_is_not_found() {
        let memory = Memory::new(1024);
        memory.put(key(1), session(1), 10);
        assert_eq!((memory.get(&key(1), 9), memory.get(&key(1), 10)), (Some(session(1)), None));
        memory.put(key(1), session(2), 20);
        assert_eq!(memory.get(&key(1), 10), Some(session(2)));
        assert_eq!(memory.len(), 1);
    }
}
