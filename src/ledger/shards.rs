//! A map under many locks, several of which can be held at once.

use foldhash::quality::RandomState;
use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many locks there are.
pub(super) const SHARDS: u64 = 64;

/// The part of a map that is under one lock.
pub(super) type Shard<K, V> = HashMap<K, V, RandomState>;

/// A map under [`SHARDS`] locks.
#[derive(Debug)]
pub(super) struct Shards<K, V> {
    hasher: RandomState,
    shards: Vec<Mutex<Shard<K, V>>>,
}

/// The shards of some keys, locked together.
pub(super) struct Locked<'a, K, V> {
    all: &'a Shards<K, V>,
    guards: BTreeMap<u64, MutexGuard<'a, Shard<K, V>>>,
}

impl<K: Hash + Eq, V> Shards<K, V> {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { hasher: RandomState::default(), shards }
    }

    pub(super) fn lock_of<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, Shard<K, V>>
    where
        K: Borrow<Q>,
    {
        self.lock(self.place(key))
    }

    /// Locks in the order of places, so that no two callers wait for each other.
    pub(super) fn lock_all(&self, keys: &[K]) -> Locked<'_, K, V> {
        let places: BTreeSet<u64> = keys.iter().map(|key| self.place(key)).collect();
        Locked { all: self, guards: places.into_iter().map(|place| (place, self.lock(place))).collect() }
    }

    /// Takes what is `done` out of the shard at `place` (modulo [`SHARDS`]), and gives back unused room.
    pub(super) fn drain(&self, place: u64, done: impl Fn(&V) -> bool) -> Vec<V> {
        let mut shard = self.lock(place);
        let taken = shard.extract_if(|_, value| done(value)).map(|(_, value)| value).collect();
        if shard.len() < shard.capacity() / 4 {
            shard.shrink_to_fit();
        }
        taken
    }

    /// Shows every value.
    pub(super) fn each(&self, mut show: impl FnMut(&K, &mut V)) {
        for place in 0..SHARDS {
            self.lock(place).iter_mut().for_each(|(key, value)| show(key, value));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        (0..SHARDS).map(|place| self.lock(place).len()).sum()
    }

    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key) % SHARDS
    }

    #[expect(clippy::indexing_slicing, reason = "the index is a remainder of the length")]
    fn lock(&self, place: u64) -> MutexGuard<'_, Shard<K, V>> {
        // a panic under this lock can not leave a broken map behind, so its poison is ignored
        self.shards[(place % SHARDS) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V> Locked<'_, K, V> {
    /// The shard of `key`, which is one of those that were locked.
    pub(super) fn of(&mut self, key: &K) -> &mut Shard<K, V> {
        let place = self.all.place(key);
        self.guards.entry(place).or_insert_with(|| self.all.lock(place))
    }
}
