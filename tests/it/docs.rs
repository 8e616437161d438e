//! The documentation, held against the sources and against itself.

use attache::graph::{Known, Program};
use regex::Regex;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// How sources name the code of an error.
const NAMED: &[&str] = &[
    r#"Refuse::[a-z_]+\((?:\w+,)?\s*"([a-z_]+)""#,
    r#"Self::[a-z_]+\(\s*"([a-z_]+)""#,
    r#"Kind::\w+\)[^"\n]*=> "([a-z]+_[a-z_]+)","#,
    r#" _ => "([a-z]+_[a-z_]+)","#,
    r#"Self::new\(\d+,\s*"[a-z_]+",\s*"([a-z_]+)""#,
    r#"code: "([a-z_]+)""#,
    r#"error\(&?\w+,\s*"([a-z_]+)"\)"#,
];

#[test]
fn every_error_is_documented_and_every_documented_error_occurs() {
    let page = read("docs/errors.md");
    let mut told = found(&page, r"(?m)^\| `([a-z_]+)` \|");
    // the one code that no client sees
    assert!(page.contains("`protocol_error`") && told.insert("protocol_error".into()));
    let source = [code_in("src/exchange"), code_in("src/bootstrap")].concat();
    let mut codes: BTreeSet<_> = NAMED.iter().flat_map(|pattern| found(&source, pattern)).collect();
    // a code that is chosen before it is named
    let choice = Regex::new("let code = [^;]*;").unwrap();
    codes.extend(choice.find_iter(&source).flat_map(|chosen| found(chosen.as_str(), r#""([a-z_]+)""#)));
    assert_eq!(told, codes);
}

#[test]
fn the_first_route_of_the_readme_is_sound() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("first.json <<'END'\n").unwrap();
    let (route, _) = rest.split_once("\nEND\n").unwrap();
    Program::read(route.as_bytes(), Known::Providers(&["mock"])).unwrap();
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)").unwrap();
    let mut lost = vec![];
    for page in pages() {
        for found in link.captures_iter(&read(&page)) {
            let target = match &found[1] {
                "" => PathBuf::from(&page),
                path => Path::new(&page).parent().unwrap().join(path),
            };
            let there = root().join(&target).exists();
            let anchored = found.get(2).is_none_or(|anchor| {
                there && anchors(&read(&target.to_string_lossy())).contains(anchor.as_str())
            });
            if !there || !anchored {
                lost.push(format!("{page}: {}", &found[0]));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

fn pages() -> Vec<String> {
    let pages = ["", "docs", "envoy", "deploy", "fuzz"].into_iter().flat_map(|folder| files(folder, "md"));
    let pages: Vec<_> = pages.collect();
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

/// The anchors of a page's headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let kept = |c: &char| c.is_alphanumeric() || *c == '-' || *c == '_';
    let anchor =
        |text: String| text.to_lowercase().replace(' ', "-").chars().filter(kept).collect::<String>();
    found(page, "(?m)^#+ (.*)$").into_iter().map(anchor).collect()
}

/// All code in `folder`, without its tests.
fn code_in(folder: &str) -> String {
    let rust = files(folder, "rs").into_iter().filter(|file| !file.ends_with("tests.rs"));
    rust.map(|file| read(&file).split("#[cfg(test)]").next().unwrap_or_default().to_owned()).collect()
}

/// The files with that ending, by their paths from the top.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let paths = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let ours = paths.filter(|path| path.extension().is_some_and(|e| e == ending));
    ours.map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()).collect()
}

/// What the first group of `pattern` matches.
fn found(text: &str, pattern: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
