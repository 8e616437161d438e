//! A checked and compiled route: elements in one arena, linked by index, never changed.

use std::collections::BTreeSet;

use super::{
    Diagnostic,
    document::{Document, Known},
    node::{LimitAsk, Model, Node, Target},
};

/// A compiled route.
#[derive(Debug)]
pub struct Program {
    name: Box<str>,
    elements: Box<[Element]>,
    start: usize,
}

/// One element of a program.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) id: Box<str>,
    pub(super) node: Node,
}

impl Program {
    /// Reads, checks and compiles a route document of either dialect.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub fn read(bytes: &[u8], known: Known<'_>) -> Result<Self, Vec<Diagnostic>> {
        Document::parse(bytes)?.compile(known)
    }

    /// The route of a model that is named directly: `start`, `model`, `end`.
    #[must_use]
    pub fn single(provider: &str, model: &str) -> Self {
        let target = Target { provider: provider.into(), model: model.into() };
        let name = target.to_string().into();
        let model = Node::Model(Model::plain(target, 2));
        let elements = [("start", Node::Start(1)), ("model", model), ("end", Node::End)];
        let elements = elements.map(|(id, node)| Element { id: id.into(), node });
        Self { name, elements: elements.into(), start: 0 }
    }

    /// The route's name; `provider/model` of a model that is named directly.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ids of the elements, in the order of the document.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.elements.iter().map(|element| &*element.id)
    }

    /// Every target that some walk may call, each once.
    #[must_use]
    pub fn targets(&self) -> BTreeSet<&Target> {
        self.elements.iter().filter_map(Element::target).collect()
    }

    /// Every limit, for one value of their keys.
    #[must_use]
    pub fn limits(&self, key: &str) -> Vec<LimitAsk<'_>> {
        let mut limits = Vec::new();
        for Element { id, node } in &self.elements {
            if let Node::Rate(rate) = node {
                limits.push(rate.ask_for(id, key.to_owned()));
            }
        }
        limits
    }

    /// Puts read elements together; `None` without a start.
    pub(super) fn link(name: Box<str>, elements: Vec<Element>) -> Option<Self> {
        let start = elements.iter().position(|element| matches!(element.node, Node::Start(_)))?;
        let mut program = Self { name, elements: elements.into(), start };
        for at in 0..program.elements.len() {
            let targets = match program.node(at) {
                Some(Node::Rate(rate)) => program.reachable(rate.onward().collect()),
                _ => continue,
            };
            if let Some(Element { node: Node::Rate(rate), .. }) = program.elements.get_mut(at) {
                rate.targets = targets;
            }
        }
        Some(program)
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    pub(super) fn element(&self, at: usize) -> Option<&Element> {
        self.elements.get(at)
    }

    pub(super) fn node(&self, at: usize) -> Option<&Node> {
        self.element(at).map(|element| &element.node)
    }

    /// Every target that may be called from some elements on. (A graph that goes in circles is refused elsewhere.)
    fn reachable(&self, mut todo: Vec<usize>) -> Box<[Target]> {
        let (mut seen, mut targets) = (BTreeSet::new(), BTreeSet::new());
        while let Some(at) = todo.pop() {
            let element = self.element(at).filter(|_| seen.insert(at));
            targets.extend(element.and_then(Element::target));
            todo.extend(element.into_iter().flat_map(|element| element.node.links()));
        }
        targets.into_iter().cloned().collect()
    }
}

impl Element {
    fn target(&self) -> Option<&Target> {
        match &self.node {
            Node::Model(model) => Some(&model.target),
            _ => None,
        }
    }
}
