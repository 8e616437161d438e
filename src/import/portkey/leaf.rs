//! A target that calls a model.

use serde_json::{Map, Value, json};

use super::{
    Target, fields,
    read::{Inherited, Reader},
};
use crate::{
    graph::{Code as Mistake, Object},
    import::{Code, sketch::Origin},
};

/// The most retries there are.
const MAX_RETRIES: u64 = 5;
/// How a model is named together with its provider: `@openai-prod/gpt-4o`.
const SLUG: char = '@';

/// A model element to be.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) id: String,
    pub(super) properties: Map<String, Value>,
    pub(super) origin: Origin,
}

/// Reads a target that has no strategy; `None` after a mistake.
pub(super) fn read(reader: &mut Reader<'_>, object: &Object<'_>, inherited: &Inherited<'_>) -> Option<Leaf> {
    let mut origin = Origin { pointer: object.item.place.pointer.clone(), ..Origin::default() };
    origin.name = inherited.label.map(str::to_owned);
    let mut properties = Map::new();
    let named = model(reader, object, inherited);
    let asked = provider(reader, object, named.as_ref().and_then(|(provider, _)| provider.as_deref()));
    let retries = retries(reader, inherited);
    let (model, asked) = (named?.1, asked?);
    let provider = reader.options.providers.ours(&asked);
    if reader.options.providers.is_unknown(&provider) {
        let message = format!("There is no provider `{provider}` in attache.yaml.");
        reader.warnings.say(Code::UnknownProvider, &origin.pointer, message);
    }
    properties.insert("provider".to_owned(), provider.clone().into());
    properties.insert("model".to_owned(), model.clone().into());
    if let Some(item) = &inherited.timeout {
        properties.insert("timeout".to_owned(), item.value.clone());
        origin.properties.push(("timeout", item.place.pointer.clone()));
    }
    properties.extend(retries.map(|retries| ("retries".to_owned(), retries.into())));
    let overriding = overriding(reader, inherited);
    if !overriding.is_empty() {
        properties.insert("params".to_owned(), json!({"override": overriding}));
    }
    let id = match inherited.label {
        Some(label) => reader.sketch.id(label),
        None => reader.sketch.id(&format!("{provider}/{model}")),
    };
    let pointer = origin.pointer.clone();
    reader.targets.push(Target { pointer, element: id.clone(), asked, provider, model });
    Some(Leaf { id, properties, origin })
}

/// The model, and the provider if that is named with it.
fn model(
    reader: &Reader<'_>,
    object: &Object<'_>,
    inherited: &Inherited<'_>,
) -> Option<(Option<String>, String)> {
    let azure = fields::field(object, "deployment_id").and_then(|item| item.value.as_str());
    let overridden = inherited.params.iter().find(|(key, _)| *key == "model").map(|(_, item)| item);
    match (azure, overridden) {
        // there the deployment is what is called, whatever the model's name
        (Some(deployment), _) => Some((None, deployment.to_owned())),
        (None, Some(item)) => {
            let model = item.word()?;
            let both = model.strip_prefix(SLUG).and_then(|rest| rest.split_once('/'));
            let split = both.map(|(provider, model)| (Some(provider.to_owned()), model.to_owned()));
            Some(split.unwrap_or_else(|| (None, model.to_owned())))
        }
        (None, None) => {
            let Some(model) = reader.options.model else {
                let hint = "name one in `override_params`, or tell which model is asked for";
                let message = "the target names no model: it calls the one that the request names";
                object.item.to.hint(Mistake::MissingField, &object.item.place, message, hint);
                return None;
            };
            let message =
                format!("The target calls the model that the request names; here it always calls `{model}`.");
            reader.warnings.say(Code::ModelOfRequest, &object.item.place.pointer, message);
            Some((None, model.to_owned()))
        }
    }
}

fn provider(reader: &Reader<'_>, object: &Object<'_>, with_model: Option<&str>) -> Option<String> {
    if let Some(item) = fields::field(object, "provider") {
        let name = item.word()?;
        return Some(name.strip_prefix(SLUG).unwrap_or(name).to_owned());
    }
    let aliases = reader.options.providers.aliases;
    let key = fields::field(object, "virtual_key").and_then(|item| item.value.as_str());
    // the key itself is nobody's business
    let by_key = key.and_then(|key| aliases.get(key)).map(String::as_str);
    // at the top the header of a request may say it
    let top = reader.options.provider.filter(|_| object.item.place.pointer.is_empty());
    let found = with_model.or(by_key).or(top).map(str::to_owned);
    if found.is_none() {
        let (message, hint) = match key {
            Some(_) => (
                "the target names no provider: which one its virtual key is for, Portkey alone knows",
                "add `provider`, or give the virtual key an alias that is a provider of attache.yaml",
            ),
            None => ("`provider` is missing", "add it"),
        };
        object.item.to.hint(Mistake::MissingField, &object.item.place, message, hint);
    }
    found
}

fn retries(reader: &Reader<'_>, inherited: &Inherited<'_>) -> Option<u64> {
    let object = inherited.retry.as_ref()?.object()?;
    object
        .entries()
        .filter(|(key, _)| !is_retry(key))
        .for_each(|(_, item)| reader.warnings.at(Code::UnknownField, &item));
    let attempts = fields::field(&object, "attempts")?;
    let given = attempts.whole(0..=1_000_000, "").filter(|given| *given > 0)?;
    if given > MAX_RETRIES {
        reader.warnings.at(Code::RetryAttempts, &attempts);
    }
    let codes = fields::field(&object, "on_status_codes");
    reader.warnings.at(Code::RetryCodes, codes.as_ref().unwrap_or(&attempts));
    if let Some(item) =
        fields::field(&object, "use_retry_after_header").filter(|item| *item.value == json!(true))
    {
        reader.warnings.at(Code::RetryAfter, &item);
    }
    Some(given.min(MAX_RETRIES))
}

fn is_retry(key: &str) -> bool {
    matches!(
        key,
        "attempts" | "on_status_codes" | "onStatusCodes" | "use_retry_after_header" | "useRetryAfterHeader"
    )
}

/// The parameters that a model element may override.
fn overriding(reader: &Reader<'_>, inherited: &Inherited<'_>) -> Map<String, Value> {
    let mut params = Map::new();
    for (key, item) in &inherited.params {
        match *key {
            "model" => continue,
            "stream" => {
                reader.warnings.at(Code::ParamStream, item);
                continue;
            }
            _ if item.value.is_null() => reader.warnings.at(Code::ParamNull, item),
            _ => {}
        }
        params.insert((*key).to_owned(), item.value.clone());
    }
    params
}
