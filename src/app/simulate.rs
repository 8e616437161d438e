//! `attache simulate`: a walk without calling anybody, here or at a server.

mod remote;

use super::{Failure, cli, content, load, now, print, say};
use crate::{
    chat::Fault,
    exchange::{Clients, Live, Script, Settings, Simulation},
    graph::{Known, Target},
    snapshot::{Snapshot, Sources, Version, build},
    store::{Folder, Published},
};
use jiff::Timestamp;
use reqwest::Url;
use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::SystemTime,
};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("world").args(["config", "server"]))]
pub(super) struct Arguments {
    /// The route's document; with --server a route's name, or NAME@vN. Without it the request's model says what is called.
    #[arg(long, value_name = "FILE|NAME", required_unless_present = "world")]
    route: Option<PathBuf>,
    /// The JSON body of the request; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// The path that is asked, with its query.
    #[arg(long, default_value = "/v1/chat/completions")]
    path: String,
    /// A header of the request; may be given again.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// The client's metadata, as it stands in `x-attache-metadata`.
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// The id of the client key that asks, instead of a token in a header.
    #[arg(long, value_name = "ID", requires = "world")]
    key: Option<String>,
    /// The model that is asked for, instead of the request's own: a logical name of the key, for one.
    #[arg(long, value_name = "NAME", requires = "server")]
    model: Option<String>,
    /// How every try of a model fails: by a status, or a fault's name such as `timeout`; may be given again.
    #[arg(long = "fail", value_name = "PROVIDER/MODEL=FAULT")]
    failing: Vec<Failing>,
    /// A rate element whose limit is exceeded; may be given again.
    #[arg(long = "over-limit", value_name = "ELEMENT")]
    over: Vec<String>,
    /// A model that is cooling after failures; may be given again.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    cooling: Vec<Target>,
    /// What random percentages rest on: the same number takes the same arms.
    #[arg(long, value_name = "N", default_value_t = 0)]
    dice: u64,
    /// When the request comes, such as 2026-01-31T08:00:00Z; now, if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<SystemTime>,
    /// A configuration, for its routes folder, providers, prices, client keys and limits.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask a server instead; without a URL ATTACHE_SERVER, else http://127.0.0.1:8081.
    #[arg(long, value_name = "URL", num_args = 0..=1, value_parser = cli::server)]
    server: Option<Option<Url>>,
    #[command(flatten)]
    admission: cli::Admission,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.server {
        Some(server) => remote::run(arguments, server.as_ref()),
        None => run_here(arguments),
    }
}

fn run_here(arguments: &Arguments) -> Result<(), Failure> {
    let (live, known) = live(arguments.config.as_deref(), arguments.route.is_none())?;
    let mut script = Script {
        faults: arguments.failing.iter().map(|f| (f.target.clone(), f.fault.clone())).collect(),
        over: arguments.over.iter().cloned().collect(),
        cooling: arguments.cooling.iter().cloned().collect(),
    };
    let metadata = arguments.metadata.iter().map(|json| ("x-attache-metadata".to_owned(), json.clone()));
    let simulation = Simulation {
        path: arguments.path.clone(),
        headers: metadata.chain(arguments.headers.iter().cloned()).collect(),
        body: content(&arguments.request)?,
        key: arguments.key.clone(),
        dice: arguments.dice,
        now: arguments.time.unwrap_or_else(now),
    };
    let given = arguments.route.as_deref().map(|file| version(file, known.as_deref())).transpose()?;
    // a request that is refused walks through nothing
    if let Some(version) = given.clone().or_else(|| simulation.route(&live).ok()) {
        script.fits(&version.program).map_err(Failure::Said)?;
    }
    let trace = match given {
        Some(version) => simulation.run_through(&version, &live, &mut script),
        None => simulation.run(&live, &mut script),
    };
    let text = serde_json::to_string_pretty(&trace).map_err(|error| Failure::Said(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// The world of a configuration, with its routes if they are asked for, and the names of its providers.
fn live(config: Option<&Path>, routes: bool) -> Result<(Live, Option<Vec<String>>), Failure> {
    let nothing = Snapshot::empty(now());
    let Some(path) = config else {
        return Ok((
            Live {
                snapshot: Arc::new(nothing),
                settings: Settings { clients: Clients::Optional, ..Settings::default() },
            },
            None,
        ));
    };
    let config = load(path)?;
    let folder = config.routes.clone().filter(|_| routes);
    let documents = folder.map(|folder| Folder::new(folder).read()).transpose();
    let documents = documents.map_err(|error| Failure::Said(format!("routes: {error}")))?.unwrap_or_default();
    let sources = Sources {
        documents: &documents,
        published: &Published::default(),
        keys: &config.keys,
        providers: &config.providers,
        prices: &config.prices,
    };
    let snapshot = build(&sources, &nothing, now());
    for problem in &snapshot.problems {
        let about = problem.key.as_ref().map_or(problem.source.clone(), |key| format!("auth.keys: {key}"));
        problem.mistakes.iter().for_each(|mistake| say(&format!("{about}: {mistake}")));
    }
    let known = config.providers.into_iter().map(|provider| provider.name).collect();
    Ok((Live { snapshot: Arc::new(snapshot), settings: config.exchange }, Some(known)))
}

fn version(file: &Path, known: Option<&[String]>) -> Result<Arc<Version>, Failure> {
    let names: Vec<&str> = known.unwrap_or_default().iter().map(String::as_str).collect();
    let known = if known.is_some() { Known::Providers(&names) } else { Known::Anything };
    Version::of_document(&content(file)?, known).map(Arc::new).map_err(|mistakes| {
        for mistake in mistakes {
            say(&format!("{}: {mistake}", file.display()));
        }
        Failure::Found
    })
}

/// A target, and how it fails.
#[derive(Debug, Clone)]
struct Failing {
    target: Target,
    fault: Fault,
    /// The fault, as it was typed.
    typed: String,
}

impl FromStr for Failing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (target, fault) = text.rsplit_once('=').ok_or("expected provider/model=fault")?;
        Ok(Self { target: target.parse()?, fault: fault.parse()?, typed: fault.to_owned() })
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn time(text: &str) -> Result<SystemTime, String> {
    text.parse::<Timestamp>().map(SystemTime::from).map_err(|error| error.to_string())
}
