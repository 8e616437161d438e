//! `rate`: asks a limit. Within it the walk goes by `success`, or by a threshold's output once enough of it is used; over it by
//! `fallback`, or ends.

use std::time::Duration;

use super::{Part, Target};
use crate::{
    graph::{
        Facts,
        diagnostic::Code,
        key::Key,
        reader::{Item, Object},
    },
    window::{Calendar, Period, Window},
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
    /// Input tokens.
    InputTokens(u64),
    /// Output tokens.
    OutputTokens(u64),
    /// Requests in flight.
    Concurrency(u64),
}

impl Amount {
    /// What it counts, as documents say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count(_) => "count",
            Self::Cost(_) => "cost",
            Self::Tokens(_) => "tokens",
            Self::InputTokens(_) => "input_tokens",
            Self::OutputTokens(_) => "output_tokens",
            Self::Concurrency(_) => "concurrency",
        }
    }

    /// The number, whatever it counts.
    #[must_use]
    pub fn most(self) -> u64 {
        match self {
            Self::Count(most)
            | Self::Cost(most)
            | Self::Tokens(most)
            | Self::InputTokens(most)
            | Self::OutputTokens(most)
            | Self::Concurrency(most) => most,
        }
    }
}

/// What a limit said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within it; so much of it is left then.
    Within(u64),
    /// Over it.
    Over,
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
    /// What it holds for: 1 s to 366 days, periods of the calendar, or a flight.
    pub window: &'a Window,
    /// What to do when the ledger does not answer.
    pub on_error: OnError,
    /// Whether how much is left decides which way the walk goes on.
    pub forks: bool,
    /// Whether a cost that nobody knows is over the limit; else it counts nothing.
    pub refuses_unknown: bool,
    /// Every target that may be called after this limit allowed: what a request may cost at most.
    pub targets: &'a [Target],
}

#[derive(Debug)]
pub(in crate::graph) struct Rate {
    key: Key,
    amount: Amount,
    window: Window,
    on_error: OnError,
    refuses_unknown: bool,
    success: usize,
    /// Highest first.
    thresholds: Box<[Threshold]>,
    pub(in crate::graph) fallback: Option<usize>,
    /// Filled in when the whole graph is known.
    pub(in crate::graph) targets: Box<[Target]>,
}

/// Another output, once so much of the limit is used.
#[derive(Debug)]
struct Threshold {
    /// In millionths of the limit.
    at: u64,
    output: Box<str>,
    to: usize,
}

/// How many thresholds a limit may have.
const THRESHOLDS: usize = 8;
const MILLION: u64 = 1_000_000;

impl Rate {
    pub(super) fn read(part: &Part<'_>) -> Option<Self> {
        let fields = &part.properties;
        fields.only(&[
            "key",
            "limit",
            "limitType",
            "window",
            "interval",
            "technique",
            "timezone",
            "onError",
            "onUnknownPrice",
            "thresholds",
        ]);
        let (thresholds, names) = thresholds(part);
        let known: Vec<&str> = ["success", "fallback"].into_iter().chain(names).collect();
        part.outputs.only(&known);
        let key = fields.need("key").and_then(|item| Key::read(&item));
        let amount = amount(fields);
        let window = match amount {
            Some(Amount::Concurrency(_)) => no_window(fields),
            _ => window(fields),
        };
        let on_error = choice(fields, "onError", [("allow", OnError::Allow), ("deny", OnError::Deny)]);
        let refuses_unknown = choice(fields, "onUnknownPrice", [("zero", false), ("refuse", true)]);
        let success = part.outputs.need("success");
        Some(Self {
            key: key?,
            amount: amount?,
            window: window?,
            on_error: on_error?,
            refuses_unknown: refuses_unknown?,
            success: success?,
            thresholds: thresholds?,
            fallback: part.outputs.maybe("fallback"),
            targets: [].into(),
        })
    }

    pub(super) fn links(&self) -> Vec<usize> {
        self.fallback.into_iter().chain(self.onward()).collect()
    }

    /// Where a request may go that is within the limit.
    pub(in crate::graph) fn onward(&self) -> impl Iterator<Item = usize> {
        self.thresholds.iter().map(|threshold| threshold.to).chain([self.success])
    }

    /// The output by which a request goes after which so much of the limit is left.
    pub(in crate::graph) fn within(&self, left: u64) -> (&str, usize) {
        let most = self.amount.most();
        let used = u128::from(most.saturating_sub(left)) * u128::from(MILLION);
        let passed = self.thresholds.iter().find(|t| used >= u128::from(t.at) * u128::from(most));
        passed.map_or(("success", self.success), |t| (&t.output, t.to))
    }

    /// What the ledger is to be asked.
    pub(in crate::graph) fn ask<'a>(&'a self, element: &'a str, facts: &dyn Facts) -> LimitAsk<'a> {
        self.ask_for(element, self.key.text(facts))
    }

    /// The same for a key that is known.
    pub(in crate::graph) fn ask_for<'a>(&'a self, element: &'a str, key: String) -> LimitAsk<'a> {
        let Self { amount, on_error, refuses_unknown, .. } = *self;
        LimitAsk {
            element,
            key,
            amount,
            window: &self.window,
            on_error,
            forks: !self.thresholds.is_empty(),
            refuses_unknown,
            targets: &self.targets,
        }
    }
}

