//! `attache pairs`: who shares the store, and how they are.

use super::{
    super::Failure,
    door::Door,
    table::{NOTHING, Table, time},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, clap::Args)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    door: Door,
}

/// A pair.
#[derive(Debug, Deserialize)]
struct Pair {
    id: String,
    seen_at: String,
    /// What it told of itself.
    status: Value,
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    let answer = desk.client.ours(Method::GET, &["pairs"]).send().await?;
    let pairs: Vec<Pair> = desk.client.read(&answer)?;
    desk.show(&answer, || {
        let mut table =
            Table::new(["PAIR", "SEEN", "STATE", "VERSION", "CHANGE", "ROUTES", "PROBLEMS", "IN FLIGHT"]);
        for pair in pairs {
            let told = |field: &str| match pair.status.get(field) {
                None | Some(Value::Null) => NOTHING.to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            let [state, version, change] = ["state", "version", "change"].map(told);
            let [routes, problems, in_flight] = ["routes", "problems", "in_flight"].map(told);
            table.row([pair.id, time(&pair.seen_at), state, version, change, routes, problems, in_flight]);
        }
        table.to_string()
    })
}
