//! Route documents made of what others write: the routing configuration of a client key becomes a graph like any other.
//!
//! Nothing here is read from a disk or a network: JSON comes in, JSON goes out.

pub mod routing;
mod shares;
mod sketch;

pub use crate::graph::Diagnostic as Mistake;
