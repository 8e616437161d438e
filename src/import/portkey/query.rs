//! Queries of a conditional strategy. They are conditions of ours already; here it is told where they mean something else.

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::{
    graph::{Item, Object},
    import::{Code, warning::Warnings},
};

const JOINS: [&str; 2] = ["$and", "$or"];
const COMPARING: [&str; 4] = ["$gt", "$gte", "$lt", "$lte"];
const OPERATORS: [&str; 9] = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex"];
/// How a regular expression sees what is no text there.
const SPELT: [&str; 8] = ["undefined", "null", "true", "false", "0", "1", "42", "1.5"];
/// Up to here every whole number has a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The condition that means the same, as far as one does. An empty query, which always holds, is `None`.
pub(super) fn condition(query: &Item<'_>, warnings: &Warnings) -> Option<Value> {
    let object = query.object()?;
    let found = Queries { warnings }.all(&object);
    found.as_object().is_none_or(|map| !map.is_empty()).then_some(found)
}

struct Queries<'a> {
    warnings: &'a Warnings,
}

impl Queries<'_> {
    fn all(&self, object: &Object<'_>) -> Value {
        let (mut conditions, mut joined) = (Map::new(), false);
        for (key, item) in object.entries() {
            if joined {
                self.warnings.at(Code::IgnoredSibling, &item);
            }
            let condition = match item.value.as_array().filter(|_| JOINS.contains(&key)) {
                Some(list) => {
                    joined = true;
                    let each = list.iter().enumerate().map(|(i, value)| self.part(&item.below(i, value)));
                    each.collect()
                }
                None => self.path(key, &item),
            };
            conditions.insert(key.to_owned(), condition);
        }
        conditions.into()
    }

    fn part(&self, item: &Item<'_>) -> Value {
        // anything but an object is a mistake that the graph tells
        item.value
            .as_object()
            .map_or_else(|| item.value.clone(), |_| self.all(&Object { item: item.clone() }))
    }

    fn path(&self, path: &str, item: &Item<'_>) -> Value {
        if path.starts_with('$') || path == "cel" {
            let message = format!(
                "`{path}` joins no conditions there, and is an error or never holds; here it does what it says."
            );
            self.warnings.say(Code::UnknownOperator, &item.place.pointer, message);
            return item.value.clone();
        }
        let mut words = path.split('.');
        match (words.next(), words.next(), words.next()) {
            (Some("metadata" | "params"), Some(_), None) | (Some("url"), Some("pathname"), None) => {}
            (Some("metadata" | "params" | "url"), Some(_), Some(_)) => self.warnings.at(Code::LongPath, item),
            _ => self.warnings.at(Code::UnknownPath, item),
        }
        match item.value {
            Value::Object(_) => self.operators(&Object { item: item.clone() }),
            Value::Array(_) => {
                self.warnings.at(Code::ComparedTree, item);
                item.value.clone()
            }
            bare => bare.clone(),
        }
    }

    fn operators(&self, object: &Object<'_>) -> Value {
        let (mut tests, mut regex) = (Map::new(), false);
        for (operator, item) in object.entries() {
            if regex {
                self.warnings.at(Code::AfterRegex, &item);
            }
            let operand = match operator {
                "$regex" => {
                    regex = true;
                    self.regex(&item)
                }
                _ if COMPARING.contains(&operator) => self.number(&item),
                _ if OPERATORS.contains(&operator) => self.compared(operator, &item),
                _ => {
                    let message = format!("`{operator}` is an error there; here it does what it says.");
                    self.warnings.say(Code::UnknownOperator, &item.place.pointer, message);
                    item.value.clone()
                }
            };
            tests.insert(operator.to_owned(), operand);
        }
        tests.into()
    }

    /// Both sides are read as numbers there. A text that is one becomes it; with another our meaning is the better one.
    fn number(&self, item: &Item<'_>) -> Value {
        let Some(text) = item.value.as_str() else { return item.value.clone() };
        let Some(number) = number(text) else {
            self.warnings.at(Code::NotANumber, item);
            return item.value.clone();
        };
        spelt(number)
    }

    fn compared(&self, operator: &str, item: &Item<'_>) -> Value {
        let tree = |value: &Value| value.is_array() || value.is_object();
        let members = item.value.as_array().filter(|_| matches!(operator, "$in" | "$nin"));
        if members.map_or_else(|| tree(item.value), |members| members.iter().any(tree)) {
            self.warnings.at(Code::ComparedTree, item);
        }
        item.value.clone()
    }

    fn regex(&self, item: &Item<'_>) -> Value {
        let pattern = item.value.as_str().unwrap_or_default();
        if has_flags(pattern) {
            self.warnings.at(Code::RegexSyntax, item);
        } else if Regex::new(pattern).is_ok_and(|regex| SPELT.iter().any(|text| regex.is_match(text))) {
            self.warnings.at(Code::RegexOfText, item);
        }
        item.value.clone()
    }
}

