//! Facts for tests: one JSON object, a root per field.

use serde_json::Value;

use super::{Fact, Facts, Path, Root};

#[derive(Debug)]
pub(crate) struct Request {
    roots: Value,
    dice: u64,
    keeps: &'static [(&'static str, &'static str)],
}

impl Request {
    pub(crate) fn new(roots: Value) -> Self {
        Self { roots, dice: 0, keeps: &[] }
    }

    pub(crate) fn rolled(self, dice: u64) -> Self {
        Self { dice, ..self }
    }

    /// A turn of a session that keeps this.
    pub(crate) fn keeping(self, keeps: &'static [(&'static str, &'static str)]) -> Self {
        Self { keeps, ..self }
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

    fn pinned(&self, element: &str) -> Option<&str> {
        self.keeps.iter().find(|(id, _)| *id == element).map(|(_, kept)| *kept)
    }
}
