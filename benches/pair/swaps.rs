//! A store with many routes, one of which is deployed again and again: each time the pair builds its world anew.
use crate::Result;
use attache::store::{Actor, Draft, Store, Write};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

/// Routes in the store.
const ROUTES: usize = 2000;
/// How long one deployment is live.
const LIVE: Duration = Duration::from_millis(250);

pub(crate) struct Swaps {
    store: Store,
    actor: Actor,
    /// The route that is deployed, which nobody asks for.
    id: String,
}

impl Swaps {
    /// Fills the store at `path`.
    pub(crate) async fn prepare(path: &Path) -> Result<Self> {
        let store = Store::new(&format!("sqlite:{}", path.display()), now)?;
        let actor = Actor { id: "bench".into(), name: "bench".into() };
        let mut id = String::new();
        for n in 0..ROUTES {
            let made = store.create_route(Write::by(&actor), &format!("r{n}"), &draft(n), true).await?;
            id = made.0.id;
        }
        store.create_version(Write::by(&actor), &id, &draft(ROUTES)).await?;
        Ok(Self { store, actor, id })
    }

    /// Deploys one version after the other, for as long as it is polled.
    pub(crate) async fn go_on(&self) -> Result<std::convert::Infallible> {
        loop {
            for version in [1, 2] {
                self.store.deploy(Write::by(&self.actor), &self.id, version, None).await?;
                tokio::time::sleep(LIVE).await;
            }
        }
    }
}

fn now() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "a bench has no other clock")]
    SystemTime::now()
}

fn draft(n: usize) -> Draft {
    let graph: Value = serde_json::from_str(include_str!("bench.json")).unwrap_or_default();
    let mut elements = graph.get("elements").cloned().unwrap_or_else(|| json!([]));
    if let Some(first) = elements.get_mut(0) {
        first["description"] = json!(format!("route {n}"));
    }
    Draft { elements: elements.to_string(), valid: true, comment: None }
}
