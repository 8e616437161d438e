//! JSON read where it lies: one pass finds a body's top-level fields, edits touch only their bytes.
//!
//! Unknown fields, key order and the spelling of numbers survive, because nothing is written anew.

use bytes::Bytes;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, ops::Range};

/// A JSON object and where its fields lie. Nested values are read only when somebody asks.
#[derive(Debug, Clone, Default)]
pub struct Object {
    bytes: Bytes,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    key: Box<str>,
    value: Range<usize>,
}

impl Object {
    /// Reads the top level of `bytes`, and checks that the whole is JSON.
    ///
    /// # Errors
    /// Not JSON, not an object, or a key that stands twice (which of the two a provider would read is anybody's guess).
    pub fn read(bytes: Bytes) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let fields = reader.deserialize_map(Fields { base: bytes.as_ptr() as usize })?;
        reader.end()?;
        Ok(Self { bytes, fields })
    }

    /// All bytes, as they came.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JSON text of a top-level field.
    #[must_use]
    pub fn raw(&self, key: &str) -> Option<&str> {
        self.text(self.field(key)?.value.clone())
    }

    /// A top-level string.
    #[must_use]
    pub fn string(&self, key: &str) -> Option<Cow<'_, str>> {
        string(self.raw(key)?)
    }

    /// Whether a top-level field is `true`.
    #[must_use]
    pub fn is_true(&self, key: &str) -> bool {
        self.raw(key) == Some("true")
    }

    /// A top-level whole number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.raw(key)?.parse().ok()
    }

    fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|f| &*f.key == key)
    }

    fn text(&self, span: Range<usize>) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(span)?).ok()
    }

    /// Just behind the opening brace.
    fn open(&self) -> usize {
        self.bytes.iter().position(|b| *b == b'{').map_or(0, |i| i + 1)
    }
}

/// The decoded text of a JSON string, borrowed where it holds no escapes.
#[must_use]
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

/// The value under `key` of the JSON object `raw`; the last one where the key stands twice.
#[must_use]
pub fn member<'a>(raw: &'a str, key: &str) -> Option<&'a str> {
    struct Member<'k>(&'k str);
    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<&'de str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Text<'de>>()? {
                let value = map.next_value::<&'de RawValue>()?;
                if key.0 == self.0 {
                    found = Some(value.get());
                }
            }
            Ok(found)
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_map(Member(key)).ok().flatten()
}

/// The value at `index` of the JSON array `raw`; a negative one counts from the end.
#[must_use]
pub fn element(raw: &str, index: i64) -> Option<&str> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    let at = match usize::try_from(index) {
        Ok(at) => at,
        Err(_) => elements.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    elements.get(at).map(|e| e.get())
}

/// A string as JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Sets a field of a JSON object that was just made; of anything else nothing changes.
pub fn put(object: &mut serde_json::Value, key: &str, value: impl Into<serde_json::Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value.into());
    }
}

/// Changes to an object's top-level fields, applied in one copy.
#[derive(Debug)]
pub struct Edits<'a> {
    object: &'a Object,
    /// By the number of the field: its new JSON text, or `None` where it is to go.
    changed: Vec<(usize, Option<String>)>,
    added: Vec<(String, String)>,
}

impl<'a> Edits<'a> {
    /// No change yet.
    #[must_use]
    pub fn of(object: &'a Object) -> Self {
        Self { object, changed: Vec::new(), added: Vec::new() }
    }

    /// Gives `key` the JSON text `raw`: in its place where it stands, else at the end.
    pub fn set(&mut self, key: &str, raw: String) {
        match self.place(key) {
            Some(at) => self.change(at, Some(raw)),
            None => {
                self.added.retain(|(k, _)| k != key);
                self.added.push((key.to_owned(), raw));
            }
        }
    }

    /// Takes `key` away.
    pub fn remove(&mut self, key: &str) {
        self.added.retain(|(k, _)| k != key);
        if let Some(at) = self.place(key) {
            self.change(at, None);
        }
    }

    fn place(&self, key: &str) -> Option<usize> {
        self.object.fields.iter().position(|f| &*f.key == key)
    }

    fn change(&mut self, at: usize, to: Option<String>) {
        self.changed.retain(|(known, _)| *known != at);
        self.changed.push((at, to));
    }

    /// The object with all changes. What stands between two values goes with the later one.
    #[must_use]
    pub fn apply(self) -> Vec<u8> {
        let bytes = &self.object.bytes;
        let grown: usize =
            self.changed.iter().filter_map(|(_, new)| Some(new.as_ref()?.len())).sum::<usize>()
                + self.added.iter().map(|(k, v)| k.len() + v.len() + 4).sum::<usize>();
        let mut out = Vec::with_capacity(bytes.len() + grown);
        let (mut at, mut empty) = (self.object.open(), true);
        out.extend_from_slice(bytes.get(..at).unwrap_or_default());
        for (i, field) in self.object.fields.iter().enumerate() {
            let change =
                self.changed.iter().find(|(changed, _)| *changed == i).map(|(_, new)| new.as_deref());
            let before = bytes.get(at..field.value.start).unwrap_or_default();
            at = field.value.end;
            let value = match change {
                Some(None) => continue,
                Some(Some(new)) => new.as_bytes(),
                None => bytes.get(field.value.clone()).unwrap_or_default(),
            };
            out.extend_from_slice(if empty && i > 0 { behind_comma(before) } else { before });
            out.extend_from_slice(value);
            empty = false;
        }
        for (key, raw) in &self.added {
            if !empty {
                out.push(b',');
            }
            empty = false;
            out.extend_from_slice(quoted(key).as_bytes());
            out.push(b':');
            out.extend_from_slice(raw.as_bytes());
        }
        out.extend_from_slice(bytes.get(at..).unwrap_or_default());
        out
    }
}

