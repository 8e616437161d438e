//! The stages of one attempt, each owning only what it knows. A message that a stage can make nothing of is a typed error.
//!
//! ```text
//! Opening ─▶ Reading ─▶ Waiting ─▶ Holding ─▶ Passing ─▶ Over        an answer
//!                          │          └─▶ Over (Next)                 no content: the walk goes on
//!                          └─▶ Judging ─▶ [Pausing] ─▶ Over (Next)    an error: the walk goes on
//! ```

use super::{
    answer::{self, ERROR_BODY, Follow, LOCAL},
    effect::Effect,
    estimate,
    event::{Event, Headers, Unexpected},
    life::{Exchange, Unclear},
    open::Opened,
    refuse::Refuse,
    settle::Ending,
    turn::Turn,
    world::World,
};
use crate::{
    chat::{Fault, Kind},
    telemetry::Outcome,
};
use std::time::Duration;
use tokio::time::Instant;

/// How long an exchange whose stream was closed waits to learn why.
pub(super) const UNCLEAR: Duration = Duration::from_secs(2);

/// Where an attempt stands.
#[derive(Debug)]
pub enum Stage {
    /// Nothing has come yet.
    Opening,
    /// The request's head has come.
    Reading(Reading),
    /// The request was sent to a provider.
    Waiting(Waiting),
    /// The provider answered with an error.
    Judging(Judging),
    /// The same target is asked again, in a while.
    Pausing(Pausing),
    /// The provider answers; no content yet.
    Holding(Holding),
    /// The answer goes to the client.
    Passing(Passing),
    /// Nothing more to do.
    Over,
}

/// The request's head has come; its body is next.
#[derive(Debug)]
pub struct Reading {
    pub(super) opened: Opened,
    pub(super) body: Vec<u8>,
}

/// The request was sent to a provider.
#[derive(Debug)]
pub struct Waiting {
    pub(super) exchange: Box<Exchange>,
}

/// The provider answered with an error; its body is being read.
#[derive(Debug)]
pub struct Judging {
    exchange: Box<Exchange>,
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

/// A pause before the same target is asked again.
#[derive(Debug)]
pub struct Pausing {
    pub(super) exchange: Box<Exchange>,
    pub(super) until: Instant,
}

/// The provider answers, but the client has seen nothing yet.
#[derive(Debug)]
pub struct Holding {
    exchange: Box<Exchange>,
    status: u16,
    headers: Headers,
    follow: Follow,
    held: Vec<u8>,
    /// When bytes came last.
    heard: Option<Instant>,
}

/// The answer goes to the client.
#[derive(Debug)]
pub struct Passing {
    exchange: Box<Exchange>,
    status: u16,
    follow: Follow,
    heard: Instant,
}

impl Stage {
    /// Takes an event; `out` gets what Envoy shall do.
    ///
    /// # Errors
    /// The event has no place in this stage.
    pub async fn handle(
        self,
        event: Event,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Result<Self, Unexpected> {
        if event == Event::AnswerTrailers {
            return self.trailers(world, out).await;
        }
        match self {
            Self::Opening => Self::open(event, world, out).await,
            Self::Reading(stage) => stage.handle(event, world, out).await,
            Self::Waiting(stage) => stage.handle(event, world, out).await,
            Self::Judging(stage) => stage.handle(event, world, out).await,
            Self::Pausing(stage) => Ok(stage.handle(event, world, out).await),
            Self::Holding(stage) => stage.handle(event, world, out).await,
            Self::Passing(stage) => stage.handle(event, world, out).await,
            Self::Over => Ok(Self::Over),
        }
    }

    /// When `Event::Deadline` is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Waiting(stage) => stage.exchange.first_content_by(),
            Self::Judging(stage) => stage.exchange.first_content_by(),
            Self::Pausing(stage) => Some(stage.until),
            Self::Holding(stage) => stage.deadline(),
            Self::Passing(stage) => Some(stage.heard + stage.exchange.live.settings.limits.stream_idle),
            Self::Opening | Self::Reading(_) | Self::Over => None,
        }
    }

    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// The answer's head was all of it: what follows from an empty body, but without one, for Envoy waits for none.
    async fn without_body(self, world: &World, out: &mut Vec<Effect>) -> Result<Self, Unexpected> {
        let empty = Event::AnswerBody { bytes: Vec::new(), end: true };
        let next = Box::pin(self.handle(empty, world, out)).await;
        out.retain(|effect| !matches!(effect, Effect::AnswerBody { .. }));
        next
    }

