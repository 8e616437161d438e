//! How to be let in: a provider's keys and headers. What is not there makes the provider unusable, not the program.

use super::{
    super::{
        reader::{Notes, Section},
        values::boolean,
    },
    accounts, is_name,
    place::House,
};
use crate::provider::{Credential, Lack, Provider, Secret};
use http::{HeaderName, HeaderValue};
use std::collections::BTreeMap;

/// What a reference led to.
pub(super) type Filled = Result<Secret, Lack>;

/// Gives `provider` what the section says about letting in.
pub(super) fn read(section: &mut Section<'_>, provider: &mut Provider, place: (House, Option<String>)) {
    let key = key(section, provider);
    let credential = accounts::read(section, provider.dialect, key, place);
    for header in credential.header_names() {
        if names_header(section, header) {
            let problem = "the provider's credential is sent in this header already; leave one of them out";
            section.notes.mistake(format!("{}.{header}", section.at("headers")), problem);
        }
    }
    provider.credential = credential;
    provider.credentials = stored(section, provider);
    provider.own_key = section.value("own_key", boolean).unwrap_or(false);
    match headers(section) {
        Ok(headers) => provider.headers = headers,
        Err(lack) => {
            // without that header nobody is let in, with whatever key
            provider.credentials.values_mut().for_each(|stored| *stored = Credential::Missing(lack.clone()));
            provider.credential = Credential::Missing(lack);
            provider.own_key = false;
        }
    }
}

/// Whether the operator's own headers have one of this name.
pub(super) fn names_header(section: &mut Section<'_>, header: &str) -> bool {
    section.entries("headers").iter().any(|(_, name, _)| name.eq_ignore_ascii_case(header))
}

/// The key, where there is one that is not empty.
fn key(section: &mut Section<'_>, provider: &Provider) -> Option<Credential> {
    let filled = section.secret("api_key")?;
    let filled = present(section.notes, &section.at("api_key"), filled)?;
    let empty = filled.as_ref().is_ok_and(|key| key.reveal().is_empty());
    (!empty).then(|| keyed(provider, filled))
}

/// The keys that clients may name.
fn stored(section: &mut Section<'_>, provider: &Provider) -> BTreeMap<String, Credential> {
    let notes = section.notes;
    let mut stored = BTreeMap::new();
    for (path, alias, value) in section.entries("credentials") {
        if !is_name(alias) {
            notes.mistake(path.as_str(), "a credential's name has 1 to 63 letters, digits, `-`, `_` and `.`");
        }
        let filled = notes.filled(&path, value).map(|filled| filled.map(Secret::new));
        let Some(filled) = filled.and_then(|filled| present(notes, &path, filled)) else { continue };
        if filled.as_ref().is_ok_and(|key| key.reveal().is_empty()) {
            notes.mistake(path.as_str(), "must not be empty");
        }
        stored.insert(alias.to_owned(), keyed(provider, filled));
    }
    stored
}

fn keyed(provider: &Provider, filled: Filled) -> Credential {
    filled.map_or_else(Credential::Missing, |key| provider.keyed(key))
}

/// The headers; or the first thing that one of them lacks.
fn headers(section: &mut Section<'_>) -> Result<BTreeMap<String, Secret>, Lack> {
    let notes = section.notes;
    let (mut headers, mut lacking) = (BTreeMap::new(), None);
    for (path, written, value) in section.entries("headers") {
        let name = match header_name(written) {
            Ok(name) => name,
            Err(problem) => {
                notes.mistake(path, problem);
                continue;
            }
        };
        let filled = notes.filled(&path, value).map(|filled| filled.map(Secret::new));
        let Some(filled) = filled.and_then(|filled| present(notes, &path, filled)) else { continue };
        match filled.map(|secret| headers.insert(name, secret)) {
            Ok(None) => {}
            Ok(Some(_)) => {
                notes.mistake(path, "given twice; the case of a header's name makes no difference")
            }
            Err(lack) => lacking = lacking.or(Some(lack)),
        }
    }
    lacking.map_or(Ok(headers), Err)
}

/// What a header shall carry, if it can. What is not there is warned of: the provider is unusable without it.
pub(super) fn present(notes: &Notes<'_>, path: &str, filled: Filled) -> Option<Filled> {
    match &filled {
        Ok(secret) if HeaderValue::from_str(secret.reveal()).is_ok() => {}
        Ok(_) => {
            notes.mistake(path, "has characters that a header can not carry (a line break at its end?)");
            return None;
        }
        Err(lack) => notes.warn(path, unusable(lack)),
    }
    Some(filled)
}

/// What follows from a lack.
pub(super) fn unusable(lack: &Lack) -> String {
    format!("{lack}; what needs it is unusable until that is mended")
}

fn header_name(written: &str) -> Result<String, String> {
    let name = HeaderName::from_bytes(written.as_bytes()).map_err(|e| format!("no header's name: {e}"))?;
    let name = name.as_str();
    let framing = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade"];
    if framing.contains(&name) || name.starts_with("x-envoy-") || name.starts_with("x-attache-") {
        return Err("this header is not the operator's to set; leave it out".into());
    }
    Ok(name.into())
}
