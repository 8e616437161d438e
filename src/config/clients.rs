//! The section `auth`: who may ask, and with which keys.

use super::{
    reader::Section,
    values::{mapping, text, time, word},
};
use crate::{exchange::Clients, provider::Secret, snapshot::KeyDocument, store::Terms};
use serde_json::{Map, Value};

/// Who may ask, and the keys.
pub(super) fn read(mut section: Section<'_>) -> (Clients, Vec<KeyDocument>) {
    let (mut clients, mut keys) = (Clients::default(), Vec::<KeyDocument>::new());
    let words = [("required", Clients::Required), ("optional", Clients::Optional), ("off", Clients::Off)];
    section.set("clients", &mut clients, word(&words));
    for (path, item) in section.items("keys") {
        let Some(key) = client_key(Section::new(section.notes, path.clone(), item)) else { continue };
        if keys.iter().any(|other| other.id == key.id) {
            section.notes.mistake(path.as_str(), format!("the id `{}` is given twice", key.id));
        }
        if keys.iter().any(|other| other.key == key.key) {
            section.notes.mistake(path, "another id has the same `key`; nobody could tell them apart");
        }
        keys.push(key);
    }
    section.end();
    (clients, keys)
}

fn client_key(mut section: Section<'_>) -> Option<KeyDocument> {
    let id = section.required("id", text);
    let name = section.value("name", text);
    let key = secret(&mut section);
    let metadata = metadata(&mut section);
    let all = || vec!["*".to_owned()];
    let models = section.texts("models").unwrap_or_else(all);
    let routes = section.texts("routes").unwrap_or_else(all);
    let routing = section.value("routing", mapping);
    let expires_at = section.value("expires_at", time);
    section.end();
    let (id, terms) = (id?, Terms { metadata, routes, models, routing });
    Some(KeyDocument { name: name.unwrap_or_else(|| id.clone()), id, key: key?, terms, expires_at })
}

/// The token. What is not there nobody can show: the key is left out.
fn secret(section: &mut Section<'_>) -> Option<Secret> {
    let path = section.at("key");
    match section.secret("key") {
        Some(Ok(secret)) if !secret.reveal().trim().is_empty() => Some(secret),
        Some(Err(lack)) => {
            section.notes.warn(path, format!("{lack}; the key is unusable until that is mended"));
            None
        }
        Some(Ok(_)) => {
            section.notes.mistake(path, "must not be empty");
            None
        }
        None if !section.has("key") => {
            section.notes.mistake(path, "missing; it must be set");
            None
        }
        None => None,
    }
}

fn metadata(section: &mut Section<'_>) -> Map<String, Value> {
    let notes = section.notes;
    let mut metadata = Map::new();
    for (path, name, value) in section.entries("metadata") {
        let value = match value {
            Value::String(_) => notes.text(path, value).map(Value::String),
            Value::Number(_) | Value::Bool(_) => Some(value.clone()),
            _ => {
                notes.mistake(path, "metadata is flat: expected a text, a number or a boolean");
                None
            }
        };
        metadata.extend(value.map(|value| (name.to_owned(), value)));
    }
    metadata
}
