//! The room `extproc`.

mod settings;

pub use settings::{Listen, Settings};