    /// Trailers are an end of the body without a body; the end itself then passes with them.
    async fn trailers(self, world: &World, out: &mut Vec<Effect>) -> Result<Self, Unexpected> {
        let end = Event::AnswerBody { bytes: Vec::new(), end: true };
        let next = Box::pin(self.handle(end, world, out)).await;
        let next = next.map_err(|wrong| Unexpected { got: Event::AnswerTrailers.name(), ..wrong })?;
        if let Some(Effect::AnswerBody { end, .. }) = out.last_mut() {
            *end = false;
            out.push(Effect::AnswerTrailers);
        }
        Ok(next)
    }
}

impl Waiting {
    async fn handle(self, event: Event, world: &World, out: &mut Vec<Effect>) -> Result<Stage, Unexpected> {
        let mut exchange = self.exchange;
        match event {
            Event::AnswerHead { headers, end } => {
                let status = headers.text(":status").and_then(|s| s.parse().ok()).unwrap_or(0);
                if let Some(attempt) = exchange.attempts.last_mut() {
                    attempt.record.status = Some(status).filter(|_| headers.text(LOCAL).is_none());
                }
                let next = if status >= 400 {
                    Stage::Judging(Judging { exchange, status, headers, body: Vec::new() })
                } else {
                    let follow = Follow::of(&headers, &exchange);
                    Stage::Holding(Holding {
                        exchange,
                        status,
                        headers,
                        follow,
                        held: Vec::new(),
                        heard: None,
                    })
                };
                if end { next.without_body(world, out).await } else { Ok(next) }
            }
            Event::Deadline => Ok(exchange.fail(Fault::new(Kind::Timeout), world, out).await),
            Event::Gone => Ok(exchange.left_open(world).await),
            other => Err(exchange.unexpected(&other, "response_headers", world).await),
        }
    }
}

impl Judging {
    async fn handle(
        mut self,
        event: Event,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Result<Stage, Unexpected> {
        let whole = match event {
            Event::AnswerBody { bytes, end } => {
                self.body.extend_from_slice(&bytes);
                end || self.body.len() > ERROR_BODY
            }
            Event::Deadline => true,
            Event::Gone => return Ok(self.exchange.left_open(world).await),
            other => return Err(self.exchange.unexpected(&other, "response_body", world).await),
        };
        Ok(if whole { self.judge(world, out).await } else { Stage::Judging(self) })
    }

    async fn judge(self, world: &World, out: &mut Vec<Effect>) -> Stage {
        let wire = self.exchange.sent().map(|sent| &sent.wire);
        let fault = answer::fault(self.status, &self.headers, &self.body, wire);
        // words of another dialect are no answer to this client
        let clients_own = answer::passes(&fault) && self.exchange.shares_errors();
        let mut exchange = self.exchange;
        let tried = exchange.attempts.len();
        let turn = exchange.next_turn(fault, world).await;
        // a target that the walk went on to and that could not be called has failed later
        let last = exchange.attempts.len() == tried;
        match turn {
            // the provider's words about the client's own mistake say more than ours would
            Turn::End(_) if clients_own && last => {
                let mut head = exchange.answer_head(&self.headers, &Follow::Opaque);
                // a very long one was not read to its end
                head.remove.push("content-length".into());
                out.push(Effect::AnswerHead(head));
                out.push(Effect::AnswerBody { bytes: self.body, end: true });
                let ending =
                    Ending { outcome: Outcome::Failed, status: self.status, error: None, usage: None };
                exchange.settle(ending, world).await;
                Stage::Over
            }
            turn => exchange.take_turn(turn, world, out).await,
        }
    }
}

impl Pausing {
    async fn handle(self, event: Event, world: &World, out: &mut Vec<Effect>) -> Stage {
        match event {
            Event::Deadline => self.exchange.come_again(world, out).await,
            Event::Gone => self.exchange.cancelled(world).await,
            // the rest of the answer that has failed
            _ => Stage::Pausing(self),
        }
    }
}

impl Holding {
    fn deadline(&self) -> Option<Instant> {
        match (&self.follow, self.heard) {
            // the content of a whole answer has begun; from here on only silence is too long
            (Follow::Whole, Some(heard)) => Some(heard + self.exchange.live.settings.limits.stream_idle),
            _ => self.exchange.first_content_by(),
        }
    }

