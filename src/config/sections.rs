//! The sections of `attache.yaml`, one function each.

use super::{
    Config, clients, health, ledger, people, providers,
    reader::Section,
    values::{address, boolean, count, duration, share, size, text, word},
};
use crate::{
    bootstrap::{self, AccessLog},
    exchange::{self, Limits, ReplaySettings, Retry},
    extproc::{self, Listen},
    session::{self, SealKey},
    telemetry::{self, Otlp, log},
};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
/// A gRPC message holds a body and the headers, of which Envoy lets through 60 KiB.
const MESSAGE_HEADROOM: usize = 1 << 20;
/// Letters of the shortest secret that tokens of sessions are sealed with.
const SEAL_KEY: usize = 32;
/// The kernel's `sun_path`, without its closing zero.
const SOCKET_PATH: usize = 107;

/// The whole document. Where something is wrong a default stands in: the caller looks at the notes.
pub(super) fn read(mut root: Section<'_>) -> Config {
    let (mut limits, limit_of) = limits(root.section("limits"));
    let (clients, keys) = clients::read(root.section("auth"));
    let (store, kept) = people::store(&mut root);
    let ledger = ledger::read(&mut root);
    let mut config = Config {
        extproc: extproc::Settings { drain: limit_of.drain, ..extproc::Settings::default() },
        admin: people::read(root.section("admin"), root.notes),
        envoy: envoy(root.section("envoy"), &mut limits),
        exchange: exchange::Settings { clients, ..exchange::Settings::default() },
        keys,
        store,
        kept,
        ledger,
        last_good: root.notes.folder.join("attache.last-good.json"),
        routes: None,
        providers: providers::read(&mut root, limit_of.first_content),
        prices: providers::prices(&mut root),
        log: log(root.section("telemetry")),
        telemetry: telemetry::Settings { otlp: Otlp::from_env(root.notes.lookup), ..Default::default() },
        files: vec![],
    };
    config.extproc.metadata = config.envoy.access_log != AccessLog::Off;
    config.extproc.max_message = limits.max_body + MESSAGE_HEADROOM;
    config.exchange.limits = limits;
    config.exchange.portkey = compat(root.section("compat"));
    config.exchange.retry = retry(root.section("retry"));
    config.exchange.replay = replay(root.section("replay"));
    config.exchange.health = health::read(root.section("health"));
    listen(root.section("listen"), &mut config);
    let folder = root.notes.folder;
    config.routes = root.value("routes", |value| text(value).map(|path| folder.join(path)));
    root.set("last_good", &mut config.last_good, |value| text(value).map(|path| folder.join(path)));
    config.exchange.sessions = sessions(root.section("sessions"));
    root.end();
    config
}

/// Whose clients are understood besides: `compat.portkey`.
fn compat(mut section: Section<'_>) -> bool {
    let mut portkey = false;
    section.set("portkey", &mut portkey, boolean);
    section.end();
    portkey
}

/// The limits that rooms other than `exchange` keep.
struct Elsewhere {
    drain: Duration,
    first_content: Duration,
}

fn limits(mut section: Section<'_>) -> (Limits, Elsewhere) {
    let mut limits = Limits::default();
    let mut other = Elsewhere { drain: Duration::from_secs(30), first_content: Duration::from_mins(1) };
    section.set("max_attempts", &mut limits.max_attempts, count(1..=1000));
    section.set("metadata_entries", &mut limits.metadata_entries, count(1..=1000));
    section.set("metadata_bytes", &mut limits.metadata_bytes, size(16..=48 << 10));
    section.set("answer_buffer", &mut limits.answer_buffer, size(1 << 10..=1 << 30));
    section.set("event_bytes", &mut limits.event_bytes, size(1 << 10..=64 << 20));
    section.set("abandoned", &mut limits.abandoned, duration(SECOND..=HOUR));
    section.set("stream_idle", &mut limits.stream_idle, duration(SECOND..=HOUR));
    section.set("output_tokens", &mut limits.output_tokens, count(1..=10_000_000));
    section.set("drain", &mut other.drain, duration(Duration::ZERO..=HOUR));
    section.set("first_content", &mut other.first_content, duration(MILLISECOND..=HOUR));
    section.end();
    (limits, other)
}

