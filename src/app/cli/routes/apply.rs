//! `attache routes apply`: a folder says what is live.

use super::{
    super::{
        super::{Failure, print, say},
        client::CallError,
        door::Desk,
        shape::{Checked, Route, Version},
        table::Paint,
        trouble::Trouble,
    },
    Why,
    change::{NewVersion, deployed},
    file,
    plan::{Plan, Step, Update, Wanted},
};
use crate::{
    graph::changes,
    store::{Document, Folder},
};
use reqwest::Method;
use serde_json::Value;
use std::{fs, path::PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder of documents (`*.json`), or one document.
    #[arg(short, long, value_name = "FOLDER")]
    file: PathBuf,
    /// Delete what is live and has no document in the folder.
    #[arg(long)]
    prune: bool,
    /// Only tell what would be done: exit code 4 if there is something, 0 if not.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    why: Why,
}

pub(super) async fn run(desk: &Desk, arguments: &Arguments) -> Result<(), Failure> {
    let documents = documents(arguments)?;
    let wanted = wanted(desk, documents).await?;
    let answer = desk.client.all_of_routes(&[], "routes").await?;
    let there: Vec<Route> = desk.client.read_in(&answer, "routes")?;
    let mut plan = Plan::new(wanted, there, arguments.prune).map_err(CallError::Refused)?;
    for step in &mut plan.steps {
        if let Step::Update(update) = step {
            update.look_for_draft(desk).await?;
        }
    }
    desk.show(&plan.json(), || plan.told(Paint::of_stdout()))?;
    match (arguments.dry_run, plan.steps.is_empty()) {
        (_, true) => Ok(()),
        (true, false) => Err(Failure::Pending),
        (false, false) => follow(desk, &plan.steps, arguments.why.comment.as_deref()).await,
    }
}

fn documents(arguments: &Arguments) -> Result<Vec<Document>, Failure> {
    let path = &arguments.file;
    let said = |error: &dyn std::fmt::Display| Failure::Said(error.to_string());
    if !path.is_dir() {
        if arguments.prune {
            return Err(Failure::Arguments(
                "--prune goes with a folder: one document says nothing of others".into(),
            ));
        }
        let bytes = fs::read(path).map_err(|error| said(&format!("{}: {error}", path.display())))?;
        return Ok(vec![Document { file: path.clone(), bytes }]);
    }
    let found = Folder::new(path.clone()).read().map_err(|error| said(&error))?;
    match found.is_empty() {
        // an empty folder is more often a slip than a wish to delete everything
        true => Err(said(&format!("{} holds no documents (*.json)", path.display()))),
        false => Ok(found),
    }
}

/// Every document as the server spells it, or every mistake in all of them.
async fn wanted(desk: &Desk, documents: Vec<Document>) -> Result<Vec<Wanted>, CallError> {
    let (mut wanted, mut troubles) = (vec![], vec![]);
    for Document { file, bytes } in documents {
        let file = file.display().to_string();
        match check(desk, &file, bytes).await {
            Ok(document) => wanted.push(document),
            Err(CallError::Refused(found)) => {
                troubles.extend(found.into_iter().map(|trouble| trouble.of_file(&file)));
            }
            Err(error) => return Err(error),
        }
    }
    if troubles.is_empty() { Ok(wanted) } else { Err(CallError::Refused(troubles)) }
}

async fn check(desk: &Desk, file: &str, bytes: Vec<u8>) -> Result<Wanted, CallError> {
    let refused = |why: &str| CallError::Refused(vec![Trouble::new(why)]);
    let read = file::parse(&bytes);
    let answer = match &read {
        // what is no JSON can not be sent
        Err(why) if serde_json::from_slice::<Value>(&bytes).is_err() => return Err(refused(why)),
        _ => desk.client.ours(Method::POST, &["validate"]).body(bytes).send().await?,
    };
    let checked: Checked = desk.client.read(&answer)?;
    if !checked.diagnostics.is_empty() {
        return Err(CallError::Refused(checked.diagnostics));
    }
    let written = read.map_err(|why| refused(&why))?;
    let name = written.name.ok_or_else(|| refused("the document has no `name`"))?;
    Ok(Wanted { file: file.to_owned(), name, elements: checked.elements, written: written.elements })
}

