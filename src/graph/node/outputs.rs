//! The outputs of an element: names, and the elements that they lead to.

use std::collections::HashMap;

use crate::graph::{
    diagnostic::Code,
    reader::{Item, Object},
};

/// One output.
#[derive(Debug)]
pub(in crate::graph) struct Output<'a> {
    pub(in crate::graph) name: &'a str,
    /// The `elementId` as written; empty if there is none.
    pub(in crate::graph) target: &'a str,
    /// The index of that element; `None` after a mistake was noted.
    pub(in crate::graph) to: Option<usize>,
    pub(in crate::graph) item: Item<'a>,
}

/// All outputs of an element, in the order of the document.
#[derive(Debug)]
pub(in crate::graph) struct Outputs<'a> {
    object: Object<'a>,
    list: Vec<Output<'a>>,
}

impl<'a> Outputs<'a> {
    /// Reads every output, whatever its name, so that links are known even of elements that are not.
    pub(in crate::graph) fn read(object: Object<'a>, ids: &HashMap<&str, usize>) -> Self {
        let list = object.entries().map(|(name, item)| Output::read(name, item, ids)).collect();
        Self { object, list }
    }

    /// Every output.
    pub(in crate::graph) fn all(&self) -> &[Output<'a>] {
        &self.list
    }

    /// Notes every output whose name is none of `known`.
    pub(super) fn only(&self, known: &[&str]) {
        self.object.only(known);
    }

    /// Where an output leads that must be there.
    pub(super) fn need(&self, name: &str) -> Option<usize> {
        self.object.need(name)?;
        self.maybe(name)
    }

    /// Where an output leads that may be absent.
    pub(super) fn maybe(&self, name: &str) -> Option<usize> {
        self.list.iter().find(|output| output.name == name)?.to
    }

    /// Notes that something is wrong with the outputs as a whole.
    pub(super) fn report(&self, code: Code, message: impl Into<String>) {
        self.object.item.report(code, message);
    }
}

impl<'a> Output<'a> {
    fn read(name: &'a str, item: Item<'a>, ids: &HashMap<&str, usize>) -> Self {
        let target = item.object().and_then(|link| {
            link.only(&["elementId"]);
            link.need("elementId")
        });
        let written = target.as_ref().and_then(Item::text).unwrap_or_default();
        let to = ids.get(written).copied();
        if let Some(target) = target.filter(|t| t.value.is_string() && to.is_none()) {
            let message = format!("there is no element `{written}`");
            target.to.unknown(Code::DanglingLink, &target.place, message, (written, ids.keys().copied()));
        }
        Self { name, target: written, to, item }
    }
}
