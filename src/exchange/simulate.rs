//! A walk without calling anybody: the request is read and the graph walked as in earnest, the outcomes are made up.

use super::{
    answer,
    ask::{Ask, Head},
    estimate,
    event::Headers,
    refuse::Refuse,
    turn,
    world::Live,
};
use crate::{
    chat::Fault,
    graph::{Amount, Call, End, LimitAsk, Program, Step, Target, Walk, Why},
    telemetry::Outcome,
};
use serde::Serialize;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The request of a simulation: a `POST`.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Its path, with the query: `/v1/chat/completions`.
    pub path: String,
    /// Its headers; of several with one name the first counts.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// What random percentages rest on.
    pub dice: u64,
    /// When it comes.
    pub now: SystemTime,
}

/// Decides what providers and the ledger would say.
pub trait Outcomes {
    /// How a call fails; `None`: the model answers.
    fn call(&mut self, call: &Call<'_>) -> Option<Fault>;

    /// Whether the request is within a limit.
    fn within(&mut self, limit: &LimitAsk<'_>) -> bool;
}

/// Outcomes that are the same at every try.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The targets that fail; all others answer.
    pub faults: HashMap<Target, Fault>,
    /// The elements whose limit is exceeded.
    pub over: HashSet<String>,
}

impl Outcomes for Script {
    fn call(&mut self, call: &Call<'_>) -> Option<Fault> {
        self.faults.get(call.target).cloned()
    }

    fn within(&mut self, limit: &LimitAsk<'_>) -> bool {
        !self.over.contains(limit.element)
    }
}

/// What a simulation came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The route's name.
    pub route: String,
    /// The ids of the elements walked.
    pub path: Vec<String>,
    /// Every call, in order.
    pub attempts: Vec<Tried>,
    /// Every limit that was asked, in order.
    pub limits: Vec<Limited>,
    /// What the client gets.
    #[serde(rename = "final")]
    pub verdict: Verdict,
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
    fault: Option<Fault>,
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

impl Simulation {
    /// Walks through `program` with the providers, prices and settings of `live`. Credentials do not matter.
    pub fn run(self, program: &Program, live: &Live, outcomes: &mut dyn Outcomes) -> Trace {
        match self.read(program.name(), live) {
            Ok(ask) => walk(program, &ask, live, outcomes),
            Err(refuse) => Trace {
                route: program.name().to_owned(),
                path: Vec::new(),
                attempts: Vec::new(),
                limits: Vec::new(),
                verdict: Verdict::refused(*refuse),
            },
        }
    }

    fn read(self, route: &str, live: &Live) -> Result<Ask, Box<Refuse>> {
        let pseudo = [(":method".to_owned(), "POST".to_owned()), (":path".to_owned(), self.path)];
        let headers = pseudo.into_iter().chain(self.headers);
        let headers: Headers =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.into_bytes())).collect();
        let head = Arc::new(Head::read(headers, live, self.now)?);
        let ask = Ask::read(head, self.body, live, self.dice)?;
        ask.may_call(route)?;
        Ok(ask)
    }
}

