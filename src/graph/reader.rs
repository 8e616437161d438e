//! How elements read their part of a document: every look notes what is wrong with it, and reading goes on.

use serde_json::Value;
use std::{fmt::Display, ops::RangeInclusive};

use super::diagnostic::{Code, Place, Report};

/// One JSON value of the document, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    pub(crate) value: &'a Value,
    pub(crate) place: Place,
    pub(crate) to: &'a Report,
}

impl<'a> Item<'a> {
    /// The whole document.
    pub(crate) fn of(value: &'a Value, to: &'a Report) -> Self {
        Self { value, place: Place::default(), to }
    }

    /// A value one step below this one.
    pub(crate) fn below(&self, step: impl Display, value: &'a Value) -> Self {
        Self { value, place: self.place.at(step), to: self.to }
    }

    /// Notes a mistake here.
    pub(crate) fn report(&self, code: Code, message: impl Into<String>) {
        self.to.add(code, &self.place, message);
    }

    /// Notes that this should have been something else.
    pub(crate) fn expected(&self, code: Code, what: impl Display) {
        self.report(code, format!("{what} is expected, not {}", told(self.value)));
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected(Code::WrongType, "a string");
        }
        text
    }

    /// A string that says something.
    pub(crate) fn word(&self) -> Option<&'a str> {
        let text = self.text()?;
        let said = !text.trim().is_empty();
        if !said {
            self.report(Code::OutOfRange, "the string is empty");
        }
        said.then_some(text)
    }

    /// A number without a fraction (`60` and `60.0` alike) in `range`, whose `unit` the message names.
    pub(crate) fn whole(&self, range: RangeInclusive<u64>, unit: &str) -> Option<u64> {
        let what = format!("a whole number from {} to {}{unit}", range.start(), range.end());
        if !self.value.is_number() {
            self.expected(Code::WrongType, what);
            return None;
        }
        let found = whole(self.value).filter(|n| range.contains(n));
        if found.is_none() {
            self.expected(Code::OutOfRange, what);
        }
        found
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        let found = self.value.as_bool();
        if found.is_none() {
            self.expected(Code::WrongType, "true or false");
        }
        found
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let word = self.text()?;
        let found = choices.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let message = format!("`{word}` is none of `{}`", names.join("`, `"));
            self.to.unknown(Code::OutOfRange, &self.place, message, (word, names));
        }
        found.map(|(_, choice)| *choice)
    }

    /// The items of an array.
    pub(crate) fn list(&self) -> Option<Vec<Item<'a>>> {
        let list = self.value.as_array();
        if list.is_none() {
            self.expected(Code::WrongType, "an array");
        }
        Some(list?.iter().enumerate().map(|(i, value)| self.below(i, value)).collect())
    }

    /// An object of any fields.
    pub(crate) fn object(&self) -> Option<Object<'a>> {
        if !self.value.is_object() {
            self.expected(Code::WrongType, "an object");
            return None;
        }
        Some(Object { item: self.clone() })
    }
}

/// A JSON object of the document.
#[derive(Debug, Clone)]
pub(crate) struct Object<'a> {
    pub(crate) item: Item<'a>,
}

impl<'a> Object<'a> {
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, Item<'a>)> {
        let map = self.item.value.as_object();
        map.into_iter().flatten().map(|(key, value)| (key.as_str(), self.item.below(key, value)))
    }

    /// Notes every field that is none of `known`.
    pub(crate) fn only(&self, known: &[&str]) {
        for (key, item) in self.entries().filter(|(key, _)| !known.contains(key)) {
            let message = format!("there is no `{key}` here");
            item.to.unknown(Code::UnknownField, &item.place, message, (key, known.iter().copied()));
        }
    }

    /// A field that may be absent.
    pub(crate) fn maybe(&self, key: &str) -> Option<Item<'a>> {
        self.item.value.get(key).map(|value| self.item.below(key, value))
    }

    /// A field that must be there.
    pub(crate) fn need(&self, key: &str) -> Option<Item<'a>> {
        let found = self.maybe(key);
        if found.is_none() {
            self.item.report(Code::MissingField, format!("`{key}` is missing"));
        }
        found
    }

    /// A field that must be there under one of its two spellings.
    pub(crate) fn need_either(&self, key: &str, alias: &str) -> Option<Item<'a>> {
        let Some(found) = self.maybe(alias) else { return self.need(key) };
        if self.maybe(key).is_some() {
            found.report(Code::BothSpellings, format!("`{alias}` is another spelling of `{key}`"));
        }
        Some(found)
    }
}

/// The whole number that a JSON number is, if it is one.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    /// Up to here every whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        let float = value.as_f64().filter(|f| f.fract() == 0.0 && (0.0..=EXACT).contains(f))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, in 0..=2^53")]
        Some(float as u64)
    })
}

/// A value as a message shows it, cut short.
fn told(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        scalar => {
            let text = scalar.to_string();
            let cut = text.char_indices().nth(40).and_then(|(at, _)| text.get(..at));
            cut.map_or(text.clone(), |cut| format!("{cut}…"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_in_any_spelling() {
        for (value, found) in [
            (json!(60), Some(60)),
            (json!(60.0), Some(60)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(60.5), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!("60"), None),
        ] {
            assert_eq!(whole(&value), found, "{value}");
        }
    }

    #[test]
    fn a_long_value_is_cut_short() {
        let report = Report::default();
        let value = json!("é".repeat(100));
        assert_eq!(Item::of(&value, &report).whole(1..=2, " s"), None);
        let found = report.settle(Some(())).unwrap_err();
        assert_eq!(
            found[0].message,
            format!("a whole number from 1 to 2 s is expected, not \"{}…", "é".repeat(39))
        );
    }
}
