//! The routing configuration of a client key: logical names, each compiled to a graph or bound to a route.
//!
//! ```
//! use attache::{graph::Known, import::routing::{self, Bound}};
//!
//! let routing = serde_json::json!({"entries": [{"name": "chat", "provider": "openai", "modelNameOverride": "gpt-4o"}]});
//! let logical = routing::read(&routing, Known::Anything).unwrap();
//! assert_eq!(logical[0].name, "chat");
//! assert!(matches!(&logical[0].bound, Bound::Document(document) if document["name"] == "chat"));
//! ```

mod draw;
mod entry;
#[cfg(test)]
mod tests;

use serde_json::Value;
use std::collections::HashMap;

use self::entry::Entry;
use super::Mistake;
use crate::graph::{Code, Item, Known, Object, Report};

/// What may be asked for under this name.
#[derive(Debug, Clone, PartialEq)]
pub struct Logical {
    /// What the application writes in `model`.
    pub name: String,
    /// What stands behind it.
    pub bound: Bound,
}

/// What stands behind a logical name.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// The route of this name.
    Route(String),
    /// A graph of its own: a document that compiles with the same [`Known`].
    Document(Value),
}

/// How several entries of one name share its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Single,
    Split,
    Conditional,
    Fallback,
}

impl Strategy {
    const ALL: [(&'static str, Self); 4] = [
        ("single", Self::Single),
        ("traffic_splitting", Self::Split),
        ("conditional", Self::Conditional),
        ("fallback", Self::Fallback),
    ];
}

/// Reads a routing configuration, names in the order in which they first occur; none where it is not `active`.
///
/// # Errors
/// Every mistake that is in it. Its `element` is the logical name, its `pointer` leads into the configuration.
pub fn read(routing: &Value, known: Known<'_>) -> Result<Vec<Logical>, Vec<Mistake>> {
    let report = Report::default();
    let found = Item::of(routing, &report).object().map(|object| configuration(&object, known));
    report.settle(found)
}

fn configuration(object: &Object<'_>, known: Known<'_>) -> Vec<Logical> {
    object.only(&["active", "strategy", "key", "entries"]);
    let active = object.maybe("active").and_then(|item| item.boolean()).unwrap_or(true);
    let strategy =
        object.maybe("strategy").map_or(Some(Strategy::Single), |item| item.choice(&Strategy::ALL));
    let key = object.maybe("key");
    if let Some(key) = &key {
        check_key(key, strategy);
    }
    let list = object.need("entries").and_then(|item| item.list()).unwrap_or_default();
    let entries = list.into_iter().filter_map(|item| Entry::read(item, strategy));
    let (mut names, mut places): (Vec<Vec<Entry<'_>>>, _) = (vec![], HashMap::new());
    for entry in entries {
        let at = *places.entry(entry.name).or_insert(names.len());
        match names.get_mut(at) {
            Some(of) => of.push(entry),
            None => names.push(vec![entry]),
        }
    }
    let plan = draw::Plan { strategy, key: key.as_ref(), whole: &object.item, known };
    let logical: Vec<_> = names.iter().filter_map(|of| plan.logical(of)).collect();
    if active { logical } else { vec![] }
}

fn check_key(key: &Item<'_>, strategy: Option<Strategy>) {
    if strategy.is_some_and(|strategy| strategy != Strategy::Split) {
        let hint = "remove it, or choose the strategy `traffic_splitting`";
        key.to.hint(Code::UnknownField, &key.place, "`key` says nothing where no traffic is split", hint);
    }
    draw::probe_key(key);
}
