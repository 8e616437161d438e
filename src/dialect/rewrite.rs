//! What changes in a request whose bytes are kept.

use super::Quirks;
use crate::json::{Edits, Object};
use serde_json::{Map, Value};

/// What must change.
#[derive(Debug, Clone, Copy)]
pub struct Rewrite<'a> {
    /// The model, as the provider calls it.
    pub model: &'a str,
    /// Body fields for requests that do not name them.
    pub defaults: &'a Map<String, Value>,
    /// Body fields whatever the request says; `null` takes a field away.
    pub overrides: &'a Map<String, Value>,
    /// Ask the stream to report its usage.
    pub usage: bool,
    /// What the provider does not take, or calls something else.
    pub quirks: Quirks,
}

impl Rewrite<'_> {
    /// Sets the defaults where the request is silent, and the overrides in any case.
    pub(super) fn set_params(&self, body: &Object, edits: &mut Edits<'_>) {
        for (key, value) in self.defaults {
            if body.raw(key).is_none() && !value.is_null() {
                edits.set(key, value.to_string());
            }
        }
        for (key, value) in self.overrides {
            match value {
                Value::Null => edits.remove(key),
                value => edits.set(key, value.to_string()),
            };
        }
    }
}
