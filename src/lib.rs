//! Attaché, the companion of an Envoy: Envoy moves the bytes, Attaché decides where they go.
//!
//! Rooms from the ground up; a room uses only rooms below it (`tests/it/tidy.rs` holds that):
//!
//! ```text
//!                  main ── app                       the wiring: the only file that knows every room
//!                        config                      composes each room's settings
//!    extproc   admin   mock   bootstrap              Envoy's door · people's door · a provider to try with · Envoy's file
//!                     exchange                       one request's life; knows neither protobuf nor sockets
//!                     snapshot                       the compiled world, swapped whole
//!                     import                         route documents, made of what others write
//!                     provider                       where a model lives and how to be let in; prices, health
//!    dialect  graph  ledger  session  store  telemetry    six crafts that do not know each other
//!        chat   json   sse   window   engine          the words; the one connection to Redis
//! ```

pub mod chat;
pub mod engine;
pub mod json;
pub mod sse;
pub mod window;

pub mod dialect;
pub mod graph;
pub mod ledger;
pub mod session;
pub mod store;
pub mod telemetry;

pub mod provider;

pub mod import;

pub mod snapshot;

pub mod exchange;

pub mod admin;
pub mod bootstrap;
pub mod extproc;
pub mod mock;

pub mod config;

pub mod app;
