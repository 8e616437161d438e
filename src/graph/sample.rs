//! Facts for tests: one JSON object, a root per field.

use serde_json::Value;

use super::{Fact, Facts, Path, Root};

#[derive(Debug)]
pub(crate) struct Request {
    roots: Value,
    dice: u64,
}

impl Request {
    pub(crate) fn new(roots: Value) -> Self {
        Self { roots, dice: 0 }
    }

    pub(crate) fn rolled(self, dice: u64) -> Self {
        Self { dice, ..self }
    }
}

impl Facts for Request {
    fn look(&self, path: &Path) -> Option<Fact<'_>> {
        let (name, _) = Root::ALL.into_iter().find(|(_, root)| *root == path.root)?;
        path.seek(self.roots.get(name)?).map(Fact::of)
    }

    fn dice(&self) -> u64 {
        self.dice
    }
}
