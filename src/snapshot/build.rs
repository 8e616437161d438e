//! Documents to a snapshot: every good one is taken over, every bad one keeps its last good version and says why.

use super::{Route, Snapshot};
use crate::{
    graph::{Known, Program},
    provider::{Prices, Provider},
    store::Document,
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

/// Hexadecimal digits of a version.
const VERSION: usize = 8;

/// A document that could not be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub source: String,
    /// The route that it is about, where that can be told.
    pub route: Option<String>,
    /// Every mistake in it.
    pub mistakes: Vec<String>,
    /// The version of the route that stays live.
    pub kept: Option<String>,
}

/// Builds the next snapshot; `last` lends the last good version of what is broken now.
#[must_use]
pub fn build(
    documents: &[Document],
    providers: &[Provider],
    prices: &Prices,
    last: &Snapshot,
    now: SystemTime,
) -> Snapshot {
    let names: Vec<&str> = providers.iter().map(|p| p.name.as_str()).collect();
    let mut next = Snapshot {
        providers: providers.iter().map(|p| (p.name.clone(), Arc::new(p.clone()))).collect::<HashMap<_, _>>(),
        prices: prices.clone(),
        ..Snapshot::empty(now)
    };
    for document in documents {
        match read(document, &names, &next.routes) {
            Ok(route) => {
                next.routes.insert(route.name.clone(), Arc::new(route));
            }
            Err(mistakes) => keep(document, mistakes, last, &mut next),
        }
    }
    next.not_live.retain(|name| !next.routes.contains_key(name));
    next.version = version_of(&next.routes);
    next
}

fn read(
    document: &Document,
    providers: &[&str],
    taken: &BTreeMap<String, Arc<Route>>,
) -> Result<Route, Vec<String>> {
    let program = Program::read(&document.bytes, Known::Providers(providers))
        .map_err(|diagnostics| diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let name = program.name().to_owned();
    if let Some(other) = taken.get(&name) {
        return Err(vec![format!(
            "the name `{name}` is taken by {}; give one of them another name",
            other.source
        )]);
    }
    let source = document.file.display().to_string();
    Ok(Route { name, version: hash(&document.bytes), program, source })
}

/// Notes what is wrong, and lets the last good version of the same file live on.
fn keep(document: &Document, mistakes: Vec<String>, last: &Snapshot, next: &mut Snapshot) {
    let source = document.file.display().to_string();
    let kept = last
        .routes
        .values()
        .find(|route| route.source == source)
        .filter(|r| !next.routes.contains_key(&r.name));
    let route = kept.map(|r| r.name.clone()).or_else(|| name(&document.bytes));
    if let Some(kept) = kept {
        next.routes.insert(kept.name.clone(), Arc::clone(kept));
    }
    next.not_live.extend(route.clone());
    next.problems.push(Problem { source, route, mistakes, kept: kept.map(|r| r.version.clone()) });
}

/// The name in a document that is no valid route.
fn name(bytes: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    document.get("name")?.as_str().map(str::to_owned)
}

fn version_of(routes: &BTreeMap<String, Arc<Route>>) -> String {
    let all: String = routes.values().map(|route| format!("{}@{}\n", route.name, route.version)).collect();
    hash(all.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(VERSION / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(file: &str, name: &str, model: &str) -> Document {
        let graph = json!({"name": name, "elements": [
            {"id": "s", "type": "start", "outputs": {"next": {"elementId": "m"}}},
            {"id": "m", "type": "model", "properties": {"provider": "mock", "model": model, "timeout": 1000, "retries": 0},
             "outputs": {"success": {"elementId": "e"}, "fallback": {"elementId": "e"}}},
            {"id": "e", "type": "end", "outputs": {}}
        ]});
        Document { file: file.into(), bytes: graph.to_string().into_bytes() }
    }

    fn providers() -> Vec<Provider> {
        let base = "http://127.0.0.1:1/v1".parse().unwrap();
        vec![Provider::new("mock", crate::provider::Dialect::Openai, base)]
    }

    fn next(documents: &[Document], last: &Snapshot) -> Snapshot {
        build(documents, &providers(), &Prices::default(), last, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_broken_document_keeps_its_last_good_version() {
        let first = next(&[document("a.json", "a", "x")], &Snapshot::empty(SystemTime::UNIX_EPOCH));
        let good = first.routes["a"].version.clone();
        let broken = Document { file: "a.json".into(), bytes: b"{".to_vec() };
        let second = next(std::slice::from_ref(&broken), &first);
        assert_eq!(second.routes["a"].version, good);
        assert_eq!(second.problems[0].kept.as_deref(), Some(&*good));
        assert_eq!(second.version, first.version);
        let third = next(&[document("a.json", "a", "y")], &second);
        assert!(third.problems.is_empty() && third.routes["a"].version != good);
        assert!(next(&[], &third).routes.is_empty());
    }

    #[test]
    fn a_route_that_was_never_valid_is_not_live() {
        let bad = document("b.json", "b", "x");
        let bad = Document {
            bytes: String::from_utf8(bad.bytes).unwrap().replace("mock", "nobody").into_bytes(),
            ..bad
        };
        let got = next(&[bad], &Snapshot::empty(SystemTime::UNIX_EPOCH));
        assert_eq!(got.not_live, ["b"]);
        assert!(got.problems[0].mistakes[0].contains("nobody"), "{:?}", got.problems);
    }

    #[test]
    fn two_documents_of_one_name_do_not_hide_each_other() {
        let got = next(
            &[document("a.json", "a", "x"), document("b.json", "a", "y")],
            &Snapshot::empty(SystemTime::UNIX_EPOCH),
        );
        assert!(got.routes["a"].source.contains("a.json") && got.problems[0].mistakes[0].contains("a.json"));
    }
}