fn behind_comma(between: &[u8]) -> &[u8] {
    memchr::memchr(b',', between).and_then(|comma| between.get(comma + 1..)).unwrap_or(between)
}

/// A key, borrowed where it can be.
struct Text<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        reader.deserialize_str(Any)
    }
}

/// Collects the spans of an object's fields; `base` is the address of the first byte.
struct Fields {
    base: usize,
}

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Field>, A::Error> {
        let mut fields: Vec<Field> = Vec::with_capacity(16);
        while let Some(Text(key)) = map.next_key()? {
            if fields.iter().any(|f| *f.key == *key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            let raw = map.next_value::<&'de RawValue>()?.get();
            let start = (raw.as_ptr() as usize).saturating_sub(self.base);
            fields.push(Field { key: key.into(), value: start..start + raw.len() });
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(text: &str) -> Object {
        Object::read(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    fn edited(text: &str, edit: impl Fn(&mut Edits<'_>)) -> String {
        let object = object(text);
        let mut edits = Edits::of(&object);
        edit(&mut edits);
        String::from_utf8(edits.apply()).unwrap()
    }

    #[test]
    fn all_but_the_edited_value_keeps_its_bytes() {
        let text =
            "{ \"zé\" : 1e2,\n\"model\":\t\"dynamic/x\" , \"x\": 100.0, \"m\": {\"model\": \"inner\"} }";
        assert_eq!(edited(text, |e| e.set("model", quoted("gpt"))), text.replace("\"dynamic/x\"", "\"gpt\""));
    }

    #[test]
    fn fields_are_added_behind_the_last_one() {
        assert_eq!(edited("{}", |e| e.set("a", "1".into())), r#"{"a":1}"#);
        assert_eq!(edited(r#"{"b":2}"#, |e| e.set("a", "1".into())), r#"{"b":2,"a":1}"#);
    }

    #[test]
    fn removing_takes_one_comma_along() {
        let text = r#"{"a":1, "b":2, "c":3}"#;
        assert_eq!(edited(text, |e| e.remove("a")), r#"{ "b":2, "c":3}"#);
        assert_eq!(edited(text, |e| e.remove("b")), r#"{"a":1, "c":3}"#);
        assert_eq!(edited(text, |e| e.remove("c")), r#"{"a":1, "b":2}"#);
        let neighbours =
            |gone: [&'static str; 2]| edited(text, move |e| gone.iter().for_each(|k| e.remove(k)));
        assert_eq!(neighbours(["a", "b"]), r#"{ "c":3}"#);
        assert_eq!(neighbours(["b", "c"]), r#"{"a":1}"#);
        let all = edited(text, |e| ["a", "b", "c"].iter().for_each(|k| e.remove(k)));
        assert_eq!(all, "{}");
        let swapped = edited(r#"{"a":1}"#, |e| {
            e.remove("a");
            e.set("b", "2".into());
        });
        assert_eq!(swapped, r#"{"b":2}"#);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in
            ["", "[]", "1", "{", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{\"a\" 1}", "{\"\\u0061\":1,\"a\":2}"]
        {
            assert!(Object::read(Bytes::copy_from_slice(bad.as_bytes())).is_err(), "{bad}");
        }
    }

    #[test]
    fn nested_values_are_found_without_a_tree() {
        let raw = r#"{"m": [{"c": "a"}, {"c": "b\n"}]}"#;
        let list = member(raw, "m").unwrap();
        assert_eq!(string(member(element(list, -1).unwrap(), "c").unwrap()).unwrap(), "b\n");
        assert_eq!(element(list, 0), Some(r#"{"c": "a"}"#));
        assert_eq!((element(list, 2), element(list, -3), member(raw, "x")), (None, None, None));
    }

    proptest! {
        #[test]
        fn edits_equal_those_on_a_tree(pairs in proptest::collection::btree_map("[a-e]", any::<i32>(), 0..5), set in "[a-g]", gone in "[a-g]") {
            let text = serde_json::to_string(&pairs).unwrap();
            let got = edited(&text, |e| { e.set(&set, "true".into()); if gone != set { e.remove(&gone); } });
            let mut want: serde_json::Value = serde_json::from_str(&text).unwrap();
            want[&set] = true.into();
            if gone != set { want.as_object_mut().unwrap().remove(&gone); }
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&got).unwrap(), want);
        }
    }
}
