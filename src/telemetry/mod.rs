//! Facts to numbers, lines and spans. Nobody calls telemetry from the middle: one `Record` per exchange, at its end.

mod record;

pub use record::{AttemptRecord, LimitRecord, Outcome, Record};
