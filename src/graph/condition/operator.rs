//! The operators. A missing value passes only `$ne`, `$nin` and `$exists: false` (and what `$not` turns around).

use regex::{Regex, RegexBuilder};
use serde_json::{Number, Value};
use std::cmp::Ordering;

use super::{Item, Object};
use crate::graph::{Fact, diagnostic::Code, reader::whole};

/// Every operator that may follow a path.
const OPERATORS: [&str; 16] = [
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$regex",
    "$options",
    "$exists",
    "$contains",
    "$startsWith",
    "$endsWith",
    "$size",
    "$not",
];

/// One compiled test of the value at a path.
#[derive(Debug)]
pub(in crate::graph) enum Test {
    Equal(Value),
    /// Orders against the operand in one of the two ways.
    Order(Bound, [Ordering; 2]),
    In(Box<[Value]>),
    Regex(Regex),
    Exists(bool),
    Contains(Value),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Size(u64),
    /// Fails one of these: `$not`, `$ne`, `$nin`.
    Not(Box<[Test]>),
}

/// What a value is ordered against.
#[derive(Debug)]
pub(in crate::graph) enum Bound {
    Number(Num),
    /// With the number that the text spells, if it does.
    Text(Box<str>, Option<Num>),
}

impl Test {
    /// Reads a bare value, or an object of operators.
    pub(super) fn read(item: &Item<'_>) -> Option<Box<[Self]>> {
        if !item.value.is_object() {
            return Some(Box::new([Self::Equal(item.value.clone())]));
        }
        let object = item.object()?;
        if !object.entries().any(|(key, _)| key.starts_with('$') || forgot_dollar(key)) {
            return Some(Box::new([Self::Equal(item.value.clone())]));
        }
        Self::operators(&object)
    }

    fn operators(object: &Object<'_>) -> Option<Box<[Self]>> {
        if object.maybe("$regex").is_none()
            && let Some(options) = object.maybe("$options")
        {
            options.report(Code::BadOperand, "`$options` stands without `$regex`");
        }
        let tests = object.entries().filter(|(key, _)| *key != "$options");
        let read: Vec<_> = tests.map(|(key, item)| Self::operator(key, &item, object)).collect();
        read.into_iter().collect()
    }

    fn operator(key: &str, item: &Item<'_>, siblings: &Object<'_>) -> Option<Self> {
        use Ordering::{Equal, Greater, Less};
        let value = || item.value.clone();
        Some(match key {
            "$eq" => Self::Equal(value()),
            "$ne" => Self::Not(Box::new([Self::Equal(value())])),
            "$gt" => Self::Order(bound(item)?, [Greater, Greater]),
            "$gte" => Self::Order(bound(item)?, [Greater, Equal]),
            "$lt" => Self::Order(bound(item)?, [Less, Less]),
            "$lte" => Self::Order(bound(item)?, [Less, Equal]),
            "$in" => Self::In(members(item)?),
            "$nin" => Self::Not(Box::new([Self::In(members(item)?)])),
            "$regex" => Self::Regex(regex(item, siblings.maybe("$options"))?),
            "$exists" => Self::Exists(operand(item, "true or false", Value::as_bool)?),
            "$contains" => Self::Contains(value()),
            "$startsWith" => Self::StartsWith(text(item)?.into()),
            "$endsWith" => Self::EndsWith(text(item)?.into()),
            "$size" => Self::Size(operand(item, "a whole number", whole)?),
            "$not" => Self::Not(not(item)?),
            _ => return unknown(key, item),
        })
    }

    /// Whether the value passes; `None` is a missing one.
    pub(super) fn passes(&self, found: Option<&Fact<'_>>) -> bool {
        match (self, found) {
            (Self::Not(tests), _) => !tests.iter().all(|test| test.passes(found)),
            (Self::Exists(wanted), _) => found.is_some() == *wanted,
            (_, None) => false,
            (Self::Equal(wanted), Some(fact)) => same(fact, wanted),
            (Self::Order(bound, either), Some(fact)) => {
                bound.order(fact).is_some_and(|o| either.contains(&o))
            }
            (Self::In(members), Some(fact)) => is_in(fact, members),
            (Self::Contains(part), Some(fact)) => contains(fact, part),
            (Self::Size(size), Some(fact)) => size_of(fact).is_some_and(|n| n == *size),
            (Self::Regex(regex), Some(Fact::Text(text))) => regex.is_match(text),
            (Self::StartsWith(part), Some(Fact::Text(text))) => text.starts_with(&**part),
            (Self::EndsWith(part), Some(Fact::Text(text))) => text.ends_with(&**part),
            (Self::Regex(_) | Self::StartsWith(_) | Self::EndsWith(_), Some(_)) => false,
        }
    }
}