fn envoy(mut section: Section<'_>, limits: &mut Limits) -> bootstrap::Settings {
    let mut settings = bootstrap::Settings::default();
    section.set("front", &mut settings.front, address);
    section.set("admin", &mut settings.admin, address);
    section.set("max_body", &mut limits.max_body, size(1 << 10..=1 << 30));
    let logs = [("off", AccessLog::Off), ("stdout", AccessLog::Stdout)];
    section.set("access_log", &mut settings.access_log, word(&logs));
    section.end();
    settings
}

fn listen(mut section: Section<'_>, config: &mut Config) {
    let folder = section.notes.folder;
    section.set("extproc", &mut config.extproc.listen, |value| door(value, folder));
    section.set("admin", &mut config.admin.listen, address);
    section.end();
}

/// Reads `unix:/path` or `address:port`.
fn door(value: &Value, folder: &Path) -> Result<Listen, String> {
    let Some(path) = value.as_str().and_then(|text| text.strip_prefix("unix:")) else {
        let wanted = || format!("expected \"unix:/path\" or an IP address with a port, found {value}");
        return address(value).ok().map(Listen::Tcp).ok_or_else(wanted);
    };
    let path: PathBuf = folder.join(path);
    match path.as_os_str().len() {
        _ if path == folder => Err("names no socket; expected \"unix:/path\"".into()),
        0..=SOCKET_PATH => Ok(Listen::Unix(path)),
        long => Err(format!("the path of a socket may have {SOCKET_PATH} bytes, this one has {long}")),
    }
}

fn retry(mut section: Section<'_>) -> Retry {
    let mut retry = Retry::default();
    section.set("base", &mut retry.base, duration(MILLISECOND..=HOUR));
    section.set("max", &mut retry.max, duration(MILLISECOND..=HOUR));
    section.set("jitter", &mut retry.jitter, share);
    section.set("after_max", &mut retry.after_max, duration(Duration::ZERO..=HOUR));
    if retry.base > retry.max {
        section.notes.mistake(section.at("base"), "longer than `max`; lower it, or raise `max`");
    }
    section.end();
    retry
}

fn replay(mut section: Section<'_>) -> ReplaySettings {
    let mut replay = ReplaySettings::default();
    section.set("requests", &mut replay.requests, count(0..=10_000));
    section.set("bytes", &mut replay.bytes, size(1 << 10..=1 << 20));
    section.end();
    replay
}

fn sessions(mut section: Section<'_>) -> session::Settings {
    let mut sessions = session::Settings::default();
    section.set("enabled", &mut sessions.enabled, boolean);
    section.set("ttl", &mut sessions.ttl, duration(Duration::from_mins(1)..=HOUR * 24 * 30));
    section.set("kept", &mut sessions.kept, count(100..=10_000_000));
    let keys = section.texts("keys").unwrap_or_default();
    if keys.iter().any(|key| key.len() < SEAL_KEY) {
        let problem = format!("a key has {SEAL_KEY} letters or more; `openssl rand -base64 32` makes one");
        section.notes.mistake(section.at("keys"), problem);
    }
    sessions.keys = keys.iter().map(|key| SealKey::of(key)).collect();
    section.end();
    sessions
}

fn log(mut section: Section<'_>) -> log::Settings {
    let mut log = log::Settings::default();
    section.set("log", &mut log.format, word(&[("json", log::Format::Json), ("text", log::Format::Text)]));
    let levels = ["off", "error", "warn", "info", "debug", "trace"].map(|level| (level, level));
    if let Some(level) = section.value("level", word(&levels)) {
        log.filter = level.to_owned();
    }
    section.end();
    log
}
