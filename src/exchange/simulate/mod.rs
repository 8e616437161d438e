//! A walk without calling anybody: the request is read, its route found and the graph walked as in earnest; only the
//! outcomes are made up.

mod reason;
mod script;
#[cfg(test)]
mod tests;
mod trace;
mod watched;

pub use script::{Outcomes, Script};
pub(super) use trace::walk;
pub use trace::{Limited, Looked, Stepped, Trace, Tried, Verdict};

use super::{
    ask::{Ask, Head},
    client,
    event::Headers,
    open,
    refuse::Refuse,
    world::Live,
};
use crate::snapshot::Version;
use std::{sync::Arc, time::SystemTime};

/// The request of a simulation: a `POST`.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Its path, with the query: `/v1/chat/completions`.
    pub path: String,
    /// Its headers; of several with one name the first counts.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// The id of the client key that asks, whatever the headers show.
    pub key: Option<String>,
    /// What is left to chance rests on it: the same number takes the same arms.
    pub dice: u64,
    /// When it comes.
    pub now: SystemTime,
}

impl Simulation {
    /// Walks the request as production does: its model names what is walked through. Credentials do not matter.
    pub fn run(self, live: &Live, outcomes: &mut dyn Outcomes) -> Trace {
        let found = self.read(live).and_then(|ask| {
            let version = open::route(&ask, live)?;
            Ok((ask, version))
        });
        match found {
            Ok((ask, version)) => through(&version, &ask, live, outcomes),
            Err(refuse) => Trace::refused("", "", *refuse),
        }
    }

    /// Walks the request through this version, whatever its model names.
    pub fn run_through(self, version: &Version, live: &Live, outcomes: &mut dyn Outcomes) -> Trace {
        let read = self.read(live).and_then(|ask| {
            if version.is_of_route() {
                ask.may_call(&version.name)?;
            }
            Ok(ask)
        });
        match read {
            Ok(ask) => through(version, &ask, live, outcomes),
            Err(refuse) => Trace::refused(&version.name, &version.number, *refuse),
        }
    }

    /// What production would walk through: the version that is live for this request.
    ///
    /// # Errors
    /// What the client would be refused with.
    pub fn route(&self, live: &Live) -> Result<Arc<Version>, Box<Refuse>> {
        open::route(&self.clone().read(live)?, live)
    }

    fn read(self, live: &Live) -> Result<Ask, Box<Refuse>> {
        let pseudo = [(":method".to_owned(), "POST".to_owned()), (":path".to_owned(), self.path)];
        let headers = pseudo.into_iter().chain(self.headers);
        let headers: Headers =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.into_bytes())).collect();
        let head = match self.key {
            None => Head::read(headers, live, self.now)?,
            Some(id) => {
                let key = live.snapshot.clients.of_id(&id).ok_or_else(|| client::no_such_key(&id))?;
                Head::of(headers, live, Some(Arc::clone(key)), self.now)?
            }
        };
        Ask::read(Arc::new(head), self.body.into(), live, self.dice)
    }
}

fn through(version: &Version, ask: &Ask, live: &Live, outcomes: &mut dyn Outcomes) -> Trace {
    walk(&version.program, (&version.name, &version.number), ask, live, outcomes)
}