fn walk(program: &Program, ask: &Ask, live: &Live, outcomes: &mut dyn Outcomes) -> Trace {
    let (mut attempts, mut limits) = (Vec::new(), Vec::new());
    let most = usize::try_from(live.settings.limits.max_attempts).unwrap_or(usize::MAX);
    let mut walk = Walk::new(program);
    let verdict = loop {
        match walk.step(program, ask) {
            Step::Limit(limit) => {
                let allowed = outcomes.within(&limit);
                limits.push(Limited::new(&limit, allowed, estimate::amount(&limit, ask, live)));
                walk.limited(program, allowed);
            }
            Step::Call(call) if attempts.len() >= most => {
                break Verdict::failed(call.element, None, &attempts);
            }
            Step::Call(call) => {
                let fault = outcomes.call(&call);
                walk.answered(program, fault.as_ref().map_or(Ok(()), Err));
                attempts.push(Tried::new(&call, fault));
            }
            Step::End(end) => break Verdict::of(&end, &attempts),
        }
    };
    let path = walk.path(program).map(str::to_owned).collect();
    Trace { route: program.name().to_owned(), path, attempts, limits, verdict }
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
        let (unit, limit) = match ask.amount {
            Amount::Count(most) => ("count", most),
            Amount::Cost(most) => ("cost", most),
            Amount::Tokens(most) => ("tokens", most),
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::Kind,
        exchange::{Clients, Settings},
        graph::Known,
        provider::{Prices, Secret},
        snapshot::{KeyDocument, Snapshot, Sources, build},
        store::{Published, Terms},
    };
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// A limit, then `p/a` twice, then `p/b`; the metadata `skip` leads past all of them.
    fn program() -> Program {
        let to = |id: &str| json!({"elementId": id});
        let model = |id: &str, retries: u32, fallback: &str| {
            json!({"id": id, "type": "model", "properties": {"provider": "p", "model": id, "retries": retries},
                   "outputs": {"success": to("end"), "fallback": to(fallback)}})
        };
        let document = json!({"name": "r", "elements": [
            {"id": "start", "type": "start", "outputs": {"next": to("skip")}},
            {"id": "skip", "type": "conditional", "properties": {"conditions": {"$or": [{"skip": true}, {"time.hour": 3}]}},
             "outputs": {"true": to("end"), "false": to("limit")}},
            {"id": "limit", "type": "rate", "properties": {"key": "user", "limit": 9000, "limitType": "tokens", "window": 60},
             "outputs": {"success": to("a")}},
            model("a", 1, "b"), model("b", 0, "end"), {"id": "end", "type": "end"},
        ]});
        Program::read(document.to_string().as_bytes(), Known::Anything).unwrap()
    }

    fn simulation() -> Simulation {
        Simulation {
            path: "/v1/chat/completions".into(),
            headers: vec![("X-Attache-Metadata".into(), r#"{"user":"u"}"#.into())],
            body: br#"{"model":"dynamic/r","max_tokens":100}"#.to_vec(),
            dice: 0,
            now: SystemTime::UNIX_EPOCH,
        }
    }

    fn run(simulation: Simulation, settings: Settings, script: &mut Script) -> Value {
        let terms = Terms { routes: vec!["other".into()], ..Terms::default() };
        let (id, name, key) = ("k".into(), "k".into(), Secret::new("k"));
        let sources = Sources {
            documents: &[],
            published: &Published::default(),
            keys: &[KeyDocument { id, name, key, terms, expires_at: None }],
            providers: &[],
            prices: &Prices::default(),
        };
        let nothing = Snapshot::empty(SystemTime::UNIX_EPOCH);
        let live = Live { snapshot: Arc::new(build(&sources, &nothing, SystemTime::UNIX_EPOCH)), settings };
        serde_json::to_value(simulation.run(&program(), &live, script)).unwrap()
    }

    fn failing(faults: &[(&str, Fault)]) -> Script {
        let target = |model: &str| Target { provider: "p".into(), model: model.into() };
        let faults = faults.iter().map(|(model, fault)| (target(model), fault.clone())).collect();
        Script { faults, over: HashSet::new() }
    }

    #[test]
    fn a_trace_tells_all_that_happened() {
        let mut script = failing(&[("a", Fault::of_status(503))]);
        assert_eq!(
            run(simulation(), Settings::default(), &mut script),
            json!({
                "route": "r",
                "path": ["start", "skip", "limit", "a", "b", "end"],
                "attempts": [
                    {"element": "a", "provider": "p", "model": "a", "retry": 0, "outcome": "server_error", "status": 503},
                    {"element": "a", "provider": "p", "model": "a", "retry": 1, "outcome": "server_error", "status": 503},
                    {"element": "b", "provider": "p", "model": "b", "retry": 0, "outcome": "ok", "status": 200},
                ],
                "limits": [
                    {"element": "limit", "key": "u", "amount": 113, "limit": 9000, "unit": "tokens", "allowed": true}
                ],
                "final": {"outcome": "answered", "element": "end", "cause": "b", "status": 200, "error": null},
            })
        );
    }

    #[test]
    fn the_end_is_what_the_client_would_get() {
        let kind = Fault::new;
        for (faults, want) in [
            (
                vec![("a", kind(Kind::Reset)), ("b", kind(Kind::Timeout))],
                json!(["failed", 504, "all_attempts_failed"]),
            ),
            (
                vec![("a", kind(Kind::NoCredential)), ("b", kind(Kind::NoCredential))],
                json!(["failed", 503, "no_credential"]),
            ),
            (vec![("a", Fault::of_status(400))], json!(["failed", 400, null])),
            (vec![("a", Fault::of_status(401))], json!(["answered", 200, null])),
        ] {
            let end = &run(simulation(), Settings::default(), &mut failing(&faults))["final"];
            assert_eq!(json!([end["outcome"], end["status"], end["error"]]), want, "{faults:?}");
        }
        let mut over = Script { over: ["limit".to_owned()].into(), ..Script::default() };
        let limited = &run(simulation(), Settings::default(), &mut over)["final"];
        assert_eq!(
            *limited,
            json!({"outcome": "limited", "element": "limit", "cause": "limit", "status": 429, "error": "limit_exceeded"})
        );
    }

    #[test]
    fn the_time_is_the_one_that_is_told() {
        let at_three =
            Simulation { now: SystemTime::UNIX_EPOCH + Duration::from_secs(3 * 3600), ..simulation() };
        let trace = run(at_three, Settings::default(), &mut Script::default());
        assert_eq!(trace["path"], json!(["start", "skip", "end"]));
        assert_eq!(trace["final"]["error"], "no_model_called");
    }

    #[test]
    fn attempts_end_where_the_settings_end_them() {
        let mut settings = Settings::default();
        settings.limits.max_attempts = 2;
        let trace = run(simulation(), settings, &mut failing(&[("a", Fault::of_status(503))]));
        assert_eq!(trace["attempts"].as_array().unwrap().len(), 2);
        assert_eq!((&trace["final"]["status"], &trace["final"]["element"]), (&json!(503), &json!("b")));
    }

    #[test]
    fn a_request_that_would_be_refused_is_refused() {
        let keyed = Settings { clients: Clients::Required, ..Settings::default() };
        let body = |text: &str| Simulation { body: text.into(), ..simulation() };
        let mut known = simulation();
        known.headers.push(("authorization".into(), "Bearer k".into()));
        for (simulation, settings, want) in [
            (body("{"), Settings::default(), "invalid_json"),
            (body("{}"), Settings::default(), "missing_model"),
            (Simulation { path: "/x".into(), ..simulation() }, Settings::default(), "unknown_endpoint"),
            (simulation(), keyed.clone(), "invalid_api_key"),
            (known, keyed, "route_not_allowed"),
        ] {
            let trace = run(simulation, settings, &mut Script::default());
            assert_eq!(
                (&trace["final"]["outcome"], &trace["final"]["error"]),
                (&json!("refused"), &json!(want))
            );
            assert!(trace["path"].as_array().unwrap().is_empty() && trace["final"]["message"].is_string());
        }
    }
}
