//! All that an element may look at. The graph knows no HTTP, no clock and no dice: they come in as values.

use super::{Target, path::Path};
use serde_json::{Number, Value};
use std::borrow::Cow;

/// One request, as the graph sees it. (`Sync`, because CEL asks for it; it is asked from one thread at a time.)
pub trait Facts: Sync {
    /// The value at `path`, or `None` where there is none. A path without a rest gives the whole root.
    fn look(&self, path: &Path) -> Option<Fact<'_>>;

    /// The random number of this exchange, the same at every call.
    fn dice(&self) -> u64;

    /// Whether any target may be cooling: where none is, nobody looks ahead.
    fn any_cooling(&self) -> bool {
        false
    }

    /// Whether this target is better left alone for a while, if there is another.
    fn cooling(&self, _: &Target) -> bool {
        false
    }

    /// What the request's session keeps at the element of this id: the output of a `percentage`, or the model that answers
    /// where the walk comes to this one first. `None` where it keeps nothing.
    fn pinned(&self, _element: &str) -> Option<&str> {
        None
    }
}

/// A JSON value that borrows where it can: scalars are spelt out, so that no tree is built to compare a word.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array or an object.
    Tree(Cow<'a, Value>),
}

impl<'a> Fact<'a> {
    /// Borrows a JSON value.
    #[must_use]
    pub fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(n) => Self::Number(n.clone()),
            Value::String(s) => Self::Text(Cow::Borrowed(s)),
            tree => Self::Tree(Cow::Borrowed(tree)),
        }
    }
}

impl From<u64> for Fact<'_> {
    fn from(n: u64) -> Self {
        Self::Number(n.into())
    }
}

impl<'a> From<&'a str> for Fact<'a> {
    fn from(s: &'a str) -> Self {
        Self::Text(Cow::Borrowed(s))
    }
}
