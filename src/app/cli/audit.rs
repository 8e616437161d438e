//! `attache audit`: who changed what.

use super::{
    super::Failure,
    door::Door,
    table::{Table, time},
};
use reqwest::Method;
use serde::Deserialize;

#[derive(Debug, clap::Args)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    door: Door,
    /// Only changes of this kind of thing: route, key or token.
    #[arg(long)]
    kind: Option<String>,
    /// Only changes of the thing with this id.
    #[arg(long)]
    id: Option<String>,
    /// Only changes by the token with this id; `environment` is the operator's.
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// How many, the newest first: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

/// A change.
#[derive(Debug, Deserialize)]
struct Event {
    at: String,
    actor: String,
    action: String,
    id: String,
    name: String,
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    let mut call = desk.client.ours(Method::GET, &["audit"]).query("per_page", arguments.limit);
    for (name, value) in [("kind", &arguments.kind), ("id", &arguments.id), ("actor", &arguments.actor)] {
        if let Some(value) = value {
            call = call.query(name, value);
        }
    }
    let answer = call.send().await?;
    let events: Vec<Event> = desk.client.read_in(&answer, "items")?;
    desk.show(&answer, || {
        let mut table = Table::new(["WHEN", "WHO", "WHAT", "NAME", "ID"]);
        for Event { at, actor, action, id, name } in events {
            table.row([time(&at), actor, action, name, id]);
        }
        table.to_string()
    })
}
