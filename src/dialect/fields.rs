//! The fields of a JSON object, taken one by one: what is left in the end was not understood.

use crate::chat::Unfit;
use serde_json::{Map, Number, Value};

/// An object at `at`, from which fields are taken.
pub(super) struct Fields {
    pub(super) at: String,
    pub(super) map: Map<String, Value>,
}

impl Fields {
    /// The fields of a whole body.
    pub(super) fn of_body(map: Map<String, Value>) -> Self {
        Self { at: String::new(), map }
    }

    /// The object that stands at `at`.
    pub(super) fn of(at: impl Into<String>, value: Value) -> Result<Self, Unfit> {
        let at = at.into();
        match value {
            Value::Object(map) => Ok(Self { at, map }),
            other => Err(wrong(at, "an object", &other)),
        }
    }

    /// A field; `null` is none.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    /// What a field says; one that does not say it readably stays.
    pub(super) fn readable<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let found = read(self.map.get(key)?)?;
        self.map.shift_remove(key);
        Some(found)
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Unfit> {
        self.read(key, "a string", |value| match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        })
    }

    pub(super) fn need_text(&mut self, key: &str) -> Result<String, Unfit> {
        let at = self.at(key);
        self.text(key)?.ok_or_else(|| Unfit::new(at, "is missing; expected a string"))
    }

    pub(super) fn boolean(&mut self, key: &str) -> Result<Option<bool>, Unfit> {
        self.read(key, "true or false", |value| value.as_bool().ok_or(value))
    }

    pub(super) fn number(&mut self, key: &str) -> Result<Option<Number>, Unfit> {
        self.read(key, "a number", |value| match value {
            Value::Number(number) => Ok(number),
            other => Err(other),
        })
    }

    pub(super) fn whole(&mut self, key: &str) -> Result<Option<u64>, Unfit> {
        self.read(key, "a whole number from 0", |value| value.as_u64().ok_or(value))
    }

    pub(super) fn list(&mut self, key: &str) -> Result<Option<Vec<Value>>, Unfit> {
        self.read(key, "a list", |value| match value {
            Value::Array(list) => Ok(list),
            other => Err(other),
        })
    }

    pub(super) fn object(&mut self, key: &str) -> Result<Option<Self>, Unfit> {
        let at = self.at(key);
        self.take(key).map(|value| Self::of(at, value)).transpose()
    }

    /// Where `key` of this object stands.
    pub(super) fn at(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    /// What was not taken, by the name of the object that it stands in: `messages.audio`.
    pub(super) fn rest(self, within: &str, unread: &mut Vec<String>) {
        let left = self.map.into_iter().filter(|(_, value)| !value.is_null());
        unread.extend(left.map(|(key, _)| format!("{within}.{key}")));
    }

    fn read<T>(
        &mut self,
        key: &str,
        wanted: &str,
        read: impl Fn(Value) -> Result<T, Value>,
    ) -> Result<Option<T>, Unfit> {
        let Some(value) = self.take(key) else { return Ok(None) };
        read(value).map(Some).map_err(|found| wrong(self.at(key), wanted, &found))
    }
}

/// Something else stands at `at` than what was wanted.
pub(super) fn wrong(at: impl Into<String>, wanted: &str, found: &Value) -> Unfit {
    let kind = match found {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Unfit::new(at, format!("expected {wanted}, found {kind}"))
}
