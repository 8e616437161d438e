//! The house rules, checked: arrows point down, no file outgrows its room, every file says what it is.
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Rooms from the ground up. A room may use only rooms on lower lines.
const FLOORS: &[&[&str]] = &[
    &["chat", "engine", "json", "sse", "window"],
    &["dialect", "graph", "ledger", "session", "store", "telemetry"],
    &["provider"],
    &["import"],
    &["snapshot"],
    &["exchange"],
    &["extproc", "admin", "mock", "bootstrap"],
    &["config"],
];
/// The wiring, which may know every room.
const WIRING: &[&str] = &["lib", "main", "app"];
const MAX_LINES: usize = 500;

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("docs/architecture.md")).unwrap_or_default();
    let mut bad = vec![];
    for path in rust_files(&root.join("src")) {
        let rel = path.strip_prefix(root.join("src")).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        bad.extend(complaints(&rel, &text).into_iter().map(|c| format!("{rel}: {c}")));
    }
    for room in FLOORS.iter().copied().flatten() {
        if !map.contains(&format!("`{room}`")) {
            bad.push(format!("docs/architecture.md does not name the room `{room}`"));
        }
    }
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

#[test]
fn an_upward_arrow_is_seen() {
    let planted = "//! head\nuse crate::{chat::Usage, exchange::{Stage, World}};\n";
    assert_eq!(complaints("graph/walk.rs", planted), ["`graph` points up or sideways at `exchange`"]);
    assert_eq!(complaints("exchange/mod.rs", planted), Vec::<String>::new());
    assert_eq!(complaints("util/mod.rs", "//! x\n"), ["room `util` is on no floor"]);
}

fn complaints(rel: &str, text: &str) -> Vec<String> {
    let mut bad = vec![];
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().count();
    if lines > MAX_LINES {
        bad.push(format!("{lines} lines of code, {MAX_LINES} are allowed"));
    }
    if !text.starts_with("//!") {
        bad.push("no `//!` saying what this file is for".into());
    }
    let room = rel.split('/').next().unwrap().trim_end_matches(".rs");
    if WIRING.contains(&room) {
        return bad;
    }
    let Some(here) = floor(room) else {
        bad.push(format!("room `{room}` is on no floor"));
        return bad;
    };
    for used in rooms_used(code).into_iter().filter(|used| *used != room) {
        match floor(used) {
            Some(there) if there < here => {}
            Some(_) => bad.push(format!("`{room}` points up or sideways at `{used}`")),
            None => bad.push(format!("uses `crate::{used}`, which is on no floor")),
        }
    }
    bad
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|f| f.contains(&room))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|e| match e.is_dir() {
            true => rust_files(&e),
            false => vec![e],
        })
        .filter(|e| e.extension().is_some_and(|x| x == "rs"))
        .collect()
}

/// Every `name` that follows `crate::`, also inside `use crate::{a, b::c}`.
fn rooms_used(code: &str) -> Vec<&str> {
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| rest.strip_prefix('{').map_or_else(|| vec![word(rest)], group))
        .collect()
}

fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// The first words of a `{a::b, c::{d, e}}` group, whose opening brace is gone.
fn group(text: &str) -> Vec<&str> {
    let (mut depth, mut expect, mut out) = (0, true, vec![]);
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expect = true,
            c if expect && c.is_alphabetic() => {
                out.push(word(&text[i..]));
                expect = false;
            }
            _ => {}
        }
    }
    out
}
