//! Graphs as people send them: checked against the providers that there are, and kept in one spelling.

use super::{
    Office,
    answer::{Code, Failure, Trouble},
};
use crate::{
    graph::{self, Diagnostic, Known, Program},
    store::Draft,
};
use serde_json::{Value, json, value::RawValue};
use std::sync::Arc;

/// A graph that was sent, right or wrong.
pub(super) struct Graph {
    /// The `elements`, in the spelling of the REST dialect.
    pub(super) elements: String,
    /// What it was compiled to, or every mistake.
    pub(super) program: Result<Program, Vec<Diagnostic>>,
}

impl Graph {
    /// Everything that is wrong with it.
    pub(super) fn troubles(&self) -> Vec<Trouble> {
        self.program.as_ref().err().into_iter().flatten().map(Trouble::of).collect()
    }

    pub(super) fn draft(&self, comment: Option<String>) -> Draft {
        Draft { elements: self.elements.clone(), valid: self.program.is_ok(), comment }
    }

    /// Nothing, if it can be deployed.
    pub(super) fn must_be_valid(&self) -> Result<(), Failure> {
        self.program.as_ref().map(drop).map_err(|found| Failure::diagnostics(found))
    }
}

impl Office {
    /// Reads `elements` as those of the route `name`.
    pub(super) fn graph(&self, name: &str, elements: &RawValue) -> Result<Graph, Failure> {
        if !elements.get().starts_with('[') {
            return Err(Failure::at(Code::Invalid, &["body", "elements"], "expected an array"));
        }
        self.document(&format!(r#"{{"name":{},"elements":{elements}}}"#, Value::from(name)))
    }

    /// Reads a whole document.
    pub(super) fn document(&self, text: &str) -> Result<Graph, Failure> {
        let document =
            graph::Document::parse(text.as_bytes()).map_err(|found| Failure::diagnostics(&found))?;
        let live = Arc::clone(&self.world.live());
        let providers: Vec<&str> = live.snapshot.providers.keys().map(String::as_str).collect();
        let elements = document.canonical().get("elements").cloned().unwrap_or_else(|| json!([])).to_string();
        Ok(Graph { elements, program: document.compile(Known::Providers(&providers)) })
    }

    /// Reads what the store keeps.
    pub(super) fn stored(&self, name: &str, elements: &str) -> Result<Graph, Failure> {
        self.document(&format!(r#"{{"name":{},"elements":{elements}}}"#, Value::from(name)))
    }
}
