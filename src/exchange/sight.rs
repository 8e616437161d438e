//! What a walk sees: the request, and which targets are cooling.

use super::{ask::Ask, life::Exchange, world::World};
use crate::{
    chat::Fault,
    graph::{Fact, Facts, Path, Program, Step, Target},
    provider::health::is_of_credential,
};
use std::sync::{Mutex, PoisonError};

/// A request, and the targets that are cooling at one moment.
pub(super) struct Sight<'a> {
    ask: &'a Ask,
    cooling: &'a [Target],
    /// Those of them that somebody has asked about.
    met: Mutex<Vec<Target>>,
}

impl<'a> Sight<'a> {
    pub(super) fn new(ask: &'a Ask, cooling: &'a [Target]) -> Self {
        Self { ask, cooling, met: Mutex::default() }
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
        !self.cooling.is_empty()
    }

    fn cooling(&self, target: &Target) -> bool {
        let is = self.cooling.contains(target);
        if is {
            self.met.lock().unwrap_or_else(PoisonError::into_inner).push(target.clone());
        }
        is
    }

    fn pinned(&self, element: &str) -> Option<&str> {
        self.ask.pinned(element)
    }
}

impl Exchange {
    /// The walk's next step, while these targets are cooling.
    pub(super) fn step<'p>(&mut self, program: &'p Program, cooling: &[Target]) -> Step<'p> {
        if cooling.is_empty() {
            return self.walk.step(program, &self.ask);
        }
        let sight = Sight::new(&self.ask, cooling);
        let step = self.walk.step(program, &sight);
        for target in sight.met.into_inner().unwrap_or_else(PoisonError::into_inner) {
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
