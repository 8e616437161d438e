//! What a session keeps: a walk goes straight to the model that answered before, and comes back where that does no more.

use super::{Facts, Program, Walk, node::Node, walk::Why};

/// What a session keeps of a walk at one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The element's id.
    pub element: &'a str,
    /// The output of a `percentage` or a `rate`; for a `model`, the id of the one that answered when the walk came to this one
    /// first.
    pub output: &'a str,
    /// Whether a session that kept something else here has let go of it: a model that answered no more or is cooling, a limit
    /// that is exceeded.
    pub lets_go: bool,
}

/// Where a walk stands towards the model that its session keeps.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// The first model that was passed by, and the one that is meant.
    way: Option<(usize, usize)>,
    /// From here on the graph alone decides.
    free: bool,
    /// The model that was meant and has failed, and where that leads: it is not tried twice.
    pub(super) spent: Option<(usize, Option<usize>)>,
}

impl Kept {
    /// The session keeps nothing any more; gives the model to go back to, if one was passed by.
    pub(super) fn let_go(&mut self) -> Option<usize> {
        let (first, _) = self.way.filter(|_| !self.free)?;
        self.free = true;
        Some(first)
    }
}

impl Walk {
    /// Where the walk goes on from the model at hand without calling it: because the session keeps another one, to which this
    /// one's `fallback` leads; or because it has failed before.
    pub(super) fn led_past(&mut self, program: &Program, facts: &dyn Facts) -> Option<usize> {
        if let Some((_, next)) = self.kept.spent.filter(|(spent, _)| *spent == self.at) {
            self.last = Some((Why::Failed, self.at));
            self.over = next.is_none();
            return next;
        }
        if self.kept.free || self.retry > 0 {
            return None;
        }
        let Some(Node::Model(model)) = program.node(self.at) else { return None };
        let begins = || {
            let element = program.element(self.at)?;
            Some((self.at, program.position(facts.pinned(&element.id)?)?))
        };
        let (first, kept) = self.kept.way.or_else(begins)?;
        // a limit may have led elsewhere than it did before
        if kept == self.at || cools(program, kept, facts) || !leads(program, model.fallback?, kept, facts) {
            return None;
        }
        self.kept.way = Some((first, kept));
        model.fallback
    }

    /// What a session keeps of this walk, once a model has answered.
    #[must_use]
    pub fn choices<'a>(&self, program: &'a Program) -> Vec<Choice<'a>> {
        let steps = self.trail.windows(2).filter_map(|step| {
            let (element, next) = (program.element(*step.first()?)?, *step.last()?);
            let (output, lets_go) = match &element.node {
                Node::Percentage(percentage) => (percentage.kept(next)?, true),
                Node::Rate(rate) => rate.output_to(next).map_or(("fallback", true), |output| (output, false)),
                _ => return None,
            };
            Some(Choice { element: &element.id, output, lets_go })
        });
        let is_model = |at: &&usize| matches!(program.node(**at), Some(Node::Model(_)));
        let first = self.trail.iter().find(is_model).and_then(|at| program.element(*at));
        let answered = first.zip(self.answering(program));
        let model = answered.map(|(first, output)| Choice { element: &first.id, output, lets_go: true });
        steps.chain(model).collect()
    }

    /// The id of the model that answered.
    #[must_use]
    pub fn answering<'a>(&self, program: &'a Program) -> Option<&'a str> {
        let (_, at) = self.last.filter(|(why, _)| *why == Why::Answered)?;
        program.element(at).map(|element| &*element.id)
    }
}

/// Whether the model there is better left alone.
fn cools(program: &Program, at: usize, facts: &dyn Facts) -> bool {
    facts.any_cooling()
        && matches!(program.node(at), Some(Node::Model(model)) if facts.cooling(&model.target))
}

