//! `attache store`: everything that is kept, as one file.

use super::super::{Failure, load, open_store, say};
use crate::store::Store;
use std::path::{Path, PathBuf};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter},
};

/// Only whoever writes it: there are hashes of tokens in it.
const MODE: u32 = 0o600;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(in crate::app) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write routes, versions, keys, tokens and the audit log as lines of JSON. Pairs may go on meanwhile.
    Dump {
        /// The configuration, for its store.
        #[arg(short, long, default_value = "attache.yaml")]
        config: PathBuf,
        /// Where to; standard output, if not given.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Read a dump into an empty store, of either engine: all of it or nothing.
    Load {
        /// The configuration, for its store.
        #[arg(short, long, default_value = "attache.yaml")]
        config: PathBuf,
        /// The dump; standard input, if not given.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let rows = match &arguments.what {
        What::Dump { config, output } => dump(&open_store(&load(config)?)?, output.as_deref()).await?,
        What::Load { config, file } => read(&open_store(&load(config)?)?, file).await?,
    };
    say(&format!("attache: {rows} rows"));
    Ok(())
}

async fn dump(store: &Store, output: Option<&Path>) -> Result<u64, Failure> {
    let Some(path) = output else {
        return store.dump(&mut io::stdout()).await.map_err(|error| Failure::Said(error.to_string()));
    };
    let named = |error: &dyn std::fmt::Display| Failure::Said(format!("{}: {error}", path.display()));
    // a dump that breaks off leaves the one before it alone
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(MODE);
    let mut file = BufWriter::new(options.open(&beside).await.map_err(|error| named(&error))?);
    let rows = store.dump(&mut file).await.map_err(|error| named(&error))?;
    file.get_ref().sync_all().await.map_err(|error| named(&error))?;
    fs::rename(&beside, path).await.map_err(|error| named(&error))?;
    Ok(rows)
}

async fn read(store: &Store, path: &Path) -> Result<u64, Failure> {
    let named = |error: &dyn std::fmt::Display| Failure::Said(format!("{}: {error}", path.display()));
    let loaded = match path == Path::new("-") {
        true => store.load(BufReader::new(io::stdin())).await,
        false => {
            let file = File::open(path).await.map_err(|error| named(&error))?;
            store.load(BufReader::new(file)).await
        }
    };
    loaded.map_err(|error| named(&error))
}
