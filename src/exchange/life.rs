//! One exchange: what it asks, where it stands in its graph, what it has tried.

use super::{
    affinity::{self, Affinity},
    ask::Ask,
    effect::Header,
    limits::Limited,
    settle::Ending,
    world::{Live, World},
};
use crate::{
    chat::Fault,
    dialect::{Way, Wire},
    graph::{Target, Walk},
    snapshot::Version,
    telemetry::AttemptRecord,
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// One exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The id that Envoy gave it.
    pub(super) id: String,
    pub(super) ask: Ask,
    pub(super) live: Arc<Live>,
    /// What it walks through.
    pub(super) route: Arc<Version>,
    pub(super) walk: Walk,
    pub(super) attempts: Vec<Attempt>,
    pub(super) limits: Vec<Limited>,
    /// The targets that were found cooling.
    pub(super) cooling: Vec<Target>,
    /// How often Envoy has come: one pass is one stream of events.
    pub(super) passes: u32,
    /// Its stream was closed, and why is not known yet.
    pub(super) unclear: Option<Unclear>,
    pub(super) started: Instant,
    pub(super) first_content: Option<Duration>,
    /// Its place in its session, where its route has something to keep.
    pub(super) affinity: Option<Affinity>,
    /// The body as it came, where the request is to be kept.
    pub(super) kept: Option<Bytes>,
    /// Whether its one end has come.
    pub(super) settled: bool,
}

/// A stream that was closed before its end: by the provider or by the client, which only what follows tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unclear {
    /// While the answer was held: Envoy comes again if it was the provider.
    Held,
    /// While the answer went to the client: Envoy's access log tells who it was.
    Passed(Ending),
}

/// Who broke a stream off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broke {
    /// The client went away.
    Client,
    /// The provider's connection broke.
    Provider,
}

/// One call of one provider.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) record: AttemptRecord,
    pub(super) sent: Instant,
    pub(super) timeout: Duration,
    pub(super) fault: Option<Fault>,
    /// What was sent; nothing where the call could not be made.
    pub(super) sent_as: Option<Sent>,
    /// Its target is being probed by it.
    pub(super) probe: bool,
}

impl Attempt {
    pub(super) fn target(&self) -> Target {
        let AttemptRecord { provider, model, .. } = &self.record;
        Target { provider: provider.as_str().into(), model: model.as_str().into() }
    }
}

/// How a request was put to a provider.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) wire: Wire,
    pub(super) way: Way,
}

impl Exchange {
    /// The headers that tell a client what was decided.
    pub(super) fn told(&self) -> Vec<Header> {
        let mut told = Vec::with_capacity(12);
        if !self.route.name.is_empty() {
            told.push(("x-attache-route", format!("{}@{}", self.route.name, self.route.number)));
        }
        told.push(("x-attache-path", self.told_path()));
        told.extend(self.sealed().map(|token| (affinity::TOKEN, token.to_owned())));
        told.push(("x-attache-attempts", self.attempts.len().to_string()));
        if let Some(last) = self.attempts.last() {
            let models = self.attempts.chunk_by(|a, b| a.record.element == b.record.element).count();
            told.push(("x-attache-model", last.record.model.clone()));
            told.push(("x-attache-provider", last.record.provider.clone()));
            told.push(("cf-aig-model", last.record.model.clone()));
            told.push(("cf-aig-provider", last.record.provider.clone()));
            told.push(("cf-aig-step", models.saturating_sub(1).to_string()));
            if !last.record.loss.is_empty() {
                told.push(("x-attache-loss", last.record.loss.clone()));
            }
        }
        told.push(("cf-aig-request-id", self.id.clone()));
        self.tell_limits(&mut told);
        if self.live.settings.portkey {
            self.tell_portkey(&mut told);
        }
        told
    }

    /// The path for the client: it says where a session was let go.
    fn told_path(&self) -> String {
        let Some(moved) = self.repinned() else { return self.path().join(",") };
        let mut path = self.path();
        let marked = format!("{moved}{}", affinity::REPINNED);
        if let Some(last) = path.iter_mut().rev().find(|id| **id == moved) {
            *last = &marked;
        }
        path.join(",")
    }

    /// The ids of the elements walked.
    pub(super) fn path(&self) -> Vec<&str> {
        self.walk.path(&self.route.program).collect()
    }

    /// Ends the attempt under way.
    pub(super) fn close_attempt(&mut self, fault: Option<Fault>) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.record.duration = attempt.sent.elapsed();
            attempt.record.fault = fault.as_ref().map(|f| f.kind);
            attempt.record.status = attempt.record.status.or(fault.as_ref().and_then(|f| f.status));
            attempt.fault = fault;
        }
    }

    /// The first content has come: from here on the answer is the client's.
    pub(super) fn commit(&mut self, world: &World) {
        self.walk.answered(&self.route.program, Ok(()));
        self.walk.step(&self.route.program, &self.ask);
        self.keep(world);
        self.first_content = Some(self.started.elapsed());
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.record.first_content = Some(attempt.sent.elapsed());
        }
    }

    /// How the attempt under way was put to its provider.
    pub(super) fn sent(&self) -> Option<&Sent> {
        self.attempts.last()?.sent_as.as_ref()
    }

    /// When the attempt under way has taken too long for its first content.
    pub(super) fn first_content_by(&self) -> Option<Instant> {
        self.attempts.last().map(|attempt| attempt.sent + attempt.timeout)
    }
}

impl Drop for Exchange {
    /// Only notices: the ends of an exchange are where it is settled.
    fn drop(&mut self) {
        if !self.settled {
            tracing::error!(exchange = self.id, "an exchange was dropped without being settled");
        }
    }
}
