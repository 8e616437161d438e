//! What two graphs differ in, element by element.

use serde_json::Value;

/// An element that is not the same in both.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its id; one without is known by its place: `#3`.
    pub element: String,
    /// What it was; nothing where it is new.
    pub before: Option<Value>,
    /// What it is; nothing where it is gone.
    pub after: Option<Value>,
}

/// The elements that are new or different, in the order of `after`, then those that are gone.
#[must_use]
pub fn changes(before: &[Value], after: &[Value]) -> Vec<Change> {
    let [before, after] = [before, after].map(named);
    let find = |all: &[(String, &Value)], id: &str| {
        all.iter().find(|(other, _)| other == id).map(|(_, element)| (*element).clone())
    };
    let now = after.iter().filter_map(|(id, element)| {
        let old = find(&before, id);
        let same = old.as_ref() == Some(*element);
        (!same).then(|| Change { element: id.clone(), before: old, after: Some((*element).clone()) })
    });
    let gone = before.iter().filter(|(id, _)| find(&after, id).is_none());
    let gone =
        gone.map(|(id, old)| Change { element: id.clone(), before: Some((*old).clone()), after: None });
    now.chain(gone).collect()
}

fn named(elements: &[Value]) -> Vec<(String, &Value)> {
    let id = |(place, element): (usize, &Value)| {
        element.get("id").and_then(Value::as_str).map_or_else(|| format!("#{place}"), str::to_owned)
    };
    elements.iter().enumerate().map(|(place, element)| (id((place, element)), element)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_are_told_apart_by_their_ids() {
        let before = [json!({"id": "a", "n": 1}), json!({"id": "b"}), json!({"id": "c", "n": 1})];
        let after = [json!({"id": "c", "n": 2}), json!({"id": "d"}), json!({"n": 1, "id": "a"})];
        let found = changes(&before, &after);
        let told: Vec<_> =
            found.iter().map(|c| (c.element.as_str(), c.before.is_some(), c.after.is_some())).collect();
        assert_eq!(told, [("c", true, true), ("d", false, true), ("b", true, false)]);
        assert_eq!(changes(&before, &before), []);
    }
}