/// Whether there is an inline flag, such as `(?i)`, or a group named in the way of other languages.
fn has_flags(pattern: &str) -> bool {
    pattern.match_indices("(?").any(|(at, _)| {
        let next = pattern.get(at + 2..).and_then(|rest| rest.chars().next());
        next.is_some_and(|c| c.is_ascii_alphabetic() || c == '-')
    })
}

/// The number that a text spells.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse::<f64>().ok().filter(|number| numeric && number.is_finite())
}

/// A number as people write it: 5, not 5.0.
fn spelt(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
        return json!(number as i64);
    }
    json!(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Report;

    fn told(query: Value) -> (Option<Value>, Vec<String>) {
        let (report, warnings) = (Report::default(), Warnings::default());
        let found = condition(&Item::of(&query, &report), &warnings);
        let told = warnings.all().iter().map(|w| format!("{} {}", w.code, w.pointer)).collect();
        (found, told)
    }

    #[test]
    fn what_means_the_same_stays_as_it_is() {
        for query in [
            json!({"metadata.plan": "paid"}),
            json!({"metadata.plan": {"$eq": "paid"}, "params.model": {"$in": ["a", "b"]}}),
            json!({"url.pathname": "/v1/chat/completions", "$or": [{"metadata.a": 1}, {"$and": [{"metadata.b": {"$ne": true}}]}]}),
            json!({"metadata.n": {"$gte": 1, "$lt": 10.5, "$regex": "^a"}}),
        ] {
            assert_eq!(told(query.clone()), (Some(query), vec![]));
        }
        assert_eq!(told(json!({})), (None, vec![]));
    }

    #[test]
    fn numbers_are_read_as_they_are_there() {
        for (text, number, warned) in [
            ("10", json!(10), false),
            (" -1.5e2 ", json!(-150), false),
            (".5", json!(0.5), false),
            ("09:30", json!("09:30"), true),
            ("1e", json!("1e"), true),
            ("abc", json!("abc"), true),
            ("", json!(""), true),
            ("inf", json!("inf"), true),
        ] {
            let (found, told) = told(json!({"metadata.n": {"$gt": text}}));
            assert_eq!(found, Some(json!({"metadata.n": {"$gt": number}})), "{text}");
            assert_eq!(!told.is_empty(), warned, "{text}");
        }
    }

    #[test]
    fn every_difference_is_told() {
        for (query, warning) in [
            (json!({"metadata.a.b": 1}), "long-path /metadata.a.b"),
            (json!({"url.pathname.x": 1}), "long-path /url.pathname.x"),
            (json!({"plan": 1}), "unknown-path /plan"),
            (json!({"metadata": 1}), "unknown-path /metadata"),
            (json!({"headers.x": 1}), "unknown-path /headers.x"),
            (json!({"$or": [{"metadata.a": 1}], "metadata.b": 1}), "ignored-sibling /metadata.b"),
            (json!({"metadata.a": {"$regex": "^a", "$ne": "ab"}}), "after-regex /metadata.a/$ne"),
            (json!({"metadata.a": {"$regex": ".*"}}), "regex-of-text /metadata.a/$regex"),
            (json!({"metadata.a": {"$regex": "(?i)x"}}), "regex-syntax /metadata.a/$regex"),
            (json!({"metadata.a": {"$exists": true}}), "unknown-operator /metadata.a/$exists"),
            (json!({"$not": {"metadata.a": 1}}), "unknown-operator /$not"),
            (json!({"cel": "true"}), "unknown-operator /cel"),
            (json!({"metadata.a": [1]}), "compared-tree /metadata.a"),
            (json!({"metadata.a": {"$in": [1, [2]]}}), "compared-tree /metadata.a/$in"),
            (json!({"$and": [{"metadata.a": {"$eq": {"b": 1}}}]}), "compared-tree /$and/0/metadata.a/$eq"),
        ] {
            assert_eq!(told(query.clone()).1, [warning], "{query}");
        }
    }
}
