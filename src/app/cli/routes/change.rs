//! Routes and versions, made and changed one at a time.

use super::{
    super::{
        super::{Failure, say},
        client::CallError,
        door::Desk,
        shape::{Deployment, Route, v},
        trouble::Trouble,
    },
    Why, file, version,
};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use std::path::Path;

/// A canary, or its end.
#[derive(Debug, clap::Args)]
pub(super) struct Canary {
    /// The route.
    name: String,
    /// The version.
    #[arg(value_parser = version, required_unless_present = "end", requires = "percent")]
    version: Option<u32>,
    /// Its share, above 0 and below 100.
    #[arg(value_parser = percent)]
    percent: Option<f64>,
    /// What keeps a client with one version, such as `metadata.user_id`; without it each request is left to chance.
    #[arg(long, value_name = "PATH")]
    key: Option<String>,
    /// End it: all traffic goes to the live version.
    #[arg(long, conflicts_with_all = ["version", "percent", "key"])]
    end: bool,
}

/// What makes a version, of a new route or of one that is there.
#[derive(Debug, Serialize)]
pub(super) struct NewVersion<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) elements: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deploy: Option<bool>,
}

impl NewVersion<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        // JSON that was read, and texts
        serde_json::to_vec(self).unwrap_or_default()
    }
}

pub(super) async fn create(desk: &Desk, path: &Path, draft: bool, why: &Why) -> Result<(), Failure> {
    let written = file::read(path)?;
    let nameless =
        || CallError::Refused(vec![Trouble::new("the document has no `name`").of_file(path.display())]);
    let name = written.name.as_deref().ok_or_else(nameless)?;
    let comment = why.comment.as_deref();
    let new = NewVersion { name: Some(name), elements: &written.elements, comment, deploy: Some(!draft) };
    let answer = desk.client.routes(Method::POST, &[]).body(new.bytes()).once().send().await?;
    made(desk, &answer, draft)
}

pub(super) async fn draft(desk: &Desk, name: &str, path: &Path, why: &Why) -> Result<(), Failure> {
    let written = file::read(path)?;
    if let Some(other) = written.name.filter(|other| other != name) {
        let why = Trouble::new(format!("this is a document of `{other}`, not of `{name}`"));
        return Err(CallError::Refused(vec![why.of_file(path.display())]).into());
    }
    let route = desk.route(name).await?;
    let comment = why.comment.as_deref();
    let new = NewVersion { name: None, elements: &written.elements, comment, deploy: None };
    let call = desk.client.routes(Method::POST, &[&route.id, "versions"]);
    made(desk, &call.body(new.bytes()).once().send().await?, true)
}

/// Tells what was made; a draft may have mistakes.
fn made(desk: &Desk, answer: &Value, draft: bool) -> Result<(), Failure> {
    let route: Route = desk.client.read(answer)?;
    let version = v(&route.version.version_id);
    let what = if draft { "is a draft" } else { "is live" };
    desk.show(answer, || format!("{} {version} {what}\n", route.name))?;
    if route.diagnostics.is_empty() {
        return Ok(());
    }
    say(&format!("attache: {} {version} has mistakes and can not be deployed:", route.name));
    route.diagnostics.iter().for_each(|trouble| say(&format!("         {trouble}")));
    Err(Failure::Found)
}

pub(super) async fn deploy(desk: &Desk, name: &str, version: u32, why: &Why) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    live(desk, &route, version, why.comment.as_deref()).await
}

pub(super) async fn rollback(
    desk: &Desk,
    name: &str,
    version: Option<u32>,
    why: &Why,
) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let version = match version {
        Some(version) => version,
        None => before(desk, &route).await?,
    };
    let usual = format!("rollback from {}", route.live());
    live(desk, &route, version, Some(why.comment.as_deref().unwrap_or(&usual))).await
}

