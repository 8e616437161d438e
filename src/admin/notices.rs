//! What people should know about this pair: mistakes in `attache.yaml`, and how it stands with the store.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What people should know, as it is now.
#[derive(Debug, Default)]
pub struct Notices(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// What is wrong with `attache.yaml` as it stands now; what is live is the last good one.
    complaints: Vec<String>,
    store: Standing,
}

/// How it stands with the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why it can not be reached, and since when; `None` while it can.
    pub away: Option<(String, SystemTime)>,
    /// The number of the change that this pair serves; 0 before it has seen the store for the first time.
    pub change: u64,
    /// Whether what is served was found on disk, because the store was away at the start.
    pub from_disk: bool,
}

impl Standing {
    /// Whether nothing of the store is known here: it is away, was never seen, and left nothing on disk.
    #[must_use]
    pub fn blank(&self) -> bool {
        self.away.is_some() && self.change == 0 && !self.from_disk
    }
}

impl Notices {
    /// Replaces what is wrong with `attache.yaml`; tells whether that is news.
    pub fn complain(&self, complaints: Vec<String>) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = told.complaints != complaints;
        told.complaints = complaints;
        news
    }

    /// The store has answered: this pair serves the change of this number.
    pub fn here(&self, change: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).store =
            Standing { change, ..Standing::default() };
    }

    /// The store can not be reached; tells whether that is news.
    pub fn away(&self, why: String, now: SystemTime) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = told.store.away.is_none();
        let since = told.store.away.as_ref().map_or(now, |(_, since)| *since);
        told.store.away = Some((why, since));
        news
    }

    /// What is served was found on disk.
    pub fn from_disk(&self, change: u64) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (told.store.change, told.store.from_disk) = (change, true);
    }

    /// How it stands with the store.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).store.clone()
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).complaints.clone()
    }
}
