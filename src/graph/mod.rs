//! The routing language: documents, their validation, and the walk. Pure: no clock, no dice, no I/O.

mod facts;
mod path;

pub use facts::{Fact, Facts};
pub use path::{Path, Root, Segment};
