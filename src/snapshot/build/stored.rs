//! Routes of the store: several versions of one graph, each compiled once for as long as it can be called.

use super::{Building, Problem, STORE, told};
use crate::{
    graph::Split,
    snapshot::{Canary, Route, Version},
    store::{self, PublishedRoute, PublishedVersion},
};
use std::sync::Arc;

/// The versions of a route that can be called, by number.
type Compiled = Vec<(u32, Arc<Version>)>;

impl Building<'_> {
    /// Takes a route over. A version that can not be compiled any more stays as it was last; in place of a live one that
    /// never could, the last live one stays.
    pub(super) fn stored(&mut self, route: &Arc<PublishedRoute>) {
        if let Some(last) = self.unchanged(route) {
            let last = Arc::clone(last);
            self.next.routes.insert(route.name.clone(), last);
            return;
        }
        let mut mistakes = Vec::new();
        let versions: Compiled = route
            .versions
            .iter()
            .filter_map(|version| Some((version.number, self.compiled(route, version, &mut mistakes)?)))
            .collect();
        let whole = self.whole(route, &versions, &mut mistakes).map(Arc::new);
        if !mistakes.is_empty() {
            let kept = whole.as_ref().map(|whole| whole.live.number.clone());
            let (source, route) = (STORE.to_owned(), Some(route.name.clone()));
            self.next.problems.push(Problem { source, route, mistakes, kept, ..Problem::default() });
        }
        match whole {
            Some(whole) => drop(self.next.routes.insert(route.name.clone(), whole)),
            None => self.next.not_live.push(route.name.clone()),
        }
    }

    /// The route as it was built last, where that was of the same and still means the same.
    fn unchanged(&self, route: &Arc<PublishedRoute>) -> Option<&Arc<Route>> {
        let last = self.last.routes.get(&route.name).filter(|_| self.same_providers)?;
        let same = last.stored.as_ref().is_some_and(|stored| Arc::ptr_eq(stored, route));
        (same && !self.broken.contains(&*route.name)).then_some(last)
    }

    /// A version, as it was compiled before if nothing has changed.
    fn compiled(
        &self,
        route: &PublishedRoute,
        version: &PublishedVersion,
        mistakes: &mut Vec<String>,
    ) -> Option<Arc<Version>> {
        let number = version.number.to_string();
        let last = self.last_stored(route).and_then(|last| last.version(&number));
        let last = last.filter(|last| last.hash == version.hash).map(Arc::clone);
        if self.same_providers && last.is_some() && !self.broken.contains(&*route.name) {
            return last;
        }
        match Version::of_elements(&route.name, &number, &version.elements, self.known()) {
            Ok(compiled) => Some(Arc::new(Version { hash: version.hash.clone(), ..compiled })),
            Err(diagnostics) => {
                mistakes.extend(told(&diagnostics).map(|mistake| format!("version {number}: {mistake}")));
                last
            }
        }
    }

    fn last_stored(&self, route: &PublishedRoute) -> Option<&Arc<Route>> {
        self.last.routes.get(&route.name).filter(|last| last.source == STORE)
    }

    /// The route of these versions; `None` if there is nothing to be live.
    fn whole(
        &self,
        route: &Arc<PublishedRoute>,
        versions: &Compiled,
        mistakes: &mut Vec<String>,
    ) -> Option<Route> {
        let of = |wanted: u32| versions.iter().find(|(number, _)| *number == wanted).map(|(_, v)| v);
        let live = of(route.live).or_else(|| self.last_stored(route).map(|last| &last.live)).map(Arc::clone);
        if of(route.live).is_none() && mistakes.is_empty() {
            mistakes.push(format!("version {}, which is live, is not there", route.live));
        }
        let canary = route.canary.as_ref().map(|canary| canary_of(route, canary, of(canary.version)));
        let canary = canary.and_then(|read| read.map_err(|mistake| mistakes.push(mistake)).ok());
        let live = live?;
        let elsewhere = [Some(&live.number), canary.as_ref().map(|canary| &canary.version.number)];
        let pinned = versions.iter().map(|(_, version)| version);
        let pinned = pinned.filter(|v| !elsewhere.contains(&Some(&v.number))).map(Arc::clone).collect();
        let (name, source) = (route.name.clone(), STORE.to_owned());
        let stored = Some(Arc::clone(route));
        let mut whole =
            Route { name, source, stored, elements: None, live, canary, pinned, former: Vec::new() };
        if let Some(last) = self.last_stored(route) {
            whole.remember(last);
        }
        Some(whole)
    }
}

/// The canary, chosen as a percentage element chooses its outputs: a version is known by its number, not by its share.
fn canary_of(
    route: &PublishedRoute,
    canary: &store::Canary,
    version: Option<&Arc<Version>>,
) -> Result<Canary, String> {
    let store::Canary { version: number, percent, key } = canary;
    let version = version.ok_or_else(|| format!("the canary: version {number} can not be called"))?;
    // the id, for a key shall keep its arm whatever the route is called
    let [live, this] = [route.live, *number].map(|number| format!("{}@{number}", route.id));
    let arms = [(live.as_str(), 100.0 - percent), (this.as_str(), *percent)];
    // no element has a comma in its id: so the dice fall differently than in all of them
    let split = Split::new(",canary", key.as_deref(), &arms).map_err(|why| format!("the canary: {why}"))?;
    Ok(Canary { version: Arc::clone(version), percent: *percent, key: key.clone(), split })
}
