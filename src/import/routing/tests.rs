//! Routing configurations: what they become, what is wrong with them, and that the graph does what they say.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::{
    chat::Fault,
    graph::{Program, Step, Walk, sample::Request},
};

fn logical(routing: &Value) -> Vec<Logical> {
    read(routing, Known::Providers(&["openai", "anthropic"])).unwrap_or_else(|found| {
        panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn document(routing: &Value) -> Value {
    match logical(routing).remove(0).bound {
        Bound::Document(document) => document,
        Bound::Route(route) => panic!("bound to {route}"),
    }
}

fn program(routing: &Value) -> Program {
    Program::read(document(routing).to_string().as_bytes(), Known::Providers(&["openai", "anthropic"]))
        .unwrap()
}

/// The models called while each fails, joined by spaces.
fn called(program: &Program, request: &Request) -> String {
    let (mut walk, mut called) = (Walk::new(program), vec![]);
    while let Step::Call(call) = walk.step(program, request) {
        called.push(call.target.model.to_string());
        walk.answered(program, Err(&Fault::of_status(500)));
    }
    called.join(" ")
}

fn entries(strategy: &str, entries: &Value) -> Value {
    json!({"strategy": strategy, "entries": entries})
}

#[test]
fn one_entry_is_an_alias() {
    let alias = json!({"name": "my-gpt4", "provider": "openai", "modelNameOverride": "gpt-4o", "timeout": 5000, "retries": 1});
    let expected = json!({"name": "my-gpt4", "elements": [
        {"id": "start", "type": "start", "outputs": {"next": {"elementId": "openai/gpt-4o"}}},
        {"id": "openai/gpt-4o", "type": "model",
         "properties": {"provider": "openai", "model": "gpt-4o", "timeout": 5000, "retries": 1},
         "outputs": {"success": {"elementId": "end"}}},
        {"id": "end", "type": "end", "outputs": {}},
    ]});
    for strategy in ["single", "traffic_splitting", "conditional", "fallback"] {
        assert_eq!(document(&entries(strategy, &json!([alias]))), expected, "{strategy}");
    }
    let bare = document(&json!({"entries": [{"name": "openai/gpt-4o", "provider": "openai"}]}));
    assert_eq!(bare["name"], "openai-gpt-4o");
    assert_eq!(bare["elements"][1]["properties"]["model"], "openai/gpt-4o");
}

#[test]
fn names_keep_their_order_and_may_be_bound_to_routes() {
    let routing = entries(
        "fallback",
        &json!([{"name": "b", "provider": "openai"}, {"name": "a", "route": "support"}, {"name": "b", "provider": "anthropic"}]),
    );
    let found = logical(&routing);
    assert_eq!(found.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(found[1].bound, Bound::Route("support".into()));
    assert_eq!(called(&program(&routing), &Request::new(json!({}))), "b b");
}

#[test]
fn what_is_not_active_is_checked_and_has_no_names() {
    let routing = |provider: &str| json!({"active": false, "entries": [{"name": "a", "provider": provider}]});
    assert_eq!(logical(&routing("openai")), []);
    assert!(read(&routing("nobody"), Known::Providers(&["openai"])).is_err());
}

#[test]
fn a_split_is_drawn_by_its_weights_and_key() {
    let split = document(&json!({"strategy": "traffic_splitting", "key": "metadata.user_id", "entries": [
        {"name": "chat", "provider": "openai", "modelNameOverride": "gpt", "weight": 95},
        {"name": "chat", "provider": "anthropic", "modelNameOverride": "claude", "weight": 5},
        {"name": "chat", "provider": "openai", "modelNameOverride": "never", "weight": 0},
    ]}));
    assert_eq!(
        split["elements"][1],
        json!({"id": "split", "type": "percentage", "properties": {"key": "metadata.user_id"},
               "outputs": {"95%": {"elementId": "openai/gpt"}, "else": {"elementId": "anthropic/claude"}}})
    );
    assert!(!split.to_string().contains("never"));
}

#[test]
fn a_chain_of_conditions_ends_where_none_holds_and_there_is_no_default() {
    let routing = |last: Value| {
        program(&entries(
            "conditional",
            &json!([
                {"name": "chat", "provider": "openai", "modelNameOverride": "eu", "match": {"region": "eu"}},
                {"name": "chat", "provider": "openai", "modelNameOverride": "eu", "match": {"bulk": true}},
                last,
            ]),
        ))
    };
    let with = json!({"name": "chat", "provider": "openai", "modelNameOverride": "rest"});
    let without =
        json!({"name": "chat", "provider": "openai", "modelNameOverride": "vip", "match": {"vip": true}});
    let path = |program: &Program, metadata: Value| {
        let (request, mut walk) = (Request::new(json!({"metadata": metadata})), Walk::new(program));
        walk.step(program, &request);
        walk.path(program).collect::<Vec<_>>().join(" ")
    };
    let (with, without) = (routing(with), routing(without));
    assert_eq!(path(&with, json!({"bulk": true})), "start match-1 match-2 openai/eu-2");
    assert_eq!(path(&with, json!({})), "start match-1 match-2 openai/rest");
    assert_eq!(path(&without, json!({})), "start match-1 match-2 match-3 end");
}

/// Every configuration in mistakes.json, followed in mistakes.txt by all that is said about it. `UPDATE=1` writes that anew.
#[test]
fn mistakes_are_told_as_they_always_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/routing");
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("mistakes.json")).unwrap()).unwrap();
    let mut told = String::new();
    for case in cases {
        let found = read(&case, Known::Providers(&["openai", "anthropic"])).unwrap_err();
        let found: String = found.iter().map(|mistake| format!("  {mistake}\n")).collect();
        told.push_str(&format!("{case}\n{found}"));
    }
    let golden = folder.join("mistakes.txt");
    if option_env!("UPDATE").is_some() {
        fs::write(&golden, &told).unwrap();
    }
    assert_eq!(fs::read_to_string(&golden).unwrap_or_default(), told);
}

#[test]
fn a_name_has_no_more_entries_than_a_graph_elements() {
    let mistake = |entries: usize| {
        let entry = json!({"name": "a", "provider": "openai"});
        let routing = json!({"strategy": "fallback", "entries": vec![entry; entries]});
        read(&routing, Known::Anything)
            .map_err(|found| (found.len(), found[0].code, found[0].pointer.clone()))
    };
    assert!(mistake(998).is_ok());
    assert_eq!(mistake(999), Err((1, Code::OutOfRange, "/entries".to_owned())));
    assert_eq!(mistake(5_000), Err((1, Code::OutOfRange, "/entries/0".to_owned())));
}

/// Numbers that are as good as random, the same in every run.
fn dice(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

/// The first entry whose condition holds: the same in twenty lines.
fn reference<'a>(entries: &'a [(Option<(String, u8)>, String)], metadata: &Value) -> Option<&'a str> {
    for (condition, model) in entries {
        match condition {
            Some((key, value)) if metadata.get(key) != Some(&json!(value)) => {}
            _ => return Some(model),
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn shares_are_kept_over_many_walks(
        weights in proptest::collection::vec(prop_oneof![Just(0.0), 1.0..100.0], 2..9), sticky: bool,
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0.0));
        let list: Vec<_> = weights.iter().enumerate().map(|(i, weight)| {
            json!({"name": "n", "provider": "openai", "modelNameOverride": i.to_string(), "weight": weight})
        }).collect();
        let mut routing = entries("traffic_splitting", &list.into());
        if sticky {
            routing["key"] = "user".into();
        }
        let (program, mut counts) = (program(&routing), BTreeMap::<String, u32>::new());
        for i in 0..20_000 {
            let request = Request::new(json!({"metadata": {"user": i}})).rolled(dice(i));
            *counts.entry(called(&program, &request)).or_default() += 1;
        }
        for (i, weight) in weights.iter().enumerate() {
            let share = weight / weights.iter().sum::<f64>();
            let count = f64::from(counts.remove(&i.to_string()).unwrap_or_default());
            let deviation = (20_000.0 * share * (1.0 - share)).sqrt();
            prop_assert!((count - 20_000.0 * share).abs() <= 5.0 * deviation, "{} of {}", count, share);
        }
        prop_assert!(counts.is_empty());
    }
}

