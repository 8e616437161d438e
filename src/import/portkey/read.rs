//! A config as a tree: what each strategy chooses among, with ids for the elements to come, in the config's order.

use super::{
    Options, Target,
    conditional::Test,
    fields,
    leaf::{self, Leaf},
    split::{self, Split},
    statuses::Statuses,
};
use crate::{
    graph::{Code as Mistake, Item, Object},
    import::{
        Code,
        sketch::{Origin, Sketch},
        warning::Warnings,
    },
};

const MODES: [(&str, Mode); 4] = [
    ("single", Mode::Single),
    ("loadbalance", Mode::Loadbalance),
    ("fallback", Mode::Fallback),
    ("conditional", Mode::Conditional),
];

#[derive(Debug, Clone, Copy)]
enum Mode {
    Single,
    Loadbalance,
    Fallback,
    Conditional,
}

/// A target with all that is below it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Option<String>,
    pub(super) weight: f64,
    pub(super) pointer: String,
    pub(super) choice: Choice,
}

/// What a target leads to.
#[derive(Debug)]
pub(super) enum Choice {
    Leaf(Box<Leaf>),
    /// By weight.
    Split(Split),
    /// In order, as long as the failure is one of these, which stand at the pointer.
    Fallback(Statuses, String, Vec<Node>),
    /// The first test that holds, by its index in `targets`; the last may be without a condition.
    Conditional {
        tests: Vec<Test>,
        targets: Vec<Node>,
    },
}

impl Node {
    /// What its elements are made of.
    pub(super) fn origin(&self) -> Origin {
        Origin { name: self.name.clone(), pointer: self.pointer.clone(), properties: vec![] }
    }

    /// Elements that it will be.
    pub(super) fn size(&self) -> usize {
        let sum = |nodes: &[Self]| nodes.iter().map(Self::size).sum::<usize>();
        match &self.choice {
            Choice::Leaf(_) => 1,
            Choice::Split(split) => 1 + sum(&split.targets),
            Choice::Fallback(.., targets) => sum(targets),
            Choice::Conditional { tests, targets } => tests.len() + sum(targets),
        }
    }
}

/// What targets have from the strategies that they are in.
#[derive(Debug, Clone, Default)]
pub(super) struct Inherited<'a> {
    /// Body fields, each with where it is overridden.
    pub(super) params: Vec<(&'a str, Item<'a>)>,
    pub(super) retry: Option<Item<'a>>,
    pub(super) timeout: Option<Item<'a>>,
    /// What stands in for the name of a target that has none.
    pub(super) label: Option<&'a str>,
}

impl<'a> Inherited<'a> {
    /// The same with what `object` says: parameters are merged, everything else is replaced.
    fn with(&self, object: &Object<'a>) -> Self {
        let mut all = self.clone();
        if let Some(params) = fields::field(object, "override_params") {
            for (key, item) in params.object().iter().flat_map(Object::entries) {
                all.params.retain(|(known, _)| *known != key);
                all.params.push((key, item));
            }
        }
        let set = |item: &Item<'_>| item.value.as_f64() != Some(0.0);
        all.retry = fields::field(object, "retry").or(all.retry);
        all.timeout = fields::field(object, "request_timeout").filter(set).or(all.timeout);
        all
    }
}

/// Reads a config, and notes as it goes.
pub(super) struct Reader<'a> {
    pub(super) options: &'a Options<'a>,
    pub(super) warnings: &'a Warnings,
    pub(super) sketch: Sketch,
    pub(super) targets: Vec<Target>,
}

impl Reader<'_> {
    /// Reads the whole; `None` after a mistake.
    pub(super) fn config(&mut self, config: &Item<'_>) -> Option<Node> {
        self.node(config, &Inherited::default())
    }

    fn node<'a>(&mut self, item: &Item<'a>, inherited: &Inherited<'a>) -> Option<Node> {
        let object = item.object()?;
        fields::leave(&object, self.warnings);
        let name = fields::field(&object, "name").and_then(|item| item.text());
        let inherited = Inherited { label: name.or(inherited.label), ..inherited.with(&object) };
        let choice = match fields::field(&object, "strategy") {
            Some(strategy) => self.strategy(&object, &strategy.object()?, &inherited),
            None => self.leaf(&object, &inherited),
        };
        let weight = split::weight(&object);
        let (name, pointer) = (name.map(str::to_owned), item.place.pointer.clone());
        Some(Node { name, weight: weight?, pointer, choice: choice? })
    }

    fn leaf(&mut self, object: &Object<'_>, inherited: &Inherited<'_>) -> Option<Choice> {
        if let Some(targets) = fields::field(object, "targets") {
            targets.report(
                Mistake::MissingField,
                "there are `targets`, but no `strategy` that chooses among them",
            );
            return None;
        }
        let leaf = leaf::read(self, object, inherited)?;
        Some(Choice::Leaf(Box::new(leaf)))
    }

    fn strategy<'a>(
        &mut self,
        object: &Object<'a>,
        strategy: &Object<'a>,
        inherited: &Inherited<'a>,
    ) -> Option<Choice> {
        let mode = strategy.need("mode").and_then(|item| item.choice(&MODES));
        for (_, item) in strategy.entries().filter(|(key, _)| !is_known(key)) {
            self.warnings.at(Code::UnknownField, &item);
        }
        if let Some(provider) = fields::field(object, "provider") {
            self.warnings.at(Code::NoEffect, &provider);
        }
        let Some(list) = fields::field(object, "targets") else {
            object.item.report(Mistake::MissingField, "`targets` is missing");
            return None;
        };
        let items = list.list()?;
        if items.is_empty() {
            list.report(Mistake::OutOfRange, "there are no targets");
        }
        let mode = mode.filter(|_| !items.is_empty())?;
        let label = inherited.label;
        let tests = matches!(mode, Mode::Conditional).then(|| self.tests(strategy, &items));
        let below = match mode {
            // the one that there is may be known by the name of the whole
            Mode::Single => inherited.clone(),
            _ => Inherited { label: None, ..inherited.clone() },
        };
        let read: Vec<_> = items.iter().map(|item| self.node(item, &below)).collect();
        let targets = read.into_iter().collect::<Option<Vec<_>>>()?;
        match mode {
            Mode::Single => self.single(targets),
            Mode::Loadbalance => self.split(strategy, label, targets),
            Mode::Fallback => self.fallback(strategy, targets),
            Mode::Conditional => self.conditional(tests.flatten()?, targets),
        }
    }

    fn fallback(&self, strategy: &Object<'_>, targets: Vec<Node>) -> Option<Choice> {
        let codes = fields::field(strategy, "on_status_codes");
        let pointer = codes.as_ref().map_or(&strategy.item.place, |codes| &codes.place).pointer.clone();
        let on = Statuses::read(codes, self.warnings);
        // if nothing leads on, the first is the only one
        if on.none() { self.single(targets) } else { Some(Choice::Fallback(on, pointer, targets)) }
    }

    fn single(&self, targets: Vec<Node>) -> Option<Choice> {
        let mut targets = targets.into_iter();
        let first = targets.next();
        self.unreached(targets);
        first.map(|node| node.choice)
    }

    pub(super) fn unreached(&self, targets: impl Iterator<Item = Node>) {
        for target in targets {
            self.warnings.say(Code::Unreached, &target.pointer, Code::Unreached.cause());
        }
    }
}

/// Whether a strategy may have this field.
fn is_known(key: &str) -> bool {
    matches!(
        key,
        "mode"
            | "on_status_codes"
            | "onStatusCodes"
            | "conditions"
            | "default"
            | "sticky_session"
            | "stickySession"
    )
}
