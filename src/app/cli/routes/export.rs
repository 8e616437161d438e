//! `attache routes export`: what is live, as files.

use super::{
    super::{
        super::{Failure, say},
        client::CallError,
        door::Desk,
        shape::Route,
        trouble::Trouble,
        write,
    },
    look::document,
};
use crate::graph::is_name;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which routes; without a name, all that are live and kept in the store.
    names: Vec<String>,
    /// The folder; it is made where there is none.
    #[arg(short, long = "dir", value_name = "FOLDER")]
    directory: PathBuf,
}

pub(super) async fn run(desk: &Desk, arguments: &Arguments) -> Result<(), Failure> {
    let routes = match arguments.names.is_empty() {
        true => all(desk).await?,
        false => named(desk, &arguments.names).await?,
    };
    let folder = &arguments.directory;
    fs::create_dir_all(folder).map_err(|error| Failure::Said(format!("{}: {error}", folder.display())))?;
    let mut written = vec![];
    for route in &routes {
        let file = folder.join(format!("{}.json", route.name));
        write(&file, &document(&route.name, &Value::Array(route.elements.clone())))?;
        written.push((route, file.display().to_string()));
    }
    let answer = written.iter().map(|(route, file)| {
        json!({"name": route.name, "version_id": route.live_number().map(|number| number.to_string()), "file": file})
    });
    desk.show(&answer.collect(), || {
        written.iter().map(|(route, file)| format!("{} {} → {file}\n", route.name, route.live())).collect()
    })
}

/// What is live and belongs to the store. What is not told on standard error.
async fn all(desk: &Desk) -> Result<Vec<Route>, CallError> {
    let answer = desk.client.all_of_routes(&[], "routes").await?;
    let mut routes: Vec<Route> = desk.client.read_in(&answer, "routes")?;
    routes.retain(|route| match (route.read_only, &route.deployment) {
        (true, _) => false,
        (false, None) => {
            say(&format!("attache: {} is not exported: no version of it is live", route.name));
            false
        }
        (false, Some(_)) => true,
    });
    checked(routes)
}

async fn named(desk: &Desk, names: &[String]) -> Result<Vec<Route>, CallError> {
    let mut routes = vec![];
    for name in names {
        let route = desk.route(name).await?;
        if route.deployment.is_none() {
            return Err(CallError::Refused(vec![Trouble::new(format!("no version of `{name}` is live"))]));
        }
        routes.push(route);
    }
    checked(routes)
}

/// A name becomes the name of a file: it is not taken on trust.
fn checked(routes: Vec<Route>) -> Result<Vec<Route>, CallError> {
    match routes.iter().find(|route| !is_name(&route.name)) {
        None => Ok(routes),
        Some(route) => {
            let why = format!("`{}` is no name of a route, and no file is named so", route.name);
            Err(CallError::Refused(vec![Trouble::new(why)]))
        }
    }
}