proptest! {
    #[test]
    fn the_first_match_wins(
        conditions in proptest::collection::vec(("[abc]", 0..3_u8), 1..8), default: bool,
        requests in proptest::collection::vec(proptest::collection::btree_map("[abc]", 0..3_u8, 0..4), 1..8),
    ) {
        let mut list: Vec<_> = conditions.into_iter().enumerate().map(|(i, c)| (Some(c), format!("m{i}"))).collect();
        if default {
            list.push((None, "default".to_owned()));
        }
        let entry = |(condition, model): &(Option<(String, u8)>, String)| {
            let mut entry = json!({"name": "n", "provider": "openai", "modelNameOverride": model});
            if let Some((key, value)) = condition {
                entry["match"] = json!({key: value});
            }
            entry
        };
        let program = program(&entries("conditional", &list.iter().map(entry).collect()));
        for metadata in requests {
            let metadata = json!(metadata);
            let request = Request::new(json!({"metadata": metadata}));
            prop_assert_eq!(called(&program, &request), reference(&list, &metadata).unwrap_or_default());
        }
    }

    #[test]
    fn a_fallback_goes_through_its_entries_in_order(models in proptest::collection::vec("[a-c]", 1..9)) {
        let entry = |model: &String| json!({"name": "n", "provider": "openai", "modelNameOverride": model});
        let program = program(&entries("fallback", &models.iter().map(entry).collect()));
        prop_assert_eq!(called(&program, &Request::new(json!({}))), models.join(" "));
    }

    #[test]
    fn any_json_is_read_or_refused(text in r#"\{"entries":\[(\{"name":"a","(provider|weight|match|route)":(1|"x"|\{\}|null)\},?){0,3}\],"strategy":"(fallback|single|conditional|traffic_splitting|x)"\}"#) {
        let Ok(routing) = serde_json::from_str(&text) else { return Ok(()) };
        match read(&routing, Known::Anything) {
            Ok(names) => for logical in names {
                if let Bound::Document(document) = logical.bound {
                    prop_assert!(Program::read(document.to_string().as_bytes(), Known::Anything).is_ok());
                }
            },
            Err(found) => for mistake in found {
                prop_assert!(routing.pointer(&mistake.pointer).is_some(), "{}", mistake);
            },
        }
    }
}
