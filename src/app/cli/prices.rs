//! `attache prices`: what models cost.

use super::{
    super::Failure,
    client::CallError,
    door::{Desk, Door},
    table::{Table, list as several, time_or_nothing},
};
use crate::provider::{PriceName, Rates};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a price is besides `input`, `output` and `cached_input`, and what each is where it is not set.
const BESIDES: [(&str, Option<&str>); 8] = [
    ("cache_write", Some("input")),
    ("cache_write_1h", Some("cache_write")),
    ("audio_input", Some("input")),
    ("image_input", Some("input")),
    ("reasoning", Some("output")),
    ("audio_output", Some("output")),
    ("image_output", Some("output")),
    ("request", None),
];

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
    /// List the prices that the server knows, in US dollars per million tokens.
    List {
        /// Only those that somebody has set.
        #[arg(long)]
        set: bool,
    },
    /// Set a price, above `attache.yaml` and the built-in table; with --from a version of it, beside its others.
    Set {
        /// provider/model; `*` stands for any text.
        name: PriceName,
        #[command(flatten)]
        price: Box<Figures>,
    },
    /// Forget what was set here: `attache.yaml` and the built-in table count again.
    Delete {
        /// provider/model.
        name: PriceName,
    },
}

/// A price, in US dollars per million tokens.
#[derive(Debug, clap::Args)]
struct Figures {
    /// From when on: 2026-01-01 (midnight, UTC) or 2026-01-01T08:00:00Z; from the beginning, if not given.
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: Option<String>,
    /// Prompt tokens.
    #[arg(long = "in", value_name = "USD")]
    input: f64,
    /// Answer tokens.
    #[arg(long, value_name = "USD")]
    out: f64,
    /// Prompt tokens from the provider's cache; --in, if not given.
    #[arg(long, value_name = "USD")]
    cached_input: Option<f64>,
    /// Prompt tokens written to the provider's cache; --in, if not given.
    #[arg(long, value_name = "USD")]
    cache_write: Option<f64>,
    /// Prompt tokens written there to be kept for an hour; --cache-write, if not given.
    #[arg(long, value_name = "USD")]
    cache_write_1h: Option<f64>,
    /// Prompt tokens of sound; --in, if not given.
    #[arg(long, value_name = "USD")]
    audio_input: Option<f64>,
    /// Prompt tokens of pictures; --in, if not given.
    #[arg(long, value_name = "USD")]
    image_input: Option<f64>,
    /// Answer tokens spent on reasoning; --out, if not given.
    #[arg(long, value_name = "USD")]
    reasoning: Option<f64>,
    /// Answer tokens of sound; --out, if not given.
    #[arg(long, value_name = "USD")]
    audio_output: Option<f64>,
    /// Answer tokens of pictures; --out, if not given.
    #[arg(long, value_name = "USD")]
    image_output: Option<f64>,
    /// US dollars for every answer.
    #[arg(long, value_name = "USD")]
    request: Option<f64>,
}

/// A price that is set over the API.
#[derive(Debug, Default, Deserialize)]
struct SetPrice {
    versions: Vec<Map<String, Value>>,
    revision: u64,
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    match &arguments.what {
        What::List { set } => list(&desk, *set).await,
        What::Set { name, price } => set(&desk, &name.to_string(), price).await,
        What::Delete { name } => delete(&desk, &name.to_string()).await,
    }
}

async fn list(desk: &Desk, set: bool) -> Result<(), Failure> {
    let mut answer = desk.client.ours(Method::GET, &["prices"]).send().await?;
    if let Some(rows) = answer.as_array_mut().filter(|_| set) {
        rows.retain(|row| row.get("built_in") != Some(&Value::Bool(true)));
    }
    let rows: Vec<Map<String, Value>> = desk.client.read(&answer)?;
    desk.show(&answer, || {
        let mut table = Table::new(["NAME", "FROM", "INPUT", "OUTPUT", "CACHED", "BESIDES", "SOURCE"]);
        for row in rows {
            let word = |field: &str| match row.get(field) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let besides = BESIDES.iter().filter(|(field, like)| {
                let usual = like.map_or(Some(&Value::from(0.0)), |like| row.get(like)).cloned();
                row.get(*field).cloned() != usual
            });
            let besides = several(besides.map(|(field, _)| format!("{field}={}", word(field))));
            let from = row.get("from").map(|_| word("from"));
            let name = format!("{}/{}", word("provider"), word("model"));
            let [input, output, cached] = ["input", "output", "cached_input"].map(word);
            table.row([name, time_or_nothing(from.as_ref()), input, output, cached, besides, word("source")]);
        }
        table.to_string()
    })
}

async fn set(desk: &Desk, name: &str, price: &Figures) -> Result<(), Failure> {
    let SetPrice { mut versions, revision } = desk.set_price(name).await?;
    let from = price.from.as_deref();
    let moment =
        |version: &Map<String, Value>| version.get("from").and_then(Value::as_str).and_then(Rates::moment);
    versions.retain(|version| moment(version) != from.and_then(Rates::moment));
    versions.push(price.fields());
    let call = desk.client.ours(Method::PUT, &["prices", name]).seen(revision);
    let answer = call.json(&json!({"versions": versions})).send().await?;
    desk.show(&answer, || match from {
        Some(from) => format!("the price of {name} is set from {from} on\n"),
        None => format!("the price of {name} is set\n"),
    })
}

async fn delete(desk: &Desk, name: &str) -> Result<(), Failure> {
    let answer = desk.client.ours(Method::DELETE, &["prices", name]).send().await?;
    desk.show(&answer, || format!("the price of {name} is what it was before it was set\n"))
}

impl Desk {
    /// The price that is set over the API; an empty one of revision 0 where none is.
    async fn set_price(&self, name: &str) -> Result<SetPrice, CallError> {
        let rows = self.client.ours(Method::GET, &["prices"]).send().await?;
        let is_it = |row: &Value| {
            let word = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
            word("source") == "api" && format!("{}/{}", word("provider"), word("model")) == name
        };
        if !rows.as_array().is_some_and(|rows| rows.iter().any(is_it)) {
            return Ok(SetPrice::default());
        }
        let answer = self.client.ours(Method::GET, &["prices", name]).send().await?;
        self.client.read(&answer)
    }
}

impl Figures {
    /// As the API calls them.
    fn fields(&self) -> Map<String, Value> {
        let given = [
            ("input", Some(self.input)),
            ("output", Some(self.out)),
            ("cached_input", self.cached_input),
            ("cache_write", self.cache_write),
            ("cache_write_1h", self.cache_write_1h),
            ("audio_input", self.audio_input),
            ("image_input", self.image_input),
            ("reasoning", self.reasoning),
            ("audio_output", self.audio_output),
            ("image_output", self.image_output),
            ("request", self.request),
        ];
        let given = given.into_iter().filter_map(|(field, usd)| Some((field.to_owned(), usd?.into())));
        self.from.iter().map(|from| ("from".to_owned(), from.as_str().into())).chain(given).collect()
    }
}

/// Reads a date or a time, and leaves it as it is.
fn date(text: &str) -> Result<String, String> {
    let wanted = || {
        format!("expected a date such as 2026-01-01, or a time such as 2026-01-01T08:00:00Z, found `{text}`")
    };
    Rates::moment(text).map(|_| text.to_owned()).ok_or_else(wanted)
}
