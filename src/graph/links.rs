//! The graph as a whole: one start, no circles, nothing out of reach, an end to every path.

use std::collections::BTreeSet;

use super::{
    diagnostic::{Code, Place},
    node::{Output, Type},
    reader::Item,
};

/// An element as the graph sees it, whether or not the rest of it is right.
pub(super) struct Vertex<'a> {
    /// `None` if nothing can lead to it, for want of an id.
    pub(super) id: Option<&'a str>,
    pub(super) place: Place,
    /// `None` if it is not known.
    pub(super) form: Option<Type>,
    pub(super) outputs: &'a [Output<'a>],
}

impl Vertex<'_> {
    fn name(&self) -> &str {
        self.id.unwrap_or("?")
    }

    /// Whether it seems to be meant as the start.
    fn may_start(&self) -> bool {
        self.form.is_none() && self.outputs.iter().any(|output| output.name == "next")
    }

    fn links(&self) -> impl Iterator<Item = usize> {
        self.outputs.iter().filter_map(|output| output.to)
    }

    /// Whether a mistake told elsewhere hides where it leads.
    fn is_open(&self) -> bool {
        self.form.is_none()
            || self.outputs.is_empty()
            || self.outputs.iter().any(|output| output.to.is_none())
    }
}

/// Notes everything that is wrong with the graph, at its `elements` or at one of them.
pub(super) fn check(graph: &[Vertex<'_>], elements: &Item<'_>) {
    let reached = starts(graph, elements);
    for circle in circles(graph) {
        let ids: Vec<_> = circle.iter().filter_map(|v| graph.get(*v)).map(Vertex::name).collect();
        if let Some(first) = circle.first().and_then(|v| graph.get(*v)) {
            let message = format!("the graph goes in a circle: {} → {}", ids.join(" → "), first.name());
            elements.to.add(Code::Cycle, &first.place, message);
        }
    }
    for vertex in unreached(graph, &reached) {
        let message = format!("no path leads from the start to `{}`", vertex.name());
        elements.to.add(Code::Unreachable, &vertex.place, message);
    }
    let stuck = stuck(graph);
    if let Some(first) = stuck.first() {
        let ids: Vec<_> = stuck.iter().map(|v| format!("`{}`", v.name())).collect();
        let message = format!("no path leads from {} to an end", ids.join(", "));
        elements.to.add(Code::NoEnd, &first.place, message);
    }
    successes(graph, elements);
}

/// The elements of type `start`, of which there must be one.
fn starts(graph: &[Vertex<'_>], elements: &Item<'_>) -> Vec<usize> {
    let is_start = |(_, vertex): &(usize, &Vertex<'_>)| vertex.form == Some(Type::Start);
    let starts: Vec<_> = graph.iter().enumerate().filter(is_start).collect();
    if starts.is_empty() && !graph.iter().any(Vertex::may_start) {
        elements.report(Code::MissingStart, "there is no element of type `start`");
    }
    for (_, vertex) in starts.iter().skip(1) {
        elements.to.add(Code::SeveralStarts, &vertex.place, "there is a start before this one");
    }
    starts.into_iter().map(|(i, _)| i).collect()
}

/// Circles, each in the order of its links. Depth first, without recursion: a graph may be one long chain.
fn circles(graph: &[Vertex<'_>]) -> Vec<Vec<usize>> {
    let mut found = vec![];
    let mut done = BTreeSet::new();
    for root in 0..graph.len() {
        let mut path = vec![];
        let mut todo: Vec<Vec<usize>> = vec![vec![root]];
        while let Some(next) = todo.last_mut() {
            let Some(vertex) = next.pop() else {
                todo.pop();
                done.extend(path.pop());
                continue;
            };
            if let Some(at) = path.iter().position(|v| *v == vertex) {
                found.push(path.iter().skip(at).copied().collect());
            } else if !done.contains(&vertex) {
                path.push(vertex);
                let mut links: Vec<_> = graph.get(vertex).into_iter().flat_map(Vertex::links).collect();
                links.reverse(); // taken from the end
                links.dedup();
                todo.push(links);
            }
        }
    }
    found
}

/// What no start leads to; nothing where there is no start.
fn unreached<'g, 'a>(graph: &'g [Vertex<'a>], starts: &[usize]) -> Vec<&'g Vertex<'a>> {
    let mut todo = starts.to_vec();
    let mut reached = BTreeSet::new();
    while let Some(vertex) = todo.pop() {
        if reached.insert(vertex) {
            todo.extend(graph.get(vertex).into_iter().flat_map(Vertex::links));
        }
    }
    let out = |(i, vertex): &(usize, &Vertex<'_>)| vertex.id.is_some() && !reached.contains(i);
    let graph = graph.iter().enumerate().filter(|_| !starts.is_empty());
    graph.filter(out).map(|(_, vertex)| vertex).collect()
}

/// What no path leads from to an end.
fn stuck<'g, 'a>(graph: &'g [Vertex<'a>]) -> Vec<&'g Vertex<'a>> {
    let mut ending = BTreeSet::new();
    loop {
        let before = ending.len();
        for (i, vertex) in graph.iter().enumerate().rev() {
            let ends = vertex.form == Some(Type::End) || vertex.is_open();
            if ends || vertex.links().any(|to| ending.contains(&to)) {
                ending.insert(i);
            }
        }
        if ending.len() == before {
            break;
        }
    }
    let stuck = |(i, vertex): &(usize, &Vertex<'_>)| vertex.id.is_some() && !ending.contains(i);
    graph.iter().enumerate().filter(stuck).map(|(_, vertex)| vertex).collect()
}

/// The success of a model must be the end of the walk.
fn successes(graph: &[Vertex<'_>], elements: &Item<'_>) {
    for model in graph.iter().filter(|vertex| vertex.form == Some(Type::Model)) {
        for output in model.outputs.iter().filter(|output| output.name == "success") {
            let to = output.to.and_then(|to| graph.get(to));
            if let Some(to) = to.filter(|to| to.form.is_some_and(|form| form != Type::End)) {
                let message =
                    format!("the success of `{}` leads to `{}`, which is no end", model.name(), to.name());
                elements.to.add(Code::SuccessNotEnd, &output.item.place, message);
            }
        }
    }
}
