//! Conditions: Mongo-like tests of the facts, joined by `$and`, `$or`, `$not`, `$nor`, with CEL where they do not do.

mod cel;
mod operator;

use self::{cel::Cel, operator::Test};
use super::{
    Facts, Path,
    diagnostic::Code,
    reader::{Item, Object},
};

/// The words that join conditions.
const JOINS: [&str; 4] = ["$and", "$or", "$not", "$nor"];

/// A compiled condition.
#[derive(Debug)]
pub(super) enum Condition {
    /// Every one holds.
    All(Box<[Condition]>),
    /// At least one holds.
    Any(Box<[Condition]>),
    /// It does not hold.
    Not(Box<Condition>),
    /// What stands at the path passes every test.
    Tests(Path, Box<[Test]>),
    /// The expression is true.
    Cel(Cel),
}

impl Condition {
    /// Reads a condition object; `None` after a mistake was noted.
    pub(super) fn read(item: &Item<'_>) -> Option<Self> {
        let object = item.object()?;
        let parts: Vec<_> = object.entries().map(|(key, item)| Self::entry(key, &item)).collect();
        if parts.is_empty() {
            item.report(Code::EmptyCondition, "the object is empty");
        }
        let mut parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
        match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(Self::All(parts.into())),
        }
    }

    fn entry(key: &str, item: &Item<'_>) -> Option<Self> {
        match key {
            "$and" => Self::several(item).map(Self::All),
            "$or" => Self::several(item).map(Self::Any),
            "$nor" => Self::several(item).map(|any| Self::Not(Box::new(Self::Any(any)))),
            "$not" => Self::read(item).map(|not| Self::Not(Box::new(not))),
            "cel" => Cel::read(item).map(Self::Cel),
            _ if key.starts_with('$') => {
                let message = format!("`{key}` does not join conditions");
                item.to.unknown(Code::UnknownOperator, &item.place, message, (key, JOINS));
                None
            }
            _ => Self::path(key, item),
        }
    }

    fn several(item: &Item<'_>) -> Option<Box<[Self]>> {
        let list = item.list()?;
        if list.is_empty() {
            item.report(Code::EmptyCondition, "the array is empty");
            return None;
        }
        let read: Vec<_> = list.iter().map(Self::read).collect();
        read.into_iter().collect()
    }

    fn path(key: &str, item: &Item<'_>) -> Option<Self> {
        let tests = Test::read(item);
        match Path::parse(key) {
            Ok(path) => Some(Self::Tests(path, tests?)),
            Err(why) => {
                item.report(Code::BadPath, format!("`{key}` is no path: {why}"));
                None
            }
        }
    }

    /// Whether it holds for these facts. Comparing does not allocate; CEL does.
    pub(super) fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts)),
            Self::Not(part) => !part.holds(facts),
            Self::Tests(path, tests) => {
                let found = facts.look(path);
                tests.iter().all(|test| test.passes(found.as_ref()))
            }
            Self::Cel(cel) => cel.holds(facts),
        }
    }
}

/// What the conditions in `object` say is wrong with them, for tests of single operators.
#[cfg(test)]
fn read_alone(value: &serde_json::Value) -> Result<Condition, Vec<super::Diagnostic>> {
    let report = super::diagnostic::Report::default();
    let read = Condition::read(&Item::of(value, &report));
    report.settle(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::Request;
    use serde_json::{Value, json};

    fn holds(condition: Value) -> bool {
        let facts = Request::new(json!({
            "metadata": {"plan": "paid", "n": 3, "zero": null},
            "headers": {"x-team": "Red"},
            "body": {"messages": [{"role": "system"}, {"role": "user", "content": "hi"}]},
            "input": {"tokens": 2000},
        }));
        read_alone(&condition).unwrap_or_else(|e| panic!("{condition}: {e:?}")).holds(&facts)
    }

    #[test]
    fn several_keys_are_and() {
        assert!(holds(json!({"plan": "paid", "n": 3})));
        assert!(!holds(json!({"plan": "paid", "n": 4})));
        assert!(holds(json!({"headers.X-Team": "Red", "body.messages.-1.content": "hi"})));
    }

    #[test]
    fn several_operators_are_and() {
        assert!(holds(json!({"n": {"$gt": 2, "$lt": 4}})));
        assert!(!holds(json!({"n": {"$gt": 2, "$lt": 3}})));
        assert!(!holds(json!({"plan": {"$regex": "^p", "$ne": "paid"}})));
    }

    #[test]
    fn joins_nest_and_combine_with_their_siblings() {
        let (yes, no) = (json!({"plan": "paid"}), json!({"plan": "free"}));
        for (condition, expected) in [
            (json!({"$and": [yes, yes]}), true),
            (json!({"$and": [yes, no]}), false),
            (json!({"$or": [no, yes]}), true),
            (json!({"$or": [no, no]}), false),
            (json!({"$not": no}), true),
            (json!({"$not": yes}), false),
            (json!({"$nor": [no, no]}), true),
            (json!({"$nor": [no, yes]}), false),
            (json!({"$or": [yes], "n": 4}), false),
            (json!({"n": 3, "$or": [no, yes], "$not": no}), true),
            (json!({"$or": [no], "$and": [yes]}), false),
            (json!({"$not": {"$or": [no, {"$and": [yes, {"$nor": [yes]}]}]}}), true),
            (
                json!({"$and": [{"cel": "metadata.n == 3"}, {"$not": {"cel": "metadata.plan == 'free'"}}]}),
                true,
            ),
            (json!({"cel": "input.tokens > 1000", "plan": "free"}), false),
        ] {
            assert_eq!(holds(condition.clone()), expected, "{condition}");
        }
    }

    #[test]
    fn mistakes_are_all_told() {
        let codes = |value: Value| {
            read_alone(&value).unwrap_err().into_iter().map(|d| (d.code, d.pointer)).collect::<Vec<_>>()
        };
        let at = |code, pointer: &str| (code, pointer.to_owned());
        assert_eq!(codes(json!({})), [at(Code::EmptyCondition, "")]);
        assert_eq!(codes(json!([])), [at(Code::WrongType, "")]);
        assert_eq!(
            codes(
                json!({"$and": [], "$or": {}, "$nad": 1, "time.x": {"$eqq": 1}, "cel": 5, "a": {"$in": 1}})
            ),
            [
                at(Code::EmptyCondition, "/$and"),
                at(Code::WrongType, "/$or"),
                at(Code::UnknownOperator, "/$nad"),
                at(Code::UnknownOperator, "/time.x/$eqq"),
                at(Code::BadPath, "/time.x"),
                at(Code::WrongType, "/cel"),
                at(Code::BadOperand, "/a/$in"),
            ]
        );
        assert_eq!(codes(json!({"$and": [{}, {"$not": {}}]})).len(), 2);
    }
}
