//! The walk goes on: limits are asked of the ledger, until there is a model to call or an end.

use super::{
    life::{Attempt, Exchange},
    world::World,
};
use crate::{
    chat::{Fault, Kind},
    graph::{Call, Step, Why},
    provider::Provider,
    telemetry::AttemptRecord,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// Whose turn it is.
#[derive(Debug)]
pub(super) enum Turn {
    /// A provider's: the walk waits at a model element for this try.
    Call {
        /// 0 for the first try of its target.
        retry: u32,
    },
    /// The client's: the walk is over without an answer.
    End(Finish),
}

/// Why a walk is over.
#[derive(Debug)]
pub(super) struct Finish {
    pub(super) why: Why,
    /// The element that made it so.
    pub(super) cause: String,
}

impl Finish {
    /// Another call would be one more than `limits.max_attempts`.
    pub(super) const TOO_MANY: Self = Self { why: Why::Failed, cause: String::new() };
}

impl Exchange {
    /// Walks on to the next call or the end.
    pub(super) async fn advance(&mut self, world: &World) -> Turn {
        let route = Arc::clone(&self.route);
        loop {
            match self.walk.step(&route.program, &self.ask) {
                Step::Limit(_) => self.ask_limits(world).await,
                Step::Call(call) => match self.unusable(&call, world.now()) {
                    None => return Turn::Call { retry: call.retry },
                    Some(fault) => {
                        self.open_attempt(&call, world);
                        self.walk.answered(&route.program, Err(&fault));
                        self.close_attempt(Some(fault));
                    }
                },
                Step::End(end) => {
                    let cause = end.cause.unwrap_or(end.element).to_owned();
                    return Turn::End(Finish { why: end.why, cause });
                }
            }
        }
    }

    /// Notes that `call` is made now.
    pub(super) fn open_attempt(&mut self, call: &Call<'_>, world: &World) {
        let default = self.live.snapshot.providers.get(&*call.target.provider).map(|p| p.timeout);
        let record = AttemptRecord {
            element: call.element.to_owned(),
            provider: call.target.provider.to_string(),
            model: call.target.model.to_string(),
            started: world.now(),
            duration: Duration::ZERO,
            first_content: None,
            status: None,
            fault: None,
            loss: String::new(),
        };
        let timeout = call.timeout.or(default).unwrap_or_default();
        self.attempts.push(Attempt { record, sent: Instant::now(), timeout, fault: None, sent_as: None });
    }

    /// The provider of a call, where it can be used.
    pub(super) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.live.snapshot.providers.get(name)
    }

    /// Why a call can not be made at all.
    fn unusable(&self, call: &Call<'_>, now: SystemTime) -> Option<Fault> {
        let fault = |kind, message| Some(Fault { message, ..Fault::new(kind) });
        let provider = &*call.target.provider;
        // who names another credential, or brings one, does not need this
        let chooses = ["x-attache-credential", "x-attache-api-key"]
            .iter()
            .any(|name| self.ask.head.headers.text(name).is_some());
        match self.provider(provider).map(|p| p.credential.problem(now).filter(|_| !chooses)) {
            None => fault(Kind::NoCluster, format!("the provider `{provider}` is not configured")),
            Some(problem) => fault(Kind::NoCredential, problem?),
        }
    }
}