fn forgot_dollar(key: &str) -> bool {
    OPERATORS.iter().any(|operator| operator.strip_prefix('$') == Some(key))
}

fn unknown(key: &str, item: &Item<'_>) -> Option<Test> {
    let message = format!("`{key}` is no operator");
    item.to.unknown(Code::UnknownOperator, &item.place, message, (key, OPERATORS));
    None
}

fn operand<T>(item: &Item<'_>, what: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let found = read(item.value);
    if found.is_none() {
        item.expected(Code::BadOperand, what);
    }
    found
}

fn text<'a>(item: &Item<'a>) -> Option<&'a str> {
    let found = item.value.as_str();
    if found.is_none() {
        item.expected(Code::BadOperand, "a string");
    }
    found
}

fn members(item: &Item<'_>) -> Option<Box<[Value]>> {
    operand(item, "an array", |value| value.as_array().map(|list| list.clone().into()))
}

fn bound(item: &Item<'_>) -> Option<Bound> {
    operand(item, "a number or a string", |value| match value {
        Value::Number(number) => Some(Bound::Number(Num::of(number))),
        Value::String(text) => Some(Bound::Text(text.as_str().into(), Num::spelt(text))),
        _ => None,
    })
}

fn regex(item: &Item<'_>, options: Option<Item<'_>>) -> Option<Regex> {
    let ignore_case = match &options {
        None => Some(false),
        Some(given) => operand(given, "`i` or the empty string", |value| match value.as_str() {
            Some("i") => Some(true),
            Some("") => Some(false),
            _ => None,
        }),
    };
    match RegexBuilder::new(text(item)?).case_insensitive(ignore_case?).build() {
        Ok(regex) => Some(regex),
        Err(why) => {
            let why = why.to_string();
            let reason = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            item.report(Code::BadRegex, format!("the regular expression can not be read: {reason}"));
            None
        }
    }
}

fn not(item: &Item<'_>) -> Option<Box<[Test]>> {
    let filled = item.value.as_object().is_some_and(|map| !map.is_empty());
    if !filled {
        item.expected(Code::BadOperand, "an object of operators");
        return None;
    }
    Test::operators(&item.object()?)
}

fn is_in(fact: &Fact<'_>, members: &[Value]) -> bool {
    match fact {
        Fact::Tree(tree) if tree.is_array() => {
            elements(tree).iter().any(|e| members.iter().any(|m| equal(e, m)))
        }
        one => members.iter().any(|member| same(one, member)),
    }
}

fn contains(fact: &Fact<'_>, part: &Value) -> bool {
    match (fact, part) {
        (Fact::Text(text), Value::String(part)) => text.contains(part.as_str()),
        (Fact::Tree(tree), part) => elements(tree).iter().any(|element| equal(element, part)),
        _ => false,
    }
}

fn elements(tree: &Value) -> &[Value] {
    tree.as_array().map_or(&[], Vec::as_slice)
}

fn size_of(fact: &Fact<'_>) -> Option<u64> {
    let Fact::Tree(tree) = fact else { return None };
    let size = tree.as_array().map(Vec::len).or_else(|| tree.as_object().map(serde_json::Map::len))?;
    u64::try_from(size).ok()
}

/// JSON equality of a fact with a value.
fn same(fact: &Fact<'_>, value: &Value) -> bool {
    match (fact, value) {
        (Fact::Null, Value::Null) => true,
        (Fact::Bool(a), Value::Bool(b)) => a == b,
        (Fact::Number(a), Value::Number(b)) => Num::of(a).order(Num::of(b)) == Some(Ordering::Equal),
        (Fact::Text(a), Value::String(b)) => a == b,
        (Fact::Tree(a), b) => equal(a, b),
        _ => false,
    }
}

/// JSON equality in which 1 and 1.0 are one number, at any depth.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (Value::Array(_) | Value::Object(_), _) => false,
        (scalar, b) => same(&Fact::of(scalar), b),
    }
}

impl Bound {
    fn order(&self, fact: &Fact<'_>) -> Option<Ordering> {
        match (fact, self) {
            (Fact::Number(a), Self::Number(b)) => Num::of(a).order(*b),
            (Fact::Number(a), Self::Text(_, b)) => Num::of(a).order((*b)?),
            (Fact::Text(a), Self::Number(b)) => Num::spelt(a)?.order(*b),
            (Fact::Text(a), Self::Text(b, _)) => Some((**a).cmp(&**b)),
            _ => None,
        }
    }
}

