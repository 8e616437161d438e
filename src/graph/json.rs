//! JSON as a careful reader takes it: a key that stands twice is a mistake, not a silent choice.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::RefCell, fmt};

use super::diagnostic::Place;

/// Reads one JSON value and tells the places of keys that its objects have twice (the last one counts).
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Vec<Place>), serde_json::Error> {
    let twice = RefCell::default();
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = Careful { place: &Place::default(), twice: &twice }.deserialize(&mut from)?;
    from.end()?;
    Ok((value, twice.into_inner()))
}

#[derive(Clone, Copy)]
struct Careful<'a> {
    place: &'a Place,
    twice: &'a RefCell<Vec<Place>>,
}

impl<'de> DeserializeSeed<'de> for Careful<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Careful<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = vec![];
        loop {
            let place = self.place.at(list.len());
            match seq.next_element_seed(Careful { place: &place, ..self })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let place = self.place.at(&key);
            let value = entries.next_value_seed(Careful { place: &place, ..self })?;
            if map.insert(key, value).is_some() {
                self.twice.borrow_mut().push(place);
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_that_stand_twice_are_told_with_their_place() {
        let (value, twice) = read(br#"{"a":1,"b":[{"x/y":1,"x/y":{"c":1,"c":2}}],"a":null}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":null,"b":[{"x/y":{"c":2}}]}"#);
        let twice: Vec<_> = twice.into_iter().map(|p| p.pointer).collect();
        assert_eq!(twice, ["/b/0/x~1y/c", "/b/0/x~1y", "/a"]);
    }

    #[test]
    fn what_is_not_json_is_told_with_line_and_column() {
        let told = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(told("{\n  \"a\": }"), "expected value at line 2 column 8");
        assert_eq!(told("{} x"), "trailing characters at line 1 column 4");
        assert!(told(&"[".repeat(1000)).starts_with("recursion limit exceeded"));
    }

    proptest! {
        #[test]
        fn anything_is_read_as_serde_json_reads_it(text in r#"[\[\]{}":,a0-9.eE+\- \\]{0,40}"#) {
            let ours = read(text.as_bytes()).ok().map(|(value, _)| value);
            let theirs = serde_json::from_str::<Value>(&text).ok();
            prop_assert_eq!(ours, theirs);
        }
    }
}
