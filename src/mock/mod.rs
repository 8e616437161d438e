//! The room `mock`.