/// Whether a request that comes to `from` comes to `kept`, should no model on the way be called and every limit allow it, as it
/// did before.
fn leads(program: &Program, from: usize, kept: usize, facts: &dyn Facts) -> bool {
    let mut at = from;
    // a graph has no circles; a number of steps that is certain to suffice says so to whoever reads this
    for _ in 0..program.len() {
        let next = match program.element(at).map(|element| (&element.id, &element.node)) {
            Some(_) if at == kept => return true,
            Some((_, Node::Model(model))) => model.fallback,
            Some((_, Node::Conditional(conditional))) => Some(conditional.choose(facts).1),
            Some((id, Node::Percentage(percentage))) => Some(percentage.choose(id, facts, &|_| false).1),
            Some((id, Node::Rate(rate))) => Some(rate.to(facts.pinned(id))),
            Some((_, Node::Start(next))) => Some(*next),
            Some((_, Node::End)) | None => None,
        };
        let Some(next) = next else { return false };
        at = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::Fault,
        graph::{Known, Step, Verdict, sample::Request},
    };
    use serde_json::{Map, Value, json};

    type Keeps = &'static [(&'static str, &'static str)];

    /// A route of models and whatever else, each as `(id, outputs)`; `p` is a percentage, `r` a limit, `c` a conditional.
    fn program(elements: &[(&str, &[(&str, &str)])]) -> Program {
        let mut all = vec![json!({"id": "end", "type": "end"})];
        let mut first =
            vec![json!({"id": "s", "type": "start", "outputs": {"next": {"elementId": elements[0].0}}})];
        all.extend(elements.iter().map(|(id, outputs)| {
            let mut outputs: Map<_, _> =
                outputs.iter().map(|(name, to)| ((*name).to_owned(), json!({"elementId": to}))).collect();
            let (form, properties) = match &id[..1] {
                "p" => ("percentage", json!({})),
                "r" => ("rate", json!({"key": "user", "limit": 5, "limitType": "count", "window": 60})),
                "c" => ("conditional", json!({"conditions": {"stream": true}})),
                _ => ("model", json!({"provider": "p", "model": id})),
            };
            if form == "model" {
                outputs.insert("success".into(), json!({"elementId": "end"}));
            }
            json!({"id": id, "type": form, "properties": properties, "outputs": Value::Object(outputs)})
        }));
        first.append(&mut all);
        let document = json!({"name": "t", "elements": first}).to_string();
        Program::read(document.as_bytes(), Known::Anything).unwrap()
    }

    /// The path, the calls, and what is kept of a walk in which these models fail and these limits deny.
    fn walk(
        program: &Program,
        request: &Request,
        down: &[&str],
    ) -> (String, String, Vec<(String, String, bool)>) {
        let (mut walk, mut calls) = (Walk::new(program), vec![]);
        loop {
            let step = walk.step(program, request);
            assert_eq!(step, walk.step(program, request), "a step says the same until it is answered");
            match step {
                Step::Limit(ask) => {
                    let left = if down.contains(&ask.element) { Verdict::Over } else { Verdict::Within(5) };
                    walk.limited(program, left);
                }
                Step::Call(call) => {
                    calls.push(call.element);
                    let fault = Fault::of_status(503);
                    let fails = down.contains(&call.element);
                    walk.answered(program, if fails { Err(&fault) } else { Ok(()) });
                }
                Step::End(_) => break,
            }
        }
        let kept = walk.choices(program).into_iter();
        let kept = kept.map(|choice| (choice.element.into(), choice.output.into(), choice.lets_go));
        (walk.path(program).collect::<Vec<_>>().join(","), calls.join(","), kept.collect())
    }

    fn turn(keeps: Keeps) -> Request {
        Request::new(json!({"stream": false})).keeping(keeps)
    }

    fn chain() -> Program {
        program(&[("m1", &[("fallback", "m2")]), ("m2", &[("fallback", "m3")]), ("m3", &[])])
    }

    fn told(walked: &(String, String, Vec<(String, String, bool)>)) -> (&str, &str) {
        (&walked.0, &walked.1)
    }

    #[test]
    fn a_walk_goes_straight_to_the_model_that_answered_before() {
        let first = walk(&chain(), &turn(&[]), &["m1", "m2"]);
        assert_eq!(told(&first), ("s,m1,m2,m3,end", "m1,m2,m3"));
        assert_eq!(first.2, [("m1".into(), "m3".into(), true)]);
        let next = walk(&chain(), &turn(&[("m1", "m3")]), &["m1", "m2"]);
        assert_eq!(told(&next), ("s,m1,m2,m3,end", "m3"));
        assert_eq!(next.2, first.2);
        assert_eq!(told(&walk(&chain(), &turn(&[("m1", "m1")]), &[])), ("s,m1,end", "m1"));
    }

    #[test]
    fn a_kept_model_that_fails_lets_the_graph_decide_and_is_not_tried_twice() {
        let back = walk(&chain(), &turn(&[("m1", "m2")]), &["m2"]);
        assert_eq!(told(&back), ("s,m1,m2,m1,end", "m2,m1"));
        assert_eq!(back.2, [("m1".into(), "m1".into(), true)]);
        let on = walk(&chain(), &turn(&[("m1", "m2")]), &["m1", "m2"]);
        assert_eq!(told(&on), ("s,m1,m2,m1,m2,m3,end", "m2,m1,m3"));
        let all = walk(&chain(), &turn(&[("m1", "m3")]), &["m1", "m2", "m3"]);
        assert_eq!(told(&all), ("s,m1,m2,m3,m1,m2,m3", "m3,m1,m2"));
        assert_eq!(all.2, [], "nothing is kept of what nobody answered");
    }

    #[test]
    fn the_clients_own_fault_sends_nobody_back() {
        let program = chain();
        let (mut walk, request) = (Walk::new(&program), turn(&[("m1", "m2")]));
        assert!(matches!(walk.step(&program, &request), Step::Call(call) if call.element == "m2"));
        walk.answered(&program, Err(&Fault::of_status(400)));
        assert!(matches!(walk.step(&program, &request), Step::End(_)));
    }

    #[test]
    fn an_arm_is_kept_and_one_that_is_no_more_is_not() {
        let program = program(&[("p", &[("50%", "m1"), ("else", "m2")]), ("m1", &[]), ("m2", &[])]);
        for dice in 0..20 {
            let arm = |keeps| walk(&program, &turn(keeps).rolled(dice), &[]).1;
            assert_eq!((&*arm(&[("p", "50%")]), &*arm(&[("p", "else")])), ("m1", "m2"));
            assert_eq!(arm(&[("p", "90%")]), arm(&[]));
        }
        let kept = walk(&program, &turn(&[("p", "else")]), &[]).2;
        assert_eq!(kept, [("p".into(), "else".into(), true), ("m2".into(), "m2".into(), true)]);
    }

    #[test]
    fn limits_on_the_way_are_asked_and_one_that_denies_lets_go() {
        let program = program(&[("m1", &[("fallback", "r")]), ("r", &[("success", "m2")]), ("m2", &[])]);
        let keeps: Keeps = &[("m1", "m2"), ("r", "success")];
        let within = walk(&program, &turn(keeps), &["m1"]);
        assert_eq!(told(&within), ("s,m1,r,m2,end", "m2"));
        let over = walk(&program, &turn(keeps), &["r"]);
        assert_eq!(told(&over), ("s,m1,r,m1,end", "m1"));
        assert!(over.2.contains(&("r".into(), "fallback".into(), true)));
    }

    #[test]
    fn a_conditional_goes_by_the_request_whatever_is_kept() {
        let program = program(&[
            ("c", &[("true", "m3"), ("false", "m1")]),
            ("m1", &[("fallback", "m2")]),
            ("m2", &[]),
            ("m3", &[("fallback", "m4")]),
            ("m4", &[]),
        ]);
        let keeps: Keeps = &[("m1", "m2"), ("c", "true")];
        assert_eq!(told(&walk(&program, &turn(keeps), &["m1"])), ("s,c,m1,m2,end", "m2"));
        let streamed = Request::new(json!({"stream": true})).keeping(keeps);
        assert_eq!(told(&walk(&program, &streamed, &[])), ("s,c,m3,end", "m3"));
    }

    #[test]
    fn a_model_to_which_no_fallback_leads_is_not_waited_for() {
        let branches = program(&[
            ("m1", &[("fallback", "c")]),
            ("c", &[("true", "m2"), ("false", "m3")]),
            ("m2", &[]),
            ("m3", &[]),
        ]);
        assert_eq!(told(&walk(&branches, &turn(&[("m1", "m2")]), &[])), ("s,m1,end", "m1"));
        assert_eq!(told(&walk(&branches, &turn(&[("m1", "m3")]), &[])), ("s,m1,c,m3,end", "m3"));
        for odd in [&[("m1", "nobody")], &[("m1", "end")], &[("m1", "s")]] as [Keeps; 3] {
            assert_eq!(told(&walk(&chain(), &turn(odd), &[])), ("s,m1,end", "m1"));
        }
    }
}
