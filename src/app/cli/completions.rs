//! `attache completions`: what a shell needs to complete the commands.

use super::super::{Arguments as All, Failure, print};
use clap::CommandFactory;
use clap_complete::{Shell, generate};

#[derive(Debug, clap::Args)]
pub(in crate::app) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(in crate::app) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = vec![];
    generate(arguments.shell, &mut All::command(), "attache", &mut script);
    print(&String::from_utf8_lossy(&script))
}
