//! From a document to a program: reads every element, then looks at the graph that they make.

use serde_json::{Map, Value};
use std::{collections::HashMap, sync::LazyLock};

use super::{
    Diagnostic, Program,
    diagnostic::{Code, Place, Report},
    document::{Document, Known},
    links,
    node::{FIELDS, Node, Outputs, Part, Type},
    program::Element,
    reader::{Item, Object},
};

/// Elements of one graph.
pub(crate) const MAX_ELEMENTS: usize = 1000;
/// Characters of a route's name.
const MAX_NAME: usize = 64;
/// Characters of an element id.
const MAX_ID: usize = 128;

static NOTHING: LazyLock<Value> = LazyLock::new(|| Map::new().into());

/// Compiles a document, or tells every mistake in it.
pub(super) fn compile(document: &Document, known: Known<'_>) -> Result<Program, Vec<Diagnostic>> {
    let report = Report::default();
    document.twice.iter().for_each(|place| twice(place, &report));
    let program = route(&Item::of(&document.value, &report), known);
    report.settle(program)
}

fn twice(place: &Place, report: &Report) {
    let key = place.pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    let message = format!("`{key}` stands twice");
    if key.ends_with('%') {
        report.hint(Code::DuplicateKey, place, message, "name one of two equal shares `else`");
    } else {
        report.add(Code::DuplicateKey, place, message);
    }
}

fn route(document: &Item<'_>, known: Known<'_>) -> Option<Program> {
    let route = document.object()?;
    route.only(&["name", "description", "elements"]);
    let name = route.need("name").and_then(|item| name(&item));
    if let Some(description) = route.maybe("description") {
        description.text();
    }
    let elements = route.need("elements")?;
    let list = elements.list()?;
    if list.len() > MAX_ELEMENTS {
        elements.report(Code::OutOfRange, format!("there are more than {MAX_ELEMENTS} elements"));
        return None;
    }
    let mut heads: Vec<_> = list.iter().map(Head::read).collect();
    let ids = index(&mut heads);
    let outputs: Vec<_> = heads.iter().map(|head| head.outputs(&ids)).collect();
    let read: Vec<_> = heads.iter().zip(&outputs).map(|(head, outputs)| head.node(outputs, known)).collect();
    let graph: Vec<_> = heads.iter().zip(&outputs).map(|(head, outputs)| head.vertex(outputs)).collect();
    links::check(&graph, &elements);
    Program::link(name?.into(), read.into_iter().collect::<Option<_>>()?)
}

/// Whether a route can have this name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    letters && first && name.len() <= MAX_NAME
}

fn name<'a>(item: &Item<'a>) -> Option<&'a str> {
    let name = item.text()?;
    let valid = is_name(name);
    if !valid {
        item.report(Code::InvalidName, format!("`{}` can not be a route's name", name.escape_debug()));
    }
    valid.then_some(name)
}

/// Where each id stands. Of two equal ones the first keeps it.
fn index<'a>(heads: &mut [Head<'a>]) -> HashMap<&'a str, usize> {
    let mut ids = HashMap::new();
    for (i, head) in heads.iter_mut().enumerate() {
        let Some(id) = head.id else { continue };
        if *ids.entry(id).or_insert(i) != i {
            let message = format!("`{id}` is the id of an earlier element");
            head.item.to.add(Code::DuplicateId, &head.item.place.at("id"), message);
            head.id = None;
        }
    }
    ids
}

/// What every element has, as far as it is right.
struct Head<'a> {
    item: Item<'a>,
    object: Option<Object<'a>>,
    /// `None` if it has none of its own.
    id: Option<&'a str>,
    form: Option<Type>,
}

impl<'a> Head<'a> {
    fn read(item: &Item<'a>) -> Self {
        let id = item.value.get("id").and_then(Value::as_str).filter(|id| is_id(id));
        let mut item = item.clone();
        item.place.element = id.map(str::to_owned);
        let object = item.object();
        if let Some(object) = &object {
            object.only(&FIELDS);
            bad_id(object, id);
        }
        let form = object.as_ref().and_then(|object| form(&object.need("type")?));
        Self { item, object, id, form }
    }

    fn outputs(&self, ids: &HashMap<&str, usize>) -> Outputs<'a> {
        Outputs::read(self.part("outputs"), ids)
    }

    fn node(&self, outputs: &'a Outputs<'a>, known: Known<'a>) -> Option<Element> {
        let (id, form) = (self.id.unwrap_or_default(), self.form?);
        let node = Node::read(&Part { form, id, properties: self.part("properties"), outputs, known })?;
        Some(Element { id: id.into(), node })
    }

    fn vertex(&self, outputs: &'a Outputs<'a>) -> links::Vertex<'a> {
        let place = self.item.place.clone();
        links::Vertex { id: self.id, place, form: self.form, outputs: outputs.all() }
    }

    /// An object that may be absent if there is nothing to say in it.
    fn part(&self, name: &str) -> Object<'a> {
        let given = self.object.as_ref().and_then(|object| object.maybe(name)?.object());
        given.unwrap_or_else(|| Object { item: self.item.below(name, &NOTHING) })
    }
}

fn bad_id(object: &Object<'_>, id: Option<&str>) {
    let given = object.need("id").filter(|_| id.is_none());
    if let Some(given) = given.filter(|given| given.text().is_some()) {
        given.report(Code::InvalidId, format!("{} can not be an id", given.value));
    }
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b',')
}

fn form(item: &Item<'_>) -> Option<Type> {
    let word = item.text()?;
    let found = Type::ALL.into_iter().find(|(name, _)| *name == word);
    if found.is_none() {
        let message = format!("there is no element type `{word}`");
        item.to.unknown(Code::UnknownType, &item.place, message, (word, Type::ALL.map(|(name, _)| name)));
    }
    found.map(|(_, form)| form)
}
