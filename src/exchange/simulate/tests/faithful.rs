//! Simulation and production are one: for graphs, requests and outcomes drawn at random, both take the same path.

use super::drawn::{self, BEHAVIOURS, Behaviour, Case};
use crate::{
    exchange::{Effect, Event, Headers, Live, Script, Simulation, Stage, World},
    ledger::{Actual, Ask, Grant, Ledger, LedgerError, Limit, Tab},
    telemetry::Record,
};
use futures_util::future::{BoxFuture, FutureExt, ready};
use proptest::prelude::*;
use serde_json::Value;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

/// A ledger that denies the limits of some elements.
struct Told(HashSet<String>);

impl Ledger for Told {
    fn reserve<'a>(
        &'a self,
        _: Tab<'a>,
        asks: &'a [Ask],
        _: Duration,
    ) -> BoxFuture<'a, Result<Vec<Grant>, LedgerError>> {
        let element = |ask: &Ask| ask.limit.key.split('\u{1f}').next().unwrap().to_owned();
        let grant =
            |ask| Grant { allowed: !self.0.contains(&element(ask)), remaining: 0, reset: Duration::ZERO };
        ready(Ok(asks.iter().map(grant).collect())).boxed()
    }

    fn settle<'a>(&'a self, _: Tab<'a>, _: Actual, _: Duration) -> BoxFuture<'a, Result<(), LedgerError>> {
        ready(Ok(())).boxed()
    }

    fn peek<'a>(
        &'a self,
        _: &'a str,
        _: &'a Limit,
        _: Duration,
    ) -> BoxFuture<'a, Result<Grant, LedgerError>> {
        ready(Err(LedgerError::Away(String::new()))).boxed()
    }

    fn reset<'a>(&'a self, _: &'a str, _: &'a Limit) -> BoxFuture<'a, Result<(), LedgerError>> {
        ready(Ok(())).boxed()
    }
}

/// A pair without Envoy: its events are made up, by what the models are said to do.
struct Pair {
    world: World,
    records: Arc<Mutex<Vec<Record>>>,
}

impl Pair {
    fn new(case: &Case) -> Self {
        let records = Arc::new(Mutex::new(Vec::new()));
        let (noted, dice) = (Arc::clone(&records), case.dice);
        let live = case.live();
        let ledger = Arc::new(Told(case.over.clone()));
        let note = move |record| noted.lock().unwrap().push(record);
        let world = World::new(live, ledger, note, || SystemTime::UNIX_EPOCH + drawn::NOW, move || dice);
        Self { world, records }
    }

    /// Serves the request, however many attempts that takes.
    async fn serve(&self, case: &Case) -> Record {
        for pass in 1.. {
            let mut effects = Vec::new();
            let mut stage = Stage::Opening;
            let body = Event::RequestBody { bytes: case.body().into_bytes(), end: true };
            let mut events = vec![head(case, pass), body];
            while !stage.is_over() {
                if events.is_empty() {
                    events = self.answer(&stage, &mut effects, case);
                }
                stage = stage.handle(events.remove(0), &self.world, &mut effects).await.unwrap();
            }
            if !effects.iter().any(|effect| matches!(effect, Effect::Next(_))) {
                break;
            }
        }
        let mut records = self.records.lock().unwrap();
        assert_eq!((records.len(), self.world.in_flight()), (1, 0));
        records.remove(0)
    }

    /// What the model that was called does, or the end of a pause.
    fn answer(&self, stage: &Stage, effects: &mut Vec<Effect>, case: &Case) -> Vec<Event> {
        let Some(Effect::Forward(forward)) = effects.pop() else {
            assert!(matches!(stage, Stage::Pausing(_)), "{stage:?}");
            return vec![Event::Deadline];
        };
        let body: Value = serde_json::from_slice(&forward.body).unwrap();
        drawn::behaviour(body["model"].as_str().unwrap()).events(case.stream)
    }
}

fn head(case: &Case, pass: u32) -> Event {
    let own = [
        (":method", "POST".to_owned()),
        (":path", drawn::PATH.to_owned()),
        ("x-attache-internal-exchange", "id".to_owned()),
        ("x-envoy-attempt-count", pass.to_string()),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    let headers: Headers =
        own.chain(case.headers()).map(|(name, value)| (name, value.into_bytes())).collect();
    Event::RequestHead { headers, end: false }
}

fn simulated(case: &Case, live: &Live) -> Value {
    let simulation = Simulation {
        path: drawn::PATH.into(),
        headers: case.headers().collect(),
        body: case.body().into_bytes(),
        key: None,
        dice: case.dice,
        now: SystemTime::UNIX_EPOCH + drawn::NOW,
    };
    let faults = BEHAVIOURS.iter().flat_map(Behaviour::faults).collect();
    let trace = simulation.run(live, &mut Script { faults, over: case.over.clone() });
    let mut told: Vec<&str> = trace.steps.iter().map(|step| step.element.as_str()).collect();
    told.dedup();
    assert_eq!(told, trace.path, "the steps are the path");
    serde_json::to_value(trace).unwrap()
}

/// What a record and a trace both say.
fn said(record: &Record) -> Value {
    let attempts =
        record.attempts.iter().map(|a| serde_json::json!([a.element, a.provider, a.model, a.result()]));
    let limits = record.limits.iter().map(|l| serde_json::json!([l.element, l.allowed]));
    serde_json::json!({
        "route": [record.route, record.version],
        "path": record.path,
        "attempts": attempts.collect::<Vec<_>>(),
        "limits": limits.collect::<Vec<_>>(),
        "end": [record.outcome.name(), record.status, record.error],
    })
}

fn traced(trace: &Value) -> Value {
    let of = |list: &Value, fields: &[&str]| -> Value {
        let pick = |item: &Value| fields.iter().map(|field| item[field].clone()).collect::<Vec<_>>();
        list.as_array().unwrap().iter().map(pick).collect()
    };
    let end = &trace["final"];
    serde_json::json!({
        "route": [trace["route"], trace["version"]],
        "path": trace["path"],
        "attempts": of(&trace["attempts"], &["element", "provider", "model", "outcome"]),
        "limits": of(&trace["limits"], &["element", "allowed"]),
        "end": [end["outcome"], end["status"], end["error"]],
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_simulated_walk_is_the_real_one(case in drawn::case()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let pair = Pair::new(&case);
        let record = runtime.unwrap().block_on(pair.serve(&case));
        prop_assert_eq!(traced(&simulated(&case, &pair.world.live())), said(&record));
    }
}
