//! The documentation, held against the sources.

use regex::Regex;
use std::{collections::BTreeSet, fs, path::Path};

/// How sources name the code of an error; the last group is the code.
const NAMED: &[&str] = &[
    r#"Refuse::[a-z_]+\((?:\w+,)?\s*"([a-z_]+)""#,
    r#"Self::new\(\d+,\s*"[a-z_]+",\s*"([a-z_]+)""#,
    r#"code: "([a-z_]+)""#,
    r#"error\(&?\w+,\s*"([a-z_]+)"\)"#,
];

#[test]
fn every_error_is_documented_and_every_documented_error_occurs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/errors.md")).unwrap();
    let in_tables = Regex::new(r"(?m)^\| `([a-z_]+)` \|").unwrap();
    let mut told: BTreeSet<_> = in_tables.captures_iter(&page).map(|c| c[1].to_owned()).collect();
    // the one code that no client sees
    assert!(page.contains("`protocol_error`") && told.insert("protocol_error".into()));
    let sources = [source(&root.join("src/exchange")), source(&root.join("src/bootstrap"))].concat();
    assert_eq!(told, codes(&sources));
}

fn codes(source: &str) -> BTreeSet<String> {
    let mut codes: BTreeSet<String> = NAMED
        .iter()
        .flat_map(|pattern| {
            Regex::new(pattern).unwrap().captures_iter(source).map(|c| c[1].to_owned()).collect::<Vec<_>>()
        })
        .collect();
    // a code that is chosen first
    let (choice, word) = (Regex::new("let code = [^;]*;").unwrap(), Regex::new(r#""([a-z_]+)""#).unwrap());
    for chosen in choice.find_iter(source) {
        codes.extend(word.captures_iter(chosen.as_str()).map(|c| c[1].to_owned()));
    }
    codes
}

/// All code in `folder`, without its tests.
fn source(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let rust = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "rs") && !file.ends_with("tests.rs"));
    let code = |text: String| text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    rust.map(|file| code(fs::read_to_string(file).unwrap())).collect()
}
