//! `attache keys`: client keys by their names.

use super::{
    super::{Failure, content, print, say},
    client::CallError,
    door::{Desk, Door},
    shape::{Key, Secret, meant},
    span::{duration, moment},
    table::{NOTHING, Table, list as several, time, time_or_nothing},
    trouble::Trouble,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::{path::PathBuf, time::Duration};

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    door: Door,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List client keys.
    List,
    /// Show a client key.
    Get {
        /// The key's name or id.
        key: String,
    },
    /// Make a client key. Its token is printed, this once; all else goes to standard error.
    Create {
        /// Its name.
        name: String,
        #[command(flatten)]
        terms: Terms,
    },
    /// Change what a client key allows and brings along. What is not given stays.
    Update {
        /// The key's name or id.
        key: String,
        /// Another name.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        terms: Terms,
        /// Take away what it has of this; may be given again.
        #[arg(long, value_enum, value_name = "WHAT")]
        clear: Vec<Clear>,
    },
    /// Give a client key a new token, and print that. The old one opens it too for a while.
    Rotate {
        /// The key's name or id.
        key: String,
        /// For how long: up to 30d.
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
        overlap: Duration,
    },
    /// Revoke a client key, for good.
    Revoke {
        /// The key's name or id.
        key: String,
    },
}

/// What a key allows and brings along.
#[derive(Debug, clap::Args)]
struct Terms {
    /// Metadata of its requests; a value that is a JSON number, true, false or text is taken so. May be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, Value)>,
    /// A route that it may call; `*` stands for any text. May be given again.
    #[arg(long = "route", value_name = "PATTERN")]
    routes: Vec<String>,
    /// A provider/model that it may name directly; `*` stands for any text. May be given again.
    #[arg(long = "model", value_name = "PATTERN")]
    models: Vec<String>,
    /// Its logical names: a JSON file; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    routing: Option<PathBuf>,
    /// When it ends: 2026-12-31T00:00:00Z, or 30d for 30 days from now.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    expires: Option<Timestamp>,
}

/// What can be taken away from a key.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Clear {
    /// No metadata.
    Metadata,
    /// It may call every route.
    Routes,
    /// It may name every model.
    Models,
    /// No logical names.
    Routing,
    /// It does not end.
    Expires,
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    match &arguments.what {
        What::List => list(&desk).await,
        What::Get { key } => get(&desk, key).await,
        What::Create { name, terms } => create(&desk, name, terms).await,
        What::Update { key, name, terms, clear } => update(&desk, key, (name.as_deref(), terms, clear)).await,
        What::Rotate { key, overlap } => rotate(&desk, key, *overlap).await,
        What::Revoke { key } => revoke(&desk, key).await,
    }
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let answer = desk.client.all(&["keys"]).await?;
    let keys: Vec<Key> = desk.client.read_in(&answer, "items")?;
    desk.show(&answer, || {
        let mut table = Table::new(["NAME", "STATE", "TOKEN", "ROUTES", "MODELS", "MADE", "EXPIRES", "ID"]);
        for key in keys {
            let token = key.secrets.first().map_or_else(|| NOTHING.into(), |secret| secret.prefix.clone());
            let (routes, models) = (several(&key.routes), several(&key.models));
            let (made, expires) = (time(&key.created_at), time_or_nothing(key.expires_at.as_ref()));
            table.row([key.name, key.state, token, routes, models, made, expires, key.id]);
        }
        table.to_string()
    })
}

async fn get(desk: &Desk, key: &str) -> Result<(), Failure> {
    let found = desk.key(key).await?;
    let answer = desk.client.ours(Method::GET, &["keys", &found.id]).send().await?;
    let key: Key = desk.client.read(&answer)?;
    desk.show(&answer, || told(key))
}

fn told(key: Key) -> String {
    let mut table = Table::bare();
    let mut line = |name: &str, value: String| table.row([name.to_owned(), value]);
    line("name", key.name);
    line("id", key.id);
    line("state", key.state);
    line("metadata", several(key.metadata.iter().map(|(name, value)| format!("{name}={value}"))));
    line("routes", several(key.routes));
    line("models", several(key.models));
    line("routing", key.routing.map_or_else(|| NOTHING.into(), |routing| routing.to_string()));
    line("tokens", several(key.secrets.iter().map(Secret::told)));
    line("made", time(&key.created_at));
    line("changed", time(&key.modified_at));
    line("expires", time_or_nothing(key.expires_at.as_ref()));
    line("revoked", time_or_nothing(key.revoked_at.as_ref()));
    table.to_string()
}

impl Secret {
    fn told(&self) -> String {
        let until = self.expires_at.as_ref().map(|end| format!(" until {}", time(end)));
        format!("{}...{}", self.prefix, until.unwrap_or_default())
    }
}

async fn create(desk: &Desk, name: &str, terms: &Terms) -> Result<(), Failure> {
    let mut body = terms.fields()?;
    body.insert("name".into(), name.into());
    let answer = desk.client.ours(Method::POST, &["keys"]).json(&body.into()).once().send().await?;
    let key: Key = desk.client.read(&answer)?;
    desk.show_secret(&answer, key.token.as_deref(), &format!("the key `{}` ({})", key.name, key.id))
}

