//! `attache import`: what others write, made a route document. No server is asked.

use super::{
    super::{Failure, content, load, print, say},
    table::pretty,
    write,
};
use crate::{
    graph::{Known, is_name},
    import::{Imported, Mistake, Providers, cloudflare, portkey},
};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(in crate::app) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a route document of a Portkey config.
    Portkey {
        #[command(flatten)]
        import: Import,
        /// The name of the route; without it that of the file.
        #[arg(long)]
        name: Option<String>,
        /// The model of targets that name none.
        #[arg(long)]
        model: Option<String>,
        /// The provider of a config that is one target and names none.
        #[arg(long)]
        provider: Option<String>,
    },
    /// Make route documents of Cloudflare's dynamic routes: answers of its API, or Terraform's state.
    Cloudflare {
        #[command(flatten)]
        import: Import,
        /// Only the route of this name.
        #[arg(long)]
        name: Option<String>,
    },
}

/// What every import takes.
#[derive(Debug, clap::Args)]
struct Import {
    /// What to import, JSON; `-` is standard input.
    file: PathBuf,
    /// Where to: a file, or a folder for one file a route; standard output, if not given.
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// What a provider is called here; may be given again.
    #[arg(long = "alias", value_name = "THEIRS=OURS", value_parser = alias)]
    aliases: Vec<(String, String)>,
    /// A configuration, for the providers that there are.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(in crate::app) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Portkey { import, name, model, provider } => import.made(|file, providers| {
            let stem = import.file.file_stem().unwrap_or_default().to_string_lossy();
            let usual = if is_name(&stem) { stem.as_ref() } else { "imported" };
            let options = portkey::Options {
                name: name.as_deref().unwrap_or(usual),
                model: model.as_deref(),
                provider: provider.as_deref(),
                providers,
            };
            portkey::import(file, &options).map(|imported| vec![imported])
        }),
        What::Cloudflare { import, name } => import.made(|file, providers| {
            let mut all = cloudflare::import(file, &providers)?;
            all.retain(|imported| name.as_deref().is_none_or(|name| called(imported) == name));
            Ok(all)
        }),
    }
}

impl Import {
    fn made(
        &self,
        make: impl FnOnce(&Value, Providers<'_>) -> Result<Vec<Imported>, Vec<Mistake>>,
    ) -> Result<(), Failure> {
        let config = self.config.as_deref().map(load).transpose()?;
        let names: Option<Vec<&str>> = config
            .as_ref()
            .map(|config| config.providers.iter().map(|provider| provider.name.as_str()).collect());
        let aliases: BTreeMap<String, String> = self.aliases.iter().cloned().collect();
        let known = names.as_deref().map_or(Known::Anything, Known::Providers);
        let made = make(&self.read()?, Providers { known, aliases: &aliases });
        let all = made.map_err(|mistakes| {
            mistakes.iter().for_each(|mistake| say(&format!("{}: {mistake}", self.file.display())));
            Failure::Found
        })?;
        let warnings = all.iter().flat_map(|imported| &imported.warnings);
        warnings.for_each(|warning| say(&format!("{}: warning: {warning}", self.file.display())));
        self.write(&all)
    }

    fn read(&self) -> Result<Value, Failure> {
        let read = serde_json::from_slice(&content(&self.file)?);
        read.map_err(|error| Failure::Said(format!("{}: no JSON: {error}", self.file.display())))
    }

    fn write(&self, all: &[Imported]) -> Result<(), Failure> {
        match (self.output.as_deref(), all) {
            (_, []) => Err(Failure::Said(format!("{}: there is no such route in it", self.file.display()))),
            (Some(folder), all) if folder.is_dir() => all.iter().try_for_each(|imported| {
                write(&folder.join(format!("{}.json", called(imported))), &pretty(&imported.document))
            }),
            (None, [imported]) => print(&pretty(&imported.document)),
            (Some(file), [imported]) => write(file, &pretty(&imported.document)),
            (_, several) => {
                let names: Vec<_> = several.iter().map(called).collect();
                let why = "choose one with --name, or give a folder with --output";
                Err(Failure::Said(format!(
                    "{} has several routes, {}: {why}",
                    self.file.display(),
                    names.join(", ")
                )))
            }
        }
    }
}

/// The name of what was made.
fn called(imported: &Imported) -> &str {
    imported.document.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn alias(text: &str) -> Result<(String, String), String> {
    let (theirs, ours) = text.split_once('=').ok_or("expected theirs=ours")?;
    Ok((theirs.to_owned(), ours.to_owned()))
}
