//! Configs in the shapes that Portkey's documentation shows, and what becomes of them; mistakes; what holds for all.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

use super::*;
use crate::{
    chat::Fault,
    graph::{Program, Step, Walk, sample::Request},
};

const KNOWN: &[&str] =
    &["openai", "anthropic", "azure", "bedrock", "vertex", "gemini", "mistral", "cohere", "groq"];

fn with<T>(act: impl FnOnce(&Options<'_>) -> T) -> T {
    let aliases =
        [("openai-prod", "openai"), ("oai-vk", "openai"), ("anthropic-vk", "anthropic"), ("vk-1", "openai")];
    let aliases = BTreeMap::from(aliases.map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned())));
    let providers = Providers { known: Known::Providers(KNOWN), aliases: &aliases };
    act(&Options { name: "imported", model: Some("gpt-4o"), provider: None, providers })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/portkey")
}

/// Compares with a file; `UPDATE=1` writes it anew.
fn same(file: &PathBuf, text: &str) {
    if option_env!("UPDATE").is_some() {
        fs::write(file, text).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap_or_default(), text, "{}", file.display());
}

fn imported(config: &Value) -> Imported {
    with(|options| import(config, options)).unwrap_or_else(|found| panic!("{config}: {found:#?}"))
}

fn program(imported: &Imported) -> Program {
    let text = imported.document.to_string();
    Program::read(text.as_bytes(), Known::Anything).unwrap_or_else(|found| panic!("{text}: {found:#?}"))
}

/// Beside each config stand the route that it becomes, and what is said about it.
#[test]
fn configs_become_what_they_always_became() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let configs = files.filter(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with(".json") && !name.ends_with(".route.json") && name != "mistakes.json"
    });
    let mut told = String::new();
    for file in configs {
        let config = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let imported = imported(&config);
        program(&imported);
        let mut said = String::new();
        for target in &imported.targets {
            let Target { pointer, element, asked, provider, model } = target;
            writeln!(said, "{pointer} is {element}: {asked} → {provider}, {model}").unwrap();
        }
        imported.warnings.iter().for_each(|warning| writeln!(said, "{warning}").unwrap());
        same(&file.with_extension("route.json"), &format!("{:#}\n", imported.document));
        same(&file.with_extension("txt"), &said);
        told.push_str(&said);
    }
    assert!(!told.contains("sk-"), "a secret is told");
    assert!(told.lines().count() > 50);
}

/// Every config in mistakes.json, followed in mistakes.txt by all that is said about it.
#[test]
fn mistakes_are_told_as_they_always_were() {
    let cases: Vec<Value> =
        serde_json::from_slice(&fs::read(folder().join("mistakes.json")).unwrap()).unwrap();
    let mut told = String::new();
    for case in cases {
        let options = |options: &Options<'_>| import(&case, &Options { model: None, ..*options });
        let found = with(options).expect_err(&case.to_string());
        let found: String = found.iter().map(|mistake| format!("  {mistake}\n")).collect();
        writeln!(told, "{case}\n{found}").unwrap();
    }
    same(&folder().join("mistakes.txt"), &told);
}

fn target(model: &str) -> Value {
    json!({"provider": "openai", "override_params": {"model": model}})
}

#[test]
fn a_nested_failure_goes_on_in_the_outer_fallback_through_one_element() {
    let split = |models: &[&str]| {
        let targets: Vec<_> = models.iter().map(|model| target(model)).collect();
        json!({"strategy": {"mode": "loadbalance"}, "targets": targets})
    };
    let config = json!({"strategy": {"mode": "fallback"}, "targets": [split(&["a", "b", "c"]), split(&["d", "e"]), target("f")]});
    let document = imported(&config).document;
    let leads_to = |id: &str| {
        let elements = document["elements"].as_array().unwrap();
        let element = elements.iter().find(|element| element["id"] == id).unwrap();
        element["outputs"]["fallback"]["elementId"].as_str().map(str::to_owned)
    };
    for id in ["a", "b", "c"] {
        assert_eq!(leads_to(&format!("openai/{id}")).as_deref(), Some("loadbalance-2"));
    }
    for id in ["d", "e"] {
        assert_eq!(leads_to(&format!("openai/{id}")).as_deref(), Some("openai/f"));
    }
    assert_eq!(leads_to("openai/f"), None);
    assert_eq!(document["elements"].as_array().unwrap().len(), 6 + 2 + 2);
}

#[test]
fn sizes_stay_linear_and_have_a_limit() {
    let nested = |levels: usize, width: usize| {
        (0..levels).fold(target("last"), |inner, _| {
            let mut targets = vec![target("x"); width];
            targets.push(inner);
            json!({"strategy": {"mode": "fallback"}, "targets": targets})
        })
    };
    let document = imported(&nested(40, 20)).document;
    assert_eq!(document["elements"].as_array().unwrap().len(), 40 * 20 + 3);
    let found = with(|options| import(&nested(40, 30), options)).unwrap_err();
    assert_eq!(found[0].message, "the config makes a graph of more than 1000 elements");
}

