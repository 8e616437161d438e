//! Limits: asked of the ledger together, settled when it is known what was used.

use super::{effect::Header, estimate, life::Exchange, settle::Ending, sight::Sight, world::World};
use crate::{
    graph::{Amount, LimitAsk, OnError, Program, Step, Target, Verdict},
    ledger::{Actual, Ask, Grant, LedgerError, Limit, Tab, Unit},
    snapshot::Version,
    telemetry::Outcome,
    window::Window,
};
use std::{sync::Arc, time::Duration};

/// How many limits are asked together.
const TOGETHER: usize = 16;

/// One limit that was asked.
#[derive(Debug)]
pub(super) struct Limited {
    pub(super) element: String,
    most: u64,
    window: Window,
    /// What the ledger said; nothing where it could not be asked.
    grant: Option<Grant>,
    on_error: OnError,
}

impl Limited {
    fn new(ask: &LimitAsk<'_>, grant: Option<Grant>) -> Self {
        let (most, window) = (ask.amount.most(), ask.window.clone());
        Self { element: ask.element.to_owned(), most, window, grant, on_error: ask.on_error }
    }

    /// Whether the request was within it.
    pub(super) fn allowed(&self) -> bool {
        self.grant.as_ref().map_or(self.on_error == OnError::Allow, |grant| grant.allowed)
    }

    fn verdict(&self) -> Verdict {
        match &self.grant {
            _ if !self.allowed() => Verdict::Over,
            // what is left is not known: as if nothing were used
            None => Verdict::Within(self.most),
            Some(grant) => Verdict::Within(grant.remaining),
        }
    }

    /// An item of `RateLimit`.
    fn left(&self) -> Option<String> {
        let Grant { remaining, reset, .. } = self.grant.as_ref()?;
        Some(format!("{:?};r={remaining};t={}", self.element, reset.as_millis().div_ceil(1000)))
    }

    /// An item of `RateLimit-Policy`.
    fn policy(&self) -> String {
        let window =
            self.window.length().map_or_else(String::new, |length| format!(";w={}", length.as_secs()));
        format!("{:?};q={}{window}", self.element, self.most)
    }
}

impl Exchange {
    /// Asks the limit at which the walk stands, and with it those that follow while each is within and these targets are cooling:
    /// one call for all of them.
    pub(super) async fn ask_limits(&mut self, cooling: &[Target], world: &World) {
        let route = Arc::clone(&self.route);
        let asks = self.limits_ahead(&route.program, cooling);
        let known = asks.iter().take_while(|ask| !self.refuses_price(ask));
        let known: Vec<Ask> = known.map(|ask| self.ledger_ask(ask)).collect();
        let tab = Tab { scope: &route.name, exchange: &self.id };
        let reserved = match known.as_slice() {
            [] => Ok(Vec::new()),
            known => world.ledger.reserve(tab, known, world.since_epoch()).await,
        };
        if let Err(error) = &reserved {
            tracing::warn!(exchange = self.id, %error, "limits could not be asked");
        }
        let mut grants = reserved.ok().map(Vec::into_iter);
        for ask in &asks {
            let grant = match grants.as_mut() {
                // what was not asked has a cost that nobody knows
                Some(grants) => Some(grants.next().unwrap_or(Grant::DENIED)),
                None => self.refuses_price(ask).then_some(Grant::DENIED),
            };
            let limited = Limited::new(ask, grant);
            self.step(&route.program, cooling);
            self.walk.limited(&route.program, limited.verdict());
            let over = !limited.allowed();
            self.limits.push(limited);
            if over {
                return;
            }
        }
    }

