//! Which server a command speaks with, with whose token, and how it shows the answers.

use super::{
    super::{Failure, print},
    client::{CallError, Client},
    span,
    table::pretty,
    trouble::Trouble,
};
use crate::config::environment;
use reqwest::{Url, header::HeaderValue};
use serde_json::Value;
use std::{fs, path::PathBuf, time::Duration};

/// The variable that says where the server is.
const SERVER: &str = "ATTACHE_SERVER";
/// Where it is if nothing says so.
const DEFAULT: &str = "http://127.0.0.1:8081";
/// The variable that holds the admin token; with `_FILE`, the name of a file that holds it.
const TOKEN: &str = "ATTACHE_ADMIN_TOKEN";
const TOKEN_FILE: &str = "ATTACHE_ADMIN_TOKEN_FILE";

/// Under which all of this is told by `--help`.
const HEADING: &str = "The server";

/// What every command over the API takes.
#[derive(Debug, clap::Args)]
pub(super) struct Door {
    /// The admin door of the server.
    #[arg(long, env = SERVER, help_heading = HEADING, value_name = "URL", default_value = DEFAULT, value_parser = server, global = true)]
    server: Url,
    #[command(flatten)]
    admission: Admission,
    /// What is printed: a table for people, or the API's own answer.
    #[arg(short, long, help_heading = HEADING, value_enum, value_name = "FORM", default_value_t = Output::Table, global = true)]
    output: Output,
}

/// How the server lets in.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Admission {
    /// A file that holds the admin token; without it ATTACHE_ADMIN_TOKEN, then ATTACHE_ADMIN_TOKEN_FILE.
    #[arg(long, help_heading = HEADING, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// How long a call may take.
    #[arg(long, help_heading = HEADING, value_name = "TIME", default_value = "30s", value_parser = span::duration, global = true)]
    timeout: Duration,
}

/// How answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// For people.
    Table,
    /// The API's own answer.
    Json,
}

/// A server that lets in, and how its answers are shown.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) client: Client,
    output: Output,
}

impl Door {
    /// Goes there with the token that there is.
    pub(super) fn open(&self) -> Result<Desk, Failure> {
        let client = self.admission.client(self.server.clone())?;
        Ok(Desk { client, output: self.output })
    }
}

impl Admission {
    pub(in crate::app) fn client(&self, server: Url) -> Result<Client, Failure> {
        Ok(Client::new(server, self.token()?, self.timeout)?)
    }

    fn token(&self) -> Result<HeaderValue, CallError> {
        let of_file = |path: PathBuf| {
            let read = fs::read_to_string(&path);
            read.map_err(|error| outside(format!("{} can not be read: {error}", path.display())))
        };
        let file = || environment(TOKEN_FILE).map(PathBuf::from);
        let token = match (self.token_file.clone(), environment(TOKEN).filter(|token| !token.is_empty())) {
            (Some(path), _) => of_file(path)?,
            (None, Some(token)) => token,
            (None, None) => file().map(of_file).transpose()?.ok_or_else(|| {
                outside(format!("there is no admin token: set {TOKEN}, or name a file with --token-file"))
            })?,
        };
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
        bearer.ok().ok_or_else(|| outside("the admin token has letters that none has".into()))
    }
}

fn outside(why: String) -> CallError {
    CallError::NotLetIn(vec![Trouble::new(why)])
}

impl Desk {
    #[cfg(test)]
    pub(super) fn of(client: Client) -> Self {
        Self { client, output: Output::Table }
    }

    /// Prints an answer as it is asked for.
    pub(super) fn show(&self, answer: &Value, human: impl FnOnce() -> String) -> Result<(), Failure> {
        print(&if self.is_json() { pretty(answer) } else { human() })
    }

    pub(super) fn is_json(&self) -> bool {
        self.output == Output::Json
    }
}

/// Where the server is if no argument says so.
pub(in crate::app) fn usual_server() -> Result<Url, String> {
    server(&environment(SERVER).unwrap_or_else(|| DEFAULT.into()))
}

/// Reads a server's URL.
pub(in crate::app) fn server(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("`{text}` is no URL: {error}"))?;
    let good = ["http", "https"].contains(&url.scheme()) && url.query().is_none();
    good.then_some(url).ok_or_else(|| format!("expected a URL such as {DEFAULT}, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_http_url() {
        assert_eq!(server("https://host:1/under").unwrap().as_str(), "https://host:1/under");
        for text in ["", "host", "host:8081", "ftp://host", "http://host?x"] {
            assert!(server(text).is_err(), "{text}");
        }
    }
}
