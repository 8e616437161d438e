//! Where a store is: `sqlite:PATH` or `postgres://...`.

use super::StoreError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{
    ConnectOptions, any::AnyConnectOptions, postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};
use std::{io::ErrorKind, str::FromStr};
use tokio::fs::OpenOptions;

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
    options(&url).map_err(|error| format!("`sqlite:{path}` can not be read: {}", reason(&error)))
}

fn postgres(url: &str) -> Result<AnyConnectOptions, String> {
    let read = PgConnectOptions::from_str(url).and_then(|_| options(url));
    read.map_err(|error| format!("the URL of PostgreSQL can not be read: {}", reason(&error)))
}

/// Makes SQLite's file where there is none, its owner's alone: hashes of secrets will be in it. What SQLite puts beside it
/// has the same mode.
pub(super) async fn make_private(options: &AnyConnectOptions) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::try_from(options)?;
    let file = options.get_filename();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).await {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Away(format!("{}: {error}", file.display())))
        }
        _ => Ok(()),
    }
}

/// Without the words that come with every one of them.
fn reason(error: &sqlx::Error) -> String {
    error.to_string().replace("error with configuration: ", "")
}

fn options(url: &str) -> Result<AnyConnectOptions, sqlx::Error> {
    Ok(AnyConnectOptions::from_str(url)?.disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_store_is_told_without_the_password() {
        for (url, why) in [
            ("", "a store is `sqlite:<file>` or"),
            ("mysql://u:secret@h/d", "a store is `sqlite:<file>` or"),
            ("attache.db", "a store is `sqlite:<file>` or"),
            ("sqlite:", "lacks the name of a file"),
            ("sqlite::memory:", "would keep nothing"),
            ("sqlite:a.db?mode=ro", "takes no parameters"),
            ("postgres://u:secret@h:port/d", "invalid port number"),
            ("postgres://u:secret@h/d?sslmode=maybe", "unknown value \"maybe\" for `ssl_mode`"),
            ("postgresql://u:secret@[h/d", "invalid IPv6 address"),
        ] {
            let error = parse(url).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_file_is_opened_under_the_name_that_was_given() {
        for path in ["a.db", "/x/../y/a.db", "./a b#c%20d.db", "é.db", "//odd/a.db"] {
            let (engine, options) = parse(&format!("sqlite:{path}")).unwrap();
            let opened = SqliteConnectOptions::try_from(&options).unwrap();
            let wanted = path.strip_prefix("//").unwrap_or(path);
            assert_eq!((engine, opened.get_filename().to_str()), (Engine::Sqlite, Some(wanted)));
        }
        let (engine, _) = parse("postgresql://u:p@h/d").unwrap();
        assert_eq!(engine, Engine::Postgres);
    }
}
