//! Where a store is: `sqlite:PATH` or `postgres://...`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{ConnectOptions, any::AnyConnectOptions, postgres::PgConnectOptions};
use std::str::FromStr;

/// What keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// The engine that `url` names, and how to connect with it. An error does not repeat the URL: it may hold a password.
pub(super) fn parse(url: &str) -> Result<(Engine, AnyConnectOptions), String> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return sqlite(path.strip_prefix("//").unwrap_or(path)).map(|options| (Engine::Sqlite, options));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres(url).map(|options| (Engine::Postgres, options));
    }
    Err("a store is `sqlite:<file>` or `postgres://<user>:<password>@<host>/<database>`".into())
}

fn sqlite(path: &str) -> Result<AnyConnectOptions, String> {
    match path {
        "" => return Err("`sqlite:` lacks the name of a file".into()),
        ":memory:" => return Err("`sqlite::memory:` would keep nothing; name a file".into()),
        path if path.contains('?') => return Err("`sqlite:` takes no parameters after `?`".into()),
        _ => {}
    }
    // encoded as a whole, slashes too: so no library takes it for a host, or resolves `..` its own way
    let url = format!("sqlite:{}?mode=rwc", utf8_percent_encode(path, NON_ALPHANUMERIC));
    options(&url).map_err(|error| format!("`sqlite:{path}` can not be read: {error}"))
}

fn postgres(url: &str) -> Result<AnyConnectOptions, String> {
    let read = PgConnectOptions::from_str(url).and_then(|_| options(url));
    read.map_err(|error| format!("the URL of PostgreSQL can not be read: {error}"))
}

fn options(url: &str) -> Result<AnyConnectOptions, sqlx::Error> {
    Ok(AnyConnectOptions::from_str(url)?.disable_statement_logging())
}
