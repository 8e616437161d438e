//! Files in the shapes in which people have routes of Cloudflare, and what becomes of them.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

use super::*;
use crate::{graph::Program, import::Target};

const KNOWN: &[&str] = &["openai", "anthropic", "gemini", "mistral", "cloudflare"];

fn read(file: &Value) -> Result<Vec<Imported>, Vec<Mistake>> {
    import(file, &Providers { known: Known::Providers(KNOWN), aliases: &BTreeMap::new() })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cloudflare")
}

/// Compares with a file; `UPDATE=1` writes it anew.
fn same(file: &PathBuf, text: &str) {
    if option_env!("UPDATE").is_some() {
        fs::write(file, text).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap_or_default(), text, "{}", file.display());
}

/// Beside each file stand the routes that it becomes, and what is said about them.
#[test]
fn files_become_what_they_always_became() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let given = files.filter(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with(".json") && !name.ends_with(".routes.json") && name != "mistakes.json"
    });
    let mut count = 0;
    for file in given {
        let value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let imported = read(&value).unwrap_or_else(|found| panic!("{}: {found:#?}", file.display()));
        let mut said = String::new();
        for Imported { document, warnings, targets } in &imported {
            Program::read(document.to_string().as_bytes(), Known::Anything).unwrap();
            writeln!(said, "{}:", document["name"].as_str().unwrap()).unwrap();
            for Target { pointer, element, asked, provider, model } in targets {
                writeln!(said, "  {pointer} is {element}: {asked} → {provider}, {model}").unwrap();
            }
            warnings.iter().for_each(|warning| writeln!(said, "  {warning}").unwrap());
        }
        let documents: Value = imported.iter().map(|imported| imported.document.clone()).collect();
        same(&file.with_extension("routes.json"), &format!("{documents:#}\n"));
        same(&file.with_extension("txt"), &said);
        count += 1;
    }
    assert!(count >= 5);
}

/// Every file in mistakes.json, followed in mistakes.txt by all that is said about it.
#[test]
fn mistakes_are_told_as_they_always_were() {
    let cases: Vec<Value> =
        serde_json::from_slice(&fs::read(folder().join("mistakes.json")).unwrap()).unwrap();
    let mut told = String::new();
    for case in cases {
        let found = read(&case).expect_err(&case.to_string());
        let found: String = found.iter().map(|mistake| format!("  {mistake}\n")).collect();
        writeln!(told, "{case}\n{found}").unwrap();
    }
    same(&folder().join("mistakes.txt"), &told);
}

#[test]
fn routes_of_ours_come_back_as_they_are() {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/routes");
    for file in fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        let document = Document::parse(&fs::read(&file).unwrap()).unwrap().canonical();
        let providers = Providers { known: Known::Anything, aliases: &BTreeMap::new() };
        let imported = import(&document, &providers).unwrap();
        let bare = json!({"name": document["name"], "elements": document["elements"]});
        assert_eq!(imported[0].document, bare, "{}", file.display());
    }
}

/// JSON in which here and there something is nearly a route.
fn near() -> impl Strategy<Value = Value> {
    let words =
        ["start", "end", "model", "rate", "percentage", "a", "[{\"type\": \"end\"}]", "{}", "metadata.a"];
    let keys = [
        "name",
        "elements",
        "version",
        "data",
        "type",
        "id",
        "properties",
        "outputs",
        "next",
        "elementId",
        "element_id",
        "key",
        "conditions",
        "provider",
        "a/b~c",
    ];
    let leaf = prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        Just(json!(null)),
        any::<u8>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let key = proptest::sample::select(keys.to_vec());
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused_at_its_place(file in near()) {
        for mistake in read(&file).err().unwrap_or_default() {
            prop_assert!(file.pointer(&mistake.pointer).is_some(), "{}", mistake);
        }
    }
}
