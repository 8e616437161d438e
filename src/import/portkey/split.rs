//! A strategy that shares requests out by weight.

use super::{
    fields,
    read::{Choice, Node, Reader},
};
use crate::{
    graph::{Code as Mistake, Item, Object},
    import::Code,
};

/// A choice by weight.
#[derive(Debug)]
pub(super) struct Split {
    /// Of its element.
    pub(super) id: String,
    /// What makes it sticky, and where that stands.
    pub(super) key: Option<(String, String)>,
    pub(super) targets: Vec<Node>,
}

impl Reader<'_> {
    pub(super) fn split(
        &mut self,
        strategy: &Object<'_>,
        label: Option<&str>,
        targets: Vec<Node>,
    ) -> Option<Choice> {
        let key = self.key(strategy);
        if targets.iter().all(|target| target.weight <= 0.0) {
            let item = &strategy.item;
            let hint = "give one of the targets a weight above 0";
            item.to.hint(Mistake::SharesNotWhole, &item.place, "the weights of all targets are 0", hint);
            return None;
        }
        let id = self.sketch.id(label.unwrap_or("loadbalance"));
        Some(Choice::Split(Split { id, key, targets }))
    }

    /// The fields of `sticky_session`, as one key.
    fn key(&self, strategy: &Object<'_>) -> Option<(String, String)> {
        let sticky = fields::field(strategy, "sticky_session")?;
        let names = fields::field(&sticky.object()?, "hash_fields")?;
        let list = names.list()?;
        let paths: Vec<_> = list.iter().filter_map(Item::text).collect();
        self.warnings.at(Code::Sticky, &sticky);
        (!paths.is_empty()).then(|| (paths.join(","), names.place.pointer))
    }
}

/// The weight of a target.
pub(super) fn weight(object: &Object<'_>) -> Option<f64> {
    let Some(item) = fields::field(object, "weight") else { return Some(1.0) };
    let weight = item.value.as_f64().filter(|weight| *weight >= 0.0);
    if weight.is_none() {
        let code = if item.value.is_number() { Mistake::OutOfRange } else { Mistake::WrongType };
        item.expected(code, "a number from 0 on");
    }
    weight
}
