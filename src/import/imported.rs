//! What comes of an import.

use serde_json::Value;

use super::Warning;

/// A route document, and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The document, in the REST dialect. It compiles, unless there is a provider that is not known.
    pub document: Value,
    /// Where its meaning differs from what it was made of.
    pub warnings: Vec<Warning>,
    /// What became of each target that calls a model, in the order in which they are written.
    pub targets: Vec<Target>,
}

/// A target as it was written, and the `model` element that it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// The element's id.
    pub element: String,
    /// The provider as it is called there.
    pub asked: String,
    /// The provider as attache.yaml calls it.
    pub provider: String,
    /// The model.
    pub model: String,
}
