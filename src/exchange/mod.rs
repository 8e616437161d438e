//! The room `exchange`.

mod settings;

pub use settings::{ClientKey, Clients, Limits, Retry, Settings};
