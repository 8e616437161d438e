//! `attache limits`: how much of a route's limits is used, and to begin anew.

use super::{super::Failure, door::Door, table::Table};
use reqwest::Method;
use serde::Deserialize;

#[derive(Debug, clap::Args)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    door: Door,
    /// A route that is live.
    route: String,
    /// The value of the limits' keys, such as a user's id; `-` is the bucket of requests without one.
    #[arg(long, default_value = "-", allow_hyphen_values = true)]
    key: String,
    /// Only the limit of this element.
    #[arg(long, value_name = "ID")]
    element: Option<String>,
    /// Forget what they have counted; for role admin.
    #[arg(long)]
    reset: bool,
}

/// A limit.
#[derive(Debug, Deserialize)]
struct Limit {
    element: String,
    limit_type: String,
    limit: f64,
    used: f64,
    window: String,
    resets_in: u64,
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    let method = if arguments.reset { Method::DELETE } else { Method::GET };
    let mut call = desk.client.ours(method, &["limits"]);
    call = call.query("route", &arguments.route).query("key", &arguments.key);
    if let Some(element) = &arguments.element {
        call = call.query("element", element);
    }
    let answer = call.send().await?;
    let limits: Vec<Limit> = desk.client.read(&answer)?;
    desk.show(&answer, || {
        let mut table = Table::new(["ELEMENT", "TYPE", "USED", "LIMIT", "WINDOW", "LESS IN"]);
        for Limit { element, limit_type, limit, used, window, resets_in } in limits {
            table.row([
                element,
                limit_type,
                used.to_string(),
                limit.to_string(),
                window,
                format!("{resets_in} s"),
            ]);
        }
        table.to_string()
    })
}