async fn update(
    desk: &Desk,
    key: &str,
    (name, terms, clear): (Option<&str>, &Terms, &[Clear]),
) -> Result<(), Failure> {
    let mut body: Map<String, Value> = clear.iter().map(Clear::field).collect();
    body.extend(terms.fields()?);
    body.extend(name.map(|name| ("name".to_owned(), name.into())));
    if body.is_empty() {
        return Err(Failure::Arguments(
            "nothing is to be changed; `attache keys update --help` tells what can be".into(),
        ));
    }
    let found = desk.key(key).await?;
    let call = desk.client.ours(Method::PATCH, &["keys", &found.id]).seen(found.revision);
    let answer = call.json(&body.into()).send().await?;
    let key: Key = desk.client.read(&answer)?;
    desk.show(&answer, || told(key))
}

async fn rotate(desk: &Desk, key: &str, overlap: Duration) -> Result<(), Failure> {
    let found = desk.key(key).await?;
    let call = desk.client.ours(Method::POST, &["keys", &found.id, "rotate"]);
    let answer = call.json(&json!({"overlap_seconds": overlap.as_secs()})).send().await?;
    let key: Key = desk.client.read(&answer)?;
    desk.show_secret(&answer, key.token.as_deref(), &format!("the key `{}` ({})", key.name, key.id))
}

async fn revoke(desk: &Desk, key: &str) -> Result<(), Failure> {
    let found = desk.key(key).await?;
    let answer = desk.client.ours(Method::DELETE, &["keys", &found.id]).send().await?;
    desk.show(&answer, || format!("{} is revoked\n", found.name))
}

impl Desk {
    /// The key of this id or name.
    async fn key(&self, wanted: &str) -> Result<Key, CallError> {
        let answer = self.client.all(&["keys"]).await?;
        let unknown = || CallError::Refused(vec![Trouble::new(format!("there is no key `{wanted}`"))]);
        meant(self.client.read_in(&answer, "items")?, wanted).ok_or_else(unknown)
    }

    /// Prints a secret alone, so that it can be piped; what it belongs to is told on standard error.
    pub(super) fn show_secret(&self, answer: &Value, secret: Option<&str>, of: &str) -> Result<(), Failure> {
        let Some(secret) = secret else {
            let why = "was made, but its answer was lost, and its token is not shown twice: make another one";
            return Err(Failure::Said(format!("{of} {why}")));
        };
        if self.is_json() {
            return self.show(answer, String::new);
        }
        say(&format!("attache: the token of {of}, shown only this once:"));
        print(&format!("{secret}\n"))
    }
}

impl Terms {
    /// What is given, as the API calls it.
    fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let mut fields = Map::new();
        if !self.metadata.is_empty() {
            fields.insert("metadata".into(), self.metadata.iter().cloned().collect::<Map<_, _>>().into());
        }
        if !self.routes.is_empty() {
            fields.insert("routes".into(), self.routes.clone().into());
        }
        if !self.models.is_empty() {
            fields.insert("models".into(), self.models.clone().into());
        }
        if let Some(path) = &self.routing {
            let read = serde_json::from_slice::<Value>(&content(path)?);
            let said = |error| Failure::Said(format!("{}: no JSON: {error}", path.display()));
            fields.insert("routing".into(), read.map_err(said)?);
        }
        fields.extend(self.expires.map(|end| ("expires_at".to_owned(), end.to_string().into())));
        Ok(fields)
    }
}

impl Clear {
    /// What the API takes for it.
    fn field(&self) -> (String, Value) {
        let (name, value) = match self {
            Self::Metadata => ("metadata", json!({})),
            Self::Routes => ("routes", json!(["*"])),
            Self::Models => ("models", json!(["*"])),
            Self::Routing => ("routing", Value::Null),
            Self::Expires => ("expires_at", Value::Null),
        };
        (name.into(), value)
    }
}

/// Reads `plan=pro`, `seats=5`, `beta=true`, `zip="01234"`.
fn pair(text: &str) -> Result<(String, Value), String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected name=value")?;
    let scalar = serde_json::from_str(value)
        .ok()
        .filter(|value: &Value| matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_)));
    Ok((name.into(), scalar.unwrap_or_else(|| value.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_text_unless_it_is_written_as_json() {
        for (text, name, value) in [
            ("plan=pro", "plan", json!("pro")),
            ("seats=5", "seats", json!(5)),
            ("beta=true", "beta", json!(true)),
            ("zip=\"01234\"", "zip", json!("01234")),
            ("a=b=c", "a", json!("b=c")),
            ("list=[1]", "list", json!("[1]")),
            ("none=null", "none", json!("null")),
            ("empty=", "empty", json!("")),
        ] {
            assert_eq!(pair(text).unwrap(), (name.to_owned(), value), "{text}");
        }
        assert!(pair("plan").is_err() && pair("=pro").is_err());
    }
}
