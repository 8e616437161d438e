//! The log: how it is written, and the line that every exchange leaves in it.

use super::{Record, lines::Lines};
use std::time::Duration;
use tracing::{Dispatch, info};
use tracing_subscriber::{EnvFilter, fmt, fmt::MakeWriter, layer::SubscriberExt, registry};

/// The settings of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How a line looks.
    pub format: Format,
    /// Which lines are written, as in `RUST_LOG`: `info,attache=debug,exchange=off`.
    pub filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { format: Format::Json, filter: "info".into() }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One flat JSON object.
    Json,
    /// Words for people.
    Text,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter can not be read.
    #[error("`{filter}` is no log filter: {why}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// The process has a log already.
    #[error("the log is set up already")]
    Twice,
}

/// Sets up the log of this process, on standard error: standard output belongs to what commands print.
///
/// # Errors
/// When the filter can not be read, or when there is a log already.
pub fn init(settings: &Settings) -> Result<(), Error> {
    let log = to(|| Lines, settings)?;
    tracing::dispatcher::set_global_default(log).map_err(|_already_set| Error::Twice)
}

/// Model names come from clients: longer ones are cut.
const MAX_NAME: usize = 128;

/// The beginning of a name that a client chose, at most 128 characters.
pub(super) fn short(name: &str) -> &str {
    name.char_indices().nth(MAX_NAME).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

/// Writes the line of one exchange.
pub(super) fn write(record: &Record) {
    let answering = record.answering();
    let usage = record.usage;
    let results = record.attempts.iter().map(|a| format!("{}/{}={}", a.provider, a.model, a.result()));
    let denied = record.limits.iter().filter(|limit| !limit.allowed).map(|limit| limit.element.as_str());
    let denied: Vec<_> = denied.collect();
    info!(
        target: "exchange",
        exchange = record.exchange,
        route = record.route,
        version = record.version,
        endpoint = record.endpoint,
        asked = short(&record.asked),
        path = record.path.join(","),
        stream = record.stream,
        key = record.key.as_deref(),
        outcome = record.outcome.name(),
        status = record.status,
        error = record.error,
        provider = answering.map(|attempt| attempt.provider.as_str()),
        model = answering.map(|attempt| attempt.model.as_str()),
        attempts = record.attempts.len(),
        results = results.collect::<Vec<_>>().join(","),
        loss = answering.map(|attempt| attempt.loss.as_str()).filter(|loss| !loss.is_empty()),
        session = record.session.map(|session| session.kept.name()),
        session_token = record.session.and_then(|session| session.token),
        limits_denied = (!denied.is_empty()).then(|| denied.join(",")),
        duration_ms = millis(record.duration),
        first_content_ms = record.first_content.map(millis),
        input_tokens = usage.map(|usage| usage.input),
        output_tokens = usage.map(|usage| usage.output),
        cached_tokens = usage.map(|usage| usage.cached),
        cache_write_tokens = usage.map(|usage| usage.cache_write),
        reasoning_tokens = usage.map(|usage| usage.reasoning),
        tokens_estimated = usage.map(|usage| usage.estimated),
        cost_usd = record.usd(),
    );
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Who says at every try what is told once, when it begins: that AWS gives no credentials.
const TOLD_ALREADY: &str = "aws_config::meta=off";

/// A log that is written to `writer`.
pub(super) fn to<W>(writer: W, settings: &Settings) -> Result<Dispatch, Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(format!("{},{TOLD_ALREADY}", settings.filter))
        .map_err(|why| Error::Filter { filter: settings.filter.clone(), why: why.to_string() })?;
    let lines = fmt::layer().with_writer(writer);
    Ok(match settings.format {
        Format::Json => {
            let json = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry().with(filter).with(json).into()
        }
        Format::Text => registry().with(filter).with(lines.with_ansi(false)).into(),
    })
}
