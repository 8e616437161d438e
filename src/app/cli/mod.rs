//! The commands that people type at a server: routes, keys, tokens, prices, what was changed; and the small ones beside them.

mod audit;
mod client;
mod completions;
mod door;
#[cfg(test)]
mod fake;
mod import;
mod keys;
mod limits;
mod pairs;
mod prices;
mod routes;
mod shape;
mod span;
mod store;
mod table;
mod tokens;
mod trouble;

pub(super) use client::CallError;
pub(super) use door::{Admission, server, usual_server};

use super::{Failure, runtime};
use clap::Subcommand;
use std::{fs, path::Path};

/// What the exit codes mean, for `--help`.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused, failed, or mistakes were found
  2  the arguments are wrong
  3  the server can not be reached, or does not let in
  4  `routes apply --dry-run` found something to do";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Routes of a server: their versions, and what is live.
    Routes(routes::Arguments),
    /// Client keys of a server.
    Keys(keys::Arguments),
    /// Admin tokens of a server.
    Tokens(tokens::Arguments),
    /// Who changed what, the newest first.
    Audit(audit::Arguments),
    /// How much of a route's limits is used.
    Limits(limits::Arguments),
    /// The pairs that share a server's store.
    Pairs(pairs::Arguments),
    /// What models cost.
    Prices(prices::Arguments),
    /// Make route documents of what others write.
    Import(import::Arguments),
    /// Write everything that is kept to a file, or read it into an empty store.
    Store(store::Arguments),
    /// Print what a shell completes these commands with.
    Completions(completions::Arguments),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Import(arguments) => import::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Routes(arguments) => runtime()?.block_on(routes::run(arguments)),
        Command::Keys(arguments) => runtime()?.block_on(keys::run(arguments)),
        Command::Tokens(arguments) => runtime()?.block_on(tokens::run(arguments)),
        Command::Audit(arguments) => runtime()?.block_on(audit::run(arguments)),
        Command::Limits(arguments) => runtime()?.block_on(limits::run(arguments)),
        Command::Pairs(arguments) => runtime()?.block_on(pairs::run(arguments)),
        Command::Prices(arguments) => runtime()?.block_on(prices::run(arguments)),
        Command::Store(arguments) => runtime()?.block_on(store::run(arguments)),
    }
}

/// Writes a file whole.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| Failure::Said(format!("{}: {error}", file.display())))
}
