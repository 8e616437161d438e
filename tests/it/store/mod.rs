//! The store: one contract, run on SQLite and on a real PostgreSQL; and what happens when either dies.
#![expect(
    clippy::cognitive_complexity,
    reason = "each assertion counts as a branch; they stand in a row and are read so"
)]

mod away;
mod contract;
mod entries;
mod keys;
mod killed;
mod moving;
mod place;
mod prices;
mod publishing;
mod racing;
mod routes;
mod tokens;