    /// The limits that a request meets from here on while it is within each.
    fn limits_ahead<'p>(&self, program: &'p Program, cooling: &[Target]) -> Vec<LimitAsk<'p>> {
        let (mut ahead, mut asks) = (self.walk.clone(), Vec::new());
        let sight = Sight::new(&self.ask, cooling);
        while let Step::Limit(ask) = ahead.step(program, &sight) {
            let (forks, most) = (ask.forks, ask.amount.most());
            asks.push(ask);
            if forks || asks.len() == TOGETHER {
                break;
            }
            ahead.limited(program, Verdict::Within(most));
        }
        asks
    }

    /// Whether the limit refuses what nobody knows the price of, as this is.
    fn refuses_price(&self, ask: &LimitAsk<'_>) -> bool {
        let prices = &self.live.snapshot.prices;
        matches!(ask.amount, Amount::Cost(_))
            && ask.refuses_unknown
            && ask
                .targets
                .iter()
                .any(|target| prices.of(&target.provider, &target.model, self.ask.head.now).is_none())
    }

    fn ledger_ask(&self, ask: &LimitAsk<'_>) -> Ask {
        Ask { limit: limit(ask), amount: estimate::amount(ask, &self.ask, &self.live) }
    }

    /// How long whoever was denied last should wait.
    pub(super) fn limit_wait(&self) -> Duration {
        let denied = self.limits.iter().rev().find(|limited| !limited.allowed());
        denied.and_then(|limited| limited.grant.as_ref()).map_or(Duration::ZERO, |grant| grant.reset)
    }

    /// `RateLimit` and `RateLimit-Policy`, as the IETF draft writes them.
    pub(super) fn tell_limits(&self, told: &mut Vec<Header>) {
        let left: Vec<_> = self.limits.iter().filter_map(Limited::left).collect();
        if !left.is_empty() {
            told.push(("ratelimit", left.join(", ")));
            let policies: Vec<_> = self.limits.iter().map(Limited::policy).collect();
            told.push(("ratelimit-policy", policies.join(", ")));
        }
    }

    /// Tells the ledger what was used. Nobody waits for an engine that is elsewhere.
    pub(super) async fn settle_limits(&self, ending: Ending, cost: Option<u64>, world: &World) {
        if self.limits.is_empty() {
            return;
        }
        // a call that the client did not wait for was made all the same, and counts
        let counts = ending.usage.is_some()
            || matches!(ending.outcome, Outcome::Answered | Outcome::Cut)
            || (ending.outcome == Outcome::Cancelled && !self.attempts.is_empty());
        let usage = ending.usage.unwrap_or_default();
        let used = Actual { count: 1, cost: cost.unwrap_or(0), input: usage.input, output: usage.output };
        let actual = if counts { used } else { Actual::default() };
        let (ledger, now) = (Arc::clone(&world.ledger), world.since_epoch());
        let (route, exchange) = (Arc::clone(&self.route), self.id.clone());
        let settle = async move {
            let tab = Tab { scope: &route.name, exchange: &exchange };
            if let Err(error) = ledger.settle(tab, actual, now).await {
                tracing::warn!(exchange, %error, "a reservation is not settled yet");
            }
        };
        world.beside(settle).await;
    }
}

/// How a limit stands for one value of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The element.
    pub element: String,
    /// The value of its key.
    pub key: String,
    /// What it counts, as documents say it.
    pub unit: &'static str,
    /// The limit itself; of cost in nano-dollars, as what the ledger said.
    pub most: u64,
    /// What it holds for.
    pub window: Window,
    /// What the ledger said.
    pub grant: Grant,
}

impl World {
    /// How the limits of a version stand, for one value of their keys.
    ///
    /// # Errors
    /// The ledger is away.
    pub async fn limits(&self, version: &Version, key: &str) -> Result<Vec<Used>, LedgerError> {
        let mut used = Vec::new();
        for ask in version.program.limits(key) {
            let limit = limit(&ask);
            let grant = self.ledger.peek(&version.name, &limit, self.since_epoch()).await?;
            let (element, key, unit) = (ask.element.to_owned(), ask.key, ask.amount.name());
            used.push(Used { element, key, unit, most: limit.most, window: limit.window, grant });
        }
        Ok(used)
    }

    /// Forgets what some of the limits of a version have counted.
    ///
    /// # Errors
    /// The ledger is away.
    pub async fn reset(&self, version: &Version, used: &[Used]) -> Result<(), LedgerError> {
        for used in used {
            let limits = version.program.limits(&used.key);
            for ask in limits.iter().filter(|ask| ask.element == used.element) {
                self.ledger.reset(&version.name, &limit(ask)).await?;
            }
        }
        Ok(())
    }
}

/// A limit of the graph as the ledger counts it.
fn limit(ask: &LimitAsk<'_>) -> Limit {
    let unit = match ask.amount {
        Amount::Count(_) => Unit::Count,
        Amount::Cost(_) => Unit::Cost,
        Amount::Tokens(_) => Unit::Tokens,
        Amount::InputTokens(_) => Unit::InputTokens,
        Amount::OutputTokens(_) => Unit::OutputTokens,
        Amount::Concurrency(_) => Unit::Concurrency,
    };
    let key = format!("{}\u{1f}{}", ask.element, ask.key);
    Limit { key, unit, most: ask.amount.most(), window: ask.window.clone() }
}
