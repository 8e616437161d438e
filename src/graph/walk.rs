//! Where an exchange stands in its graph. The walk decides; whoever walks does what it says, and answers.

use super::{
    Facts, Program, Target,
    ahead::Ahead,
    kept::Kept,
    node::{Call, LimitAsk, Node, Verdict},
};
use crate::chat::Fault;
use std::ops::ControlFlow;

/// Elements of a path that are kept without growing: most graphs are no deeper.
const USUAL_DEPTH: usize = 16;

/// A walk through one program. Small, owned, and nothing moves but by [`Walk::step`] and its answers.
#[derive(Debug, Clone)]
pub struct Walk {
    pub(super) at: usize,
    /// Tries of the model at hand that failed.
    pub(super) retry: u32,
    /// Model elements that were left.
    fallbacks: u32,
    /// The walk ends where it stands.
    pub(super) over: bool,
    pub(super) last: Option<(Why, usize)>,
    pub(super) trail: Vec<usize>,
    pub(super) kept: Kept,
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

/// An element at which nothing had to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed<'a> {
    /// Its id.
    pub element: &'a str,
    /// `start`, `conditional` or `percentage`; `model` where the session keeps another one.
    pub form: &'static str,
    /// The output that was taken.
    pub output: &'a str,
    /// The outputs of a percentage that were passed over, each with the target there that is cooling.
    pub skipped: Vec<(&'a str, &'a Target)>,
}

/// What an answer did to the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved<'a> {
    /// It left the element by this output.
    By(&'a str),
    /// It stays: the target is tried again. (So it does where nothing was asked.)
    Not,
    /// It is over: there is no output for this.
    Over,
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
        Self {
            at: program.start(),
            retry: 0,
            fallbacks: 0,
            over: false,
            last: None,
            trail,
            kept: Kept::default(),
        }
    }

    /// Goes on to where something must be done or asked. Until that is answered, every call says the same.
    pub fn step<'a>(&mut self, program: &'a Program, facts: &dyn Facts) -> Step<'a> {
        loop {
            if let ControlFlow::Break(step) = self.pass(program, facts) {
                return step;
            }
        }
    }

    /// Goes on by one element, where nothing must be done or asked there; for those who follow a walk.
    pub fn pass<'a>(&mut self, program: &'a Program, facts: &dyn Facts) -> ControlFlow<Step<'a>, Passed<'a>> {
        let Some(element) = program.element(self.at).filter(|_| !self.over) else {
            return ControlFlow::Break(Step::End(self.end(program)));
        };
        let mut skipped = Vec::new();
        let (form, (output, next)) = match &element.node {
            Node::Start(next) => ("start", ("next", *next)),
            Node::Conditional(conditional) => ("conditional", conditional.choose(facts)),
            Node::Percentage(percentage) => {
                if facts.any_cooling() {
                    skipped = Ahead::new(program, facts).skipped(percentage);
                }
                let skips = |arm| skipped.iter().any(|(skipped, ..)| *skipped == arm);
                ("percentage", percentage.choose(&element.id, facts, &skips))
            }
            Node::Rate(rate) => return ControlFlow::Break(Step::Limit(rate.ask(&element.id, facts))),
            Node::Model(model) => match self.led_past(program, facts) {
                Some(next) => ("model", ("fallback", next)),
                None if self.over => return ControlFlow::Break(Step::End(self.end(program))),
                None => {
                    let call = model.call(&element.id, self.retry, self.fallbacks);
                    let cooling = self.retry == 0
                        && facts.any_cooling()
                        && facts.cooling(&model.target)
                        && Ahead::new(program, facts).has_other(model.fallback);
                    return ControlFlow::Break(Step::Call(Call { cooling, ..call }));
                }
            },
            Node::End => return ControlFlow::Break(Step::End(self.end(program))),
        };
        self.enter(next);
        let skipped = skipped.into_iter().map(|(_, name, target)| (name, target)).collect();
        ControlFlow::Continue(Passed { element: &element.id, form, output, skipped })
    }

    /// Answers [`Step::Limit`]: whether the request is within the limit. Nothing else is answered by it.
    pub fn limited<'a>(&mut self, program: &'a Program, verdict: Verdict) -> Moved<'a> {
        let Some(Node::Rate(rate)) = program.node(self.at) else { return Moved::Not };
        if let Verdict::Within(left) = verdict {
            let (output, to) = rate.within(left);
            self.enter(to);
            return Moved::By(output);
        }
        self.last = Some((Why::Limited, self.at));
        match self.kept.let_go() {
            Some(first) => self.fall_back(Some(first)),
            None => self.fall_back(rate.fallback),
        }
    }

    /// Answers [`Step::Call`]: whether the model answered, or how it failed. Nothing else is answered by it.
    pub fn answered<'a>(&mut self, program: &'a Program, outcome: Result<(), &Fault>) -> Moved<'a> {
        let Some(Node::Model(model)) = program.node(self.at) else { return Moved::Not };
        match outcome {
            Ok(()) => {
                self.last = Some((Why::Answered, self.at));
                self.enter(model.success);
                Moved::By("success")
            }
            Err(fault) if model.tries_again(fault, self.retry) => {
                self.retry += 1;
                Moved::Not
            }
            Err(fault) => self.given_up(program, fault),
        }
    }

    /// Answers [`Step::Call`]: the model failed, and is not to be tried again whatever its `retries` say.
    pub fn given_up<'a>(&mut self, program: &'a Program, fault: &Fault) -> Moved<'a> {
        let Some(Node::Model(model)) = program.node(self.at) else { return Moved::Not };
        self.last = Some((Why::Failed, self.at));
        self.fallbacks += 1;
        let next = model.fallback(fault);
        match self.kept.let_go().filter(|_| model.leaves(fault)) {
            Some(first) => {
                self.kept.spent = Some((self.at, next));
                self.fall_back(Some(first))
            }
            None => self.fall_back(next),
        }
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

    fn fall_back(&mut self, to: Option<usize>) -> Moved<'static> {
        match to {
            Some(at) => {
                self.enter(at);
                Moved::By("fallback")
            }
            None => {
                self.over = true;
                Moved::Over
            }
        }
    }

    fn end<'a>(&self, program: &'a Program) -> End<'a> {
        let id = |at| program.element(at).map(|element| &*element.id);
        let (why, cause) = self.last.map_or((Why::NoModel, None), |(why, at)| (why, id(at)));
        End { element: id(self.at).unwrap_or_default(), why, cause }
    }
}