/// The thresholds, highest first, and the names of their outputs.
fn thresholds<'a>(part: &Part<'a>) -> (Option<Box<[Threshold]>>, Vec<&'a str>) {
    let Some(list) = part.properties.maybe("thresholds") else { return (Some([].into()), Vec::new()) };
    let Some(items) = list.list() else { return (None, Vec::new()) };
    if items.len() > THRESHOLDS {
        list.report(Code::OutOfRange, format!("at most {THRESHOLDS} thresholds, found {}", items.len()));
    }
    let mut names = Vec::new();
    let mut read: Vec<Option<Threshold>> = Vec::new();
    for item in &items {
        read.push(threshold(part, item, &mut names));
    }
    let whole: Option<Vec<Threshold>> = read.into_iter().collect();
    let sorted = whole.map(|mut list| {
        list.sort_by_key(|threshold| std::cmp::Reverse(threshold.at));
        list.into()
    });
    (sorted.filter(|_| items.len() <= THRESHOLDS), names)
}

fn threshold<'a>(part: &Part<'a>, item: &Item<'a>, names: &mut Vec<&'a str>) -> Option<Threshold> {
    let fields = item.object()?;
    fields.only(&["at", "output"]);
    let output = fields.need("output").and_then(|name| name.word());
    let at = fields.need("at").and_then(|at| share(&at));
    let output = output?;
    names.push(output);
    let to = part.outputs.need(output)?;
    Some(Threshold { at: at?, output: output.into(), to })
}

/// A share of the limit, in millionths.
fn share(item: &Item<'_>) -> Option<u64> {
    let what = "a share of the limit from 0.000001 to 1";
    let Some(share) = item.value.as_f64() else {
        item.expected(Code::WrongType, what);
        return None;
    };
    #[expect(clippy::cast_precision_loss, reason = "a million is exact")]
    let millionths = (share * MILLION as f64).round();
    if !(1.0..=1e6).contains(&millionths) {
        item.expected(Code::OutOfRange, what);
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, in 1..=10^6")]
    Some(millionths as u64)
}

/// The window: seconds, or a period of the calendar.
fn window(fields: &Object<'_>) -> Option<Window> {
    let sliding = choice(fields, "technique", [("sliding", true), ("fixed", false)]);
    let item = fields.need_either("window", "interval")?;
    let zone = fields.maybe("timezone");
    if !item.value.is_string() {
        if let Some(zone) = zone {
            zone.report(Code::Contradiction, "only `day`, `week` and `month` begin in a time zone");
        }
        let length = Duration::from_secs(item.whole(1..=MAX_WINDOW, " seconds")?);
        return sliding.map(|sliding| if sliding { Window::Sliding(length) } else { Window::Fixed(length) });
    }
    let period: Period = item.choice(&Period::ALL)?;
    if let Some(technique) = fields.maybe("technique").filter(|_| sliding == Some(true)) {
        technique
            .report(Code::Contradiction, "a period of the calendar is fixed; a window in seconds can slide");
        return None;
    }
    let name = zone.as_ref().map_or(Some("UTC"), Item::text)?;
    let calendar = Calendar::new(period, name);
    if let (None, Some(zone)) = (&calendar, &zone) {
        zone.report(
            Code::OutOfRange,
            format!("there is no time zone `{name}`; name one as IANA does, such as `America/New_York`"),
        );
    }
    calendar.map(Window::Calendar)
}

/// What is in flight has no window.
fn no_window(fields: &Object<'_>) -> Option<Window> {
    let given =
        ["window", "interval", "technique", "timezone"].into_iter().filter_map(|name| fields.maybe(name));
    let mut fine = true;
    for item in given {
        item.report(Code::Contradiction, "requests in flight have no window: leave it out");
        fine = false;
    }
    fine.then_some(Window::Open)
}

/// One of two words, the first where there is none.
fn choice<T: Copy>(fields: &Object<'_>, name: &str, choices: [(&str, T); 2]) -> Option<T> {
    let [(_, first), _] = choices;
    fields.maybe(name).map_or(Some(first), |item| item.choice(&choices))
}

fn amount(fields: &Object<'_>) -> Option<Amount> {
    let unit = fields.need("limitType").and_then(|item| {
        item.choice(&[
            ("count", Amount::Count(0)),
            ("cost", Amount::Cost(0)),
            ("tokens", Amount::Tokens(0)),
            ("input_tokens", Amount::InputTokens(0)),
            ("output_tokens", Amount::OutputTokens(0)),
            ("concurrency", Amount::Concurrency(0)),
        ])
    });
    let limit = fields.need("limit")?;
    let whole = |unit| limit.whole(1..=MAX_COUNT, unit);
    match unit? {
        Amount::Count(_) => whole(" requests").map(Amount::Count),
        Amount::Concurrency(_) => whole(" requests").map(Amount::Concurrency),
        Amount::Tokens(_) => whole(" tokens").map(Amount::Tokens),
        Amount::InputTokens(_) => whole(" tokens").map(Amount::InputTokens),
        Amount::OutputTokens(_) => whole(" tokens").map(Amount::OutputTokens),
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
