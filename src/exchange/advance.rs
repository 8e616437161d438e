//! The walk goes on: limits are asked of the ledger, until there is a model to call or an end.

use super::{
    estimate,
    life::{Attempt, Exchange, Limited},
    world::World,
};
use crate::{
    chat::{Fault, Kind},
    graph::{Call, End, LimitAsk, Step, Unit as GraphUnit},
    ledger::{Ask, Grant, Limit, Technique, Unit},
    provider::{Credential, Provider},
    telemetry::AttemptRecord,
};
use std::{sync::Arc, time::Duration};
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
    End(End),
}

impl Exchange {
    /// Walks on to the next call or the end.
    pub(super) async fn advance(&mut self, world: &World) -> Turn {
        let route = Arc::clone(&self.route);
        loop {
            match self.walk.step(&route.program, &self.ask) {
                Step::Limit(ask) => {
                    let allowed = self.reserve(&ask, world).await;
                    self.walk.limited(&route.program, allowed);
                }
                Step::Call(call) => match self.unusable(&call) {
                    None => return Turn::Call { retry: call.retry },
                    Some(fault) => {
                        self.open_attempt(&call, world);
                        self.walk.answered(&route.program, Err(&fault));
                        self.close_attempt(Some(fault));
                    }
                },
                Step::End(end) => return Turn::End(end),
            }
        }
    }

    /// Notes that `call` is made now.
    pub(super) fn open_attempt(&mut self, call: &Call<'_>, world: &World) {
        let default = self.live.snapshot.providers.get(call.provider).map(|p| p.timeout);
        let record = AttemptRecord {
            element: call.element.to_owned(),
            provider: call.provider.to_owned(),
            model: call.model.to_owned(),
            started: world.now(),
            duration: Duration::ZERO,
            first_content: None,
            status: None,
            fault: None,
        };
        let timeout = call.timeout.or(default).unwrap_or_default();
        self.attempts.push(Attempt { record, sent: Instant::now(), timeout, fault: None });
    }

    /// The provider of a call, where it can be used.
    pub(super) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.live.snapshot.providers.get(name)
    }

    /// Why a call can not be made at all.
    fn unusable(&self, call: &Call<'_>) -> Option<Fault> {
        let fault = |kind, message| Some(Fault { message, ..Fault::new(kind) });
        match self.provider(call.provider).map(|p| &p.credential) {
            None => fault(Kind::NoCluster, format!("the provider `{}` is not configured", call.provider)),
            Some(Credential::Missing { variable }) => {
                fault(Kind::NoCredential, format!("the variable {variable} that holds its key is not set"))
            }
            Some(Credential::None | Credential::Bearer(_)) => None,
        }
    }

    async fn reserve(&mut self, ask: &LimitAsk<'_>, world: &World) -> bool {
        let limit = Limit {
            key: format!("{}\u{1f}{}\u{1f}{}", self.route.name, ask.element, ask.key),
            unit: unit(ask.unit),
            most: ask.most,
            window: ask.window,
            technique: if ask.fixed { Technique::Fixed } else { Technique::Sliding },
        };
        let amount = self.bound(ask);
        let window = limit.window;
        let reserved = world.ledger.reserve(&self.id, &[Ask { limit, amount }], world.since_epoch()).await;
        let grant = match reserved {
            Ok(grants) => grants.into_iter().next(),
            Err(error) => {
                tracing::warn!(element = ask.element, %error, "a limit could not be asked");
                None
            }
        };
        let grant =
            grant.unwrap_or(Grant { allowed: ask.allow_on_error, remaining: 0, reset: Duration::ZERO });
        let allowed = grant.allowed;
        self.limits.push(Limited { element: ask.element.to_owned(), most: ask.most, window, grant });
        allowed
    }

    /// The most that this exchange will take of a limit: with the dearest model that may follow.
    fn bound(&self, ask: &LimitAsk<'_>) -> u64 {
        if ask.unit == GraphUnit::Count {
            return 1;
        }
        let usage = estimate::bound(&self.ask, &self.live.settings.limits);
        if ask.unit == GraphUnit::Tokens {
            return usage.total();
        }
        let prices = &self.live.snapshot.prices;
        let price = |(provider, model): (&str, &str)| prices.of(provider, model).map_or(0, |p| p.cost(&usage));
        ask.targets().map(price).max().unwrap_or(0)
    }
}

fn unit(unit: GraphUnit) -> Unit {
    match unit {
        GraphUnit::Count => Unit::Count,
        GraphUnit::Cost => Unit::Cost,
        GraphUnit::Tokens => Unit::Tokens,
    }
}
