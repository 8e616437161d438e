//! What lies ahead of a walk: which model it would come to, and whether that is better left alone. Limits are taken to let
//! it pass.

use super::{
    Facts, Program, Target,
    node::{Node, Percentage},
};
use std::collections::HashMap;

/// How many percentages behind one another are looked through arm by arm.
const DEPTH: usize = 100;

/// A look ahead.
pub(super) struct Ahead<'p, 'f> {
    program: &'p Program,
    facts: &'f dyn Facts,
    /// The models that were found, by where the look began.
    known: HashMap<usize, Option<usize>>,
}

impl<'p, 'f> Ahead<'p, 'f> {
    pub(super) fn new(program: &'p Program, facts: &'f dyn Facts) -> Self {
        Self { program, facts, known: HashMap::new() }
    }

    /// The outputs of a percentage whose first model is cooling, each with that model; none where there would be no other.
    pub(super) fn skipped(&mut self, percentage: &'p Percentage) -> Vec<(usize, &'p str, &'p Target)> {
        self.skipped_to(percentage, DEPTH)
    }

    /// Whether an element that leads to `fallback` leads to a model that is not cooling.
    pub(super) fn has_other(&mut self, fallback: Option<usize>) -> bool {
        let mut next = fallback;
        while let Some(Node::Model(model)) = next.and_then(|at| self.model(at, DEPTH)) {
            if !self.facts.cooling(&model.target) {
                return true;
            }
            next = model.fallback;
        }
        false
    }

    fn skipped_to(&mut self, percentage: &'p Percentage, depth: usize) -> Vec<(usize, &'p str, &'p Target)> {
        let (mut skipped, mut left) = (Vec::new(), false);
        for (arm, (name, to)) in percentage.arms() {
            match self.model(to, depth) {
                Some(Node::Model(model)) if self.facts.cooling(&model.target) => {
                    skipped.push((arm, name, &model.target));
                }
                _ => left = true,
            }
        }
        if left { skipped } else { Vec::new() }
    }

