//! The room `dialect`.
