//! Facts, and a note of every look at them: the graph does not know that it is watched.

use super::trace::Looked;
use crate::graph::{Fact, Facts, Path, Target};
use serde_json::Value;
use std::sync::{Mutex, PoisonError};

/// Bytes of a value that are shown; of a longer one only the beginning is.
const SHOWN: usize = 1024;

/// Facts that are watched.
#[derive(Debug)]
pub(super) struct Watched<'a, F> {
    facts: &'a F,
    seen: Mutex<Vec<Looked>>,
}

impl<'a, F: Facts> Watched<'a, F> {
    pub(super) fn new(facts: &'a F) -> Self {
        Self { facts, seen: Mutex::default() }
    }

    /// What was looked at since this was asked last, each path once.
    pub(super) fn seen(&self) -> Vec<Looked> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Facts> Facts for Watched<'_, F> {
    fn look(&self, path: &Path) -> Option<Fact<'_>> {
        let found = self.facts.look(path);
        let looked = Looked { path: path.to_string(), value: found.as_ref().map(shown) };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(&looked) {
            seen.push(looked);
        }
        drop(seen);
        found
    }

    fn dice(&self) -> u64 {
        self.facts.dice()
    }

    fn any_cooling(&self) -> bool {
        self.facts.any_cooling()
    }

    fn cooling(&self, target: &Target) -> bool {
        self.facts.cooling(target)
    }

    fn pinned(&self, element: &str) -> Option<&str> {
        self.facts.pinned(element)
    }
}

fn shown(fact: &Fact<'_>) -> Value {
    let value = match fact {
        Fact::Null => Value::Null,
        Fact::Bool(b) => (*b).into(),
        Fact::Number(n) => n.clone().into(),
        Fact::Text(text) => return cut(text).into(),
        Fact::Tree(tree) => tree.clone().into_owned(),
    };
    let text = value.to_string();
    if text.len() > SHOWN { cut(&text).into() } else { value }
}

/// The beginning of a long text.
fn cut(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}