    async fn handle(
        mut self,
        event: Event,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Result<Stage, Unexpected> {
        match event {
            Event::AnswerBody { bytes, end } => {
                if !bytes.is_empty() {
                    self.heard = Some(Instant::now());
                }
                Ok(self.take(bytes, end, world, out).await)
            }
            Event::Deadline => Ok(self.exchange.fail(Fault::new(Kind::Timeout), world, out).await),
            Event::Gone => Ok(self.exchange.left_open(world).await),
            other => Err(self.exchange.unexpected(&other, "response_body", world).await),
        }
    }

    async fn take(mut self, bytes: Vec<u8>, end: bool, world: &World, out: &mut Vec<Effect>) -> Stage {
        let limits = &self.exchange.live.settings.limits;
        let verdict = match &mut self.follow {
            Follow::Stream(stream) => {
                let passed = stream.push(bytes);
                self.held.extend_from_slice(&passed.bytes);
                if end {
                    self.held.extend_from_slice(&stream.end().bytes);
                }
                let too_long = stream.held() > limits.event_bytes || self.held.len() > limits.event_bytes;
                match stream.fault() {
                    // a stream that breaks off behind its first words has begun all the same
                    Some(fault) if !(stream.began() && fault.kind == Kind::Reset) => Err(fault.clone()),
                    _ => Ok(stream.began() || too_long),
                }
            }
            Follow::Whole => {
                self.held.extend_from_slice(&bytes);
                let too_long = self.held.len() > limits.answer_buffer;
                if too_long && self.exchange.translates() {
                    let message = "the answer is larger than limits.answer_buffer allows".to_owned();
                    Err(Fault { message, ..Fault::new(Kind::Server) })
                } else {
                    if too_long {
                        self.follow = Follow::Opaque;
                    }
                    Ok(end || too_long)
                }
            }
            Follow::Opaque => {
                self.held.extend_from_slice(&bytes);
                Ok(end || !self.held.is_empty())
            }
        };
        match verdict {
            Err(fault) => self.exchange.fail(fault, world, out).await,
            Ok(true) => self.pass(end, world, out).await,
            Ok(false) => Stage::Holding(self),
        }
    }

    /// The content has begun (or the answer is whole): from here on it is the client's.
    async fn pass(mut self, end: bool, world: &World, out: &mut Vec<Effect>) -> Stage {
        let usage = match (&self.follow, self.status) {
            (Follow::Whole, _) => match self.exchange.whole(std::mem::take(&mut self.held)) {
                Ok((body, usage)) => {
                    self.held = body;
                    usage
                }
                Err(fault) => return self.exchange.fail(fault, world, out).await,
            },
            (Follow::Opaque, 200) if self.held.is_empty() => {
                return self.exchange.fail(Fault::new(Kind::EmptyAnswer), world, out).await;
            }
            _ => None,
        };
        self.exchange.did_well(world);
        self.exchange.commit(world);
        self.exchange.hear(&self.held);
        let mut head = self.exchange.answer_head(&self.headers, &self.follow);
        head.set.extend(self.exchange.tell_cost(usage.as_ref()));
        out.push(Effect::AnswerHead(head));
        self.exchange.ask.forget_body();
        let passing = Passing {
            exchange: self.exchange,
            status: self.status,
            follow: self.follow,
            heard: Instant::now(),
        };
        if end {
            return passing.finish(self.held, usage, world, out).await;
        }
        out.push(Effect::AnswerBody { bytes: self.held, end: false });
        Stage::Passing(passing)
    }
}

impl Passing {
    async fn handle(
        mut self,
        event: Event,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Result<Stage, Unexpected> {
        match event {
            Event::AnswerBody { bytes, end } => {
                self.heard = Instant::now();
                let mut bytes = match &mut self.follow {
                    Follow::Stream(stream) => stream.push(bytes).bytes,
                    Follow::Whole | Follow::Opaque => bytes,
                };
                if end {
                    if let Follow::Stream(stream) = &mut self.follow {
                        bytes.extend_from_slice(&stream.end().bytes);
                    }
                    self.exchange.hear(&bytes);
                    return Ok(self.finish(bytes, None, world, out).await);
                }
                self.exchange.hear(&bytes);
                if !bytes.is_empty() {
                    out.push(Effect::AnswerBody { bytes, end });
                }
                Ok(Stage::Passing(self))
            }
            Event::Deadline => {
                let limit = self.exchange.live.settings.limits.stream_idle.as_secs();
                let message =
                    format!("the provider sent nothing for {limit} s, which limits.stream_idle allows");
                let fault = Fault { message, ..Fault::new(Kind::Timeout) };
                Ok(self.break_off(fault, Vec::new(), world, out).await)
            }
            Event::Gone => Ok(self.gone(world).await),
            other => Err(self.exchange.unexpected(&other, "response_body", world).await),
        }
    }

    /// The answer's end: whole, or broken off with an error event.
    async fn finish(
        mut self,
        bytes: Vec<u8>,
        usage: Option<crate::chat::Usage>,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Stage {
        if let Follow::Stream(stream) = &self.follow
            && let Some(fault) = stream.fault().cloned()
        {
            if fault.kind == Kind::Reset && fault.status.is_none() && !stream.finished() {
                let message = "the provider's stream ended in the middle of its answer".to_owned();
                return self.break_off(Fault { message, ..fault }, bytes, world, out).await;
            }
            if !stream.is_identity() {
                return self.break_off(fault, bytes, world, out).await;
            }
            // the provider's own error event has passed already
            out.push(Effect::AnswerBody { bytes, end: true });
            return self.cut(fault, world).await;
        }
        out.push(Effect::AnswerBody { bytes, end: true });
        self.exchange.close_attempt(None);
        let usage = usage.or_else(|| self.follow.usage(&self.exchange.ask));
        let ending = Ending { outcome: Outcome::Answered, status: self.status, error: None, usage };
        self.exchange.settle(ending, world).await;
        Stage::Over
    }

    /// Ends a stream that broke with an error event, for the status is long gone.
    async fn break_off(
        self,
        fault: Fault,
        mut bytes: Vec<u8>,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Stage {
        if matches!(self.follow, Follow::Stream(_)) {
            let refuse = Refuse::failed(502, "stream_broken", fault.message.clone());
            bytes.extend_from_slice(
                &refuse.refusal.event(self.exchange.ask.head.endpoint.shape, refuse.status),
            );
        }
        out.push(Effect::AnswerBody { bytes, end: true });
        self.cut(fault, world).await
    }

    async fn cut(mut self, fault: Fault, world: &World) -> Stage {
        self.exchange.did_badly(&fault, true, world);
        self.exchange.close_attempt(Some(fault));
        let ending = self.ending();
        self.exchange.settle(ending, world).await;
        Stage::Over
    }

    /// Envoy closed the stream while the answer was on its way.
    async fn gone(mut self, world: &World) -> Stage {
        self.exchange.close_attempt(None);
        if matches!(&self.follow, Follow::Stream(stream) if stream.finished()) {
            let ending = Ending { outcome: Outcome::Answered, error: None, ..self.ending() };
            self.exchange.settle(ending, world).await;
        } else {
            self.exchange.unclear = Some(Unclear::Passed(self.ending()));
            self.exchange.park(Instant::now() + UNCLEAR, world).await;
        }
        Stage::Over
    }

    /// What a stream that did not come to its end has used.
    fn ending(&self) -> Ending {
        let ask = &self.exchange.ask;
        let usage = self.follow.usage(ask).or_else(|| Some(estimate::seen(ask, 0)));
        Ending { outcome: Outcome::Cut, status: self.status, error: Some("stream_broken"), usage }
    }
}