/// A number that compares exactly while it is whole.
#[derive(Debug, Clone, Copy)]
pub(in crate::graph) enum Num {
    Whole(i128),
    Float(f64),
}

impl Num {
    fn of(number: &Number) -> Self {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Whole)
    }

    /// The number that a text spells in digits.
    fn spelt(text: &str) -> Option<Self> {
        let digits = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
        if !text.bytes().all(digits) {
            return None; // `f64` would read `inf` and `nan` too
        }
        text.parse().map(Self::Whole).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "beside a float, a float is as exact as it gets")]
    fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_alone;
    use super::*;
    use crate::graph::sample::Request;
    use serde_json::json;

    /// Whether a condition on `v` holds where `v` is `value`, and where there is no `v`.
    fn table(cases: &[(Value, Value, bool)]) {
        for (value, test, expected) in cases {
            let facts = Request::new(json!({"metadata": {"v": value}}));
            let condition = read_alone(&json!({"v": test})).unwrap_or_else(|e| panic!("{test}: {e:?}"));
            assert_eq!(condition.holds(&facts), *expected, "{value} {test}");
        }
    }

    #[test]
    fn equality() {
        table(&[
            (json!("a"), json!("a"), true),
            (json!("a"), json!({"$eq": "a"}), true),
            (json!("a"), json!("A"), false),
            (json!(1), json!(1.0), true),
            (json!(1.0), json!({"$eq": 1}), true),
            (json!(1), json!("1"), false),
            (json!("1"), json!(1), false),
            (json!(true), json!(true), true),
            (json!(true), json!(1), false),
            (json!(null), json!(null), true),
            (json!(null), json!(false), false),
            (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), false),
            (json!(-1), json!(u64::MAX), false),
            (json!([1, {"a": 2}]), json!([1.0, {"a": 2.0}]), true),
            (json!([1]), json!(1), false),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true),
            (json!({"a": 1}), json!({"$eq": {"a": 1, "b": 2}}), false),
            (json!({}), json!({}), true),
            (json!("a"), json!({"$ne": "a"}), false),
            (json!("a"), json!({"$ne": "b"}), true),
            (json!(1), json!({"$ne": 1.0}), false),
        ]);
    }

    #[test]
    fn order() {
        table(&[
            (json!(5), json!({"$gt": 4}), true),
            (json!(5), json!({"$gt": 5}), false),
            (json!(5), json!({"$gte": 5.0}), true),
            (json!(5), json!({"$gte": 5.1}), false),
            (json!(-5), json!({"$lt": 0}), true),
            (json!(5), json!({"$lt": 5}), false),
            (json!(5), json!({"$lte": 5}), true),
            (json!(6), json!({"$lte": 5}), false),
            (json!("b"), json!({"$gt": "a"}), true),
            (json!("10"), json!({"$gt": "9"}), false),
            (json!("é"), json!({"$gt": "z"}), true),
            (json!("10"), json!({"$gt": 9}), true),
            (json!("1e3"), json!({"$gte": 1000}), true),
            (json!(10), json!({"$gt": "9.5"}), true),
            (json!("ten"), json!({"$gt": 9}), false),
            (json!("ten"), json!({"$lt": 9}), false),
            (json!("inf"), json!({"$gt": 9}), false),
            (json!(""), json!({"$lt": 9}), false),
            (json!(5), json!({"$gt": "x"}), false),
            (json!(true), json!({"$gt": 0}), false),
            (json!(null), json!({"$lte": 0}), false),
            (json!([5]), json!({"$gt": 4}), false),
            (json!(u64::MAX), json!({"$gt": i64::MAX}), true),
        ]);
    }

    #[test]
    fn membership() {
        table(&[
            (json!("a"), json!({"$in": ["b", "a"]}), true),
            (json!("c"), json!({"$in": ["b", "a"]}), false),
            (json!(1), json!({"$in": [1.0]}), true),
            (json!("a"), json!({"$in": []}), false),
            (json!(["x", "a"]), json!({"$in": ["b", "a"]}), true),
            (json!(["x"]), json!({"$in": ["b", "a"]}), false),
            (json!([]), json!({"$in": ["a"]}), false),
            (json!({"a": 1}), json!({"$in": [{"a": 1.0}]}), true),
            (json!("a"), json!({"$nin": ["a"]}), false),
            (json!("c"), json!({"$nin": ["a"]}), true),
            (json!(["x", "a"]), json!({"$nin": ["a"]}), false),
        ]);
    }

    #[test]
    fn text_and_size() {
        table(&[
            (json!("gpt-4o"), json!({"$regex": "4[a-z]$"}), true),
            (json!("GPT"), json!({"$regex": "gpt"}), false),
            (json!("GPT"), json!({"$regex": "gpt", "$options": "i"}), true),
            (json!("GPT"), json!({"$options": "i", "$regex": "gpt"}), true),
            (json!("GPT"), json!({"$regex": "gpt", "$options": ""}), false),
            (json!(4), json!({"$regex": "4"}), false),
            (json!("abc"), json!({"$contains": "b"}), true),
            (json!("abc"), json!({"$contains": "x"}), false),
            (json!("1"), json!({"$contains": 1}), false),
            (json!([1, "b"]), json!({"$contains": "b"}), true),
            (json!([1, "b"]), json!({"$contains": 1.0}), true),
            (json!([1, "bc"]), json!({"$contains": "b"}), false),
            (json!({"b": 1}), json!({"$contains": "b"}), false),
            (json!("abc"), json!({"$startsWith": "ab"}), true),
            (json!("abc"), json!({"$startsWith": "bc"}), false),
            (json!("abc"), json!({"$endsWith": "bc"}), true),
            (json!("abc"), json!({"$endsWith": "ab"}), false),
            (json!(["abc"]), json!({"$endsWith": "abc"}), false),
            (json!([1, 2]), json!({"$size": 2}), true),
            (json!([1, 2]), json!({"$size": 1}), false),
            (json!({"a": 1}), json!({"$size": 1.0}), true),
            (json!("ab"), json!({"$size": 2}), false),
            (json!(null), json!({"$exists": true}), true),
            (json!(1), json!({"$exists": false}), false),
            (json!(5), json!({"$not": {"$gt": 3, "$lt": 10}}), false),
            (json!(5), json!({"$not": {"$gt": 3, "$lt": 4}}), true),
        ]);
    }

    #[test]
    fn a_missing_path_passes_only_what_denies() {
        for (test, expected) in [
            (json!("a"), false),
            (json!(null), false),
            (json!({"$eq": null}), false),
            (json!({"$gt": 0}), false),
            (json!({"$gte": ""}), false),
            (json!({"$lt": 0}), false),
            (json!({"$lte": 0}), false),
            (json!({"$in": [null]}), false),
            (json!({"$regex": ""}), false),
            (json!({"$contains": ""}), false),
            (json!({"$startsWith": ""}), false),
            (json!({"$endsWith": ""}), false),
            (json!({"$size": 0}), false),
            (json!({"$exists": true}), false),
            (json!({"$exists": false}), true),
            (json!({"$ne": "a"}), true),
            (json!({"$nin": ["a"]}), true),
            (json!({"$ne": "a", "$gt": "b"}), false),
        ] {
            let condition = read_alone(&json!({"v": test})).unwrap();
            assert_eq!(condition.holds(&Request::new(json!({"metadata": {}}))), expected, "{test}");
        }
    }

    #[test]
    fn bad_operands_are_refused() {
        for (test, code) in [
            (json!({"$in": "a"}), Code::BadOperand),
            (json!({"$nin": {"a": 1}}), Code::BadOperand),
            (json!({"$gt": true}), Code::BadOperand),
            (json!({"$lte": [1]}), Code::BadOperand),
            (json!({"$regex": 4}), Code::BadOperand),
            (json!({"$regex": "("}), Code::BadRegex),
            (json!({"$regex": "(?=a)"}), Code::BadRegex),
            (json!({"$regex": "a", "$options": "x"}), Code::BadOperand),
            (json!({"$options": "i"}), Code::BadOperand),
            (json!({"$exists": 1}), Code::BadOperand),
            (json!({"$startsWith": 1}), Code::BadOperand),
            (json!({"$size": -1}), Code::BadOperand),
            (json!({"$size": 1.5}), Code::BadOperand),
            (json!({"$not": {}}), Code::BadOperand),
            (json!({"$not": "a"}), Code::BadOperand),
            (json!({"$eqq": "a"}), Code::UnknownOperator),
            (json!({"$eq": "a", "b": 1}), Code::UnknownOperator),
            (json!({"eq": "a"}), Code::UnknownOperator),
        ] {
            let found = read_alone(&json!({"v": test})).expect_err(&test.to_string());
            assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{test}");
        }
        let found = read_alone(&json!({"v": {"startswith": "a"}}));
        assert!(found.is_ok(), "an object of other words is compared as it is");
        assert_eq!(read_alone(&json!({"v": {"gt": 1}})).unwrap_err()[0].hint, "did you mean `$gt`?");
    }
}
