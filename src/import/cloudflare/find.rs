//! Where routes stand in a file, whatever there is around them.

use serde_json::Value;
use std::borrow::Cow;

/// A route with its elements.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) elements: Cow<'a, [Value]>,
    /// Where the route stands.
    pub(super) pointer: String,
    /// Where its elements stand, below that.
    source: &'static str,
}

impl Found<'_> {
    /// The place in the file of a place in the document. Of what is written as a text only the whole has one.
    pub(super) fn place(&self, file: &Value, pointer: &str) -> String {
        let inside =
            pointer.strip_prefix("/elements").map(|rest| format!("{}{}{rest}", self.pointer, self.source));
        let mut place = inside.unwrap_or_else(|| format!("{}{pointer}", self.pointer));
        // properties of ours that are spelt otherwise there are told of what they are in
        while file.pointer(&place).is_none() {
            place.truncate(place.rfind('/').unwrap_or_default());
        }
        place
    }
}

/// Every object that has a name and elements, except within another.
pub(super) fn routes(file: &Value) -> Vec<Found<'_>> {
    let (mut found, mut todo) = (vec![], vec![(String::new(), file)]);
    while let Some((pointer, value)) = todo.pop() {
        if let Some(route) = route(&pointer, value) {
            found.push(route);
            continue;
        }
        let below: Vec<_> = match value {
            Value::Array(list) => list.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (escaped(key), value)).collect(),
            _ => continue,
        };
        todo.extend(below.into_iter().rev().map(|(step, value)| (format!("{pointer}/{step}"), value)));
    }
    found
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn route<'a>(pointer: &str, value: &'a Value) -> Option<Found<'a>> {
    let name = value.get("name")?.as_str()?;
    let listed = |source: &str| value.pointer(source)?.as_array();
    let sources = ["/elements", "/version/data", "/data"];
    let (source, elements) = sources.into_iter().find_map(|source| {
        let told = value.pointer(source).and_then(Value::as_str).and_then(told).map(Cow::Owned);
        let listed =
            listed(source).filter(|list| are_elements(list)).map(|list| Cow::Borrowed(list.as_slice()));
        Some((source, listed.or(told)?))
    })?;
    Some(Found { name, elements, pointer: pointer.to_owned(), source })
}

/// The elements that a text tells: bare, or in an object.
fn told(text: &str) -> Option<Vec<Value>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let list = value.get("elements").unwrap_or(&value).as_array()?;
    are_elements(list).then(|| list.clone())
}

fn are_elements(list: &[Value]) -> bool {
    list.iter().any(|one| one.get("type").is_some_and(Value::is_string))
}
