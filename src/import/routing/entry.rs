//! One entry of a routing configuration, and what is wrong with it by itself.

use serde_json::{Map, Value};

use super::Strategy;
use crate::graph::{Code, Item, Object};

/// Characters of a logical name.
const MAX_NAME: usize = 128;
/// How routes are called; a logical name that begins so would hide one.
const ROUTE: &str = "dynamic/";
/// The largest weight.
const MAX_WEIGHT: f64 = 1_000_000.0;
/// The fields of an entry that names a model, and the properties of a `model` element that they become.
const MODEL: [(&str, &str); 4] = [
    ("provider", "provider"),
    ("modelNameOverride", "model"),
    ("timeout", "timeout"),
    ("retries", "retries"),
];

/// An entry with a name.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) item: Item<'a>,
    pub(super) name: &'a str,
    pub(super) weight: Option<f64>,
    /// Its `match`.
    pub(super) condition: Option<Item<'a>>,
    pub(super) to: To<'a>,
}

/// Where an entry leads.
#[derive(Debug)]
pub(super) enum To<'a> {
    Route(&'a str),
    /// The properties of a `model` element, right or wrong, and where each stands.
    Model(Map<String, Value>, Vec<(&'static str, String)>),
}

impl<'a> Entry<'a> {
    /// Reads an entry; `None` if it has no name that could bring it together with others.
    pub(super) fn read(mut item: Item<'a>, strategy: Option<Strategy>) -> Option<Self> {
        let name = item.value.get("name").and_then(Value::as_str);
        item.place.element = name.filter(|name| !name.is_empty()).map(str::to_owned);
        let object = item.object()?;
        let name = object.need("name").and_then(|item| named(&item));
        let to = match object.maybe("route") {
            Some(route) => {
                only_route(&object);
                bound(&route).map(To::Route)
            }
            None => Some(model(&object, name)),
        };
        let (weight, condition) = match to {
            Some(To::Model(..)) => (weight(&object, strategy), condition(&object, strategy)),
            _ => (None, None),
        };
        Some(Self { item, name: name?, weight, condition, to: to? })
    }
}

fn named<'a>(item: &Item<'a>) -> Option<&'a str> {
    let name = item.text()?;
    let fits =
        (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    if !fits {
        let hint = format!("use 1 to {MAX_NAME} printable ASCII characters, but no space and no comma");
        let message = format!("`{}` can not be a logical name", name.escape_debug());
        item.to.hint(Code::InvalidName, &item.place, message, hint);
    } else if name.starts_with(ROUTE) {
        let message = format!("`{ROUTE}` is how routes are called, and no logical name begins so");
        item.to.hint(Code::InvalidName, &item.place, message, "use another name");
    }
    (fits && !name.starts_with(ROUTE)).then_some(name)
}

fn only_route(object: &Object<'_>) {
    for (key, item) in object.entries().filter(|(key, _)| !["name", "route"].contains(key)) {
        let message = format!("`{key}` says nothing beside `route`");
        item.to.hint(Code::UnknownField, &item.place, message, "remove it; the route says it itself");
    }
}

fn bound<'a>(item: &Item<'a>) -> Option<&'a str> {
    let route = item.word()?;
    let bare = route.strip_prefix(ROUTE);
    if let Some(bare) = bare {
        let message = format!("`{route}` is how the route is called, not its name");
        item.to.hint(Code::InvalidName, &item.place, message, format!("write `{bare}`"));
    }
    bare.is_none().then_some(route)
}

fn model<'a>(object: &Object<'a>, name: Option<&str>) -> To<'a> {
    let fields = MODEL.map(|(field, _)| field);
    object.only(&[&["name", "route", "weight", "match"][..], &fields[..]].concat());
    let (mut properties, mut places) = (Map::new(), vec![]);
    for (field, property) in MODEL {
        if let Some(item) = object.maybe(field) {
            properties.insert(property.to_owned(), item.value.clone());
            places.push((property, item.place.pointer));
        }
    }
    // without an override the provider knows the model by the logical name
    properties.entry("model").or_insert_with(|| name.unwrap_or("-").into());
    To::Model(properties, places)
}

fn weight(object: &Object<'_>, strategy: Option<Strategy>) -> Option<f64> {
    let item = object.maybe("weight")?;
    only_with(&item, "weight", strategy, Strategy::Split);
    let weight = item.value.as_f64().filter(|weight| (0.0..=MAX_WEIGHT).contains(weight));
    if weight.is_none() {
        let code = if item.value.is_number() { Code::OutOfRange } else { Code::WrongType };
        item.expected(code, format!("a number from 0 to {MAX_WEIGHT}"));
    }
    // what is told once is not told again of the sum
    Some(weight.unwrap_or(1.0))
}

fn condition<'a>(object: &Object<'a>, strategy: Option<Strategy>) -> Option<Item<'a>> {
    let item = object.maybe("match")?;
    only_with(&item, "match", strategy, Strategy::Conditional);
    Some(item)
}

/// Notes a field that belongs to another strategy than the one chosen.
fn only_with(item: &Item<'_>, field: &str, chosen: Option<Strategy>, wanted: Strategy) {
    let name = |strategy| Strategy::ALL.iter().find(|(_, s)| *s == strategy).map_or("", |(name, _)| name);
    if let Some(chosen) = chosen.filter(|chosen| *chosen != wanted) {
        let message = format!("`{field}` says nothing where the strategy is `{}`", name(chosen));
        let hint = format!("remove it, or choose the strategy `{}`", name(wanted));
        item.to.hint(Code::UnknownField, &item.place, message, hint);
    }
}
