//! Route documents made of what others write: the routing configurations of client keys, the configs of Portkey, the
//! dynamic routes of Cloudflare. What becomes a graph that way is a graph like any other.
//!
//! Nothing here is read from a disk or a network: JSON comes in, JSON goes out. `docs/import.md` says what maps to what.

pub mod cloudflare;
mod imported;
pub mod portkey;
mod provider;
pub mod routing;
mod shares;
mod sketch;
mod warning;

pub use self::{
    imported::{Imported, Target},
    provider::Providers,
    warning::{Code, Warning},
};
pub use crate::graph::Diagnostic as Mistake;
