//! The language as a whole: what walks do, what validation says, and what holds for every graph.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::{fs, path::Path as File, time::Duration};

use super::{sample::Request, *};
use crate::{
    chat::{Fault, Kind},
    window::{Calendar, Period, Window},
};

fn program(elements: Value) -> Program {
    let document = json!({"name": "test", "elements": elements}).to_string();
    Program::read(document.as_bytes(), Known::Anything).unwrap_or_else(|found| {
        panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn to(id: &str) -> Value {
    json!({"elementId": id})
}

fn start(next: &str) -> Value {
    json!({"id": "start", "type": "start", "outputs": {"next": to(next)}})
}

fn end() -> Value {
    json!({"id": "end", "type": "end", "outputs": {}})
}

fn model(id: &str, properties: Value, fallback: Option<&str>) -> Value {
    let mut outputs = json!({"success": to("end")});
    if let Some(fallback) = fallback {
        outputs["fallback"] = to(fallback);
    }
    let mut all = json!({"provider": "p", "model": id});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    json!({"id": id, "type": "model", "properties": all, "outputs": outputs})
}

fn rate(id: &str, properties: Value, success: &str, fallback: Option<&str>) -> Value {
    let mut all = json!({"key": "user", "limit": 5, "limitType": "count", "window": 60});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    let mut outputs = json!({"success": to(success)});
    if let Some(fallback) = fallback {
        outputs["fallback"] = to(fallback);
    }
    json!({"id": id, "type": "rate", "properties": all, "outputs": outputs})
}

fn nobody() -> Request {
    Request::new(json!({"metadata": {"user": "ann"}}))
}

/// Walks on with the outcome that each call is given, in turn; tells the calls, the path and the end.
fn walk(program: &Program, outcomes: &[Result<(), Fault>], within: bool) -> (Vec<String>, String, Why) {
    let (mut walk, mut calls, mut outcomes) = (Walk::new(program), vec![], outcomes.iter());
    loop {
        let step = walk.step(program, &nobody());
        assert_eq!(step, walk.step(program, &nobody()), "a step says the same until it is answered");
        match step {
            Step::Limit(_) => drop(walk.limited(program, verdict(within))),
            Step::Call(call) => {
                calls.push(format!("{}#{}", call.element, call.retry));
                walk.answered(program, outcomes.next().expect("no outcome for this call").as_ref().copied());
            }
            Step::End(end) => {
                return (calls, walk.path(program).collect::<Vec<_>>().join(","), end.why);
            }
        }
    }
}

#[test]
fn a_model_answers() {
    let program = program(json!([start("a"), model("a", json!({}), None), end()]));
    assert_eq!(walk(&program, &[Ok(())], true), (vec!["a#0".into()], "start,a,end".into(), Why::Answered));
}

#[test]
fn retries_go_to_the_same_target_and_only_where_that_can_help() {
    let program = program(json!([
        start("a"),
        model("a", json!({"retries": 2}), Some("b")),
        model("b", json!({"retries": 1}), None),
        end()
    ]));
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_transient()) {
        let fault = || Err(Fault::new(kind));
        let (calls, path, why) = walk(&program, &[fault(), fault(), fault(), fault(), Ok(())], true);
        assert_eq!(calls, ["a#0", "a#1", "a#2", "b#0", "b#1"], "{kind}");
        assert_eq!((path.as_str(), why), ("start,a,b,end", Why::Answered), "{kind}");
    }
    let (calls, ..) =
        walk(&program, &[Err(Fault::new(Kind::Auth)), Err(Fault::new(Kind::QuotaExhausted))], true);
    assert_eq!(calls, ["a#0", "b#0"]);
}

#[test]
fn every_fault_but_the_clients_own_leaves_by_fallback() {
    let program =
        program(json!([start("a"), model("a", json!({}), Some("b")), model("b", json!({}), None), end()]));
    for kind in Kind::ALL {
        let own = matches!(kind, Kind::BadRequest | Kind::TooLarge | Kind::Unprocessable);
        let (calls, path, why) = walk(&program, &[Err(Fault::new(kind)), Ok(())], true);
        if own {
            assert_eq!((calls.len(), path.as_str(), why), (1, "start,a", Why::Failed), "{kind}");
        } else {
            assert_eq!((calls.len(), path.as_str(), why), (2, "start,a,b,end", Why::Answered), "{kind}");
        }
    }
}

#[test]
fn fallback_on_narrows_and_widens() {
    let leaves = |on: Value, fault: Fault| {
        let on = json!({"fallbackOn": on});
        let program =
            program(json!([start("a"), model("a", on, Some("b")), model("b", json!({}), None), end()]));
        walk(&program, &[Err(fault), Ok(())], true).2 == Why::Answered
    };
    assert!(leaves(json!([503]), Fault::of_status(503)));
    assert!(leaves(json!(["503", "4xx"]), Fault::of_status(400)));
    assert!(leaves(json!(["timeout"]), Fault::new(Kind::Timeout)));
    assert!(!leaves(json!([503]), Fault::of_status(500)));
    assert!(!leaves(json!(["5xx"]), Fault::of_status(429)));
    assert!(!leaves(json!([]), Fault::of_status(500)));
}

#[test]
fn the_last_thing_that_happened_says_why_a_walk_ended() {
    let limited = program(json!([
        start("r"),
        rate("r", json!({}), "a", Some("b")),
        model("a", json!({}), Some("end")),
        model("b", json!({}), Some("end")),
        end()
    ]));
    let fault = || Err(Fault::of_status(500));
    assert_eq!(walk(&limited, &[fault()], true).1, "start,r,a,end");
    assert_eq!(walk(&limited, &[fault()], true).2, Why::Failed);
    assert_eq!(walk(&limited, &[fault()], false).2, Why::Failed);
    assert_eq!(walk(&limited, &[Ok(())], false).2, Why::Answered);

    let ends = program(json!([start("r"), rate("r", json!({}), "end", Some("end")), end()]));
    assert_eq!(walk(&ends, &[], false), (vec![], "start,r,end".into(), Why::Limited));
    assert_eq!(walk(&ends, &[], true), (vec![], "start,r,end".into(), Why::NoModel));

    let bare = program(json!([start("r"), rate("r", json!({}), "end", None), end()]));
    assert_eq!(walk(&bare, &[], false), (vec![], "start,r".into(), Why::Limited));

    let mut ended = Walk::new(&bare);
    ended.step(&bare, &nobody());
    ended.limited(&bare, Verdict::Over);
    let end = End { element: "r", why: Why::Limited, cause: Some("r") };
    assert_eq!(ended.step(&bare, &nobody()), Step::End(end));
}

#[test]
fn an_answer_that_was_not_asked_for_changes_nothing() {
    let program =
        program(json!([start("r"), rate("r", json!({}), "a", None), model("a", json!({}), None), end()]));
    let mut walk = Walk::new(&program);
    walk.answered(&program, Ok(()));
    assert!(matches!(walk.step(&program, &nobody()), Step::Limit(_)));
    walk.answered(&program, Ok(()));
    walk.limited(&program, verdict(true));
    walk.limited(&program, Verdict::Over);
    assert!(matches!(walk.step(&program, &nobody()), Step::Call(_)));
}

#[test]
fn a_limit_says_all_that_the_ledger_needs() {
    let ask = |properties: Value| {
        let elements = json!([
            start("m0"),
            model("m0", json!({}), Some("r")),
            rate("r", properties, "a", Some("c")),
            model("a", json!({}), Some("b")),
            model("b", json!({}), None),
            model("c", json!({}), None),
            end()
        ]);
        let program = program(elements);
        let mut walk = Walk::new(&program);
        walk.step(&program, &nobody());
        walk.answered(&program, Err(&Fault::of_status(500)));
        let Step::Limit(ask) = walk.step(&program, &nobody()) else { panic!("no limit") };
        assert_eq!(ask.targets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["p/a", "p/b"]);
        assert_eq!((ask.element, ask.key.as_str()), ("r", "ann"));
        (ask.amount, ask.window.clone(), ask.on_error)
    };
    let minute = Window::Sliding(Duration::from_secs(60));
    assert_eq!(ask(json!({})), (Amount::Count(5), minute, OnError::Allow));
    assert_eq!(
        ask(json!({"limitType": "cost", "limit": 0.1, "technique": "fixed", "onError": "deny", "window": 1})),
        (Amount::Cost(100_000_000), Window::Fixed(Duration::from_secs(1)), OnError::Deny)
    );
    assert_eq!(ask(json!({"limitType": "tokens", "limit": 1e6})).0, Amount::Tokens(1_000_000));
    let month = Window::Calendar(Calendar::new(Period::Month, "America/New_York").unwrap());
    assert_eq!(ask(json!({"window": "month", "timezone": "America/New_York"})).1, month);
    let day = Window::Calendar(Calendar::new(Period::Day, "UTC").unwrap());
    assert_eq!(ask(json!({"window": "day", "technique": "fixed"})).1, day);
}

#[test]
fn a_limit_is_of_requests_in_flight_or_has_a_window() {
    let mistakes = |properties: Value| {
        let mut all = json!({"key": "metadata.user", "limit": 5, "limitType": "count", "window": 60});
        all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let mut limit = rate("r", json!({}), "a", None);
        limit["properties"] = all;
        let elements = json!([start("r"), limit, model("a", json!({}), None), end()]);
        let document = json!({"name": "test", "elements": elements}).to_string();
        let found = Program::read(document.as_bytes(), Known::Anything).err().unwrap_or_default();
        found.iter().map(|d| (d.code, d.pointer.clone())).collect::<Vec<_>>()
    };
    let at = |code, field: &str| vec![(code, format!("/elements/1/properties/{field}"))];
    assert_eq!(mistakes(json!({"limitType": "concurrency", "window": null})), []);
    assert_eq!(mistakes(json!({"limitType": "concurrency"})), at(Code::Contradiction, "window"));
    assert_eq!(mistakes(json!({"timezone": "UTC"})), at(Code::Contradiction, "timezone"));
    assert_eq!(
        mistakes(json!({"window": "month", "technique": "sliding"})),
        at(Code::Contradiction, "technique")
    );
    assert_eq!(mistakes(json!({"window": "day", "timezone": "Mars"})), at(Code::OutOfRange, "timezone"));
    assert_eq!(mistakes(json!({"window": "year"})), at(Code::OutOfRange, "window"));
    assert_eq!(mistakes(json!({"window": null})).len(), 1);
}

#[test]
fn thresholds_lead_elsewhere_before_the_limit_does() {
    let thresholds = json!([{"at": 0.5, "output": "half"}, {"at": 0.9, "output": "most"}]);
    let mut limit = rate(
        "r",
        json!({"key": "metadata.user", "limit": 10, "limitType": "count", "window": 60, "thresholds": thresholds}),
        "a",
        None,
    );
    for name in ["half", "most"] {
        limit["outputs"][name] = to(name);
    }
    let models = ["a", "half", "most"].map(|id| model(id, json!({}), None));
    let elements = [vec![start("r"), limit.clone()], models.to_vec(), vec![end()]].concat();
    let program = program(elements.into());
    let way = |verdict| {
        let mut walk = Walk::new(&program);
        let Step::Limit(ask) = walk.step(&program, &nobody()) else { panic!("no limit") };
        assert!(ask.forks);
        assert_eq!(ask.targets.len(), 3, "every model that may follow has its price");
        match walk.limited(&program, verdict) {
            Moved::By(output) => output.to_owned(),
            other => format!("{other:?}"),
        }
    };
    let ways = [10, 6, 5, 2, 1, 0].map(|left| way(Verdict::Within(left)));
    assert_eq!(ways, ["success", "success", "half", "half", "most", "most"]);
    assert_eq!(way(Verdict::Over), "Over");
    // an output that no threshold names, and a threshold whose output is not there
    limit["outputs"]["lost"] = to("a");
    limit["outputs"].as_object_mut().unwrap().remove("most");
    let elements = [vec![start("r"), limit], models.to_vec(), vec![end()]].concat();
    let document = json!({"name": "test", "elements": elements}).to_string();
    let found = Program::read(document.as_bytes(), Known::Anything).unwrap_err();
    let codes: Vec<_> = found.iter().map(|d| d.code).collect();
    assert!(codes.contains(&Code::UnknownField) && codes.contains(&Code::MissingField), "{found:?}");
}

fn verdict(within: bool) -> Verdict {
    if within { Verdict::Within(u64::MAX) } else { Verdict::Over }
}

#[test]
fn a_call_says_all_that_is_to_be_done() {
    let properties =
        json!({"timeout": 300, "params": {"default": {"temperature": 0}, "override": {"user": null}}});
    let program =
        program(json!([start("a"), model("a", json!({}), Some("b")), model("b", properties, None), end()]));
    let mut walk = Walk::new(&program);
    let Step::Call(call) = walk.step(&program, &nobody()) else { panic!("no call") };
    assert_eq!((call.timeout, call.fallbacks, call.params.is_empty()), (None, 0, true));
    walk.answered(&program, Err(&Fault::of_status(500)));
    let Step::Call(call) = walk.step(&program, &nobody()) else { panic!("no call") };
    assert_eq!((call.timeout, call.fallbacks, call.element), (Some(Duration::from_millis(300)), 1, "b"));
    assert_eq!(Value::from(call.params.default.clone()), json!({"temperature": 0}));
    assert_eq!(Value::from(call.params.overriding.clone()), json!({"user": null}));
    assert_eq!(program.targets().len(), 2);
    assert_eq!(program.ids().collect::<Vec<_>>(), ["start", "a", "b", "end"]);
}

#[test]
fn conditions_choose() {
    let program = program(json!([
        start("c"),
        {"id": "c", "type": "conditional", "properties": {"conditions": {"user": "ann"}},
         "outputs": {"true": to("a"), "false": to("end")}},
        model("a", json!({}), None),
        end()
    ]));
    assert_eq!(walk(&program, &[Ok(())], true).1, "start,c,a,end");
    let other = Request::new(json!({"metadata": {"user": "bob"}}));
    assert!(matches!(Walk::new(&program).step(&program, &other), Step::End(End { why: Why::NoModel, .. })));
}

#[test]
fn programs_are_shared_among_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Program>();
    shared::<Walk>();
}

/// Every document in tests/cases/diagnostics has a `.txt` beside it with all that is said about it.
/// `UPDATE=1` writes them anew.
#[test]
fn mistakes_are_told_as_they_always_were() {
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diagnostics");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let (mut told, mut changed) = (String::new(), vec![]);
    for file in files.filter(|file| file.extension().is_some_and(|e| e == "json")) {
        let found = Program::read(&fs::read(&file).unwrap(), Known::Providers(&["openai", "anthropic"]));
        let found: String = found.err().unwrap_or_default().iter().map(|d| format!("{d}\n")).collect();
        let golden = file.with_extension("txt");
        if option_env!("UPDATE").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != found {
            changed.push(format!("{}:\n{found}", file.display()));
        }
        assert!(!found.is_empty(), "{} has no mistake", file.display());
        told.push_str(&found);
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    let untold: Vec<_> = Code::ALL.iter().filter(|code| !told.contains(code.number())).collect();
    assert!(untold.is_empty(), "no case shows {untold:?}");
}

#[test]
fn the_examples_are_valid_in_both_dialects() {
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("examples/routes");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2);
    for file in files {
        let document = Document::parse(&fs::read(&file).unwrap()).unwrap();
        for document in
            [document.clone(), Document::parse(document.canonical().to_string().as_bytes()).unwrap()]
        {
            document.compile(Known::Anything).unwrap_or_else(|e| panic!("{}: {e:?}", file.display()));
        }
    }
}

#[test]
fn every_fault_and_path_is_documented() {
    let docs = include_str!("../../docs/graph.md");
    for kind in Kind::ALL {
        let again = if kind.is_transient() { " (*again*)" } else { "" };
        assert!(docs.contains(&format!("`{kind}`{again}")), "{kind}");
    }
    for (name, _) in Root::ALL {
        assert!(docs.contains(&format!("`{name}")), "{name}");
    }
}

/// Words that documents are made of, so that arbitrary JSON comes near to being a route.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "id", "type", "outputs", "properties", "elementId", "elements", "name", "start", "conditional",
    "percentage", "rate", "rate_limit", "model", "end", "next", "true", "false", "success", "fallback",
    "10%", "90%", "else", "conditions", "condition", "key", "limit", "limitType", "window", "count", "cost",
    "provider", "timeout", "retries", "params", "fallbackOn", "$and", "$or", "$not", "$in", "$regex",
    "$options", "$gt", "cel", "a", "b", "metadata.a", "(", "input.tokens > 1", "5xx", "[a-", "a && (b", ""
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(WORDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        word().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Elements that are right at first sight, led to one another at random.
fn element() -> impl Strategy<Value = Value> {
    let id = || proptest::sample::select(&["a", "b", "c", "d"][..]);
    (id(), word(), anything(), id(), id()).prop_map(|(id, form, properties, one, two)| {
        json!({"id": id, "type": form, "properties": properties, "outputs": {
            "next": to(one), "success": to(one), "fallback": to(two), "true": to(one), "false": to(two)}})
    })
}

/// A valid graph of `n` inner elements, each leading only to later ones.
fn valid() -> impl Strategy<Value = Value> {
    proptest::collection::vec((0..4_u8, any::<proptest::sample::Index>(), 0..3_u8), 1..12).prop_map(|inner| {
        let id = |i: usize| if i < inner.len() { format!("e{i}") } else { "end".to_owned() };
        let mut elements = vec![start("e0"), end()];
        for (i, (form, jump, extra)) in inner.iter().enumerate() {
            // one output goes to the next element, so that all are reached
            let (next, far) = (id(i + 1), id(i + 1 + jump.index(inner.len() - i)));
            elements.push(match form {
                0 => json!({"id": id(i), "type": "conditional", "properties": {"conditions": {"x": *extra}},
                            "outputs": {"true": to(&next), "false": to(&far)}}),
                1 => json!({"id": id(i), "type": "percentage", "outputs": {"30%": to(&next), "else": to(&far)}}),
                2 => rate(&id(i), json!({}), &next, (*extra > 0).then_some(far.as_str())),
                _ => model(&id(i), json!({"retries": extra}), Some(&next)),
            });
        }
        Value::from(elements)
    })
}

proptest! {
    #[test]
    fn validation_never_panics_on_arbitrary_json(value in anything()) {
        let found = Program::read(value.to_string().as_bytes(), Known::Providers(&["a"]));
        prop_assert!(found.is_err());
    }

    #[test]
    fn validation_never_panics_on_near_routes(elements in proptest::collection::vec(element(), 0..8)) {
        let value = json!({"name": "n", "elements": elements});
        let document = Document::parse(value.to_string().as_bytes()).unwrap();
        let again = Document::parse(document.canonical().to_string().as_bytes()).unwrap();
        let count = |document: &Document| document.compile(Known::Anything).err().map_or(0, |found| found.len());
        prop_assert!(count(&again) <= count(&document));
    }

    #[test]
    fn validation_never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Program::read(&bytes, Known::Anything).is_err());
    }

    #[test]
    fn every_walk_of_a_valid_graph_ends(
        elements in valid(), dice: u64, x in 0..3_u8, outcomes in proptest::collection::vec(0..4_usize, 1..20),
    ) {
        let program = program(elements);
        let facts = Request::new(json!({"metadata": {"x": x}})).rolled(dice);
        let (mut walk, mut outcomes, mut steps) = (Walk::new(&program), outcomes.into_iter().cycle(), 0);
        let end = loop {
            steps += 1;
            prop_assert!(steps < 100, "the walk does not end");
            let outcome = outcomes.next().unwrap();
            match walk.step(&program, &facts) {
                Step::Limit(_) => drop(walk.limited(&program, verdict(outcome % 2 == 0))),
                Step::Call(call) => {
                    prop_assert!(call.retry <= 2);
                    let fault = Fault::of_status([200, 400, 500, 429][outcome]);
                    walk.answered(&program, if outcome == 0 { Ok(()) } else { Err(&fault) });
                }
                Step::End(end) => break end,
            }
        };
        let path: Vec<_> = walk.path(&program).collect();
        prop_assert_eq!(path[0], "start");
        prop_assert_eq!(*path.last().unwrap(), end.element);
        let distinct: std::collections::BTreeSet<_> = path.iter().collect();
        prop_assert_eq!(distinct.len(), path.len(), "an element was walked twice");
    }
}
