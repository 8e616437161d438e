//! One request's life: from its first header to its last byte, however many attempts that takes.
//!
//! A life is a `Stage`, moved by value: `stage.handle(event, &world, &mut effects)` gives the next one. The door that
//! feeds it (`extproc`) knows protobuf and sockets; this room knows neither. One stream of events is one attempt; between
//! two attempts the exchange waits in `World`, under the id that Envoy gave it.

mod advance;
mod answer;
mod ask;
mod attempt;
mod client;
mod effect;
mod estimate;
mod event;
mod facts;
mod hub;
mod life;
mod limits;
mod models;
mod open;
mod parked;
mod portkey;
mod refuse;
mod replay;
mod settings;
mod settle;
mod sight;
mod simulate;
mod stage;
mod turn;
mod world;

pub use ask::Ask;
pub use effect::{AnswerHead, Effect, Forward, Header, Reply};
pub use event::{Event, Headers, Unexpected};
pub use life::Broke;
pub use limits::Used;
pub use refuse::Refuse;
pub use replay::{Change, Edge, Replay};
pub use settings::{Clients, Limits, Replay as ReplaySettings, Retry, Settings};
pub use simulate::{Limited, Looked, Outcomes, Script, Simulation, Stepped, Trace, Tried, Verdict};
pub use stage::Stage;
pub use world::{Clock, Live, World};

#[cfg(test)]
mod tests;
