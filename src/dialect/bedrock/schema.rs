//! JSON schemas that Bedrock can hold a model to.

use serde_json::Value;

/// The schema with every object closed: Bedrock binds no model to an open one.
pub(super) fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(fields) => {
            let is_object = fields.get("type").is_some_and(|kind| {
                kind == "object"
                    || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"))
            });
            for (key, value) in fields.iter_mut() {
                // what stands in these is data that looks like a schema
                if !matches!(key.as_str(), "enum" | "const" | "default" | "examples") {
                    *value = closed(value.take());
                }
            }
            if is_object {
                fields.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = closed(value.take())),
        _ => {}
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_object_is_closed_and_data_is_kept() {
        let open = json!({"type": "object", "properties": {
            "a": {"type": ["object", "null"], "additionalProperties": true},
            "b": {"type": "array", "items": {"type": "object"}},
            "c": {"const": {"type": "object"}},
        }});
        let want = json!({"type": "object", "properties": {
            "a": {"type": ["object", "null"], "additionalProperties": false},
            "b": {"type": "array", "items": {"type": "object", "additionalProperties": false}},
            "c": {"const": {"type": "object"}},
        }, "additionalProperties": false});
        assert_eq!(closed(open), want);
    }
}
