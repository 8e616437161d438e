//! Which failures lead on to the next target.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::{
    graph::{Code as Mistake, Item},
    import::{Code, warning::Warnings},
};

/// What leads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statuses {
    /// Everything but a success.
    Any,
    /// Only these.
    Only(BTreeSet<u16>),
}

impl Statuses {
    /// Reads `on_status_codes`; absent, everything leads on.
    pub(super) fn read(item: Option<Item<'_>>, warnings: &Warnings) -> Self {
        let Some(list) = item.and_then(|item| item.list()) else { return Self::Any };
        Self::Only(list.iter().filter_map(|item| status(item, warnings)).collect())
    }

    pub(super) fn none(&self) -> bool {
        *self == Self::Only(BTreeSet::new())
    }

    /// Whether all that `other` has is here too.
    pub(super) fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Only(_), Self::Any) => false,
            (Self::Only(ours), Self::Only(others)) => others.is_subset(ours),
        }
    }

    /// What is in one of the two.
    pub(super) fn with(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a.union(b).copied().collect()),
            _ => Self::Any,
        }
    }

    /// The same as `fallbackOn` of a model element. There a timeout is a 408, and no connection a 500.
    pub(super) fn triggers(&self) -> Value {
        let Self::Only(statuses) = self else { return json!(["any"]) };
        let without_status = |status: &u16| match status {
            408 => &["timeout"][..],
            500 => &["connect", "reset"],
            _ => &[],
        };
        let names = statuses.iter().flat_map(without_status).map(|name| json!(name));
        statuses.iter().map(|status| json!(status)).chain(names).collect()
    }
}

/// A status that is a failure here.
pub(super) fn status(item: &Item<'_>, warnings: &Warnings) -> Option<u16> {
    let Some(number) = item.value.as_f64() else {
        item.expected(Mistake::WrongType, "a status");
        return None;
    };
    let status = (300..600_u16).find(|status| f64::from(*status) == number);
    if status.is_none() {
        warnings.at(Code::StatusCode, item);
    }
    status
}
