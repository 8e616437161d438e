//! `conditional`: goes by `true` where its condition holds, else by `false`.

use super::Part;
use crate::graph::{Facts, condition::Condition};

#[derive(Debug)]
pub(in crate::graph) struct Conditional {
    condition: Condition,
    /// Where `true` and where `false` leads.
    then: usize,
    otherwise: usize,
}

impl Conditional {
    pub(super) fn read(part: &Part<'_>) -> Option<Self> {
        part.properties.only(&["conditions", "condition"]);
        part.outputs.only(&["true", "false"]);
        let condition = part.properties.need_either("conditions", "condition");
        let condition = condition.and_then(|item| Condition::read(&item));
        let (then, otherwise) = (part.outputs.need("true"), part.outputs.need("false"));
        Some(Self { condition: condition?, then: then?, otherwise: otherwise? })
    }

    pub(super) fn links(&self) -> Vec<usize> {
        vec![self.then, self.otherwise]
    }

    /// The output, and the way on.
    pub(in crate::graph) fn choose(&self, facts: &dyn Facts) -> (&'static str, usize) {
        if self.condition.holds(facts) { ("true", self.then) } else { ("false", self.otherwise) }
    }
}
