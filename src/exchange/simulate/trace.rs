//! What a simulation came to: every element on the way, what it looked at, and why it went on as it did.

use super::{Outcomes, reason, watched::Watched};
use crate::{
    chat::{Fault, Kind},
    exchange::{answer, ask::Ask, estimate, refuse::Refuse, sight::Sight, turn, world::Live},
    graph::{Call, End, LimitAsk, Moved, Passed, Program, Step, Verdict as Said, Walk, Why},
    telemetry::Outcome,
};
use serde::Serialize;
use serde_json::Value;
use std::{ops::ControlFlow, time::Duration};

/// What a simulation came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The route's name, or the logical name; empty for a model named directly.
    pub route: String,
    /// Its version; empty for a model named directly.
    pub version: String,
    /// The ids of the elements walked.
    pub path: Vec<String>,
    /// What happened at each of them; at a model once for every try.
    pub steps: Vec<Stepped>,
    /// Every call, in order.
    pub attempts: Vec<Tried>,
    /// Every limit that was asked, in order.
    pub limits: Vec<Limited>,
    /// What the client gets.
    #[serde(rename = "final")]
    pub verdict: Verdict,
}

/// What happened at one element.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stepped {
    /// Its id.
    pub element: String,
    /// Its type.
    #[serde(rename = "type")]
    pub form: &'static str,
    /// The output that was taken; none where the walk ended, or a model is tried again.
    pub output: Option<String>,
    /// The values that it looked at, in order.
    pub looked_at: Vec<Looked>,
    /// Why, in words.
    pub reason: String,
}

/// One look at the request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Looked {
    /// The path, as conditions and keys write it.
    pub path: String,
    /// What stands there; a long value is cut. Left out where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The `model` element's id.
    pub element: String,
    /// The provider's configured name.
    pub provider: String,
    /// The model as the provider knows it.
    pub model: String,
    /// 0 for the first try of its element.
    pub retry: u32,
    /// `ok`, or the name of the fault.
    pub outcome: &'static str,
    /// The provider's HTTP status, where it answered.
    pub status: Option<u16>,
    #[serde(skip)]
    pub(super) fault: Option<Fault>,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limited {
    /// The `rate` element's id.
    pub element: String,
    /// The bucket that the request falls into.
    pub key: String,
    /// What would be reserved: requests, nano-dollars or tokens, as `unit` says.
    pub amount: u64,
    /// What the bucket allows in one window.
    pub limit: u64,
    /// `count`, `cost` or `tokens`.
    pub unit: &'static str,
    /// Whether the request is within the limit.
    pub allowed: bool,
}

/// What the client gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// `answered`, `limited`, `failed`; `refused` when the request did not come as far as the graph.
    pub outcome: &'static str,
    /// The element that the walk ended in.
    pub element: Option<String>,
    /// The `model` or `rate` element that made it so.
    pub cause: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The error code; none where the client gets a provider's own words.
    pub error: Option<&'static str>,
    /// Why a request is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Walks `ask` through the program of a route's version.
pub(in crate::exchange) fn walk(
    program: &Program,
    (route, version): (&str, &str),
    ask: &Ask,
    live: &Live,
    outcomes: &mut dyn Outcomes,
) -> Trace {
    let walk = Walk::new(program);
    let cooling = outcomes.cooling();
    let sight = Sight::new(ask, &cooling);
    let facts = Watched::new(&sight);
    let (steps, attempts, limits) = (Vec::new(), Vec::new(), Vec::new());
    let mut tracer = Tracer { program, ask, live, facts, walk, steps, attempts, limits, made: 0 };
    let verdict = loop {
        if let ControlFlow::Break(verdict) = tracer.step(outcomes) {
            break verdict;
        }
    };
    let path = tracer.walk.path(program).map(str::to_owned).collect();
    let Tracer { steps, attempts, limits, .. } = tracer;
    let (route, version) = (route.to_owned(), version.to_owned());
    Trace { route, version, path, steps, attempts, limits, verdict }
}

/// A walk that is traced.
struct Tracer<'a> {
    program: &'a Program,
    ask: &'a Ask,
    live: &'a Live,
    facts: Watched<'a, Sight<'a>>,
    walk: Walk,
    steps: Vec<Stepped>,
    attempts: Vec<Tried>,
    limits: Vec<Limited>,
    /// Calls that reached a provider: what `limits.max_attempts` counts.
    made: u32,
}

