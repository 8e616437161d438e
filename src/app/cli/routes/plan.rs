//! What a folder of documents asks of a server: what to make, to change, to delete. Pure.

use super::{
    super::{
        shape::{Canary, Route, v},
        table::{Mark, Paint},
        trouble::Trouble,
    },
    differ,
};
use crate::graph::{Change, changes};
use serde_json::{Value, json, value::RawValue};
use std::collections::{BTreeMap, HashMap};

/// A document of the folder, without mistakes.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) file: String,
    pub(super) name: String,
    /// As the server spells them.
    pub(super) elements: Vec<Value>,
    /// As they are written.
    pub(super) written: Box<RawValue>,
}

/// What is to be done about one route.
#[derive(Debug)]
pub(super) enum Step {
    Create(Wanted),
    Update(Update),
    Delete(Route),
}

/// A route that is not what its document says.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) wanted: Wanted,
    pub(super) route: Route,
    /// A version that is what the document says, but is not live.
    pub(super) draft: Option<u32>,
    changes: Vec<Change>,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Routes that are as their documents say.
    same: usize,
}

impl Plan {
    /// Holds documents against the routes that are there. With `prune`, what is live and has no document is to go.
    ///
    /// # Errors
    /// Documents that can not be followed, all of them.
    pub(super) fn new(wanted: Vec<Wanted>, there: Vec<Route>, prune: bool) -> Result<Self, Vec<Trouble>> {
        let wanted = by_name(wanted)?;
        let mut there: BTreeMap<String, Route> =
            there.into_iter().map(|route| (route.name.clone(), route)).collect();
        let (mut plan, mut troubles) = (Self::default(), vec![]);
        for (name, wanted) in wanted {
            match there.remove(&name) {
                None => plan.steps.push(Step::Create(wanted)),
                Some(route) if route.read_only => {
                    let why = format!("the route `{name}` comes from a file on the server, {}", route.source);
                    troubles.push(Trouble::new(why).of_file(&wanted.file));
                }
                Some(route) => plan.hold(wanted, route),
            }
        }
        let gone =
            there.into_values().filter(|route| prune && !route.read_only && route.deployment.is_some());
        plan.steps.extend(gone.map(Step::Delete));
        if troubles.is_empty() { Ok(plan) } else { Err(troubles) }
    }

    fn hold(&mut self, wanted: Wanted, route: Route) {
        let changes = changes(&route.elements, &wanted.elements);
        match route.deployment.is_some() && changes.is_empty() {
            true => self.same += 1,
            false => self.steps.push(Step::Update(Update { wanted, route, draft: None, changes })),
        }
    }

    /// The plan for people: what changes, then how much it is.
    pub(super) fn told(&self, paint: Paint) -> String {
        let steps: String = self.steps.iter().map(|step| step.told(paint)).collect();
        let count = |is: fn(&Step) -> bool| self.steps.iter().filter(|step| is(step)).count();
        let (create, update) =
            (count(|step| matches!(step, Step::Create(_))), count(|step| matches!(step, Step::Update(_))));
        let delete = count(|step| matches!(step, Step::Delete(_)));
        format!(
            "{steps}{create} to create, {update} to update, {delete} to delete, {} unchanged\n",
            self.same
        )
    }

    /// The plan for programs.
    pub(super) fn json(&self) -> Value {
        let steps: Vec<_> = self.steps.iter().map(Step::json).collect();
        json!({"changes": steps, "unchanged": self.same})
    }
}

fn by_name(wanted: Vec<Wanted>) -> Result<BTreeMap<String, Wanted>, Vec<Trouble>> {
    let mut files: HashMap<String, String> = HashMap::new();
    let (mut found, mut troubles) = (BTreeMap::new(), vec![]);
    for wanted in wanted {
        match files.get(&wanted.name) {
            Some(other) => {
                let why = format!("the route `{}` stands in {other} already", wanted.name);
                troubles.push(Trouble::new(why).of_file(&wanted.file));
            }
            None => {
                files.insert(wanted.name.clone(), wanted.file.clone());
                found.insert(wanted.name.clone(), wanted);
            }
        }
    }
    if troubles.is_empty() { Ok(found) } else { Err(troubles) }
}

impl Step {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Create(wanted) => &wanted.name,
            Self::Update(update) => &update.route.name,
            Self::Delete(route) => &route.name,
        }
    }

    fn told(&self, paint: Paint) -> String {
        match self {
            Self::Create(wanted) => {
                paint.line(Mark::New, &format!("{}: create, of {}", wanted.name, wanted.file))
            }
            Self::Update(update) => update.told(paint),
            Self::Delete(route) => {
                paint.line(Mark::Gone, &format!("{}: delete; {} is live", route.name, route.live()))
            }
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Create(wanted) => json!({"action": "create", "name": wanted.name, "file": wanted.file}),
            Self::Update(Update { wanted, route, draft, changes }) => json!({
                "action": "update", "name": route.name, "file": wanted.file,
                "live": route.live_number(), "draft": draft,
                "elements": changes.iter().map(|change| &change.element).collect::<Vec<_>>(),
            }),
            Self::Delete(route) => {
                json!({"action": "delete", "name": route.name, "live": route.live_number()})
            }
        }
    }
}