/// The version that was live before the one that is.
async fn before(desk: &Desk, route: &Route) -> Result<u32, CallError> {
    let answer = desk.client.all_of_routes(&[&route.id, "deployments"], "deployments").await?;
    let all: Vec<Deployment> = desk.client.read_in(&answer, "deployments")?;
    // a canary is a deployment too, of the version that stays
    let numbers = all.iter().filter_map(|deployment| deployment.version_id.parse().ok());
    let other = numbers.into_iter().find(|number| Some(*number) != route.live_number());
    other.ok_or_else(|| {
        let why = format!("no other version of `{}` was live before {}", route.name, route.live());
        CallError::Refused(vec![Trouble::new(why)])
    })
}

/// Makes a version live, unless the route has moved on since it was looked at.
async fn live(desk: &Desk, route: &Route, version: u32, comment: Option<&str>) -> Result<(), Failure> {
    let answer = deployed(desk, &route.id, (version, route.revision), comment).await?;
    desk.show(&answer, || format!("{} v{version} is live; {} was\n", route.name, route.live()))
}

/// Deploys a version of a route that is at a revision.
pub(super) async fn deployed(
    desk: &Desk,
    id: &str,
    (version, revision): (u32, u64),
    comment: Option<&str>,
) -> Result<Value, CallError> {
    let body = json!({"version_id": version.to_string(), "comment": comment});
    desk.client.routes(Method::POST, &[id, "deployments"]).seen(revision).json(&body).send().await
}

pub(super) async fn rename(desk: &Desk, name: &str, new: &str) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let call = desk.client.routes(Method::PATCH, &[&route.id]).seen(route.revision);
    let answer = call.json(&json!({"name": new})).send().await?;
    desk.show(&answer, || format!("{name} is now {new}\n"))
}

pub(super) async fn delete(desk: &Desk, name: &str) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let answer = desk.client.routes(Method::DELETE, &[&route.id]).send().await?;
    desk.show(&answer, || format!("{name} is deleted; {} was live\n", route.live()))
}

pub(super) async fn canary(desk: &Desk, arguments: &Canary) -> Result<(), Failure> {
    let route = desk.route(&arguments.name).await?;
    let path = ["routes", &route.id, "canary"];
    let call = match (arguments.version, arguments.percent) {
        (Some(version), Some(percent)) => {
            let mut body = json!({"version_id": version.to_string(), "percent": percent});
            if let (Some(key), Some(fields)) = (&arguments.key, body.as_object_mut()) {
                fields.insert("key".into(), key.as_str().into());
            }
            desk.client.ours(Method::PUT, &path).json(&body)
        }
        _ => desk.client.ours(Method::DELETE, &path),
    };
    let answer = call.send().await?;
    let now: Route = desk.client.read(&answer)?;
    desk.show(&answer, || match now.canary() {
        Some(canary) => format!("{} {} is live; canary: {}\n", now.name, now.live(), canary.told()),
        None => format!("{} {} is live, without a canary\n", now.name, now.live()),
    })
}

pub(super) async fn pin(desk: &Desk, name: &str, version: u32, method: Method) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let pinned = method == Method::PUT;
    let path = ["routes", &route.id, "pins", &version.to_string()];
    let answer = desk.client.ours(method, &path).send().await?;
    desk.show(&answer, || match pinned {
        true => format!("{name} v{version} can be called as dynamic/{name}@v{version}\n"),
        false => format!("{name} v{version} is not pinned\n"),
    })
}

/// Reads `10` or `10%`.
fn percent(text: &str) -> Result<f64, String> {
    let share = text.strip_suffix('%').unwrap_or(text).parse().ok();
    let share = share.filter(|share| *share > 0.0 && *share < 100.0);
    share.ok_or_else(|| format!("expected a share above 0 and below 100, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read() {
        assert_eq!((percent("10"), percent("0.5%")), (Ok(10.0), Ok(0.5)));
        for text in ["", "%", "0", "100", "-1", "NaN", "10%%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