impl Update {
    /// The newest version may be what is wanted: somebody has drafted it, or an earlier run was cut short.
    async fn look_for_draft(&mut self, desk: &Desk) -> Result<(), CallError> {
        let call = desk.client.routes(Method::GET, &[&self.route.id, "versions"]).query("per_page", 1);
        let answer = call.send().await?;
        let newest: Vec<Version> = desk.client.read_in(&answer, "versions")?;
        self.draft = newest.first().filter(|version| self.is_wanted(version)).and_then(Version::number);
        Ok(())
    }

    fn is_wanted(&self, version: &Version) -> bool {
        let elements: Vec<Value> = serde_json::from_str(&version.data).unwrap_or_default();
        changes(&elements, &self.wanted.elements).is_empty()
    }
}

/// Does everything that can be done, and tells what could not.
async fn follow(desk: &Desk, steps: &[Step], comment: Option<&str>) -> Result<(), Failure> {
    let mut failed = false;
    for step in steps {
        match follow_one(desk, step, comment).await {
            Ok(_) if desk.is_json() => {}
            Ok(told) => print(&format!("{told}\n"))?,
            Err(CallError::Refused(troubles)) => {
                failed = true;
                let lines = troubles.into_iter().map(|trouble| trouble.of_file(step.name()));
                lines.for_each(|line| say(&format!("attache: {line}")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if failed { Err(Failure::Found) } else { Ok(()) }
}

async fn follow_one(desk: &Desk, step: &Step, comment: Option<&str>) -> Result<String, CallError> {
    match step {
        Step::Create(Wanted { name, written, .. }) => {
            let new = NewVersion { name: Some(name), elements: written, comment, deploy: Some(true) };
            desk.client.routes(Method::POST, &[]).body(new.bytes()).once().send().await?;
            Ok(format!("{name} v1 is live"))
        }
        Step::Update(update) => update.follow(desk, comment).await,
        Step::Delete(route) => {
            desk.client.routes(Method::DELETE, &[&route.id]).seen(route.revision).send().await?;
            Ok(format!("{} is deleted", route.name))
        }
    }
}

impl Update {
    /// A new version and its deployment, each only if nobody else has touched the route since the plan was made.
    async fn follow(&self, desk: &Desk, comment: Option<&str>) -> Result<String, CallError> {
        let (number, revision) = match self.draft {
            Some(number) => (number, self.route.revision),
            None => self.version(desk, comment).await?,
        };
        deployed(desk, &self.route.id, (number, revision), comment).await?;
        Ok(format!("{} v{number} is live; {} was", self.route.name, self.route.live()))
    }

    async fn version(&self, desk: &Desk, comment: Option<&str>) -> Result<(u32, u64), CallError> {
        let new = NewVersion { name: None, elements: &self.wanted.written, comment, deploy: None };
        let call = desk.client.routes(Method::POST, &[&self.route.id, "versions"]);
        let answer = call.seen(self.route.revision).body(new.bytes()).once().send().await?;
        let route: Route = desk.client.read(&answer)?;
        let number = route.version.number();
        let numberless =
            || CallError::Refused(vec![Trouble::new("the server made a version without a number")]);
        Ok((number.ok_or_else(numberless)?, route.revision))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            super::fake::{client, header, server},
            plan::made::{route, wanted},
        },
        *,
    };
    use serde_json::{Value, from_value, json};

    #[tokio::test]
    async fn a_route_is_only_changed_as_it_was_when_the_plan_was_made() {
        let mut with_version = route("r", Some(1), json!([]));
        with_version["revision"] = 4.into();
        with_version["version"]["version_id"] = "5".into();
        let result = |result: Value| Some(json!({"success": true, "result": result}));
        let (url, asked) = server(vec![result(with_version.clone()), result(with_version)]).await;
        let there: Vec<Route> = from_value(json!([route("r", Some(1), json!([]))])).unwrap();
        let plan = Plan::new(vec![wanted("r.json", "r", json!([{"id": "a"}]))], there, false).unwrap();
        let done = follow_one(&Desk::of(client(&url)), &plan.steps[0], Some("why")).await.unwrap();
        assert_eq!(done, "r v5 is live; v1 was");
        let asked = asked.await.unwrap();
        assert_eq!((header(&asked[0], "if-match"), header(&asked[1], "if-match")), ("\"3\"", "\"4\""));
        assert!(asked[0].ends_with(r#"{"elements":[{"id":"a"}],"comment":"why"}"#), "{asked:?}");
        assert!(asked[1].ends_with(r#"{"version_id":"5","comment":"why"}"#), "{asked:?}");
    }
}
