//! Envoy's door: external processing over gRPC, on a Unix socket or TCP.

mod decode;
mod encode;
mod endings;
mod server;
mod settings;

pub use decode::event as decode;
pub use encode::write as encode;
pub use server::{Door, serve};
pub use settings::{Listen, Settings};
