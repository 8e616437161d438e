//! `attache routes`: routes by their names.

mod apply;
mod change;
mod differ;
mod export;
mod file;
mod look;
mod plan;

use super::{
    super::Failure,
    client::CallError,
    door::{Desk, Door},
    shape::Route,
    trouble::Trouble,
};
use reqwest::Method;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    door: Door,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List routes, and what of them is live.
    List,
    /// Print a route's document: of the live version, else of the newest.
    Get {
        /// The route.
        name: String,
        /// Another version.
        #[arg(long, value_name = "N", value_parser = version)]
        version: Option<u32>,
    },
    /// Make a route of a document, and deploy its first version.
    Create {
        /// The document; `-` is standard input.
        #[arg(short, long)]
        file: PathBuf,
        /// Deploy nothing: the first version stays a draft, which may have mistakes.
        #[arg(long)]
        draft: bool,
        #[command(flatten)]
        why: Why,
    },
    /// Make a new version of a route without deploying it; it may have mistakes.
    Draft {
        /// The route.
        name: String,
        /// The document; `-` is standard input.
        #[arg(short, long)]
        file: PathBuf,
        #[command(flatten)]
        why: Why,
    },
    /// List a route's versions, the newest first.
    Versions {
        /// The route.
        name: String,
    },
    /// Tell what two versions of a route differ in, element by element.
    Diff {
        /// The route.
        name: String,
        /// The version that was.
        #[arg(value_parser = version)]
        from: u32,
        /// The version that is to be.
        #[arg(value_parser = version)]
        to: u32,
    },
    /// Make a version of a route live.
    Deploy {
        /// The route.
        name: String,
        /// The version.
        #[arg(value_parser = version)]
        version: u32,
        #[command(flatten)]
        why: Why,
    },
    /// Make the version live that was so before.
    Rollback {
        /// The route.
        name: String,
        /// Another version than that.
        #[arg(value_parser = version)]
        version: Option<u32>,
        #[command(flatten)]
        why: Why,
    },
    /// Give a route another name.
    Rename {
        /// The route.
        name: String,
        /// Its new name.
        new: String,
    },
    /// Delete a route with all its versions.
    Delete {
        /// The route.
        name: String,
    },
    /// Send a share of a route's traffic to another version, or end that.
    Canary(change::Canary),
    /// Keep a version callable as `dynamic/NAME@vN`.
    Pin {
        /// The route.
        name: String,
        /// The version.
        #[arg(value_parser = version)]
        version: u32,
    },
    /// Let a pinned version go.
    Unpin {
        /// The route.
        name: String,
        /// The version.
        #[arg(value_parser = version)]
        version: u32,
    },
    /// Write the documents of live routes to a folder, one file a route.
    Export(export::Arguments),
    /// Make live what a folder says: whatever differs becomes a new version and is deployed.
    Apply(apply::Arguments),
}

/// Why something is done.
#[derive(Debug, clap::Args)]
struct Why {
    /// Why; kept with the version or the deployment.
    #[arg(short = 'm', long = "comment", value_name = "TEXT")]
    comment: Option<String>,
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    match &arguments.what {
        What::List => look::list(&desk).await,
        What::Get { name, version } => look::get(&desk, name, *version).await,
        What::Versions { name } => look::versions(&desk, name).await,
        What::Diff { name, from, to } => differ::run(&desk, name, [*from, *to]).await,
        What::Create { file, draft, why } => change::create(&desk, file, *draft, why).await,
        What::Draft { name, file, why } => change::draft(&desk, name, file, why).await,
        What::Deploy { name, version, why } => change::deploy(&desk, name, *version, why).await,
        What::Rollback { name, version, why } => change::rollback(&desk, name, *version, why).await,
        What::Rename { name, new } => change::rename(&desk, name, new).await,
        What::Delete { name } => change::delete(&desk, name).await,
        What::Canary(arguments) => change::canary(&desk, arguments).await,
        What::Pin { name, version } => change::pin(&desk, name, *version, Method::PUT).await,
        What::Unpin { name, version } => change::pin(&desk, name, *version, Method::DELETE).await,
        What::Export(arguments) => export::run(&desk, arguments).await,
        What::Apply(arguments) => apply::run(&desk, arguments).await,
    }
}

/// Reads `3` or `v3`.
fn version(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix('v').unwrap_or(text).parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("expected a version's number such as 3, found `{text}`"))
}

impl Desk {
    /// The route of this name.
    async fn route(&self, name: &str) -> Result<Route, CallError> {
        let call = self.client.routes(Method::GET, &[]).query("name", name);
        let mut found: Vec<Route> = self.client.read_in(&call.send().await?, "routes")?;
        let unknown = || CallError::Refused(vec![Trouble::new(format!("there is no route `{name}`"))]);
        found.pop().ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!((version("3"), version("v3")), (Ok(3), Ok(3)));
        for text in ["", "v", "0", "-1", "three", "vv3"] {
            assert!(version(text).is_err(), "{text}");
        }
    }
}
