//! A graph while it is drawn: elements that know what they were made of, so that what is wrong with them is told there.

use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

use super::Mistake;
use crate::graph::{Known, Program};

/// Characters of a route's name.
const MAX_NAME: usize = 64;
/// Characters of an element id, with some left to tell it from others of its kind.
const MAX_ID: usize = 120;
/// The id of the one end.
pub(super) const END: &str = "end";

/// Where, in what is imported, the parts of an element stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// What people call it there.
    pub(super) name: Option<String>,
    /// A JSON pointer to the whole.
    pub(super) pointer: String,
    /// Pointers to where single properties come from.
    pub(super) properties: Vec<(&'static str, String)>,
}

/// One element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) id: String,
    /// Its type.
    pub(super) form: &'static str,
    pub(super) properties: Value,
    /// Output names and the ids that they lead to.
    pub(super) outputs: Vec<(String, String)>,
    pub(super) origin: Origin,
}

/// The elements so far, and the ids that are taken.
#[derive(Debug)]
pub(super) struct Sketch {
    elements: Vec<Element>,
    taken: HashSet<String>,
    /// How many ids were wished for by the same word.
    wished: HashMap<String, u64>,
}

/// A finished document, and what each of its elements was made of.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) document: Value,
    origins: Vec<Origin>,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self { elements: vec![], taken: ["start", END].map(str::to_owned).into(), wished: HashMap::new() }
    }

    /// An id that is like `wish` and that no other element has.
    pub(super) fn id(&mut self, wish: &str) -> String {
        let fits = |c: char| (' '..='~').contains(&c) && c != ',';
        let word: String = wish.trim().chars().take(MAX_ID).map(|c| if fits(c) { c } else { '-' }).collect();
        let word = if word.is_empty() { "unnamed".to_owned() } else { word };
        let wished = self.wished.entry(word.clone()).or_default();
        let mut id = word.clone();
        loop {
            *wished += 1;
            if *wished > 1 {
                id = format!("{word}-{wished}");
            }
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }

    /// Adds an element and tells its id.
    pub(super) fn add(&mut self, element: Element) -> String {
        let id = element.id.clone();
        self.elements.push(element);
        id
    }

    /// The document in which `first` follows the start: elements in the order in which a walk may come to them,
    /// without those that none comes to.
    pub(super) fn finish(self, name: &str, first: &str, whole: Origin) -> Drawn {
        let mut elements: HashMap<_, _> = self.elements.into_iter().map(|e| (e.id.clone(), e)).collect();
        let next = vec![("next".to_owned(), first.to_owned())];
        let mut drawn = vec![written("start", "start", None, &next)];
        let mut origins = vec![whole.clone()];
        let mut todo = vec![first.to_owned()];
        while let Some(id) = todo.pop() {
            let Some(element) = elements.remove(&id) else { continue };
            drawn.push(written(&id, element.form, Some(element.properties), &element.outputs));
            origins.push(element.origin);
            todo.extend(element.outputs.into_iter().rev().map(|(_, to)| to));
        }
        drawn.push(written(END, END, None, &[]));
        origins.push(whole);
        Drawn { document: json!({"name": name, "elements": drawn}), origins }
    }
}

fn written(id: &str, form: &str, properties: Option<Value>, outputs: &[(String, String)]) -> Value {
    let outputs: Map<_, _> =
        outputs.iter().map(|(name, to)| (name.clone(), json!({"elementId": to}))).collect();
    match properties {
        Some(properties) => json!({"id": id, "type": form, "properties": properties, "outputs": outputs}),
        None => json!({"id": id, "type": form, "outputs": outputs}),
    }
}

impl Drawn {
    /// Whether there is an element with this id.
    pub(super) fn has(&self, id: &str) -> bool {
        let elements = self.document.get("elements").and_then(Value::as_array);
        elements.into_iter().flatten().any(|element| element.get("id").is_some_and(|given| given == id))
    }

    /// Everything that the graph has against the document, told of what the document was made of.
    pub(super) fn mistakes(&self, known: Known<'_>) -> Vec<Mistake> {
        let read = Program::read(self.document.to_string().as_bytes(), known);
        read.err().unwrap_or_default().into_iter().map(|mistake| self.placed(mistake)).collect()
    }

    fn placed(&self, mistake: Mistake) -> Mistake {
        let whole = Origin::default();
        let inside = mistake.pointer.strip_prefix("/elements/").and_then(|rest| {
            let (index, rest) = rest.split_once('/').unwrap_or((rest, ""));
            Some((self.origins.get(index.parse::<usize>().ok()?)?, rest.strip_prefix("properties/")))
        });
        let (origin, property) = inside.unwrap_or((self.origins.first().unwrap_or(&whole), None));
        let pointer = property.and_then(|path| {
            let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
            let (_, pointer) = origin.properties.iter().find(|(known, _)| *known == name)?;
            Some(rest.map_or_else(|| pointer.clone(), |rest| format!("{pointer}/{rest}")))
        });
        let pointer = pointer.unwrap_or_else(|| origin.pointer.clone());
        Mistake { element: origin.name.clone(), pointer, ..mistake }
    }
}

/// The name of a route that is most like `word`.
pub(super) fn route_name(word: &str) -> String {
    let word = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = word.chars().take(MAX_NAME).map(|c| if fits(c) { c } else { '-' }).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_can_stand_in_a_header() {
        let mut sketch = Sketch::new();
        let long = "é".repeat(500);
        for (wish, id) in [
            ("openai/gpt", "openai/gpt"),
            ("openai/gpt", "openai/gpt-2"),
            ("start", "start-2"),
            ("end", "end-2"),
            ("a,ü\n", "a--"),
            ("", "unnamed"),
            (&long, &"-".repeat(120)),
        ] {
            assert_eq!(sketch.id(wish), id);
        }
    }

    #[test]
    fn names_of_routes() {
        let long = "a".repeat(100);
        for (word, name) in [
            ("chat", "chat"),
            ("openai/gpt 4", "openai-gpt-4"),
            ("-x", "x"),
            ("é", "unnamed"),
            (&long, &long[..64]),
        ] {
            assert_eq!(route_name(word), name);
        }
    }
}
