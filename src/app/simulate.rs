//! `attache simulate`: a walk without calling anybody.

use super::{Failure, load, now, print, say};
use crate::{
    chat::Fault,
    exchange::{Live, Script, Settings, Simulation},
    graph::{Known, Program, Target},
    snapshot::{Snapshot, Sources, build},
    store::Published,
};
use jiff::Timestamp;
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::SystemTime,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The route's document.
    #[arg(long, value_name = "FILE")]
    route: PathBuf,
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
    /// How every try of a model fails: by a status, or a fault's name such as `timeout`; may be given again.
    #[arg(long = "fail", value_name = "PROVIDER/MODEL=FAULT")]
    failing: Vec<Failing>,
    /// A rate element whose limit is exceeded; may be given again.
    #[arg(long = "over-limit", value_name = "ELEMENT")]
    over: Vec<String>,
    /// What random percentages rest on: the same number takes the same arms.
    #[arg(long, value_name = "N", default_value_t = 0)]
    dice: u64,
    /// When the request comes, such as 2026-01-31T08:00:00Z; now, if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<SystemTime>,
    /// A configuration, for its providers, prices, client keys and limits.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (live, known) = live(arguments.config.as_deref())?;
    let program = program(&arguments.route, known.as_deref())?;
    let mut script = script(arguments, &program)?;
    let metadata = arguments.metadata.iter().map(|json| ("x-attache-metadata".to_owned(), json.clone()));
    let simulation = Simulation {
        path: arguments.path.clone(),
        headers: metadata.chain(arguments.headers.iter().cloned()).collect(),
        body: content(&arguments.request)?,
        dice: arguments.dice,
        now: arguments.time.unwrap_or_else(now),
    };
    let trace = simulation.run(&program, &live, &mut script);
    let text = serde_json::to_string_pretty(&trace).map_err(|error| Failure::Said(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// The world of a configuration, and the names of its providers.
fn live(config: Option<&Path>) -> Result<(Live, Option<Vec<String>>), Failure> {
    let nothing = Snapshot::empty(now());
    let Some(path) = config else {
        return Ok((Live { snapshot: Arc::new(nothing), settings: Settings::default() }, None));
    };
    let config = load(path)?;
    let sources = Sources {
        documents: &[],
        published: &Published::default(),
        keys: &config.keys,
        providers: &config.providers,
        prices: &config.prices,
    };
    let snapshot = build(&sources, &nothing, now());
    let known = config.providers.into_iter().map(|provider| provider.name).collect();
    Ok((Live { snapshot: Arc::new(snapshot), settings: config.exchange }, Some(known)))
}

fn program(file: &Path, known: Option<&[String]>) -> Result<Program, Failure> {
    let names: Vec<&str> = known.unwrap_or_default().iter().map(String::as_str).collect();
    let known = if known.is_some() { Known::Providers(&names) } else { Known::Anything };
    Program::read(&content(file)?, known).map_err(|mistakes| {
        for mistake in mistakes {
            say(&format!("{}: {mistake}", file.display()));
        }
        Failure::Found
    })
}

/// What shall happen. A name that the route does not know is most likely a slip.
fn script(arguments: &Arguments, program: &Program) -> Result<Script, Failure> {
    let targets = program.targets();
    if let Some(Failing { target, .. }) = arguments.failing.iter().find(|f| !targets.contains(&f.target)) {
        let known: Vec<_> = targets.iter().map(ToString::to_string).collect();
        let message = format!("--fail: the route calls no `{target}`; it calls {}", known.join(", "));
        return Err(Failure::Said(message));
    }
    if let Some(element) = arguments.over.iter().find(|id| !program.ids().any(|known| known == **id)) {
        return Err(Failure::Said(format!("--over-limit: the route has no element `{element}`")));
    }
    Ok(Script {
        faults: arguments.failing.iter().map(|f| (f.target.clone(), f.fault.clone())).collect(),
        over: arguments.over.iter().cloned().collect(),
    })
}

fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    read.map_err(|error| Failure::Said(format!("{}: {error}", file.display())))
}

/// A target, and how it fails.
#[derive(Debug, Clone)]
struct Failing {
    target: Target,
    fault: Fault,
}

impl FromStr for Failing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=').and_then(|(target, fault)| Some((target.split_once('/')?, fault)));
        let ((provider, model), fault) = parts.ok_or("expected provider/model=fault")?;
        let target = Target { provider: provider.into(), model: model.into() };
        let status = || fault.parse().ok().filter(|status| (300..600).contains(status)).map(Fault::of_status);
        let fault = fault.parse().ok().map(Fault::new).or_else(status);
        let fault =
            fault.ok_or("expected a status from 300 to 599, or the name of a fault such as timeout")?;
        Ok(Self { target, fault })
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn time(text: &str) -> Result<SystemTime, String> {
    text.parse::<Timestamp>().map(SystemTime::from).map_err(|error| error.to_string())
}
