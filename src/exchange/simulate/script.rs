//! Made-up outcomes: what providers and the ledger would say.

use crate::{
    chat::Fault,
    graph::{Call, LimitAsk, Program, Target},
};
use std::collections::{HashMap, HashSet};

/// Decides what providers and the ledger would say.
pub trait Outcomes {
    /// How a call fails; `None`: the model answers.
    fn call(&mut self, call: &Call<'_>) -> Option<Fault>;

    /// Whether the request is within a limit.
    fn within(&mut self, limit: &LimitAsk<'_>) -> bool;

    /// The targets that are cooling.
    fn cooling(&self) -> Vec<Target> {
        Vec::new()
    }
}

/// Outcomes that are the same at every try.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The targets that fail; all others answer.
    pub faults: HashMap<Target, Fault>,
    /// The elements whose limit is exceeded.
    pub over: HashSet<String>,
    /// The targets that are cooling.
    pub cooling: HashSet<Target>,
}

impl Script {
    /// Whether a program has all that the script speaks of: a name that it does not know is most likely a slip.
    ///
    /// # Errors
    /// The first name that it does not know.
    pub fn fits(&self, program: &Program) -> Result<(), String> {
        let targets = program.targets();
        if let Some(target) = self.faults.keys().chain(&self.cooling).find(|target| !targets.contains(target))
        {
            let known: Vec<_> = targets.iter().map(ToString::to_string).collect();
            return Err(format!("the route calls no `{target}`; it calls {}", known.join(", ")));
        }
        match self.over.iter().find(|id| !program.ids().any(|known| known == **id)) {
            Some(element) => Err(format!("the route has no element `{element}`")),
            None => Ok(()),
        }
    }
}

impl Outcomes for Script {
    fn call(&mut self, call: &Call<'_>) -> Option<Fault> {
        self.faults.get(call.target).cloned()
    }

    fn within(&mut self, limit: &LimitAsk<'_>) -> bool {
        !self.over.contains(limit.element)
    }

    fn cooling(&self) -> Vec<Target> {
        self.cooling.iter().cloned().collect()
    }
}
