//! The conditions of a conditional strategy, and the targets that they lead to.

use serde_json::Value;
use std::collections::BTreeSet;

use super::{
    query,
    read::{Choice, Node, Reader},
};
use crate::{
    graph::{Code as Mistake, Item, Object},
    import::Code,
};

/// A condition and the target that it leads to.
#[derive(Debug)]
pub(super) struct Test {
    /// With the id of its element.
    pub(super) condition: Option<(String, Value)>,
    pub(super) pointer: String,
    pub(super) then: usize,
}

impl Reader<'_> {
    /// The tests of a conditional strategy, in order; the default is the last, and has no condition.
    pub(super) fn tests(&mut self, strategy: &Object<'_>, targets: &[Item<'_>]) -> Option<Vec<Test>> {
        let conditions = strategy.need("conditions")?.list()?;
        let mut tests: Vec<Test> = vec![];
        let mut sound = true;
        for item in conditions {
            let Some(test) = self.test(&item, targets) else {
                sound = false;
                continue;
            };
            if tests.last().is_some_and(|last| last.condition.is_none()) {
                self.warnings.at(Code::Unreached, &item);
            } else {
                tests.push(test);
            }
        }
        let always = tests.last().is_some_and(|last| last.condition.is_none());
        match strategy.maybe("default").filter(|item| !item.value.is_null()) {
            Some(item) if always => self.warnings.at(Code::Unreached, &item),
            Some(item) => {
                let pointer = item.place.pointer.clone();
                tests.push(Test { condition: None, pointer, then: named(&item, targets)? });
            }
            None if always => {}
            None => self.warnings.at(Code::NoDefault, &strategy.item),
        }
        sound.then_some(tests)
    }

    fn test(&mut self, item: &Item<'_>, targets: &[Item<'_>]) -> Option<Test> {
        let object = item.object()?;
        object.only(&["query", "then"]);
        let (query, then) = (object.need("query"), object.need("then"));
        let then = then.and_then(|item| Some((item.text()?, named(&item, targets)?)));
        let query = query.filter(|query| query.object().is_some());
        let (query, (name, then)) = (query?, then?);
        let condition = query::condition(&query, self.warnings);
        let condition = condition.map(|condition| (self.sketch.id(&format!("{name}?")), condition));
        Some(Test { condition, pointer: query.place.pointer, then })
    }

    /// Keeps the targets that a test leads to.
    pub(super) fn conditional(&self, mut tests: Vec<Test>, targets: Vec<Node>) -> Option<Choice> {
        let used: BTreeSet<_> = tests.iter().map(|test| test.then).collect();
        let (kept, left): (Vec<_>, Vec<_>) =
            targets.into_iter().enumerate().partition(|(i, _)| used.contains(i));
        self.unreached(left.into_iter().map(|(_, node)| node));
        let places: Vec<_> = used.into_iter().collect();
        for test in &mut tests {
            test.then = places.binary_search(&test.then).unwrap_or_default();
        }
        Some(Choice::Conditional { tests, targets: kept.into_iter().map(|(_, node)| node).collect() })
    }
}

/// The first target of the name that `item` says.
fn named(item: &Item<'_>, targets: &[Item<'_>]) -> Option<usize> {
    let name = item.text()?;
    let found =
        targets.iter().position(|target| target.value.get("name").and_then(Value::as_str) == Some(name));
    if found.is_none() {
        let names = targets.iter().filter_map(|target| target.value.get("name")?.as_str());
        let message = format!("there is no target `{name}` beside this strategy");
        item.to.unknown(Mistake::DanglingLink, &item.place, message, (name, names));
    }
    found
}
