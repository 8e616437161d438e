//! People's door and the store behind it.

use super::{
    reader::{Notes, Section},
    values::{count, duration, size, text},
};
use crate::{
    admin::{Settings, Tls},
    provider::Secret,
    store,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The variable that holds the operator's own admin token; with `_FILE`, the name of a file that holds it.
const TOKEN: &str = "ATTACHE_ADMIN_TOKEN";
const TOKEN_FILE: &str = "ATTACHE_ADMIN_TOKEN_FILE";
/// Letters of the shortest admin token that is worth the name.
const SHORTEST: usize = 16;

/// The section `admin`.
pub(super) fn read(mut section: Section<'_>, notes: &Notes<'_>) -> Settings {
    let mut settings = Settings { token: token(notes), ..Settings::default() };
    let folder = notes.folder;
    section.set("max_body", &mut settings.max_body, size(1 << 10..=64 << 20));
    section.set(
        "session",
        &mut settings.session,
        duration(Duration::from_mins(1)..=Duration::from_hours(24 * 30)),
    );
    section.set("failures", &mut settings.failures, count(1..=1_000_000));
    if section.has("tls") {
        let mut tls = section.section("tls");
        let path = |value: &Value| text(value).map(|path| folder.join(path));
        let files: (Option<PathBuf>, Option<PathBuf>) =
            (tls.required("certificate", path), tls.required("key", path));
        if let (Some(certificate), Some(key)) = files {
            settings.tls = Some(Tls { certificate, key });
        }
        tls.end();
    }
    section.end();
    settings
}

/// The operator's own token.
fn token(notes: &Notes<'_>) -> Option<Secret> {
    let given = (notes.lookup)(TOKEN).filter(|token| !token.is_empty());
    let token = given.or_else(|| {
        let path = (notes.lookup)(TOKEN_FILE)?;
        let read = fs::read_to_string(&path);
        read.map_err(|error| notes.mistake(TOKEN_FILE, format!("{path} can not be read: {error}"))).ok()
    })?;
    let token = token.trim();
    if token.len() < SHORTEST {
        notes.mistake(
            TOKEN,
            format!("an admin token has at least {SHORTEST} letters; `openssl rand -hex 32` makes one"),
        );
    }
    Some(Secret::new(token))
}

/// Where everything is kept, and on what terms: a URL, or a section with one. A relative file starts at the folder of
/// `attache.yaml`.
pub(super) fn store(root: &mut Section<'_>) -> (Secret, store::Settings) {
    let folder = root.notes.folder;
    let read = |value: &Value| url(value, folder);
    let mut settings = store::Settings::default();
    let url = match root.is_section("store") {
        false => root.value("store", read),
        true => {
            let mut section = root.section("store");
            kept(&mut section, &mut settings);
            let url = section.value("url", read);
            section.end();
            url
        }
    };
    (url.unwrap_or_else(|| sqlite("attache.db", folder)), settings)
}

fn kept(section: &mut Section<'_>, settings: &mut store::Settings) {
    let (moment, minute, day) = (Duration::from_millis(10), Duration::from_mins(1), Duration::from_hours(24));
    section.set("connect_timeout", &mut settings.connect_timeout, duration(moment..=minute));
    section.set("deadline", &mut settings.deadline, duration(moment..=minute));
    section.set("connections", &mut settings.connections, count(2..=1000));
    section.set("once_kept", &mut settings.once_kept, duration(minute..=day * 30));
    section.set("audit_kept", &mut settings.audit_kept, duration(day..=day * 36_500));
    section.set("pairs_kept", &mut settings.pairs_kept, duration(minute..=day * 30));
}

fn url(value: &Value, folder: &Path) -> Result<Secret, String> {
    let url = text(value)?;
    match url.strip_prefix("sqlite:") {
        Some("") => Err("names no file; expected `sqlite:FILE`".into()),
        Some(file) => Ok(sqlite(file, folder)),
        None if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) => {
            Ok(Secret::new(url))
        }
        None => Err("expected `sqlite:FILE` or `postgres://...`".into()),
    }
}

fn sqlite(file: &str, folder: &Path) -> Secret {
    Secret::new(format!("sqlite:{}", folder.join(file.trim_start_matches("//")).display()))
}
