//! The requests that came last, in memory alone: never shown, and without their credentials.

use crate::{
    chat::Fault,
    exchange::{
        ask::Head,
        life::{Attempt, Exchange},
    },
    graph::Target,
};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

/// The headers that bear a client's credentials.
const CREDENTIALS: [&str; 7] = [
    "authorization",
    "cf-aig-authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "x-attache-api-key",
    "x-portkey-api-key",
];

/// A request, and what happened to it.
#[derive(Debug)]
pub(in crate::exchange) struct Kept {
    pub(super) exchange: String,
    pub(super) route: String,
    pub(super) head: Arc<Head>,
    pub(super) body: Bytes,
    pub(super) dice: u64,
    /// Every call in order, and how it failed.
    pub(super) calls: Vec<(Target, Option<Fault>)>,
    /// Every limit that was asked, and whether it allowed.
    pub(super) limits: Vec<(String, bool)>,
}

impl Exchange {
    /// What is kept of an exchange that is over; nothing of one that is not to be kept.
    pub(in crate::exchange) fn kept(&mut self) -> Option<Kept> {
        let body = self.kept.take()?;
        Arc::make_mut(&mut self.ask.head).headers.remove(&CREDENTIALS);
        let limits = mem::take(&mut self.limits).into_iter();
        Some(Kept {
            exchange: mem::take(&mut self.id),
            route: self.route.name.clone(),
            head: Arc::clone(&self.ask.head),
            body,
            dice: self.ask.dice,
            calls: mem::take(&mut self.attempts).into_iter().map(Attempt::seen).collect(),
            limits: limits
                .map(|limit| {
                    let allowed = limit.allowed();
                    (limit.element, allowed)
                })
                .collect(),
        })
    }
}

impl Attempt {
    /// The target, and how it failed: an answer that broke off later had been an answer to the walk.
    fn seen(self) -> (Target, Option<Fault>) {
        let target = Target { provider: self.record.provider.into(), model: self.record.model.into() };
        let fault = self.fault.filter(|_| self.record.first_content.is_none());
        (target, fault.map(|fault| Fault { message: String::new(), ..fault }))
    }
}

/// The requests that came last; the oldest goes when there are too many.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Recent(Mutex<VecDeque<Arc<Kept>>>);

impl Recent {
    /// Adds one, of `most` in all.
    pub(in crate::exchange) fn push(&self, kept: Kept, most: usize) {
        if most == 0 {
            return;
        }
        let kept = Arc::new(kept);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = if all.len() >= most { all.pop_front() } else { None };
        all.push_back(kept);
        // whoever waits shall not wait for a body to be freed
        drop(all);
        drop(gone);
    }

    /// Forgets the oldest, until there are no more than `most`.
    pub(in crate::exchange) fn shrink(&self, most: usize) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = all.len().saturating_sub(most);
        let gone: Vec<_> = all.drain(..over).collect();
        drop(all);
        drop(gone);
    }

    /// Those of a route, the newest first.
    pub(super) fn of(&self, route: &str) -> Vec<Arc<Kept>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().filter(|kept| kept.route == route).map(Arc::clone).collect()
    }
}
