//! The wiring: the commands, and the only place that knows every room.

mod check;
mod disk;
mod follow;
mod keep;
mod mock;
mod people;
mod publish;
mod serve;
mod simulate;
mod stored;

use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::SystemTime,
};

use crate::config::{Config, Mistake, Warning, environment};

/// The companion of an Envoy: dynamic routing of LLM traffic.
#[derive(Debug, Parser)]
#[command(name = "attache", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve Envoy and people until SIGTERM or SIGINT.
    Serve {
        /// The configuration.
        #[arg(short, long, default_value = "attache.yaml")]
        config: PathBuf,
    },
    /// Check configurations (*.yaml) and routes (*.json, or folders of them); tell every mistake.
    Check {
        /// Files and folders.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Walk a request through a route without calling anybody; print the path, the attempts and the end.
    Simulate(simulate::Arguments),
    /// Print the bootstrap of the pair's Envoy.
    Envoy {
        /// The configuration.
        #[arg(short, long, default_value = "attache.yaml")]
        config: PathBuf,
    },
    /// Serve as a provider that answers the same every time, or fails as it is told.
    Mock(mock::Arguments),
}

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It has told already what it found.
    #[error("")]
    Found,
    /// The configuration has mistakes.
    #[error("{}", told(_0))]
    Config(Vec<Mistake>),
    /// Something else, in words.
    #[error("{0}")]
    Said(String),
    /// Nobody reads what is printed, or a socket is not to be had.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the command that the arguments name. 0: done; 1: it failed, or found mistakes; 2: the arguments are wrong.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve { config } => serve::run(&config),
        Command::Check { files } => check::run(&files),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Envoy { config } => load(&config).and_then(|config| print(&config.bootstrap())),
        Command::Mock(arguments) => mock::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Found) => ExitCode::FAILURE,
        // a pipe that was closed early is an answer too
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("attache: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Reads a configuration; warnings go to standard error.
fn load(path: &Path) -> Result<Config, Failure> {
    let (config, warnings) = read(path).map_err(Failure::Config)?;
    for warning in warnings {
        say(&format!("attache: warning: {warning}"));
    }
    Ok(config)
}

fn read(path: &Path) -> Result<(Config, Vec<Warning>), Vec<Mistake>> {
    Config::load(path, &environment)
}

/// To standard output.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// To standard error; where that is closed, nobody can be told.
fn say(line: &str) {
    if writeln!(io::stderr(), "{line}").is_err() {}
}

fn told(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n         ")
}

/// The clock of the process: the one place that asks for the time.
fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
    SystemTime::now()
}

/// The dice of the process: the one place that asks for chance.
fn dice() -> u64 {
    rand::random()
}

/// The runtime of a command.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
