//! `rate`: asks a limit. Within it the walk goes by `success`; over it by `fallback`, or ends.

use std::time::Duration;

use super::{Part, Target};
use crate::graph::{
    Facts,
    diagnostic::Code,
    key::Key,
    reader::{Item, Object},
};

/// Seconds: one to 366 days.
const MAX_WINDOW: u64 = 366 * 24 * 60 * 60;
/// Requests or tokens: what every JSON reader reads exactly.
const MAX_COUNT: u64 = 1 << 53;
/// USD.
const MAX_COST: f64 = 1e9;
const NANO_PER_USD: f64 = 1e9;

/// How much a limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Requests.
    Count(u64),
    /// Nano-dollars (10^-9 USD).
    Cost(u64),
    /// Input and output tokens together.
    Tokens(u64),
}

/// How the window of a limit moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Technique {
    /// The last `window` before each request.
    Sliding,
    /// Windows that follow one another.
    Fixed,
}

/// What a limit means while its counters can not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// As if within the limit.
    Allow,
    /// As if over the limit.
    Deny,
}

/// A limit to be asked before the walk goes on. Answered with [`Walk::limited`](crate::graph::Walk::limited).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitAsk<'a> {
    /// The id of the element.
    pub element: &'a str,
    /// The bucket that this request falls into. Unambiguous within the element.
    pub key: String,
    /// What the bucket allows in one window.
    pub amount: Amount,
    /// The length of the window: 1 s to 366 days.
    pub window: Duration,
    /// How the window moves.
    pub technique: Technique,
    /// What to do when the ledger does not answer.
    pub on_error: OnError,
    /// Every target that may be called after this limit allowed: what a request may cost at most.
    pub targets: &'a [Target],
}

#[derive(Debug)]
pub(in crate::graph) struct Rate {
    key: Key,
    amount: Amount,
    window: Duration,
    technique: Technique,
    on_error: OnError,
    pub(in crate::graph) success: usize,
    pub(in crate::graph) fallback: Option<usize>,
    /// Filled in when the whole graph is known.
    pub(in crate::graph) targets: Box<[Target]>,
}

impl Rate {
    pub(super) fn read(part: &Part<'_>) -> Option<Self> {
        let fields = &part.properties;
        fields.only(&["key", "limit", "limitType", "window", "interval", "technique", "onError"]);
        part.outputs.only(&["success", "fallback"]);
        let key = fields.need("key").and_then(|item| Key::read(&item));
        let amount = amount(fields);
        let window =
            fields.need_either("window", "interval").and_then(|item| item.whole(1..=MAX_WINDOW, " seconds"));
        let technique =
            choice(fields, "technique", [("sliding", Technique::Sliding), ("fixed", Technique::Fixed)]);
        let on_error = choice(fields, "onError", [("allow", OnError::Allow), ("deny", OnError::Deny)]);
        let success = part.outputs.need("success");
        Some(Self {
            key: key?,
            amount: amount?,
            window: Duration::from_secs(window?),
            technique: technique?,
            on_error: on_error?,
            success: success?,
            fallback: part.outputs.maybe("fallback"),
            targets: [].into(),
        })
    }

    pub(super) fn links(&self) -> Vec<usize> {
        self.fallback.into_iter().chain([self.success]).collect()
    }

    /// What the ledger is to be asked.
    pub(in crate::graph) fn ask<'a>(&'a self, element: &'a str, facts: &dyn Facts) -> LimitAsk<'a> {
        let Self { amount, window, technique, on_error, .. } = *self;
        let key = self.key.text(facts);
        LimitAsk { element, key, amount, window, technique, on_error, targets: &self.targets }
    }
}

/// One of two words, the first where there is none.
fn choice<T: Copy>(fields: &Object<'_>, name: &str, choices: [(&str, T); 2]) -> Option<T> {
    let [(_, first), _] = choices;
    fields.maybe(name).map_or(Some(first), |item| item.choice(&choices))
}

fn amount(fields: &Object<'_>) -> Option<Amount> {
    let unit = fields.need("limitType").and_then(|item| {
        item.choice(&[("count", Amount::Count(0)), ("cost", Amount::Cost(0)), ("tokens", Amount::Tokens(0))])
    });
    let limit = fields.need("limit")?;
    match unit? {
        Amount::Count(_) => limit.whole(1..=MAX_COUNT, " requests").map(Amount::Count),
        Amount::Tokens(_) => limit.whole(1..=MAX_COUNT, " tokens").map(Amount::Tokens),
        Amount::Cost(_) => cost(&limit).map(Amount::Cost),
    }
}

fn cost(limit: &Item<'_>) -> Option<u64> {
    let what = "an amount of USD from 0.000000001 to 1000000000";
    let Some(usd) = limit.value.as_f64() else {
        limit.expected(Code::WrongType, what);
        return None;
    };
    let nano = (usd * NANO_PER_USD).round();
    if usd > MAX_COST || nano < 1.0 {
        limit.expected(Code::OutOfRange, what);
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, in 1..=10^18")]
    Some(nano as u64)
}
