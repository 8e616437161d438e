//! The one end of every exchange: the ledger gets the real figures, telemetry gets the record.

use super::{
    ask::Head,
    effect::Header,
    event::Headers,
    life::{Broke, Exchange, Unclear},
    open::endpoint,
    refuse::Refuse,
    world::World,
};
use crate::{
    chat::{Fault, Kind, Usage},
    provider::{Price, usd},
    telemetry::{LimitRecord, Outcome, Record},
};
use std::time::{Duration, SystemTime};

/// How an exchange ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    /// The status that the client got; 0 when it went away before.
    pub(super) status: u16,
    pub(super) error: Option<&'static str>,
    pub(super) usage: Option<Usage>,
}

impl Ending {
    /// The client went away before it had an answer.
    pub(super) const CANCELLED: Self =
        Self { outcome: Outcome::Cancelled, status: 0, error: None, usage: None };

    /// The client got an error of ours.
    pub(super) fn refused(outcome: Outcome, refuse: &Refuse) -> Self {
        Self { outcome, status: refuse.status, error: Some(refuse.refusal.code), usage: None }
    }
}

impl Exchange {
    /// The one end.
    pub(super) async fn settle(mut self: Box<Self>, ending: Ending, world: &World) {
        self.settled = true;
        self.did_nothing(world);
        if ending.outcome == Outcome::Answered {
            self.remember_answer(world);
        }
        let cost = self.cost(ending);
        self.settle_limits(ending, cost, world).await;
        let record = self.record(ending, cost);
        if let Some(kept) = self.kept() {
            // what is to be kept now, not what was when it began
            world.recent.push(kept, world.live().settings.replay.requests);
        }
        world.ended(record);
    }

    /// Nothing followed: the client went away.
    pub(super) async fn abandoned(self: Box<Self>, world: &World) {
        self.broken_off(Broke::Client, world).await;
    }

    /// It is known now who broke its stream off.
    pub(super) async fn broken_off(mut self: Box<Self>, broke: Broke, world: &World) {
        let (ending, began) = match self.unclear.take() {
            Some(Unclear::Passed(ending)) => (ending, true),
            Some(Unclear::Held) | None => (Ending::CANCELLED, false),
        };
        let ending = match broke {
            Broke::Client => Ending { outcome: Outcome::Cancelled, error: None, ..ending },
            Broke::Provider => {
                let fault = Fault::new(Kind::Reset);
                self.did_badly(&fault, began, world);
                self.close_attempt(Some(fault));
                ending
            }
        };
        self.settle(ending, world).await;
    }

    /// The price of the last target that was called, as it was when the exchange began.
    pub(super) fn price(&self) -> Option<Price> {
        let last = &self.attempts.last()?.record;
        self.live.snapshot.prices.of(&last.provider, &last.model, self.ask.head.now)
    }

    fn cost(&self, ending: Ending) -> Option<u64> {
        let price = self.price()?;
        match ending.usage {
            Some(usage) => Some(price.cost(&usage)),
            // sound and the like tell no tokens, and may have a price all the same
            None => Some(price.request).filter(|cost| *cost > 0 && ending.outcome == Outcome::Answered),
        }
    }

    /// What the answer costs, where that is known before its head is sent; or that nobody knows.
    pub(super) fn tell_cost(&self, usage: Option<&Usage>) -> Option<Header> {
        let told = match (self.price(), usage) {
            (None, _) => "unknown".into(),
            (Some(price), Some(usage)) => usd(price.cost(usage)),
            (Some(_), None) => return None,
        };
        Some(("x-attache-cost", told))
    }

    fn record(&self, ending: Ending, cost: Option<u64>) -> Record {
        Record {
            exchange: self.id.clone(),
            route: self.route.name.clone(),
            version: self.route.number.clone(),
            path: self.path().into_iter().map(str::to_owned).collect(),
            stream: self.ask.stream,
            duration: self.started.elapsed(),
            first_content: self.first_content,
            attempts: self.attempts.iter().map(|a| a.record.clone()).collect(),
            limits: self
                .limits
                .iter()
                .map(|l| LimitRecord { element: l.element.clone(), allowed: l.allowed() })
                .collect(),
            cost,
            session: self.session_record(),
            ..of_head(&self.ask.head, self.ask.model.clone(), ending)
        }
    }
}

/// The record of a request that was refused for its body or for what it asks.
pub(super) fn refused(id: String, head: &Head, asked: String, refuse: &Refuse) -> Record {
    Record { exchange: id, ..of_head(head, asked, Ending::refused(Outcome::Refused, refuse)) }
}

/// The record of a request that was refused for its head alone.
pub(super) fn turned_away(id: String, headers: &Headers, now: SystemTime, refuse: &Refuse) -> Record {
    let endpoint = endpoint(headers).map_or("unknown", |endpoint| endpoint.name);
    Record { exchange: id, endpoint, ..blank(headers, now, Ending::refused(Outcome::Refused, refuse)) }
}

fn of_head(head: &Head, asked: String, ending: Ending) -> Record {
    let key = head.key.as_ref().map(|key| key.id.clone());
    Record { endpoint: head.endpoint.name, asked, key, ..blank(&head.headers, head.now, ending) }
}

fn blank(headers: &Headers, started: SystemTime, ending: Ending) -> Record {
    Record {
        exchange: String::new(),
        route: String::new(),
        version: String::new(),
        endpoint: "unknown",
        asked: String::new(),
        path: Vec::new(),
        stream: false,
        key: None,
        started,
        duration: Duration::ZERO,
        first_content: None,
        outcome: ending.outcome,
        status: ending.status,
        error: ending.error,
        attempts: Vec::new(),
        session: None,
        limits: Vec::new(),
        usage: ending.usage,
        cost: None,
        traceparent: headers.text("traceparent").map(str::to_owned),
    }
}
