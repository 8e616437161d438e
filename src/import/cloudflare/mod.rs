//! Cloudflare's dynamic routes become documents of ours: answers of its API, bare routes, lists of them, Terraform's state.
//!
//! The documents are ours already, in one dialect or the other; what is done here is to find them, to undo what Terraform
//! does to them, and to name providers as they are named here.
//!
//! ```
//! use attache::{graph::Known, import::{Providers, cloudflare}};
//! use std::collections::BTreeMap;
//!
//! let answer = serde_json::json!({"success": true, "result": {"name": "support", "version": {"data": r#"[
//!     {"id": "a", "type": "start", "outputs": {"next": {"elementId": "b"}}}, {"id": "b", "type": "end", "outputs": {}}
//! ]"#}}});
//! let providers = Providers { known: Known::Anything, aliases: &BTreeMap::new() };
//! let imported = cloudflare::import(&answer, &providers).unwrap();
//! assert_eq!(imported[0].document["elements"][1]["type"], "end");
//! ```

mod element;
mod find;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use self::find::Found;
use super::{Code, Imported, Mistake, Providers, warning::Warnings};
use crate::graph::{Code as Wrong, Document, Item, Known, Report};

/// Makes a document of every route in `file`, in the order in which they stand there.
///
/// # Errors
/// Every mistake in any of them; `pointer` leads into the file.
pub fn import(file: &Value, providers: &Providers<'_>) -> Result<Vec<Imported>, Vec<Mistake>> {
    let report = Report::default();
    let found = find::routes(file);
    if found.is_empty() {
        let hint = "give a route with `name` and `elements`, an answer of the API that has one, or Terraform's state";
        let place = Item::of(file, &report).place;
        report.hint(Wrong::MissingField, &place, "there is no route in it", hint);
    }
    let mut kept: Vec<(&Found<'_>, Warnings)> = vec![];
    for route in &found {
        match kept.iter().find(|(first, _)| first.name == route.name) {
            // state and plan tell of one route several times
            Some((first, _)) if first.elements == route.elements => {}
            Some((_, warnings)) => warnings.say(Code::SecondRoute, &route.pointer, Code::SecondRoute.cause()),
            None => kept.push((route, Warnings::default())),
        }
    }
    let imported =
        kept.into_iter().map(|(route, warnings)| made(file, route, warnings, (providers, &report)));
    let imported = imported.collect::<Option<Vec<_>>>();
    report.settle(imported)
}

fn made(
    file: &Value,
    route: &Found<'_>,
    warnings: Warnings,
    (providers, report): (&Providers<'_>, &Report),
) -> Option<Imported> {
    let reader = element::Reader { file, route, warnings, providers };
    let (elements, targets) = reader.elements();
    let document = json!({"name": route.name, "elements": elements});
    let read = Document::parse(document.to_string().as_bytes());
    let compiled = read.and_then(|read| read.compile(Known::Anything).map(|_| read.canonical()));
    let mistakes = |found: Vec<Mistake>| {
        for mistake in found {
            let pointer = route.place(file, &mistake.pointer);
            report.pass_on(Mistake { pointer, ..mistake });
        }
    };
    let document = compiled.map_err(mistakes).ok()?;
    Some(Imported { document, warnings: reader.warnings.all(), targets })
}
