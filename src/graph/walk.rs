//! Where an exchange stands in its graph. The walk decides; whoever walks does what it says, and answers.

use super::{
    Facts, Program,
    node::{Call, LimitAsk, Node},
};
use crate::chat::Fault;

/// Elements of a path that are kept without growing: most graphs are no deeper.
const USUAL_DEPTH: usize = 16;

/// A walk through one program. Small, owned, and nothing moves but by [`Walk::step`] and its answers.
#[derive(Debug, Clone)]
pub struct Walk {
    at: usize,
    /// Tries of the model at hand that failed.
    retry: u32,
    /// Model elements that were left.
    fallbacks: u32,
    /// The walk ends where it stands.
    over: bool,
    last: Option<(Why, usize)>,
    trail: Vec<usize>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<'a> {
    /// Ask the ledger; answer with [`Walk::limited`].
    Limit(LimitAsk<'a>),
    /// Call a model; answer with [`Walk::answered`].
    Call(Call<'a>),
    /// The walk is over.
    End(End<'a>),
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// The element that it ended in.
    pub element: &'a str,
    /// What the client gets.
    pub why: Why,
    /// The `model` or `rate` element that made it so; `None` for [`Why::NoModel`].
    pub cause: Option<&'a str>,
}

/// What the end of a walk means. The last thing that happened decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A model answered.
    Answered,
    /// A limit led here.
    Limited,
    /// The last model that was called failed.
    Failed,
    /// No model was called.
    NoModel,
}

impl Walk {
    /// A walk that stands at the start.
    #[must_use]
    pub fn new(program: &Program) -> Self {
        let mut trail = Vec::with_capacity(program.len().min(USUAL_DEPTH));
        trail.push(program.start());
        Self { at: program.start(), retry: 0, fallbacks: 0, over: false, last: None, trail }
    }

    /// Goes on to where something must be done or asked. Until that is answered, every call says the same.
    pub fn step<'a>(&mut self, program: &'a Program, facts: &dyn Facts) -> Step<'a> {
        while let Some(element) = program.element(self.at).filter(|_| !self.over) {
            let next = match &element.node {
                Node::Start(next) => *next,
                Node::Conditional(conditional) => conditional.choose(facts),
                Node::Percentage(percentage) => percentage.choose(facts),
                Node::Rate(rate) => return Step::Limit(rate.ask(&element.id, facts)),
                Node::Model(model) => return Step::Call(model.call(&element.id, self.retry, self.fallbacks)),
                Node::End => break,
            };
            self.enter(next);
        }
        Step::End(self.end(program))
    }

    /// Answers [`Step::Limit`]: whether the request is within the limit. Nothing else is answered by it.
    pub fn limited(&mut self, program: &Program, within: bool) {
        let Some(Node::Rate(rate)) = program.node(self.at) else { return };
        if within {
            self.enter(rate.success);
        } else {
            self.last = Some((Why::Limited, self.at));
            self.leave(rate.fallback);
        }
    }

    /// Answers [`Step::Call`]: whether the model answered, or how it failed. Nothing else is answered by it.
    pub fn answered(&mut self, program: &Program, outcome: Result<(), &Fault>) {
        let Some(Node::Model(model)) = program.node(self.at) else { return };
        match outcome {
            Ok(()) => {
                self.last = Some((Why::Answered, self.at));
                self.enter(model.success);
            }
            Err(fault) if model.tries_again(fault, self.retry) => self.retry += 1,
            Err(fault) => self.given_up(program, fault),
        }
    }

    /// Answers [`Step::Call`]: the model failed, and is not to be tried again whatever its `retries` say.
    pub fn given_up(&mut self, program: &Program, fault: &Fault) {
        let Some(Node::Model(model)) = program.node(self.at) else { return };
        self.last = Some((Why::Failed, self.at));
        self.fallbacks += 1;
        self.leave(model.fallback(fault));
    }

    /// The ids of the elements walked, in order.
    pub fn path<'a>(&self, program: &'a Program) -> impl Iterator<Item = &'a str> {
        self.trail.iter().filter_map(|at| program.element(*at)).map(|element| &*element.id)
    }

    fn enter(&mut self, at: usize) {
        self.at = at;
        self.retry = 0;
        self.trail.push(at);
    }

    fn leave(&mut self, by: Option<usize>) {
        match by {
            Some(at) => self.enter(at),
            None => self.over = true,
        }
    }

    fn end<'a>(&self, program: &'a Program) -> End<'a> {
        let id = |at| program.element(at).map(|element| &*element.id);
        let (why, cause) = self.last.map_or((Why::NoModel, None), |(why, at)| (why, id(at)));
        End { element: id(self.at).unwrap_or_default(), why, cause }
    }
}
