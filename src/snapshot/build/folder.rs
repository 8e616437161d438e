//! Routes of a folder: one document each, whose live version is what stands there.

use super::{Building, Problem, told};
use crate::{
    graph,
    snapshot::{Route, Version, route::hash},
    store::Document,
};
use std::{collections::HashMap, sync::Arc};

/// The routes that the documents made last, by where those stand.
type Last<'a> = HashMap<&'a str, &'a Arc<Route>>;

impl Building<'_> {
    /// Takes the documents over, in their order.
    pub(super) fn folder(&mut self, documents: &[Document]) {
        let last: Last<'_> = self.last.routes.values().map(|route| (route.source.as_str(), route)).collect();
        for document in documents {
            let source = document.file.display().to_string();
            let before = last.get(&*source).copied();
            match self.document(document, &source, before) {
                Ok(version) => {
                    let same = before.filter(|before| Arc::ptr_eq(&before.live, &version));
                    let elements =
                        same.map_or_else(|| elements(&document.bytes), |before| before.elements.clone());
                    let mut route = Route { elements, ..Route::of(version, source) };
                    // a file may have been given another route's name
                    if let Some(before) = before.filter(|before| before.name == route.name) {
                        route.remember(before);
                    }
                    self.next.routes.insert(route.name.clone(), Arc::new(route));
                }
                Err(mistakes) => self.keep(document, source, mistakes, before),
            }
        }
    }

    fn document(
        &self,
        document: &Document,
        source: &str,
        last: Option<&Arc<Route>>,
    ) -> Result<Arc<Version>, Vec<String>> {
        let unchanged = last
            .filter(|_| self.same_providers && !self.broken.contains(source))
            .filter(|last| last.live.hash == hash(&document.bytes));
        let version = match unchanged {
            Some(last) => Arc::clone(&last.live),
            None => Version::of_document(&document.bytes, self.known())
                .map(Arc::new)
                .map_err(|diagnostics| told(&diagnostics).collect::<Vec<_>>())?,
        };
        let name = &version.name;
        if self.taken.contains(&**name) {
            let cure = "delete that one, or give this document another name";
            return Err(vec![format!(
                "the name `{name}` is taken by a route of the store, which is served; {cure}"
            )]);
        }
        match self.next.routes.get(name) {
            None => Ok(version),
            Some(other) => Err(vec![format!(
                "the name `{name}` is taken by {}; give one of them another name",
                other.source
            )]),
        }
    }

    /// Notes what is wrong, and lets the last good version of the same file live on.
    fn keep(
        &mut self,
        document: &Document,
        source: String,
        mistakes: Vec<String>,
        last: Option<&Arc<Route>>,
    ) {
        let is_free = |name: &str| !self.taken.contains(name) && !self.next.routes.contains_key(name);
        let kept = last.filter(|last| is_free(&last.name));
        let route = kept.map(|kept| kept.name.clone()).or_else(|| name(&document.bytes));
        if let Some(kept) = kept {
            self.next.routes.insert(kept.name.clone(), Arc::clone(kept));
        }
        self.next.not_live.extend(route.clone());
        let kept = kept.map(|kept| kept.live.number.clone());
        self.next.problems.push(Problem { source, route, mistakes, kept, ..Problem::default() });
    }
}

/// What a document says, in one spelling.
fn elements(bytes: &[u8]) -> Option<Box<str>> {
    let document = graph::Document::parse(bytes).ok()?.canonical();
    document.get("elements").map(|elements| elements.to_string().into())
}

/// The name in a document that is no valid route.
fn name(bytes: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    document.get("name")?.as_str().map(str::to_owned)
}
