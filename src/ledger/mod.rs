//! The counters behind `rate` elements: reserve an upper bound before the call, settle the real figure after it.

#[cfg(test)]
#[macro_use]
mod contract;
mod counter;
mod memory;
mod shards;

pub use memory::{Memory, Settings};

use futures_util::future::BoxFuture;
use std::time::Duration;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Requests.
    Count,
    /// Nano-dollars.
    Cost,
    /// Tokens, input and output.
    Tokens,
}

/// How the window moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Technique {
    /// The last `window` before now.
    Sliding,
    /// Windows that begin at multiples of `window` since the Unix epoch.
    Fixed,
}

/// One limit, for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose counter: route, element and key value, joined.
    pub key: String,
    /// What is counted.
    pub unit: Unit,
    /// The most that a window may hold, in `unit`.
    pub most: u64,
    /// How long a window is.
    pub window: Duration,
    /// How it moves.
    pub technique: Technique,
}

/// One limit asked for some amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The limit.
    pub limit: Limit,
    /// An upper bound of what this exchange will use, in the limit's unit.
    pub amount: u64,
}

/// The answer for one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whether the amount was reserved (or would have been, but for another limit of the same step).
    pub allowed: bool,
    /// What is left in the window, in the limit's unit; after this reservation, when it was allowed.
    pub remaining: u64,
    /// When allowed: the time until the window holds less, zero when it holds nothing. When denied: the time after
    /// which the same ask can pass if nobody else asks; the whole window for one that never can.
    pub reset: Duration,
}

/// What an exchange really used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Actual {
    /// Requests: 1, or 0 when nothing was answered.
    pub count: u64,
    /// Nano-dollars.
    pub cost: u64,
    /// Tokens.
    pub tokens: u64,
}

/// Why a ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The engine behind the ledger is away.
    #[error("the ledger is away: {0}")]
    Away(String),
}

/// The contract of every ledger: atomic, idempotent by exchange id, never more than `most` in any window.
///
/// An amount belongs to the moment at which it was reserved, also after its settlement. What an exchange reserves in
/// several steps is settled or released as one, and an exchange that does neither loses its reservations after a while.
/// `now` is the time since the Unix epoch, from a clock that does not step back.
pub trait Ledger: Send + Sync {
    /// Reserves every amount, or none of them when any is denied. An exchange that was granted a limit before gets the
    /// same grant again, and nothing is counted twice.
    fn reserve<'a>(
        &'a self,
        exchange: &'a str,
        asks: &'a [Ask],
        now: Duration,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LedgerError>>;

    /// Replaces all that the exchange reserved by what it used, be it less or more, where the window still holds that
    /// moment. A second call changes nothing.
    fn settle<'a>(
        &'a self,
        exchange: &'a str,
        actual: Actual,
        now: Duration,
    ) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// Gives back all that the exchange reserved. A second call changes nothing.
    fn release<'a>(&'a self, exchange: &'a str, now: Duration) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// What `reserve` of nothing would answer; reserves nothing.
    fn peek<'a>(&'a self, limit: &'a Limit, now: Duration) -> BoxFuture<'a, Result<Grant, LedgerError>>;
}
