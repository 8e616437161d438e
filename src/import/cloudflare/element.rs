//! Elements as they are written elsewhere, in our words.

use serde_json::{Map, Value};

use super::{Code, Providers, find::Found};
use crate::{
    graph::Root,
    import::{Target, warning::Warnings},
};

/// Names that Terraform gives to fields.
const TERRAFORM: [(&str, &str); 5] = [
    ("ai_gateway_dynamic_routing_provider", "provider"),
    ("element_id", "elementId"),
    ("fallback_on", "fallbackOn"),
    ("limit_type", "limitType"),
    ("on_error", "onError"),
];
/// The fields of an element.
const FIELDS: [&str; 8] = ["id", "type", "name", "label", "description", "position", "properties", "outputs"];
/// The properties that each type has, in both dialects.
const PROPERTIES: [(&str, &[&str]); 7] = [
    ("start", &[]),
    ("conditional", &["conditions", "condition"]),
    ("percentage", &["key"]),
    ("rate", RATE),
    ("rate_limit", RATE),
    ("model", &["provider", "model", "timeout", "retries", "params", "strict", "fallbackOn"]),
    ("end", &[]),
];
const RATE: &[&str] = &["key", "limit", "limitType", "window", "interval", "technique", "onError"];

/// Reads the elements of one route.
pub(super) struct Reader<'a> {
    pub(super) file: &'a Value,
    pub(super) route: &'a Found<'a>,
    pub(super) warnings: Warnings,
    pub(super) providers: &'a Providers<'a>,
}

impl Reader<'_> {
    /// The elements in our words, and what each model became.
    pub(super) fn elements(&self) -> (Vec<Value>, Vec<Target>) {
        let elements = self.route.elements.iter().enumerate();
        let read: Vec<_> =
            elements.map(|(i, element)| self.element(&format!("/elements/{i}"), element)).collect();
        let targets = read.iter().enumerate().filter_map(|(i, element)| self.target(i, element));
        let targets: Vec<_> = targets.collect();
        let read = read.into_iter().map(|element| self.named(element)).collect();
        (read, targets)
    }

    fn warn(&self, code: Code, pointer: &str) {
        self.warnings.say(code, &self.route.place(self.file, pointer), code.cause());
    }

    fn element(&self, pointer: &str, element: &Value) -> Value {
        let Some(fields) = element.as_object() else { return element.clone() };
        let form = fields.get("type").and_then(Value::as_str).unwrap_or_default();
        let mut read = Map::new();
        for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let pointer = format!("{pointer}/{key}");
            let value = match key.as_str() {
                "properties" => self.properties(form, &pointer, value),
                "outputs" => outputs(value),
                _ if FIELDS.contains(&key.as_str()) => value.clone(),
                _ => {
                    self.warn(Code::UnknownField, &pointer);
                    continue;
                }
            };
            read.insert(key.clone(), value);
        }
        if matches!(form, "rate" | "rate_limit") && !has(&read, "outputs", "fallback") {
            self.warn(Code::LimitEnds, pointer);
        }
        read.into()
    }

    fn properties(&self, form: &str, pointer: &str, properties: &Value) -> Value {
        let Some(fields) = properties.as_object() else { return properties.clone() };
        // what is wrong with the type is told by the graph
        let known = PROPERTIES.iter().find(|(name, _)| *name == form).map(|(_, known)| *known);
        let mut read = Map::new();
        for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let (name, pointer) = (ours(key), format!("{pointer}/{key}"));
            if known.is_some_and(|known| !known.contains(&name)) {
                self.warn(Code::UnknownField, &pointer);
                continue;
            }
            if name == "key" && matches!(form, "rate" | "rate_limit") {
                self.key(value, &pointer);
            }
            let told = || value.as_str().filter(|_| name.starts_with("condition"));
            let value =
                told().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone());
            read.insert(name.to_owned(), value);
        }
        read.into()
    }

    /// A limit's key may be no path there.
    fn key(&self, key: &Value, pointer: &str) {
        let words = key.as_str().unwrap_or_default().split(',').map(|path| path.trim().split('.').next());
        if words.flatten().any(|word| Root::named(word).is_none()) {
            self.warn(Code::LimitKey, pointer);
        }
    }

    fn target(&self, index: usize, element: &Value) -> Option<Target> {
        let text = |pointer: &str| element.pointer(pointer).and_then(Value::as_str);
        let asked = text("/properties/provider").filter(|_| text("/type") == Some("model"))?;
        let provider = self.providers.ours(asked);
        let pointer = self.route.place(self.file, &format!("/elements/{index}"));
        if self.providers.is_unknown(&provider) {
            let message = format!("There is no provider `{provider}` in attache.yaml.");
            self.warnings.say(Code::UnknownProvider, &pointer, message);
        }
        let (element, model) = (text("/id")?.to_owned(), text("/properties/model")?.to_owned());
        Some(Target { pointer, element, asked: asked.to_owned(), provider, model })
    }

    /// The same element with the provider's name as it is here.
    fn named(&self, mut element: Value) -> Value {
        let model = element.get("type").is_some_and(|form| form == "model");
        if let Some(provider) = element.pointer_mut("/properties/provider").filter(|_| model)
            && let Some(asked) = provider.as_str()
        {
            *provider = self.providers.ours(asked).into();
        }
        element
    }
}

fn ours(key: &str) -> &str {
    TERRAFORM.iter().find(|(theirs, _)| *theirs == key).map_or(key, |(_, ours)| ours)
}

fn has(element: &Map<String, Value>, field: &str, key: &str) -> bool {
    element.get(field).is_some_and(|value| value.get(key).is_some())
}

/// Outputs without those that are `null`, as Terraform writes all that an element of another type has.
fn outputs(outputs: &Value) -> Value {
    let Some(fields) = outputs.as_object() else { return outputs.clone() };
    let kept = fields.iter().filter(|(_, link)| !link.is_null());
    kept.map(|(name, link)| match link.as_object() {
        Some(link) => {
            (name.clone(), link.iter().map(|(key, to)| (ours(key).to_owned(), to.clone())).collect())
        }
        None => (name.clone(), link.clone()),
    })
    .collect()
}
