//! What a walk sees: the request, and which targets are cooling.

use super::{ask::Ask, life::Exchange, world::World};
use crate::{
    chat::Fault,
    graph::{Fact, Facts, Path, Program, Step, Target},
    provider::health::is_of_credential,
};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// A request, and which targets are cooling meanwhile.
pub(super) struct Sight<'a> {
    ask: &'a Ask,
    cooling: Option<&'a (dyn Fn(&Target) -> bool + Sync)>,
}

impl<'a> Sight<'a> {
    /// `cooling` tells of a target whether it is; without it none is.
    pub(super) fn new(ask: &'a Ask, cooling: Option<&'a (dyn Fn(&Target) -> bool + Sync)>) -> Self {
        Self { ask, cooling }
    }
}

impl Facts for Sight<'_> {
    fn look(&self, path: &Path) -> Option<Fact<'_>> {
        self.ask.look(path)
    }

    fn dice(&self) -> u64 {
        self.ask.dice()
    }

    fn any_cooling(&self) -> bool {
        self.cooling.is_some()
    }

    fn cooling(&self, target: &Target) -> bool {
        self.cooling.is_some_and(|cooling| cooling(target))
    }
}

impl Exchange {
    /// The walk's next step, by how the targets are now.
    pub(super) fn step<'p>(&mut self, program: &'p Program, world: &World) -> Step<'p> {
        if !world.health.any() {
            return self.walk.step(program, &self.ask);
        }
        let now = Instant::now();
        let met = Mutex::new(Vec::new());
        let cooling = |target: &Target| {
            let is = world.health.is_cooling(target, now);
            if is {
                met.lock().unwrap_or_else(PoisonError::into_inner).push(target.clone());
            }
            is
        };
        let step = self.walk.step(program, &Sight::new(&self.ask, Some(&cooling)));
        for target in met.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if !self.cooling.contains(&target) {
                self.cooling.push(target);
            }
        }
        step
    }

    /// The attempt under way is being answered: its target does well.
    pub(super) fn did_well(&mut self, world: &World) {
        let Some(attempt) = self.attempts.last_mut() else { return };
        attempt.probe = false;
        world.health.good(&attempt.target(), attempt.sent, &self.live.settings.health);
    }

    /// The attempt under way has failed, after its answer `began` or before: its target may be to blame.
    pub(super) fn did_badly(&mut self, fault: &Fault, began: bool, world: &World) {
        let clients = is_of_credential(fault.kind) && self.brings_credential();
        let Some(attempt) = self.attempts.last_mut() else { return };
        if clients {
            return self.did_nothing(world);
        }
        attempt.probe = false;
        world.health.bad(&attempt.target(), fault, (attempt.sent, began), &self.live.settings.health);
    }

    /// What came of the attempt under way says nothing about its target.
    pub(super) fn did_nothing(&mut self, world: &World) {
        if let Some(attempt) = self.attempts.last_mut().filter(|attempt| attempt.probe) {
            attempt.probe = false;
            world.health.let_go(&attempt.target());
        }
    }

    /// Whether the client names a credential, or brings one: then the provider's own does not matter.
    pub(super) fn brings_credential(&self) -> bool {
        ["x-attache-credential", "x-attache-api-key"]
            .iter()
            .any(|name| self.ask.head.headers.text(name).is_some())
    }
}
