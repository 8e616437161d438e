//! The wiring: the commands, and the only place that knows every room.

mod aside;
mod check;
mod cli;
mod counters;
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
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::SystemTime,
};

use crate::{
    bootstrap::Door,
    config::{Config, Mistake, Warning, environment},
    store::Store,
};

/// The companion of an Envoy: dynamic routing of LLM traffic.
#[derive(Debug, Parser)]
#[command(name = "attache", version, arg_required_else_help = true, after_help = cli::EXIT_CODES)]
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
    /// Print the bootstrap of the pair's Envoy, or of a front before many pairs.
    Envoy {
        /// The configuration.
        #[arg(short, long, default_value = "attache.yaml")]
        config: PathBuf,
        /// Print that of a front before the pairs at this address, or at every address of this name; may be repeated.
        #[arg(long, value_name = "HOST:PORT")]
        front_of: Vec<Door>,
    },
    /// Serve as a provider that answers the same every time, or fails as it is told.
    Mock(mock::Arguments),
    #[command(flatten)]
    Cli(cli::Command),
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
    /// A server did not do what it was asked, or could not be asked.
    #[error(transparent)]
    Call(#[from] cli::CallError),
    /// It has told already what there is to do.
    #[error("")]
    Pending,
    /// Arguments that do not go together.
    #[error("{0}")]
    Arguments(String),
    /// Something else, in words.
    #[error("{0}")]
    Said(String),
    /// Nobody reads what is printed, or a socket is not to be had.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Failure {
    /// The exit code; docs/cli.md lists them.
    fn code(&self) -> u8 {
        match self {
            // a pipe that was closed early is an answer too
            Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Found | Self::Config(_) | Self::Said(_) | Self::Io(_) => 1,
            Self::Call(cli::CallError::Refused(_)) => 1,
            Self::Arguments(_) => 2,
            Self::Call(_) => 3,
            Self::Pending => 4,
        }
    }
}

/// Runs the command that the arguments name. 0: done; anything else is in docs/cli.md.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve { config } => serve::run(&config),
        Command::Check { files } => check::run(&files),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Envoy { config, front_of } => {
            load(&config).and_then(|config| print(&bootstrap(&config, &front_of)))
        }
        Command::Mock(arguments) => mock::run(&arguments),
        Command::Cli(command) => cli::run(&command),
    };
    let Err(failure) = done else { return ExitCode::SUCCESS };
    let code = failure.code();
    if code > 0 && !matches!(failure, Failure::Found | Failure::Pending) {
        say(&format!("attache: {failure}"));
    }
    code.into()
}

/// Envoy's file: the pair's own, or that of a front before `pairs`.
fn bootstrap(config: &Config, pairs: &[Door]) -> String {
    match pairs {
        [] => config.bootstrap(),
        pairs => config.front(pairs),
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

/// The store of a configuration.
fn open_store(config: &Config) -> Result<Store, Failure> {
    Store::with(config.store.reveal(), now, config.kept.clone())
        .map_err(|error| Failure::Said(format!("store: {error}")))
}

/// What a file holds; `-` is standard input.
fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    read.map_err(|error| Failure::Said(format!("{}: {error}", file.display())))
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