impl Tracer<'_> {
    fn step(&mut self, outcomes: &mut dyn Outcomes) -> ControlFlow<Verdict> {
        match self.walk.pass(self.program, &self.facts) {
            ControlFlow::Continue(passed) => self.passed(passed),
            ControlFlow::Break(Step::Limit(limit)) => self.limit(&limit, outcomes.within(&limit)),
            ControlFlow::Break(Step::Call(call)) => {
                let fault = if call.cooling { None } else { outcomes.call(&call) };
                return self.call(&call, fault);
            }
            ControlFlow::Break(Step::End(end)) => return ControlFlow::Break(self.end(&end)),
        }
        ControlFlow::Continue(())
    }

    fn passed(&mut self, Passed { element, form, output, skipped }: Passed<'_>) {
        let looked = self.facts.seen();
        let reason = reason::of_choice(form, output, &looked, &skipped);
        self.note((element, form), Some(output), looked, reason);
    }

    fn limit(&mut self, ask: &LimitAsk<'_>, allowed: bool) {
        let looked = self.facts.seen();
        let limited = Limited::new(ask, allowed, estimate::amount(ask, self.ask, self.live));
        let verdict = match allowed {
            // an empty bucket, but for this request
            true => Said::Within(limited.limit.saturating_sub(limited.amount)),
            false => Said::Over,
        };
        let moved = self.walk.limited(self.program, verdict);
        let reason = reason::of_limit(&limited, ask.window, moved);
        self.note((ask.element, "rate"), output(moved), looked, reason);
        self.limits.push(limited);
    }

    fn call(&mut self, call: &Call<'_>, fault: Option<Fault>) -> ControlFlow<Verdict> {
        let most = self.live.settings.limits.max_attempts;
        let at = (call.element, "model");
        let fault = if call.cooling { Some(Fault::new(Kind::Cooling)) } else { fault };
        let kind = fault.as_ref().map(|fault| fault.kind);
        // who has no credential or cools is passed by, however many attempts there were
        if self.made >= most && !matches!(kind, Some(Kind::NoCredential | Kind::Cooling)) {
            self.note(at, None, Vec::new(), reason::of_too_many(most));
            return ControlFlow::Break(Verdict::failed(call.element, None, &self.attempts));
        }
        self.made += u32::from(!matches!(kind, Some(Kind::NoCredential | Kind::Cooling | Kind::Unsupported)));
        let moved = match &fault {
            None => self.walk.answered(self.program, Ok(())),
            Some(fault) => turn::failed(&mut self.walk, self.program, fault, &self.live.settings.retry),
        };
        let provider = self.live.snapshot.providers.get(&*call.target.provider);
        let timeout = call.timeout.or(provider.map(|provider| provider.timeout));
        let reason = reason::of_call(call, timeout, fault.as_ref(), moved);
        self.note(at, output(moved), Vec::new(), reason);
        self.attempts.push(Tried::new(call, fault));
        ControlFlow::Continue(())
    }

    fn end(&mut self, end: &End<'_>) -> Verdict {
        // a walk may also end where a limit or a model stands: that step has said so
        if self.steps.last().is_none_or(|last| last.element != end.element) {
            self.note((end.element, "end"), None, Vec::new(), reason::of_end(end));
        }
        Verdict::of(end, &self.attempts)
    }

    fn note(
        &mut self,
        (element, form): (&str, &'static str),
        output: Option<&str>,
        looked_at: Vec<Looked>,
        reason: String,
    ) {
        let (element, output) = (element.to_owned(), output.map(str::to_owned));
        self.steps.push(Stepped { element, form, output, looked_at, reason });
    }
}

fn output(moved: Moved<'_>) -> Option<&str> {
    match moved {
        Moved::By(output) => Some(output),
        Moved::Not | Moved::Over => None,
    }
}

impl Trace {
    /// The request did not come as far as a graph.
    pub(super) fn refused(route: &str, version: &str, refuse: Refuse) -> Self {
        Self {
            route: route.to_owned(),
            version: version.to_owned(),
            path: Vec::new(),
            steps: Vec::new(),
            attempts: Vec::new(),
            limits: Vec::new(),
            verdict: Verdict::refused(refuse),
        }
    }
}

impl Tried {
    fn new(call: &Call<'_>, fault: Option<Fault>) -> Self {
        Self {
            element: call.element.to_owned(),
            provider: call.target.provider.to_string(),
            model: call.target.model.to_string(),
            retry: call.retry,
            outcome: fault.as_ref().map_or("ok", |fault| fault.kind.name()),
            status: fault.as_ref().map_or(Some(200), |fault| fault.status),
            fault,
        }
    }
}

impl Limited {
    fn new(ask: &LimitAsk<'_>, allowed: bool, amount: u64) -> Self {
        let (unit, limit) = (ask.amount.name(), ask.amount.most());
        Self { element: ask.element.to_owned(), key: ask.key.clone(), amount, limit, unit, allowed }
    }
}

impl Verdict {
    fn of(end: &End<'_>, attempts: &[Tried]) -> Self {
        let passed = attempts.last().and_then(|a| a.fault.as_ref()).filter(|fault| answer::passes(fault));
        if let Some(fault) = passed {
            return Self { error: None, ..Self::new(Outcome::Failed, end, turn::status(fault), None) };
        }
        match end.why {
            Why::Answered => Self::new(Outcome::Answered, end, 200, None),
            Why::Failed => Self::failed(end.element, end.cause, attempts),
            Why::Limited => {
                let refuse = Refuse::limited(end.cause.unwrap_or_default(), Duration::ZERO);
                Self::new(Outcome::Limited, end, refuse.status, Some(refuse.refusal.code))
            }
            Why::NoModel => {
                let refuse = Refuse::no_model_called(end.element);
                Self::new(Outcome::Failed, end, refuse.status, Some(refuse.refusal.code))
            }
        }
    }

    fn new(outcome: Outcome, end: &End<'_>, status: u16, error: Option<&'static str>) -> Self {
        let (element, cause) = (Some(end.element.to_owned()), end.cause.map(str::to_owned));
        Self { outcome: outcome.name(), element, cause, status, error, message: None }
    }

    fn failed(element: &str, cause: Option<&str>, attempts: &[Tried]) -> Self {
        let end = End { element, why: Why::Failed, cause };
        let faults = || attempts.iter().filter_map(|a| a.fault.as_ref());
        let status = faults().next_back().map_or(502, turn::status);
        Self::new(Outcome::Failed, &end, status, Some(turn::code(faults())))
    }

    fn refused(refuse: Refuse) -> Self {
        Self {
            outcome: Outcome::Refused.name(),
            element: None,
            cause: None,
            status: refuse.status,
            error: Some(refuse.refusal.code),
            message: Some(refuse.refusal.message),
        }
    }
}
