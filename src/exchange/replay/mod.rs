//! What another version would have done with the requests that came: the recent ones are walked again, with what was seen
//! of providers and limits.

mod recent;
#[cfg(test)]
mod tests;

pub(super) use recent::{Kept, Recent};

use super::{
    ask::Ask,
    simulate::{Outcomes, Trace, walk},
    world::World,
};
use crate::{
    chat::Fault,
    graph::{Call, LimitAsk, Program, Target},
};
use jiff::Timestamp;
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Requests whose change is told in full.
const CHANGES: usize = 50;

/// Two versions of a route, compared by the requests that came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// How many requests were walked.
    pub requests: usize,
    /// How many take another path or end at another target.
    pub changed: usize,
    /// How many requests take each way from element to element.
    pub edges: Vec<Edge>,
    /// The newest of those that changed, at most 50.
    pub changes: Vec<Change>,
}

/// A way from one element to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The id of the element that it leaves.
    pub from: String,
    /// The id of the element that it leads to.
    pub to: String,
    /// Requests that take it in the live version.
    pub before: usize,
    /// Requests that take it in the other one.
    pub after: usize,
}

/// A request that the other version would have led elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When it came.
    pub at: String,
    /// The id of its exchange, as in the log.
    pub exchange: String,
    /// The ids of the elements walked in the live version.
    pub before: Vec<String>,
    /// The same in the other one.
    pub after: Vec<String>,
    /// The last target asked in the live version, `provider/model`; none if none was.
    pub before_target: Option<String>,
    /// The same in the other one.
    pub after_target: Option<String>,
}

impl World {
    /// Walks the recent requests of a route through its live version and through `program`. Nobody is called and nothing
    /// is counted: a target that was called then does what it did then, any other answers. It may take as long as reading
    /// all those requests again does.
    pub fn replay(&self, route: &str, program: &Program) -> Replay {
        let live = Arc::clone(&self.live());
        let (mut replay, mut ways) = (Replay::default(), BTreeMap::<_, [usize; 2]>::new());
        let Some(of_route) = live.snapshot.routes.get(route) else { return replay };
        for kept in self.recent.of(route) {
            // what was read then may be too much for the limits of now
            let Ok(ask) = Ask::read(Arc::clone(&kept.head), kept.body.clone(), &live, kept.dice) else {
                continue;
            };
            let [before, after] = [&of_route.live.program, program]
                .map(|program| walk(program, (route, ""), &ask, &live, &mut Seen::of(&kept)));
            replay.requests += 1;
            for (i, trace) in [&before, &after].into_iter().enumerate() {
                for way in trace.path.windows(2) {
                    let counts = ways.entry(way.to_vec()).or_default();
                    counts.iter_mut().skip(i).take(1).for_each(|count| *count += 1);
                }
            }
            replay.note(&kept, before, after);
        }
        let edge = |(way, [before, after]): (Vec<String>, [usize; 2])| {
            let mut ends = way.into_iter();
            Some(Edge { from: ends.next()?, to: ends.next()?, before, after })
        };
        replay.edges = ways.into_iter().filter_map(edge).collect();
        replay
    }
}

impl Replay {
    fn note(&mut self, kept: &Kept, before: Trace, after: Trace) {
        let [before_target, after_target] = [&before, &after]
            .map(|trace| trace.attempts.last().map(|last| format!("{}/{}", last.provider, last.model)));
        if before.path == after.path && before_target == after_target {
            return;
        }
        self.changed += 1;
        if self.changes.len() < CHANGES {
            let at = Timestamp::try_from(kept.head.now).map(|at| at.to_string()).unwrap_or_default();
            let (exchange, before, after) = (kept.exchange.clone(), before.path, after.path);
            self.changes.push(Change { at, exchange, before, after, before_target, after_target });
        }
    }
}

/// What was seen of a request: every call of a target does what it did then, in order, and from then on what it did last.
struct Seen<'a> {
    kept: &'a Kept,
    calls: HashMap<Target, usize>,
}

impl<'a> Seen<'a> {
    fn of(kept: &'a Kept) -> Self {
        Self { kept, calls: HashMap::new() }
    }
}

impl Outcomes for Seen<'_> {
    fn call(&mut self, call: &Call<'_>) -> Option<Fault> {
        let nth = self.calls.entry(call.target.clone()).or_default();
        let of_target = || self.kept.calls.iter().filter(|(target, _)| target == call.target);
        let (_, fault) = of_target().nth(*nth).or_else(|| of_target().next_back())?;
        *nth += 1;
        fault.clone()
    }

    fn within(&mut self, limit: &LimitAsk<'_>) -> bool {
        let asked = self.kept.limits.iter().find(|(element, _)| element == limit.element);
        asked.is_none_or(|(_, allowed)| *allowed)
    }

    fn cooling(&self) -> Vec<Target> {
        self.kept.cooling.clone()
    }
}
