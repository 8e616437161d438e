//! The room `admin`.

mod settings;

pub use settings::Settings;
