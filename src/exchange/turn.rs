//! What follows a failed attempt: the same target again, another one, or the end.

use super::{
    advance::Finish,
    effect::{Effect, Reply},
    event::{Event, Unexpected},
    life::{Attempt, Exchange, Unclear},
    refuse::Refuse,
    settings::Retry,
    settle::Ending,
    stage::{Pausing, Stage, UNCLEAR, Waiting},
    world::World,
};
use crate::{
    chat::{Fault, Kind},
    graph::{Moved, Program, Walk, Why},
    telemetry::Outcome,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

pub(super) use super::advance::Turn;

impl Exchange {
    /// The attempt under way has failed: the walk goes on.
    pub(super) async fn fail(
        mut self: Box<Self>,
        fault: Fault,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Stage {
        let turn = self.next_turn(fault, world).await;
        self.take_turn(turn, world, out).await
    }

    /// What comes after `fault`.
    pub(super) async fn next_turn(&mut self, fault: Fault, world: &World) -> Turn {
        failed(&mut self.walk, &self.route.program, &fault, &self.live.settings.retry);
        self.close_attempt(Some(fault));
        self.advance(world).await
    }

    /// Lets Envoy come again for a further call, or ends.
    pub(super) async fn take_turn(
        self: Box<Self>,
        turn: Turn,
        world: &World,
        out: &mut Vec<Effect>,
    ) -> Stage {
        let most = self.live.settings.limits.max_attempts;
        match turn {
            Turn::End(why) => self.finish(why, world, out).await,
            Turn::Call { .. } if self.passes >= most => self.finish(Finish::TOO_MANY, world, out).await,
            Turn::Call { retry: 0 } => self.come_again(world, out).await,
            Turn::Call { retry } => {
                let asked = self.attempts.last().and_then(|a| a.fault.as_ref()).and_then(|f| f.retry_after);
                let pause = pause(&self.live.settings.retry, retry, asked, world.dice());
                Stage::Pausing(Pausing { until: Instant::now() + pause, exchange: self })
            }
        }
    }

    /// Drops this attempt; the next one finds the exchange under its id.
    pub(super) async fn come_again(self: Box<Self>, world: &World, out: &mut Vec<Effect>) -> Stage {
        let until = Instant::now() + self.live.settings.limits.abandoned;
        out.push(Effect::Next(self.told()));
        self.park(until, world).await;
        Stage::Over
    }

    /// Makes the call at which the walk waits; where it can not be made, the walk goes on here and now.
    pub(super) async fn call(mut self: Box<Self>, world: &World, out: &mut Vec<Effect>) -> Stage {
        loop {
            let fault = match self.forward(world) {
                Ok(forward) => {
                    out.extend(forward.map(Effect::Forward));
                    return Stage::Waiting(Waiting { exchange: self });
                }
                Err(fault) => fault,
            };
            if let Turn::End(why) = self.next_turn(fault, world).await {
                return self.finish(why, world, out).await;
            }
        }
    }

    /// The walk is over without an answer: the client gets an error.
    pub(super) async fn finish(self: Box<Self>, why: Finish, world: &World, out: &mut Vec<Effect>) -> Stage {
        let (outcome, refuse) = match why.why {
            Why::Limited => (Outcome::Limited, Refuse::limited(&why.cause, self.limit_wait())),
            Why::Failed => (Outcome::Failed, self.failed()),
            Why::NoModel | Why::Answered => (Outcome::Failed, Refuse::no_model_called(&why.cause)),
        };
        let mut reply: Reply = refuse.reply(self.ask.head.endpoint.shape);
        reply.headers.extend(self.told());
        out.push(Effect::Reply(reply));
        self.settle(Ending::refused(outcome, &refuse), world).await;
        Stage::Over
    }

    /// The client went away.
    pub(super) async fn cancelled(mut self: Box<Self>, world: &World) -> Stage {
        self.close_attempt(None);
        self.settle(Ending::CANCELLED, world).await;
        Stage::Over
    }

    /// Envoy closed the stream before the client had anything of the answer. A broken connection makes it come again, a client that went
    /// away does not. What the provider said last may be lost with the stream, so this can be its break even before its head has come.
    pub(super) async fn left_open(mut self: Box<Self>, world: &World) -> Stage {
        self.close_attempt(None);
        self.unclear = Some(Unclear::Held);
        self.park(Instant::now() + UNCLEAR, world).await;
        Stage::Over
    }

    /// A message came that has no place here; the exchange ends.
    pub(super) async fn unexpected(
        self: Box<Self>,
        event: &Event,
        expects: &'static str,
        world: &World,
    ) -> Unexpected {
        let refuse = Refuse::unavailable("protocol_error", String::new());
        self.settle(Ending::refused(Outcome::Failed, &refuse), world).await;
        Unexpected { got: event.name(), expects }
    }

    /// What all attempts did, with the status of the last.
    fn failed(&self) -> Refuse {
        let count = self.attempts.len();
        let told: Vec<String> =
            self.attempts.iter().enumerate().map(|(i, a)| format!("{}. {}", i + 1, a.tell())).collect();
        let code = code(self.attempts.iter().filter_map(|a| a.fault.as_ref()));
        let all = if count == 1 { "the only attempt".to_owned() } else { format!("all {count} attempts") };
        let message = format!("{all} failed: {}", told.join("; "));
        let last = self.attempts.last().and_then(|a| a.fault.as_ref());
        let mut refuse = Refuse::failed(last.map_or(502, status), code, message);
        refuse.refusal.attempts = self.attempts.iter().map(Attempt::json).collect();
        if let Some(wait) = last.and_then(|f| f.retry_after) {
            refuse.headers.push(("retry-after", wait.as_millis().div_ceil(1000).to_string()));
        }
        refuse
    }
}

impl Attempt {
    fn tell(&self) -> String {
        let name = format!("{}/{}", self.record.provider, self.record.model);
        let Some(fault) = &self.fault else { return name };
        let status = fault.status.map(|s| format!("{s} ")).unwrap_or_default();
        let words = if fault.message.is_empty() { String::new() } else { format!(" ({})", fault.message) };
        format!("{name}: {status}{}{words}", fault.kind)
    }

    fn json(&self) -> Value {
        let fault = self.fault.as_ref();
        json!({
            "element": self.record.element,
            "provider": self.record.provider,
            "model": self.record.model,
            "status": self.record.status,
            "fault": fault.map(|f| f.kind.name()),
            "message": fault.map(|f| &f.message),
            "duration_ms": u64::try_from(self.record.duration.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// Tells the walk that the call at which it waits failed. Nobody waits longer than `retry.after_max`.
pub(super) fn failed<'a>(walk: &mut Walk, program: &'a Program, fault: &Fault, retry: &Retry) -> Moved<'a> {
    if fault.retry_after.is_some_and(|wait| wait > retry.after_max) {
        walk.given_up(program, fault)
    } else {
        walk.answered(program, Err(fault))
    }
}

/// The error code of an exchange whose attempts failed like this.
pub(super) fn code<'a>(faults: impl Iterator<Item = &'a Fault>) -> &'static str {
    let faults: Vec<Kind> = faults.map(|fault| fault.kind).collect();
    let all = |kind| faults.iter().all(|k| *k == kind);
    match faults.last() {
        // what applications look for, and can mend
        Some(Kind::ContextLength) => "context_length_exceeded",
        Some(Kind::ContentFilter) => "content_filter",
        Some(Kind::Unsupported) if all(Kind::Unsupported) => "unsupported_by_target",
        _ if all(Kind::NoCredential) => "no_credential",
        _ => "all_attempts_failed",
    }
}

/// The status that a fault gives the client when it is the last.
pub(super) fn status(fault: &Fault) -> u16 {
    fault.status.filter(|s| *s >= 400).unwrap_or(match fault.kind {
        Kind::Timeout => 504,
        Kind::NoCluster | Kind::NoCredential | Kind::Overloaded => 503,
        Kind::RateLimited | Kind::QuotaExhausted => 429,
        Kind::Unsupported | Kind::BadRequest | Kind::ContextLength | Kind::ContentFilter => 400,
        _ => 502,
    })
}

/// The pause before a target is asked again: as long as it asks for, else doubling, with a part left to chance.
fn pause(retry: &Retry, n: u32, asked: Option<Duration>, dice: u64) -> Duration {
    if let Some(asked) = asked {
        return asked;
    }
    let doubled = retry.base.saturating_mul(1 << n.saturating_sub(1).min(20)).min(retry.max);
    #[expect(clippy::cast_precision_loss, reason = "any number between 0 and 1 will do")]
    let chance = dice as f64 / u64::MAX as f64;
    doubled.mul_f64(1.0 - retry.jitter.clamp(0.0, 1.0) * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_chance_only_shortens_them() {
        let retry = Retry {
            base: Duration::from_millis(100),
            max: Duration::from_secs(1),
            jitter: 0.5,
            after_max: Duration::from_secs(3),
        };
        let ms = |n, asked, dice| pause(&retry, n, asked, dice).as_millis();
        assert_eq!([1, 2, 3, 4, 5, 99].map(|n| ms(n, None, 0)), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(ms(1, None, u64::MAX), 50);
        assert_eq!(ms(1, Some(Duration::from_secs(2)), u64::MAX), 2000);
    }
}
