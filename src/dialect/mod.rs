//! Wire formats: what they call things, how they are read and written. Pure: bytes in, bytes and facts out.
//!
//! A wheel: each dialect has a room that reads it into the hub form (`chat`) and writes it from there, and knows no other
//! room. [`Dialect`] and [`Client`] are the hub's rim, where one is chosen. Where both sides are the same, bytes are kept.

pub mod anthropic;
pub mod bedrock;
mod claude;
pub mod cohere;
mod endpoint;
mod fields;
mod frames;
pub mod gemini;
mod goal;
mod kin;
mod left;
pub mod mistral;
mod name;
pub mod openai;
mod refusal;
pub mod responses;
mod rewrite;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod translate;
mod wheel;
mod whole;

pub use endpoint::{Endpoint, Shape};
pub use goal::{Goal, Platform, Quirks};
pub use name::Dialect;
pub use refusal::Refusal;
pub use rewrite::Rewrite;
pub use translate::{Event, Follower, Framing, Passed, Reader, Translator, Writer};
pub use wheel::{Client, Way, Wire, read_request};
