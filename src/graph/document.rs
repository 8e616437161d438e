//! Route documents as they are written: in either of the two dialects, right or wrong.

use serde_json::{Map, Value};

use super::{
    Diagnostic, Program, check,
    diagnostic::{Code, Place, Report},
    json,
};

/// Spellings of the docs pages' dialect, by type of element, with those of the REST dialect.
const SPELLINGS: [(&str, &str, &str); 3] = [
    ("conditional", "condition", "conditions"),
    ("rate", "interval", "window"),
    ("rate_limit", "interval", "window"),
];

/// What documents may refer to beyond themselves.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// There is no configuration to hold them against.
    Anything,
    /// Only these providers.
    Providers(&'a [&'a str]),
}

/// A document that is JSON; whether it is a route, [`Document::compile`] tells.
#[derive(Debug, Clone)]
pub struct Document {
    pub(super) value: Value,
    /// The places of keys that stand twice.
    pub(super) twice: Vec<Place>,
}

impl Document {
    /// Reads the text of a document.
    ///
    /// # Errors
    /// What is wrong with the JSON, with line and column.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Diagnostic>> {
        let report = Report::default();
        let read = json::read(bytes);
        if let Err(why) = &read {
            report.add(Code::NotJson, &Place::default(), format!("the document is not JSON: {why}"));
        }
        report.settle(read.ok().map(|(value, twice)| Self { value, twice }))
    }

    /// The same document in the REST dialect, whatever else is wrong with it.
    #[must_use]
    pub fn canonical(&self) -> Value {
        let mut value = self.value.clone();
        let elements = value.get_mut("elements").and_then(Value::as_array_mut);
        elements.into_iter().flatten().for_each(respell);
        value
    }

    /// Checks the document and compiles it.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub fn compile(&self, known: Known<'_>) -> Result<Program, Vec<Diagnostic>> {
        check::compile(self, known)
    }
}

fn respell(element: &mut Value) {
    let Some(form) = element.get("type").and_then(Value::as_str).map(str::to_owned) else { return };
    if let Some(properties) = element.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, from, to) in SPELLINGS.iter().filter(|(of, ..)| *of == form) {
            rename(properties, from, to);
        }
    }
    if form == "rate_limit"
        && let Some(form) = element.get_mut("type")
    {
        *form = "rate".into();
    }
}

/// Renames a field in its place, unless there is one of the new name already.
fn rename(map: &mut Map<String, Value>, from: &str, to: &str) {
    if map.contains_key(from) && !map.contains_key(to) {
        let fields = std::mem::take(map).into_iter();
        *map = fields.map(|(key, value)| (if key == from { to.to_owned() } else { key }, value)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_dialect_becomes_the_rest_dialect() {
        let docs = br#"{"name":"n","elements":[
            {"id":"c","type":"conditional","properties":{"condition":{"interval":1}},"outputs":{}},
            {"type":"rate_limit","properties":{"key":"a","interval":60,"limit":1},"id":"r"},
            {"type":"rate","properties":{"interval":60,"window":1}},
            {"type":"model","properties":{"interval":60}},7],"x":1}"#;
        let rest = concat!(
            r#"{"name":"n","elements":["#,
            r#"{"id":"c","type":"conditional","properties":{"conditions":{"interval":1}},"outputs":{}},"#,
            r#"{"type":"rate","properties":{"key":"a","window":60,"limit":1},"id":"r"},"#,
            r#"{"type":"rate","properties":{"interval":60,"window":1}},"#,
            r#"{"type":"model","properties":{"interval":60}},7],"x":1}"#,
        );
        assert_eq!(Document::parse(docs).unwrap().canonical().to_string(), rest);
        assert_eq!(Document::parse(rest.as_bytes()).unwrap().canonical().to_string(), rest);
    }
}
