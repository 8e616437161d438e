//! What an LLM exchange is about, in no vendor's words: usage and faults.

mod fault;
mod usage;

pub use fault::{Fault, Kind};
pub use usage::Usage;
