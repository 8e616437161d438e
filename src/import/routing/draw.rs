//! The entries of one logical name, drawn as a graph by the strategy.

use serde_json::{Map, Value, json};

use super::{
    Bound, Logical, Strategy,
    entry::{Entry, To},
};
use crate::{
    graph::{Code, Item, Known, MAX_ELEMENTS},
    import::{
        shares,
        sketch::{Drawn, END, Element, Origin, Sketch, route_name},
    },
};

/// What goes for all names of a routing configuration.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// `None` if it is not known.
    pub(super) strategy: Option<Strategy>,
    /// What makes a split sticky.
    pub(super) key: Option<&'a Item<'a>>,
    /// The whole configuration.
    pub(super) whole: &'a Item<'a>,
    pub(super) known: Known<'a>,
}

impl Plan<'_> {
    /// What stands behind the name that all `entries` have; `None` if that can not be told.
    pub(super) fn logical(&self, entries: &[Entry<'_>]) -> Option<Logical> {
        let first = entries.first()?;
        if entries.len() > MAX_ELEMENTS {
            let message = format!("`{}` has more than {MAX_ELEMENTS} entries", first.name);
            first.item.report(Code::OutOfRange, message);
            return None;
        }
        self.check(entries);
        let bound = match &first.to {
            To::Route(route) => Bound::Route((*route).to_owned()),
            To::Model(..) => {
                let entries: Vec<_> = entries.iter().collect();
                let drawn = self.draw(first.name, &entries);
                // what gets nothing is not drawn, yet it is checked
                let idle = entries.iter().filter(|entry| entry.weight == Some(0.0));
                let idle: Vec<_> = idle.map(|entry| self.draw(entry.name, &[entry])).collect();
                let whole = (idle.len() < entries.len()).then_some(&drawn);
                for mistake in idle.iter().chain(whole).flat_map(|drawn| drawn.mistakes(self.known)) {
                    self.whole.to.pass_on(mistake);
                }
                Bound::Document(drawn.document)
            }
        };
        Some(Logical { name: first.name.to_owned(), bound })
    }

    /// Notes what is wrong with the entries together.
    fn check(&self, entries: &[Entry<'_>]) {
        let several = entries.len() > 1;
        let bound = entries.iter().any(|entry| matches!(entry.to, To::Route(_)));
        if several && bound {
            let hint = "keep the binding to the route, or the others";
            again(entries, "a name that is bound to a route stands alone", hint);
        } else if several && self.strategy == Some(Strategy::Single) {
            let hint =
                "keep one of them, or choose the strategy `traffic_splitting`, `conditional` or `fallback`";
            again(entries, "with the strategy `single` each name stands once", hint);
        }
        match self.strategy {
            Some(Strategy::Split) => weights(entries),
            Some(Strategy::Conditional) => matches(entries),
            _ => {}
        }
    }

    fn draw(&self, name: &str, entries: &[&Entry<'_>]) -> Drawn {
        let mut sketch = Sketch::new();
        let entries: Vec<_> = entries.iter().copied().filter(|e| matches!(e.to, To::Model(..))).collect();
        let first = match self.strategy {
            Some(Strategy::Split) => self.split(&mut sketch, &entries),
            Some(Strategy::Conditional) | None => chain(&mut sketch, &entries),
            Some(Strategy::Fallback | Strategy::Single) => fallback(&mut sketch, &entries),
        };
        let whole = Origin { name: Some(name.to_owned()), ..Origin::default() };
        let whole = Origin { pointer: self.whole.place.at("entries").pointer, ..whole };
        sketch.finish(&route_name(name), &first, whole)
    }

    fn split(&self, sketch: &mut Sketch, entries: &[&Entry<'_>]) -> String {
        if let [alone] = entries {
            return model(sketch, alone, None);
        }
        let weights: Vec<_> = entries.iter().map(|entry| entry.weight.unwrap_or(1.0)).collect();
        let mut outputs = vec![];
        for (entry, label) in entries.iter().zip(shares::labels(&weights)) {
            let to = model(sketch, entry, None);
            outputs.extend(label.map(|label| (label, to)));
        }
        let properties = self.key.map(|key| ("key".to_owned(), key.value.clone()));
        let properties = Map::from_iter(properties).into();
        let id = sketch.id("split");
        // the labels are ours and the key is checked apart: nothing of it can be wrong
        sketch.add(Element { id, form: "percentage", properties, outputs, origin: Origin::default() })
    }
}

/// Notes every entry but the first.
fn again(entries: &[Entry<'_>], why: &str, hint: &str) {
    for entry in entries.iter().skip(1) {
        let message = format!("`{}` has an entry already: {why}", entry.name);
        entry.item.to.hint(Code::DuplicateId, &entry.item.place, message, hint);
    }
}

fn weights(entries: &[Entry<'_>]) {
    let weighted = entries.iter().any(|entry| entry.weight.is_some());
    for entry in entries.iter().filter(|entry| weighted && entry.weight.is_none()) {
        let hint = "give every entry of the name a weight, or none";
        entry.item.to.hint(Code::MissingField, &entry.item.place, "`weight` is missing", hint);
    }
    if let Some(first) = entries.first().filter(|_| entries.iter().all(|entry| entry.weight == Some(0.0))) {
        let message = format!("no request of `{}` can go anywhere: all its weights are 0", first.name);
        let place = first.item.place.at("weight");
        first.item.to.hint(Code::SharesNotWhole, &place, message, "give one of its entries a weight above 0");
    }
}

fn matches(entries: &[Entry<'_>]) {
    let before_the_last = entries.len().saturating_sub(1);
    for entry in entries.iter().take(before_the_last).filter(|entry| entry.condition.is_none()) {
        let message = "`match` is missing: every request is for this entry, and none for those after it";
        let hint = format!("add `match`, or make it the last entry of `{}`", entry.name);
        entry.item.to.hint(Code::MissingField, &entry.item.place, message, hint);
    }
}

/// Models in order, each the fallback of the one before it.
fn fallback(sketch: &mut Sketch, entries: &[&Entry<'_>]) -> String {
    // from the front, so that of equal ids the first keeps its own
    let ids: Vec<_> = entries.iter().map(|entry| sketch.id(&wish(entry))).collect();
    let next = ids.iter().skip(1).map(|id| Some(id.as_str())).chain([None]);
    for ((entry, id), next) in entries.iter().zip(&ids).zip(next) {
        add_model(sketch, entry, id.clone(), next);
    }
    ids.first().cloned().unwrap_or_else(|| END.to_owned())
}

/// Conditions in order: the first that holds takes the request. The last may do without one; else the walk ends.
fn chain(sketch: &mut Sketch, entries: &[&Entry<'_>]) -> String {
    let mut made = vec![];
    for (i, entry) in entries.iter().enumerate() {
        let condition = condition(entry, i + 1 == entries.len());
        let test = condition.map(|condition| (sketch.id(&format!("match-{}", i + 1)), condition));
        made.push((test, model(sketch, entry, None)));
    }
    let pointer = |entry: &Entry<'_>| entry.item.place.at("match").pointer;
    made.into_iter().zip(entries).rev().fold(END.to_owned(), |otherwise, ((test, model), entry)| {
        let Some((id, condition)) = test else { return model };
        let outputs = [("true", model), ("false", otherwise)].map(|(name, to)| (name.to_owned(), to)).into();
        let properties = json!({"conditions": condition});
        let origin = Origin { properties: vec![("conditions", pointer(entry))], ..origin(entry) };
        sketch.add(Element { id, form: "conditional", properties, outputs, origin })
    })
}

fn condition(entry: &Entry<'_>, last: bool) -> Option<Value> {
    // a mistake that is told already; with something in its place what comes after it is checked as well
    let stand_in = || (!last).then(|| json!({"model": {"$exists": true}}));
    entry.condition.as_ref().map(|item| item.value.clone()).or_else(stand_in)
}

fn model(sketch: &mut Sketch, entry: &Entry<'_>, fallback: Option<&str>) -> String {
    let id = sketch.id(&wish(entry));
    add_model(sketch, entry, id, fallback)
}

fn add_model(sketch: &mut Sketch, entry: &Entry<'_>, id: String, fallback: Option<&str>) -> String {
    let To::Model(properties, places) = &entry.to else { return END.to_owned() };
    let outputs = [("success", Some(END)), ("fallback", fallback)];
    let outputs = outputs.into_iter().filter_map(|(name, to)| Some((name.to_owned(), to?.to_owned())));
    sketch.add(Element {
        id,
        form: "model",
        properties: properties.clone().into(),
        outputs: outputs.collect(),
        origin: Origin { properties: places.clone(), ..origin(entry) },
    })
}

fn origin(entry: &Entry<'_>) -> Origin {
    let pointer = entry.item.place.pointer.clone();
    Origin { name: Some(entry.name.to_owned()), pointer, properties: vec![] }
}

/// What people know a model by.
fn wish(entry: &Entry<'_>) -> String {
    let word = |field| match &entry.to {
        To::Model(properties, _) => properties.get(field).and_then(Value::as_str).unwrap_or("-"),
        To::Route(route) => route,
    };
    format!("{}/{}", word("provider"), word("model"))
}

/// Notes what is wrong with the key of a split.
pub(super) fn probe_key(key: &Item<'_>) {
    let mut sketch = Sketch::new();
    let pointer = key.place.pointer.clone();
    let origin = Origin { name: None, pointer: pointer.clone(), properties: vec![("key", pointer)] };
    let outputs = vec![("100%".to_owned(), END.to_owned())];
    let properties = json!({"key": key.value});
    let id = sketch.id("split");
    let first = sketch.add(Element { id, form: "percentage", properties, outputs, origin });
    let drawn = sketch.finish("probe", &first, Origin::default());
    drawn.mistakes(Known::Anything).into_iter().for_each(|mistake| key.to.pass_on(mistake));
}
