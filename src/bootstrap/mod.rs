//! The room `bootstrap`.
