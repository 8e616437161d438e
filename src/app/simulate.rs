//! `attache simulate`: a walk without calling anybody.

use super::{Failure, print};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The route's document.
    #[arg(long)]
    route: std::path::PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    print(&arguments.route.display().to_string())
}
