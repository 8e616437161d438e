//! The counters behind `rate` elements: reserve an upper bound before the call, settle the real figure after it.

#[cfg(test)]
#[macro_use]
mod contract;
mod counter;
mod kept;
mod memory;
mod redis;
mod shards;

#[cfg(test)]
pub(crate) use contract::redis_server;
pub use kept::Kept;
pub use memory::{Memory, Settings};
pub use redis::Redis;

use crate::window::Window;
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
    /// Input tokens.
    InputTokens,
    /// Output tokens.
    OutputTokens,
    /// Requests in flight: a settlement gives all of it back.
    Concurrency,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 6] =
        [Self::Count, Self::Cost, Self::Tokens, Self::InputTokens, Self::OutputTokens, Self::Concurrency];

    /// Its name in what is kept.
    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Cost => "cost",
            Self::Tokens => "tokens",
            Self::InputTokens => "input",
            Self::OutputTokens => "output",
            Self::Concurrency => "flight",
        }
    }
}

/// One limit, for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose counter: element and key value, joined. Counters of different scopes are never the same.
    pub key: String,
    /// What is counted.
    pub unit: Unit,
    /// The most that a window may hold, in `unit`.
    pub most: u64,
    /// What it holds for.
    pub window: Window,
}

/// Who reserves and settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tab<'a> {
    /// What limits are kept together in, on one node of a cluster: the route.
    pub scope: &'a str,
    /// The exchange.
    pub exchange: &'a str,
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
    /// Whether the amount was reserved.
    pub allowed: bool,
    /// What is left in the window, in the limit's unit; after this reservation, when it was allowed.
    pub remaining: u64,
    /// When allowed: the time until the window holds less, zero when it holds nothing or what it holds is given back. When
    /// denied: the time after which the same ask can pass if nobody else asks; the whole window for one that never can, a second
    /// where nobody knows.
    pub reset: Duration,
}

impl Grant {
    /// A denial without a figure.
    pub const DENIED: Self = Self { allowed: false, remaining: 0, reset: Duration::ZERO };
}

/// What an exchange really used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Actual {
    /// Requests: 1, or 0 when nothing was answered.
    pub count: u64,
    /// Nano-dollars.
    pub cost: u64,
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

impl Actual {
    /// What of it a limit of this unit counts.
    #[must_use]
    pub fn of(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Count => self.count,
            Unit::Cost => self.cost,
            Unit::Tokens => self.input.saturating_add(self.output),
            Unit::InputTokens => self.input,
            Unit::OutputTokens => self.output,
            Unit::Concurrency => 0,
        }
    }
}

/// Why a ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The engine behind the ledger is away.
    #[error("the ledger is away: {0}")]
    Away(String),
}

/// The contract of every ledger: atomic, idempotent by exchange, never more than `most` in any window.
///
/// An amount belongs to the moment at which it was reserved, also after its settlement. What an exchange reserves in
/// several steps is settled or released as one, and an exchange that does neither loses its reservations after a while.
/// `now` is the time since the Unix epoch, from a clock that does not step back; a ledger that has a clock of its own goes by that.
pub trait Ledger: Send + Sync {
    /// Reserves amounts in order, up to the first that is denied, which is the last that is answered: a walk that leaves there has
    /// passed those before. An exchange that was granted a limit before gets the same grant again, and nothing is counted twice.
    fn reserve<'a>(
        &'a self,
        tab: Tab<'a>,
        asks: &'a [Ask],
        now: Duration,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LedgerError>>;

    /// Replaces all that the exchange reserved by what it used, be it less or more, where the window still holds that
    /// moment. A second call changes nothing.
    fn settle<'a>(
        &'a self,
        tab: Tab<'a>,
        actual: Actual,
        now: Duration,
    ) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// Gives back all that the exchange reserved. A second call changes nothing.
    fn release<'a>(&'a self, tab: Tab<'a>, now: Duration) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.settle(tab, Actual::default(), now)
    }

    /// What `reserve` of nothing would answer; reserves nothing.
    fn peek<'a>(
        &'a self,
        scope: &'a str,
        limit: &'a Limit,
        now: Duration,
    ) -> BoxFuture<'a, Result<Grant, LedgerError>>;

    /// Forgets all that the limit has counted. What is in flight counts when it is settled, if it used something else than it had
    /// reserved.
    fn reset<'a>(&'a self, scope: &'a str, limit: &'a Limit) -> BoxFuture<'a, Result<(), LedgerError>>;
}