#[test]
fn the_top_may_be_told_its_provider() {
    let config = json!({"retry": {"attempts": 3}});
    let imported =
        with(|options| import(&config, &Options { provider: Some("mistral-ai"), ..*options })).unwrap();
    assert_eq!(
        imported.document["elements"][1]["properties"],
        json!({"provider": "mistral", "model": "gpt-4o", "retries": 3})
    );
}

/// The targets called while all fail by `status`.
fn called(config: &Value, status: u16) -> String {
    let program = program(&imported(config));
    let (request, mut walk, mut called) = (Request::new(json!({})), Walk::new(&program), vec![]);
    while let Step::Call(call) = walk.step(&program, &request) {
        called.push(call.target.model.to_string());
        walk.answered(&program, Err(&Fault::of_status(status)));
    }
    called.join(" ")
}

#[test]
fn the_codes_of_two_fallbacks_in_each_other() {
    let fallback = |codes: Value, targets: Value| json!({"strategy": {"mode": "fallback", "on_status_codes": codes}, "targets": targets});
    let both = |outer: Value, inner: Value| {
        fallback(outer, json!([fallback(inner, json!([target("a"), target("b")])), target("c")]))
    };
    for (config, status, models) in [
        (both(json!(null), json!(null)), 400, "a b c"),
        (both(json!([429]), json!([429, 500])), 429, "a b c"),
        (both(json!([429]), json!([429, 500])), 500, "a b"),
        (both(json!([429]), json!([429, 500])), 400, "a"),
        (both(json!([429]), json!([])), 429, "a c"),
        (both(json!(null), json!([])), 503, "a c"),
    ] {
        assert_eq!(called(&config, status), models, "{config} {status}");
        assert!(!imported(&config).warnings.iter().any(|w| w.code == crate::import::Code::NestedStatusCodes));
    }
    let unlike = both(json!([500]), json!([429]));
    assert_eq!((called(&unlike, 429), called(&unlike, 500)), ("a b".into(), "a b c".into()));
    let pointers: Vec<_> =
        imported(&unlike).warnings.into_iter().map(|w| (w.code.slug(), w.pointer)).collect();
    assert_eq!(pointers, [("nested-status-codes", "/targets/0/strategy/on_status_codes".to_owned())]);
}

/// What configs are made of, right and wrong.
fn part() -> impl Strategy<Value = Value> {
    let texts =
        ["openai", "a", "b", "@x/m", "", "single", "loadbalance", "fallback", "conditional", "(", "10"];
    let leaf = prop_oneof![
        proptest::sample::select(texts.to_vec()).prop_map(Value::from),
        proptest::sample::select(vec![
            json!(null),
            json!(true),
            json!(0),
            json!(1),
            json!(0.5),
            json!(503),
            json!(-1)
        ]),
    ];
    let keys = [
        "strategy",
        "targets",
        "mode",
        "provider",
        "override_params",
        "model",
        "name",
        "weight",
        "retry",
        "attempts",
        "on_status_codes",
        "conditions",
        "query",
        "then",
        "default",
        "request_timeout",
        "virtual_key",
        "stream",
        "sticky_session",
        "hash_fields",
        "metadata.a",
        "$or",
        "$and",
        "$gt",
        "$regex",
        "$in",
    ];
    leaf.prop_recursive(7, 60, 5, move |inner| {
        let key = proptest::sample::select(keys.to_vec());
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..5)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// A config that is right but for some of its parts.
fn near() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        9 => ("[a-c]", 0..3_u8).prop_map(|(name, weight)| json!({"name": name, "weight": weight, "provider": "openai"})),
        1 => part(),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let mode = proptest::sample::select(&["single", "loadbalance", "fallback", "conditional"][..]);
        let then = "[a-c]";
        let condition =
            (part(), then).prop_map(|(value, then)| json!({"query": {"metadata.a": value}, "then": then}));
        let conditions = proptest::collection::vec(condition, 0..3);
        (mode, proptest::collection::vec(inner, 1..4), conditions, "[a-c]", proptest::option::of(part()))
            .prop_map(|(mode, targets, conditions, name, codes)| {
                let strategy = json!({"mode": mode, "conditions": conditions, "on_status_codes": codes});
                json!({"strategy": strategy, "targets": targets, "name": name})
            })
    })
}

proptest! {
    #[test]
    fn what_is_imported_compiles(config in prop_oneof![part(), near(), near()]) {
        if let Ok(imported) = with(|options| import(&config, options)) {
            program(&imported);
            for target in imported.targets {
                prop_assert!(config.pointer(&target.pointer).is_some());
            }
            for warning in imported.warnings {
                prop_assert!(config.pointer(&warning.pointer).is_some(), "{}", warning);
            }
        }
    }

    #[test]
    fn every_mistake_has_its_place(config in prop_oneof![part(), near()]) {
        for mistake in with(|options| import(&config, options)).err().unwrap_or_default() {
            prop_assert!(config.pointer(&mistake.pointer).is_some(), "{}", mistake);
        }
    }
}
