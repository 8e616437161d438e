//! The tree of a config, drawn as a graph. What follows a failure is drawn before what fails, so it is shared, not copied:
//! each leaf of a split within a fallback leads to the one next target.

use serde_json::{Value, json};

use super::{
    conditional::Test,
    leaf::Leaf,
    read::{Choice, Node},
    split::Split,
    statuses::Statuses,
};
use crate::import::{
    Code, shares,
    sketch::{END, Element, Origin, Sketch},
    warning::Warnings,
};

/// Where a failure leads, and which failures do.
#[derive(Debug, Clone)]
pub(super) struct Exit {
    on: Statuses,
    to: String,
}

/// What draws.
pub(super) struct Pen<'a> {
    pub(super) sketch: &'a mut Sketch,
    pub(super) warnings: &'a Warnings,
}

impl Pen<'_> {
    /// Draws a target; tells the element that it begins with.
    pub(super) fn draw(&mut self, node: Node, exit: Option<&Exit>) -> String {
        let origin = node.origin();
        match node.choice {
            Choice::Leaf(leaf) => self.leaf(*leaf, exit),
            Choice::Split(split) => self.split(split, origin, exit),
            Choice::Fallback(on, pointer, targets) => self.fallback(&on, &pointer, targets, exit),
            Choice::Conditional { tests, targets } => self.conditional(tests, targets, &origin, exit),
        }
    }

    fn leaf(&mut self, leaf: Leaf, exit: Option<&Exit>) -> String {
        let Leaf { id, mut properties, origin } = leaf;
        let mut outputs = vec![("success".to_owned(), END.to_owned())];
        if let Some(exit) = exit {
            properties.insert("fallbackOn".to_owned(), exit.on.triggers());
            outputs.push(("fallback".to_owned(), exit.to.clone()));
        }
        self.sketch.add(Element { id, form: "model", properties: properties.into(), outputs, origin })
    }

    fn split(&mut self, split: Split, mut origin: Origin, exit: Option<&Exit>) -> String {
        let Split { id, key, targets } = split;
        let weights: Vec<_> = targets.iter().map(|target| target.weight).collect();
        let labelled = targets.into_iter().zip(shares::labels(&weights));
        let mut outputs: Vec<_> =
            labelled.filter_map(|(target, label)| Some((label?, self.draw(target, exit)))).collect();
        match outputs.len() {
            // no element for a choice of one
            1 => outputs.pop().map(|(_, to)| to).unwrap_or_default(),
            _ => {
                let mut properties = json!({});
                if let Some((key, pointer)) = key {
                    properties = json!({"key": key});
                    origin.properties.push(("key", pointer));
                }
                self.sketch.add(Element { id, form: "percentage", properties, outputs, origin })
            }
        }
    }

    /// From the last target to the first.
    fn fallback(&mut self, on: &Statuses, pointer: &str, targets: Vec<Node>, exit: Option<&Exit>) -> String {
        let mut next: Option<String> = None;
        for target in targets.into_iter().rev() {
            let inner = next.map(|to| self.inner(on, to, pointer, exit));
            next = Some(self.draw(target, inner.as_ref().or(exit)));
        }
        next.unwrap_or_default()
    }

    /// The exit of a target that another follows.
    fn inner(&self, on: &Statuses, to: String, pointer: &str, outer: Option<&Exit>) -> Exit {
        match outer {
            Some(outer) if !on.cover(&outer.on) => {
                self.warnings.say(Code::NestedStatusCodes, pointer, Code::NestedStatusCodes.cause());
                Exit { on: on.with(&outer.on), to }
            }
            _ => Exit { on: on.clone(), to },
        }
    }

    /// From the last test to the first; what holds for none leads to the end.
    fn conditional(
        &mut self,
        tests: Vec<Test>,
        targets: Vec<Node>,
        origin: &Origin,
        exit: Option<&Exit>,
    ) -> String {
        let entries: Vec<_> = targets.into_iter().map(|target| self.draw(target, exit)).collect();
        tests.into_iter().rev().fold(END.to_owned(), |otherwise, test| {
            let then = entries.get(test.then).cloned().unwrap_or_default();
            match test.condition {
                None => then,
                Some((id, condition)) => {
                    let origin = Origin { properties: vec![("conditions", test.pointer)], ..origin.clone() };
                    self.test((id, condition), then, otherwise, origin)
                }
            }
        })
    }

    fn test(
        &mut self,
        (id, condition): (String, Value),
        then: String,
        otherwise: String,
        origin: Origin,
    ) -> String {
        let outputs = [("true", then), ("false", otherwise)].map(|(name, to)| (name.to_owned(), to)).into();
        let properties = json!({"conditions": condition});
        self.sketch.add(Element { id, form: "conditional", properties, outputs, origin })
    }
}
