//! What two graphs differ in, for people: what changed in which element, value by value.

use super::super::{
    super::Failure,
    door::Desk,
    table::{Mark, Paint, plain},
};
use crate::graph::Change;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) async fn run(desk: &Desk, name: &str, [from, to]: [u32; 2]) -> Result<(), Failure> {
    let route = desk.route(name).await?;
    let call = desk.client.ours(Method::GET, &["routes", &route.id, "diff"]);
    let answer = call.query("from", from).query("to", to).send().await?;
    let changes = read(&answer);
    desk.show(&answer, || {
        let told = changes.iter().map(|change| told(change, Paint::of_stdout())).collect::<String>();
        if told.is_empty() { format!("v{from} and v{to} are the same\n") } else { told }
    })
}

fn read(answer: &Value) -> Vec<Change> {
    let all = answer.get("changes").and_then(Value::as_array).into_iter().flatten();
    let side = |change: &Value, name: &str| change.get(name).filter(|side| !side.is_null()).cloned();
    let change = |change: &Value| Change {
        element: change.get("element").and_then(Value::as_str).unwrap_or_default().to_owned(),
        before: side(change, "before"),
        after: side(change, "after"),
    };
    all.map(change).collect()
}

/// A line for the element, and one below it for each value that is not the same.
pub(super) fn told(change: &Change, paint: Paint) -> String {
    let [before, after] = [&change.before, &change.after].map(|side| leaves(side.as_ref()));
    let form = |side: &Option<Value>| {
        let form = side.as_ref().and_then(|element| element.get("type")).and_then(Value::as_str);
        form.map_or_else(|| change.element.clone(), |form| format!("{} ({form})", change.element))
    };
    let mut text = match (&change.before, &change.after) {
        (None, after) => paint.line(Mark::New, &form(after)),
        (before, None) => return paint.line(Mark::Gone, &form(before)),
        _ => paint.line(Mark::Different, &change.element),
    };
    let paths: BTreeSet<&str> = before.iter().chain(&after).map(|(path, _)| path.as_str()).collect();
    for path in paths {
        let find = |side: &[(String, String)]| {
            side.iter().find(|(other, _)| other == path).map(|(_, value)| value.clone())
        };
        let line = match (find(&before), find(&after)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) => format!("{path}: {old} → {new}"),
            (None, Some(new)) if change.before.is_none() => format!("{path}: {new}"),
            (None, Some(new)) => format!("{path}: none → {new}"),
            (Some(old), None) => format!("{path}: {old} → none"),
            (None, None) => continue,
        };
        text.push_str(&format!("    {}\n", plain(&line)));
    }
    text
}

/// Every value of an element with its path; an array is one value.
fn leaves(element: Option<&Value>) -> Vec<(String, String)> {
    let mut found = vec![];
    if let Some(fields) = element.and_then(Value::as_object) {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "id") {
            collect(name, value, &mut found);
        }
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value.as_object().filter(|fields| !fields.is_empty()) {
        Some(fields) => {
            fields.iter().for_each(|(name, value)| collect(&format!("{path}.{name}"), value, found));
        }
        None => found.push((path.to_owned(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(before: Value, after: Value) -> String {
        let side = |value: Value| Some(value).filter(|value| !value.is_null());
        told(&Change { element: "m".into(), before: side(before), after: side(after) }, Paint::none())
    }

    #[test]
    fn only_what_is_not_the_same_is_told() {
        let before =
            json!({"id": "m", "type": "model", "properties": {"timeout": 1000, "retries": 1}, "outputs": {}});
        let after = json!({"id": "m", "type": "model", "properties": {"timeout": 2000, "fallbackOn": ["a", 1]},
                           "outputs": {"success": {"elementId": "end"}}});
        let expected = "~ m\n    outputs: {} → none\n    outputs.success.elementId: none → \"end\"\n    \
                        properties.fallbackOn: none → [\"a\",1]\n    properties.retries: 1 → none\n    \
                        properties.timeout: 1000 → 2000\n";
        assert_eq!(lines(before, after), expected);
    }

    #[test]
    fn elements_come_and_go() {
        let element = json!({"id": "m", "type": "end", "outputs": {}});
        assert_eq!(lines(Value::Null, element.clone()), "+ m (end)\n    outputs: {}\n    type: \"end\"\n");
        assert_eq!(lines(element, Value::Null), "- m (end)\n");
    }
}
