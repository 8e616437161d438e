//! A request as `multipart/form-data`, as audio and images are sent: read where it lies, its files never copied twice.

use crate::dialect::Rewrite;
use bytes::Bytes;
use memchr::memmem;
use serde_json::{Map, Value};
use std::ops::Range;

/// A form, and where its fields lie.
#[derive(Debug, Clone)]
pub struct Form {
    bytes: Bytes,
    boundary: String,
    parts: Vec<Part>,
    /// Where the closing delimiter starts.
    end: usize,
}

#[derive(Debug, Clone)]
struct Part {
    name: String,
    is_file: bool,
    /// From its delimiter to the next one.
    whole: Range<usize>,
    value: Range<usize>,
}

impl Form {
    /// The boundary that a content type names, where it is that of a form.
    #[must_use]
    pub fn boundary(content_type: &str) -> Option<&str> {
        let mut words = content_type.split(';').map(str::trim);
        if !words.next()?.eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        words.find_map(|word| parameter(word, "boundary"))
    }

    /// Reads a form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: Bytes, boundary: &str) -> Result<Self, &'static str> {
        let delimiter = format!("--{boundary}");
        let mut starts = memmem::find_iter(&bytes, delimiter.as_bytes());
        let mut at = starts.next().ok_or("its boundary is not in it")?;
        let mut parts = Vec::new();
        for next in starts {
            parts.push(part(&bytes, at, at + delimiter.len(), next)?);
            at = next;
        }
        if bytes.get(at + delimiter.len()..).is_none_or(|rest| !rest.starts_with(b"--")) {
            return Err("its closing boundary is missing");
        }
        Ok(Self { boundary: delimiter, parts, end: at, bytes })
    }

    /// The fields that are text, as the JSON body that they stand for.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        self.parts
            .iter()
            .filter(|part| !part.is_file)
            .map(|part| (part.name.clone(), self.value(part)))
            .collect()
    }

    /// The form for the provider: only what must change does.
    #[must_use]
    pub fn rewrite(&self, change: Rewrite<'_>) -> Vec<u8> {
        let mut set: Map<String, Value> = change.defaults.clone();
        set.retain(|name, _| self.parts.iter().all(|part| part.name != *name));
        set.extend(change.overrides.clone());
        set.insert("model".into(), change.model.into());
        let mut out = Vec::with_capacity(self.bytes.len() + 256);
        out.extend_from_slice(self.bytes.get(..self.start()).unwrap_or_default());
        for part in &self.parts {
            match set.get(&part.name) {
                None => out.extend_from_slice(self.bytes.get(part.whole.clone()).unwrap_or_default()),
                Some(Value::Null) => {}
                Some(value) => {
                    out.extend_from_slice(
                        self.bytes.get(part.whole.start..part.value.start).unwrap_or_default(),
                    );
                    out.extend_from_slice(text(value).as_bytes());
                    out.extend_from_slice(self.bytes.get(part.value.end..part.whole.end).unwrap_or_default());
                }
            }
        }
        for (name, value) in
            set.iter().filter(|(name, v)| !v.is_null() && self.parts.iter().all(|p| p.name != **name))
        {
            let (boundary, value) = (&self.boundary, text(value));
            let part =
                format!("{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(self.bytes.get(self.end..).unwrap_or_default());
        out
    }

    fn start(&self) -> usize {
        self.parts.first().map_or(self.end, |part| part.whole.start)
    }

    fn value(&self, part: &Part) -> Value {
        match String::from_utf8_lossy(self.bytes.get(part.value.clone()).unwrap_or_default()).into_owned() {
            flag if flag == "true" => Value::Bool(true),
            flag if flag == "false" => Value::Bool(false),
            text => Value::String(text),
        }
    }
}

fn part(bytes: &[u8], start: usize, head: usize, end: usize) -> Result<Part, &'static str> {
    let body = bytes.get(head..end).unwrap_or_default();
    let blank = memmem::find(body, b"\r\n\r\n").ok_or("a part has no blank line behind its headers")?;
    let headers =
        body.get(..blank).and_then(|h| std::str::from_utf8(h).ok()).ok_or("a part's headers are no text")?;
    let disposition = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value)
        .ok_or("a part has no content-disposition")?;
    let named = |key| disposition.split(';').map(str::trim).find_map(|word| parameter(word, key));
    let name = named("name").ok_or("a part has no name")?.to_owned();
    let value = head + blank + 4..end.saturating_sub(2);
    if value.start > value.end {
        return Err("a part has no line end before the next boundary");
    }
    Ok(Part { name, is_file: named("filename").is_some(), whole: start..end, value })
}

/// The value of `key=value` or `key="value"`.
fn parameter<'a>(word: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = word.split_once('=')?;
    name.trim().eq_ignore_ascii_case(key).then(|| value.trim().trim_matches('"'))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Quirks;
    use serde_json::json;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ndynamic/x\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\u{1}\r\n\r\n\u{2}\r\n\
        --b\r\ncontent-disposition: form-data; name=language\r\n\r\nen\r\n--b--\r\n";

    fn form(text: &'static str) -> Result<Form, &'static str> {
        Form::read(Bytes::from_static(text.as_bytes()), "b")
    }

    fn rewritten(defaults: &Value, overrides: &Value) -> String {
        let (defaults, overrides) = (defaults.as_object().unwrap(), overrides.as_object().unwrap());
        let change =
            Rewrite { model: "whisper", defaults, overrides, usage: false, quirks: Quirks::default() };
        String::from_utf8(form(FORM).unwrap().rewrite(change)).unwrap()
    }

    #[test]
    fn only_the_model_changes() {
        assert_eq!(rewritten(&json!({}), &json!({})), FORM.replace("dynamic/x", "whisper"));
    }

    #[test]
    fn text_fields_are_facts_and_files_are_not() {
        let fields = Value::Object(form(FORM).unwrap().fields());
        assert_eq!(fields, json!({"model": "dynamic/x", "language": "en"}));
    }

    #[test]
    fn fields_are_added_replaced_and_removed() {
        let got = rewritten(&json!({"language": "de", "prompt": "p"}), &json!({"temperature": 0.5}));
        let back = Value::Object(Form::read(Bytes::from(got.into_bytes()), "b").unwrap().fields());
        let want = json!({"model": "whisper", "language": "en", "prompt": "p", "temperature": "0.5"});
        assert_eq!(back, want);
        assert!(!rewritten(&json!({}), &json!({"language": null})).contains("language"));
    }

    #[test]
    fn what_is_no_form_is_told() {
        assert_eq!(Form::boundary("multipart/form-data; boundary=\"x y\""), Some("x y"));
        assert_eq!(Form::boundary("application/json"), None);
        for bad in ["", "--b", "--b\r\n\r\n", "--b\r\nx: y\r\n\r\nz\r\n--b--", "--b\r\n--b--"] {
            assert!(form(bad).is_err(), "{bad:?}");
        }
    }
}
