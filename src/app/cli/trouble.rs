//! What a server says is wrong, as lines for people.

use super::table::plain;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(in crate::app) struct Trouble {
    message: String,
    /// Where in the request.
    #[serde(default)]
    path: Vec<Value>,
    /// The rule of the graph that is broken.
    rule: Option<Box<str>>,
    /// The element that it is in.
    element: Option<Box<str>>,
    hint: Option<Box<str>>,
    /// The file that it is in, which only this side knows.
    #[serde(skip)]
    file: Option<Box<str>>,
}

impl Trouble {
    /// A trouble of our own.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), path: vec![], rule: None, element: None, hint: None, file: None }
    }

    /// The trouble of this file.
    pub(super) fn of_file(self, file: impl fmt::Display) -> Self {
        Self { file: Some(file.to_string().into()), ..self }
    }

    /// The place in the document or the request: `/elements/0/properties`, `body.name`.
    fn place(&self) -> String {
        let steps =
            self.path.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
        if self.rule.is_some() {
            steps.skip(1).map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
        } else {
            steps.collect::<Vec<_>>().join(".")
        }
    }
}

impl fmt::Display for Trouble {
    /// A mistake in a document reads like those of `attache check`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut about = self.rule.as_deref().unwrap_or_default().to_owned();
        if let Some(element) = &self.element {
            about.push_str(&format!(" in `{element}`"));
        }
        match (self.place(), self.rule.is_some()) {
            (place, _) if place.is_empty() => {}
            (place, true) => about.push_str(&format!(" at {place}")),
            (place, false) => about.push_str(&place),
        }
        let hint = self.hint.as_ref().map(|hint| format!("{}. Hint: {hint}", self.message));
        let said = hint.unwrap_or_else(|| self.message.clone());
        let parts = [
            self.file.as_deref().map(str::to_owned),
            Some(about).filter(|about| !about.is_empty()),
            Some(said),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(&plain(&parts.join(": ")))
    }
}

/// One a line, each under the other.
pub(super) fn told(troubles: &[Trouble]) -> String {
    let lines: Vec<_> = troubles.iter().map(ToString::to_string).collect();
    if lines.is_empty() { "refused, without a reason".into() } else { lines.join("\n         ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn line(trouble: Value) -> String {
        from_value::<Trouble>(trouble).unwrap().to_string()
    }

    #[test]
    fn a_mistake_in_a_document_reads_as_everywhere() {
        let trouble = json!({
            "code": 7001, "message": "no `retrys`", "path": ["body", "elements", 0, "x/y~z"],
            "rule": "G005 unknown-field", "element": "a", "hint": "did you mean `retries`?",
        });
        let expected =
            "G005 unknown-field in `a` at /elements/0/x~1y~0z: no `retrys`. Hint: did you mean `retries`?";
        assert_eq!(line(trouble), expected);
    }

    #[test]
    fn other_troubles_begin_with_their_place() {
        assert_eq!(line(json!({"message": "no"})), "no");
        assert_eq!(line(json!({"message": "no", "path": ["body", "entries", 1]})), "body.entries.1: no");
        assert_eq!(Trouble::new("no").of_file("a.json").to_string(), "a.json: no");
        assert_eq!(Trouble::new("a\u{1b}[2Jb\n").to_string(), "a [2Jb ");
    }
}
