//! Routes and versions, looked at.

use super::super::{
    super::Failure,
    door::Desk,
    shape::{Canary, Route, Version, v},
    table::{NOTHING, Table, list as several, pretty, time},
};
use reqwest::Method;
use serde_json::{Value, json};

pub(super) async fn list(desk: &Desk) -> Result<(), Failure> {
    let answer = desk.client.all_of_routes(&[], "routes").await?;
    let routes: Vec<Route> = desk.client.read_in(&answer, "routes")?;
    desk.show(&answer, || {
        let mut table = Table::new(["NAME", "LIVE", "CANARY", "PINNED", "CHANGED", "SOURCE"]);
        for route in routes {
            let canary = route.canary().map_or_else(|| NOTHING.into(), Canary::told);
            let pins = several(route.pins.iter().map(|pin| format!("v{pin}")));
            let (live, changed) = (route.live(), time(&route.modified_at));
            table.row([route.name, live, canary, pins, changed, route.source]);
        }
        table.to_string()
    })
}

pub(super) async fn get(desk: &Desk, name: &str, version: Option<u32>) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let answer = match version {
        None => desk.client.routes(Method::GET, &[&route.id]),
        Some(version) => desk.client.routes(Method::GET, &[&route.id, "versions", &version.to_string()]),
    };
    let answer = answer.send().await?;
    desk.show(&answer, || document(&route.name, answer.get("elements").unwrap_or(&Value::Null)))
}

/// A document as it stands in a file.
pub(super) fn document(name: &str, elements: &Value) -> String {
    pretty(&json!({"name": name, "elements": elements}))
}

pub(super) async fn versions(desk: &Desk, name: &str) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let answer = desk.client.all_of_routes(&[&route.id, "versions"], "versions").await?;
    let versions: Vec<Version> = desk.client.read_in(&answer, "versions")?;
    desk.show(&answer, || {
        let mut table = Table::new(["VERSION", "STATE", "VALID", "AUTHOR", "MADE", "COMMENT"]);
        for version in versions {
            let (number, state) = (v(&version.version_id), state(&route, &version));
            let valid = if version.is_valid { "yes" } else { "no" };
            let (made, comment) = (time(&version.created_at), version.comment.unwrap_or_default());
            table.row([number, state, valid.into(), version.author, made, comment]);
        }
        table.to_string()
    })
}

/// `live`, `canary 10%`, `pinned`: what of it goes for a version.
fn state(route: &Route, version: &Version) -> String {
    let live = route.deployment.as_ref().is_some_and(|live| live.version_id == version.version_id);
    let canary = route.canary().filter(|canary| canary.version_id == version.version_id);
    let pinned = version.number().is_some_and(|number| route.pins.contains(&number));
    let words = [
        live.then(|| "live".to_owned()),
        canary.map(|canary| format!("canary {}%", canary.percent)),
        pinned.then(|| "pinned".to_owned()),
    ];
    several(words.into_iter().flatten())
}
