//! JSON schemas as Claude's structured outputs and strict tools take them.
//!
//! What the grammar can not hold (bounds, lengths, patterns) becomes words in the description, as Anthropic's own SDK does
//! it; objects are closed.

use serde_json::{Map, Value};

/// Keywords that are kept as they are.
const PLAIN: [&str; 9] = ["$ref", "$schema", "$id", "type", "enum", "const", "title", "required", "default"];
/// Keywords whose value is one schema.
const ONE: [&str; 1] = ["items"];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 2] = ["anyOf", "allOf"];
/// Keywords whose value is an object of schemas.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];
/// Values of `format` that are enforced.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// The schema as Claude takes it.
pub(super) fn fit(schema: &Value) -> Value {
    let Value::Object(schema) = schema else { return schema.clone() };
    let mut fitted = Map::new();
    let mut advice = Vec::new();
    for (key, value) in schema {
        // `oneOf` is no stricter here: what fits one of them fits any of them
        let key = if key == "oneOf" { "anyOf" } else { key.as_str() };
        match (key, value) {
            ("description" | "additionalProperties", _) => {}
            (key, value) if PLAIN.contains(&key) => {
                fitted.insert(key.into(), value.clone());
            }
            (key, value) if ONE.contains(&key) => {
                fitted.insert(key.into(), fit(value));
            }
            (key, Value::Array(list)) if LIST.contains(&key) => {
                fitted.insert(key.into(), list.iter().map(fit).collect());
            }
            (key, Value::Object(named)) if NAMED.contains(&key) => {
                let named = named.iter().map(|(name, value)| (name.clone(), fit(value))).collect();
                fitted.insert(key.into(), Value::Object(named));
            }
            ("format", Value::String(format)) if FORMATS.contains(&format.as_str()) => {
                fitted.insert(key.into(), value.clone());
            }
            // longer minimums are not enforced
            ("minItems", Value::Number(least)) if least.as_u64().is_some_and(|least| least <= 1) => {
                fitted.insert(key.into(), value.clone());
            }
            (key, value) => advice.push(format!("{key}: {value}")),
        }
    }
    if is_object(&fitted) {
        fitted.insert("additionalProperties".into(), false.into());
    }
    if let Some(description) = description(schema.get("description"), &advice) {
        fitted.insert("description".into(), description.into());
    }
    Value::Object(fitted)
}

fn is_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == "object",
        Some(Value::Array(several)) => several.iter().any(|one| one == "object"),
        _ => schema.contains_key("properties"),
    }
}

fn description(given: Option<&Value>, advice: &[String]) -> Option<String> {
    let given = given.and_then(Value::as_str);
    if advice.is_empty() {
        return given.map(Into::into);
    }
    let advice = format!("{{{}}}", advice.join(", "));
    Some(given.map_or_else(|| advice.clone(), |given| format!("{given}\n\n{advice}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_grammar_can_not_hold_becomes_advice() {
        let schema = json!({"type": "object", "properties": {
            "age": {"type": "integer", "minimum": 1, "description": "in years"},
            "mail": {"type": "string", "format": "email"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}, "minItems": 1},
            "either": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/x"}]}},
            "required": ["age"], "$defs": {"x": {"type": "object", "properties": {}}}});
        let want = json!({"type": "object", "properties": {
            "age": {"type": "integer", "description": "in years\n\n{minimum: 1}"},
            "mail": {"type": "string", "format": "email"},
            "tags": {"type": "array", "items": {"type": "string", "description": "{maxLength: 9}"}, "minItems": 1},
            "either": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/x"}]}},
            "required": ["age"], "additionalProperties": false,
            "$defs": {"x": {"type": "object", "properties": {}, "additionalProperties": false}}});
        assert_eq!(fit(&schema), want);
        assert_eq!(fit(&want), want);
    }
}