impl Update {
    fn told(&self, paint: Paint) -> String {
        let next = match self.draft {
            Some(draft) => format!("deploy the draft {}", v(&draft.to_string())),
            None => "deploy a new version".into(),
        };
        let ends = self.route.canary().map(Canary::told);
        let ends = ends.map_or_else(String::new, |canary| format!("; the canary {canary} ends"));
        let live = if self.route.deployment.is_some() { self.route.live() } else { "none".into() };
        let line = format!("{}: {next}; {live} is live{ends}", self.route.name);
        let changes = self.changes.iter().map(|change| indented(&differ::told(change, paint)));
        std::iter::once(paint.line(Mark::Different, &line)).chain(changes).collect()
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
pub(super) mod made {
    use super::*;

    pub(in super::super) fn wanted(file: &str, name: &str, elements: Value) -> Wanted {
        let written = RawValue::from_string(elements.to_string()).unwrap();
        let Value::Array(elements) = elements else { panic!("{elements}") };
        Wanted { file: file.into(), name: name.into(), elements, written }
    }

    pub(in super::super) fn route(name: &str, live: Option<u32>, elements: Value) -> Value {
        json!({
            "id": format!("id-{name}"), "name": name, "modified_at": "2026-11-24T08:15:00Z", "elements": elements,
            "deployment": live.map(|live| json!({"version_id": live.to_string()})),
            "version": {"version_id": live.unwrap_or(7).to_string(), "created_at": "", "data": "", "is_valid": true, "author": "a"},
            "revision": 3, "pins": [], "read_only": false, "source": "store",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{made::*, *};
    use serde_json::from_value;

    fn plan(wanted: Vec<Wanted>, there: Value, prune: bool) -> Result<Plan, Vec<Trouble>> {
        Plan::new(wanted, from_value(there).unwrap(), prune)
    }

    fn told(plan: &Plan) -> String {
        plan.told(Paint::none())
    }

    #[test]
    fn what_differs_is_done_and_nothing_else() {
        let folder = vec![
            wanted("n.json", "new", json!([{"id": "a"}])),
            wanted("s.json", "same", json!([{"n": 1, "id": "a"}, {"id": "b"}])),
            wanted("o.json", "other", json!([{"id": "a", "n": 2}])),
        ];
        let there = json!([
            route("same", Some(1), json!([{"id": "b"}, {"id": "a", "n": 1}])),
            route("other", Some(4), json!([{"id": "a", "n": 1}])),
            route("lone", Some(2), json!([])),
            route("draft-only", None, json!([])),
        ]);
        let pruned = plan(folder.clone(), there.clone(), true).unwrap();
        let expected = "+ new: create, of n.json\n~ other: deploy a new version; v4 is live\n    ~ a\n        n: 1 → 2\n\
                        - lone: delete; v2 is live\n1 to create, 1 to update, 1 to delete, 1 unchanged\n";
        assert_eq!(told(&pruned), expected);
        assert_eq!(pruned.json()["changes"].as_array().unwrap().len(), 3);
        let kept = plan(folder, there, false).unwrap();
        assert!(told(&kept).ends_with("1 to create, 1 to update, 0 to delete, 1 unchanged\n"));
    }

    #[test]
    fn a_route_that_was_never_live_becomes_so() {
        let there = json!([route("r", None, json!([{"id": "a"}]))]);
        let found = plan(vec![wanted("r.json", "r", json!([{"id": "a"}]))], there, true).unwrap();
        assert!(told(&found).starts_with("~ r: deploy a new version; none is live\n"), "{}", told(&found));
    }

    #[test]
    fn a_canary_that_would_end_is_told() {
        let mut there = route("r", Some(4), json!([]));
        there["deployment"]["canary"] = json!({"version_id": "5", "percent": 2.5});
        let found = plan(vec![wanted("r.json", "r", json!([{"id": "a"}]))], json!([there]), false).unwrap();
        assert!(told(&found).contains("v4 is live; the canary v5 2.5% ends"), "{}", told(&found));
    }

    #[test]
    fn what_can_not_be_followed_is_told_at_once() {
        let twice = vec![wanted("a.json", "r", json!([])), wanted("b.json", "r", json!([]))];
        let found = plan(twice, json!([]), false).unwrap_err();
        assert_eq!(found[0].to_string(), "b.json: the route `r` stands in a.json already");
        let mut of_file = route("r", Some(1), json!([]));
        of_file["read_only"] = true.into();
        let found = plan(vec![wanted("a.json", "r", json!([]))], json!([of_file.clone()]), true).unwrap_err();
        assert!(found[0].to_string().starts_with("a.json: the route `r` comes from a file"), "{found:?}");
        let pruned = plan(vec![], json!([of_file]), true).unwrap();
        assert!(pruned.steps.is_empty(), "a file's route is nobody's to delete");
    }
}