    /// The first model from `from` on.
    fn model(&mut self, from: usize, depth: usize) -> Option<&'p Node> {
        let found = match self.known.get(&from) {
            Some(found) => *found,
            None => {
                let found = self.find(from, depth);
                self.known.insert(from, found);
                found
            }
        };
        self.program.node(found?)
    }

    fn find(&mut self, from: usize, depth: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let element = self.program.element(at)?;
            at = match &element.node {
                Node::Start(next) => *next,
                Node::Conditional(conditional) => conditional.choose(self.facts).1,
                Node::Percentage(percentage) => {
                    let skipped = match depth.checked_sub(1) {
                        Some(depth) => self.skipped_to(percentage, depth),
                        None => Vec::new(),
                    };
                    let skips = |arm| skipped.iter().any(|(skipped, ..)| *skipped == arm);
                    percentage.choose(&element.id, self.facts, &skips).1
                }
                Node::Rate(rate) => rate.within(u64::MAX).1,
                Node::Model(_) => return Some(at),
                Node::End => return None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{Fault, Kind},
        graph::{Fact, Known, Path, Step, Verdict, Walk, sample::Request},
    };
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    /// A request while some models are cooling.
    struct While(Request, Vec<&'static str>);

    impl Facts for While {
        fn look(&self, path: &Path) -> Option<Fact<'_>> {
            self.0.look(path)
        }

        fn dice(&self) -> u64 {
            self.0.dice()
        }

        fn any_cooling(&self) -> bool {
            !self.1.is_empty()
        }

        fn cooling(&self, target: &Target) -> bool {
            self.1.contains(&&*target.model)
        }
    }

    fn program(first: &str, elements: &[Value]) -> Program {
        let mut all = vec![
            json!({"id": "start", "type": "start", "outputs": {"next": {"elementId": first}}}),
            json!({"id": "end", "type": "end"}),
        ];
        all.extend(elements.iter().cloned());
        let document = json!({"name": "r", "elements": all}).to_string();
        Program::read(document.as_bytes(), Known::Anything).unwrap()
    }

    fn outputs(outputs: &[(&str, &str)]) -> Value {
        let to = |(name, id): &(&str, &str)| ((*name).to_owned(), json!({"elementId": id}));
        Value::Object(outputs.iter().map(to).collect())
    }

    fn model(id: &str, fallback: Option<&str>) -> Value {
        let leads: Vec<_> =
            [("success", "end")].into_iter().chain(fallback.map(|to| ("fallback", to))).collect();
        json!({"id": id, "type": "model", "properties": {"provider": "p", "model": id, "retries": 1, "fallbackOn": ["timeout"]},
               "outputs": outputs(&leads)})
    }

    fn percentage(id: &str, key: Option<&str>, arms: &[(&str, &str)]) -> Value {
        let properties = key.map_or_else(|| json!({}), |key| json!({"key": key}));
        json!({"id": id, "type": "percentage", "properties": properties, "outputs": outputs(arms)})
    }

    fn user(n: u64) -> Request {
        Request::new(json!({"metadata": {"user": n}})).rolled(n)
    }

    /// The first model that is called, and whether it is passed over.
    fn called(program: &Program, facts: &While) -> (String, bool) {
        match Walk::new(program).step(program, facts) {
            Step::Call(call) => (call.element.to_owned(), call.cooling),
            step => panic!("{step:?}"),
        }
    }

    /// Every model that is called, when those that are passed over leave by their fallback and the others answer.
    fn walked(program: &Program, facts: &While) -> Vec<String> {
        let (mut walk, mut calls) = (Walk::new(program), vec![]);
        loop {
            match walk.step(program, facts) {
                Step::Call(call) if call.cooling => {
                    calls.push(format!("({})", call.element));
                    walk.answered(program, Err(&Fault::new(Kind::Cooling)));
                }
                Step::Call(call) => {
                    calls.push(call.element.to_owned());
                    walk.answered(program, Ok(()));
                }
                Step::Limit(_) => drop(walk.limited(program, Verdict::Within(u64::MAX))),
                Step::End(_) => return calls,
            }
        }
    }

    #[test]
    fn the_shares_of_the_others_keep_their_proportion_and_keys_come_back() {
        let arms = [("50%", "a"), ("30%", "b"), ("20%", "c")];
        let models = ["a", "b", "c"].map(|id| model(id, None));
        for key in [None, Some("user")] {
            let program = program("split", &[&[percentage("split", key, &arms)], &models[..]].concat());
            let mut counts = BTreeMap::<String, f64>::new();
            for n in 0..20_000 {
                let usual = called(&program, &While(user(n), vec![])).0;
                let now = called(&program, &While(user(n), vec!["a"])).0;
                assert!(
                    usual == "a" || usual == now,
                    "{n} was not with `a`, and moved from {usual} to {now}"
                );
                *counts.entry(now).or_default() += 1.0 / 20_000.0;
            }
            assert_eq!(counts.len(), 2, "{counts:?}");
            assert!((counts["b"] - 0.6).abs() < 0.015 && (counts["c"] - 0.4).abs() < 0.015, "{counts:?}");
            for n in 0..100 {
                let [usual, all] =
                    [vec![], vec!["a", "b", "c"]].map(|cooling| called(&program, &While(user(n), cooling)));
                assert_eq!(usual, all, "where all are cooling nothing is passed over");
            }
        }
    }

    #[test]
    fn an_arm_without_a_share_is_no_other() {
        let arms = [("100%", "a"), ("0%", "b")];
        let program =
            program("split", &[percentage("split", None, &arms), model("a", None), model("b", None)]);
        assert_eq!(called(&program, &While(user(1), vec!["a"])), ("a".into(), false));
    }

    #[test]
    fn a_cooling_model_is_passed_over_where_there_is_another() {
        let program = program("a", &[model("a", Some("b")), model("b", Some("c")), model("c", None)]);
        for (cooling, calls) in [
            (vec![], vec!["a"]),
            (vec!["a"], vec!["(a)", "b"]),
            (vec!["b"], vec!["a"]),
            (vec!["a", "b"], vec!["(a)", "(b)", "c"]),
            (vec!["a", "c"], vec!["(a)", "b"]),
            (vec!["a", "b", "c"], vec!["a"]),
        ] {
            assert_eq!(walked(&program, &While(user(1), cooling.clone())), calls, "{cooling:?}");
        }
        // tried all the same and failed: so are the others
        let (facts, mut walk) = (While(user(1), vec!["a", "b", "c"]), Walk::new(&program));
        let timeout = Fault::new(Kind::Timeout);
        for element in ["a", "a", "b", "b", "c", "c"] {
            let Step::Call(call) = walk.step(&program, &facts) else { panic!("no call of {element}") };
            assert_eq!((call.element, call.cooling), (element, false));
            walk.answered(&program, Err(&timeout));
        }
    }

    #[test]
    fn retries_stay_where_they_began() {
        let program = program("a", &[model("a", Some("b")), model("b", None)]);
        let mut walk = Walk::new(&program);
        walk.step(&program, &user(1));
        walk.answered(&program, Err(&Fault::new(Kind::Timeout)));
        let Step::Call(call) = walk.step(&program, &While(user(1), vec!["a"])) else { panic!("no retry") };
        assert_eq!((call.element, call.retry, call.cooling), ("a", 1, false));
    }

    #[test]
    fn what_lies_ahead_is_what_this_request_would_meet() {
        let limit = json!({"id": "limit", "type": "rate", "properties": {"key": "user", "limit": 1, "limitType": "count", "window": 1},
                           "outputs": outputs(&[("success", "c")])});
        let odd = json!({"id": "odd", "type": "conditional", "properties": {"conditions": {"odd": true}},
                         "outputs": outputs(&[("true", "b"), ("false", "limit")])});
        let program =
            program("a", &[model("a", Some("odd")), odd, model("b", None), limit, model("c", None)]);
        let asks = |odd: bool, cooling: Vec<&'static str>| {
            walked(&program, &While(Request::new(json!({"metadata": {"odd": odd}})), cooling))
        };
        assert_eq!(asks(true, vec!["a", "b"]), ["a"]);
        assert_eq!(asks(false, vec!["a", "b"]), ["(a)", "c"]);
        assert_eq!(asks(true, vec!["a", "c"]), ["(a)", "b"]);
    }

    #[test]
    fn percentages_behind_one_another_are_seen_through_quickly() {
        let mut elements = vec![model("a", None), model("b", None)];
        for n in 0..60 {
            let (this, next) = (format!("p{n}"), format!("p{}", n + 1));
            let next = if n == 59 { "b" } else { &next };
            elements.push(percentage(&this, None, &[("50%", next), ("30%", next), ("20%", "a")]));
        }
        let program = program("p0", &elements);
        for n in 0..20 {
            assert_eq!(called(&program, &While(user(n), vec!["a"])).0, "b");
        }
    }
}
