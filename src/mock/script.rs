//! Behaviours that models keep for a while.
use super::{BadBehaviour, Behaviour};
use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

/// A model and how it behaves, written `<model>=<behaviour>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The model, as requests name it.
    pub model: String,
    /// How it answers.
    pub behaviour: Behaviour,
}

impl FromStr for Script {
    type Err = BadBehaviour;

    fn from_str(text: &str) -> Result<Self, BadBehaviour> {
        let (model, behaviour) = text.split_once('=').unwrap_or((text, ""));
        Ok(Self { model: model.into(), behaviour: behaviour.parse()? })
    }
}

/// The scripts in force.
#[derive(Debug, Default)]
pub(super) struct Scripts(Mutex<HashMap<String, Behaviour>>);

impl Scripts {
    pub(super) fn new(scripts: Vec<Script>) -> Self {
        Self(Mutex::new(scripts.into_iter().map(|s| (s.model, s.behaviour)).collect()))
    }

    /// Puts a model's behaviour in force, or takes it back.
    pub(super) fn put(&self, model: String, behaviour: Option<Behaviour>) {
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match behaviour {
            Some(behaviour) => scripts.insert(model, behaviour),
            None => scripts.remove(&model),
        };
    }

    /// How `model` behaves for one request; counts it, where the script holds for so many only.
    pub(super) fn take(&self, model: &str) -> Option<Behaviour> {
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let behaviour = scripts.get_mut(model)?;
        if let Some(times) = &mut behaviour.times {
            *times = times.checked_sub(1)?;
        }
        Some(behaviour.clone())
    }

    /// The models that have a script, in order.
    pub(super) fn models(&self) -> Vec<String> {
        let scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut models: Vec<_> = scripts.keys().cloned().collect();
        models.sort_unstable();
        models
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_may_hold_for_some_requests_only() {
        let scripts = Scripts::new(vec!["a=reset,times=2".parse().unwrap(), "b=empty".parse().unwrap()]);
        let taken: Vec<_> = (0..3).map(|_| scripts.take("a").is_some()).collect();
        assert_eq!(taken, [true, true, false]);
        assert_eq!(scripts.take("b"), Some("empty".parse().unwrap()));
        scripts.put("b".into(), None);
        assert_eq!(scripts.take("b"), None);
    }
}
