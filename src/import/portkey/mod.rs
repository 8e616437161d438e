//! A Portkey config becomes a graph, with a warning wherever the two do not mean the same.
//!
//! ```
//! use attache::{graph::Known, import::{Providers, portkey}};
//! use std::collections::BTreeMap;
//!
//! let config = serde_json::json!({"strategy": {"mode": "fallback"}, "targets": [
//!     {"provider": "openai", "override_params": {"model": "gpt-4o"}},
//!     {"provider": "anthropic", "override_params": {"model": "claude-sonnet-4-5"}},
//! ]});
//! let providers = Providers { known: Known::Anything, aliases: &BTreeMap::new() };
//! let options = portkey::Options { name: "support", model: None, provider: None, providers };
//! let imported = portkey::import(&config, &options).unwrap();
//! assert_eq!(imported.document["elements"][1]["id"], "openai/gpt-4o");
//! assert_eq!(imported.targets[1].pointer, "/targets/1");
//! ```

mod conditional;
mod draw;
mod fields;
mod leaf;
#[cfg(test)]
mod oracle;
mod query;
mod read;
mod split;
mod statuses;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{
    Imported, Mistake, Providers, Target,
    sketch::{Origin, Sketch},
    warning::Warnings,
};
use crate::graph::{Code, Item, Known, MAX_ELEMENTS, Report};

/// What a config does not say by itself.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The name of the route.
    pub name: &'a str,
    /// The model of targets that name none: they call the one that the request names.
    pub model: Option<&'a str>,
    /// The provider of a config that is one target and names none, as `x-portkey-provider` does.
    pub provider: Option<&'a str>,
    /// How providers are called here.
    pub providers: Providers<'a>,
}

/// Makes a route document of a config.
///
/// # Errors
/// Every mistake in the config that leaves no meaning to be kept; `pointer` leads into the config.
pub fn import(config: &Value, options: &Options<'_>) -> Result<Imported, Vec<Mistake>> {
    let (report, warnings) = (Report::default(), Warnings::default());
    let document = route(&Item::of(config, &report), options, &warnings);
    let (document, targets) = report.settle(document).map_err(once)?;
    Ok(Imported { document, warnings: warnings.all(), targets })
}

/// What several targets inherit is told once.
fn once(found: Vec<Mistake>) -> Vec<Mistake> {
    let mut told: Vec<Mistake> = vec![];
    for mistake in found {
        if !told.contains(&mistake) {
            told.push(mistake);
        }
    }
    told
}

fn route(config: &Item<'_>, options: &Options<'_>, warnings: &Warnings) -> Option<(Value, Vec<Target>)> {
    let mut reader = read::Reader { options, warnings, sketch: Sketch::new(), targets: vec![] };
    let tree = reader.config(config)?;
    if tree.size() > MAX_ELEMENTS {
        config.report(
            Code::OutOfRange,
            format!("the config makes a graph of more than {MAX_ELEMENTS} elements"),
        );
        return None;
    }
    let read::Reader { mut sketch, mut targets, .. } = reader;
    let first = draw::Pen { sketch: &mut sketch, warnings }.draw(tree, None);
    let drawn = sketch.finish(options.name, &first, Origin::default());
    // what is unknown of providers is a warning: the document is of use without them
    drawn.mistakes(Known::Anything).into_iter().for_each(|mistake| config.to.pass_on(mistake));
    targets.retain(|target| drawn.has(&target.element));
    Some((drawn.document, targets))
}
