//! A JSON tree as YAML that people like to read: short things on one line, long ones in blocks.

use serde_json::{Map, Value};

/// Above this many characters a value gets lines of its own.
const WIDTH: usize = 120;

/// One line: `{a: 1, b: [x, y]}`.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{}: {}", word(key), flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// The items of a list, each as a block that begins `indent` columns in.
pub(super) fn block(items: &[Value], indent: usize) -> String {
    let mut out = String::new();
    list(&mut out, items, indent);
    out
}

fn list(out: &mut String, items: &[Value], indent: usize) {
    for item in items {
        let mut lines = String::new();
        match item {
            Value::Object(fields) if !fields.is_empty() => mapping(&mut lines, fields, indent + 2),
            other => lines = format!("{}{}\n", " ".repeat(indent + 2), flow(other)),
        }
        out.push_str(&lines.replacen(&" ".repeat(indent + 2), &format!("{}- ", " ".repeat(indent)), 1));
    }
}

fn mapping(out: &mut String, fields: &Map<String, Value>, indent: usize) {
    for (key, value) in fields {
        let line = format!("{}{}: {}", " ".repeat(indent), word(key), flow(value));
        match value {
            Value::Object(fields) if line.len() > WIDTH => {
                out.push_str(&format!("{}{}:\n", " ".repeat(indent), word(key)));
                mapping(out, fields, indent + 2);
            }
            Value::Array(items) if line.len() > WIDTH => {
                out.push_str(&format!("{}{}:\n", " ".repeat(indent), word(key)));
                list(out, items, indent);
            }
            _ => {
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
}

/// A text, in quotes unless it can not be taken for anything else.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let special = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    match starts && text.chars().all(plain) && !special.contains(&text.to_ascii_lowercase().as_str()) {
        true => text.into(),
        false => Value::String(text.into()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let long = "x".repeat(70);
        let tree = json!([
            {"a": 1, "b": [true, null, "true", "5s", "5", "", "a: b", "%X%", "no"], "@type": "é\n\"'"},
            {"deep": {"first": long, "second": [{"k": long}, {"k": {"l": long, "m": long}}], "flat": []}},
            "word", 7, {},
        ]);
        let read: Value = serde_saphyr::from_str(&block(tree.as_array().unwrap(), 4)).unwrap();
        assert_eq!(read, tree);
        let read: Value = serde_saphyr::from_str(&flow(&tree)).unwrap();
        assert_eq!(read, tree);
    }
}
