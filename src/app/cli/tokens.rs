//! `attache tokens`: admin tokens by their names.

use super::{
    super::Failure,
    client::CallError,
    door::{Desk, Door},
    shape::{Token, meant},
    span::moment,
    table::{Table, time, time_or_nothing},
    trouble::Trouble,
};
use crate::store::Role;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

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
    /// List admin tokens.
    List,
    /// Make an admin token, and print it, this once; all else goes to standard error.
    Create {
        /// Its name, by which the audit log tells who did something.
        name: String,
        /// What it may: viewer, editor, deployer or admin.
        #[arg(long)]
        role: Role,
        /// When it ends: 2026-12-31T00:00:00Z, or 30d for 30 days from now.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        expires: Option<Timestamp>,
    },
    /// Revoke an admin token, for good.
    Revoke {
        /// The token's name or id.
        token: String,
    },
}

pub(in crate::app) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let desk = arguments.door.open()?;
    match &arguments.what {
        What::List => list(&desk).await,
        What::Create { name, role, expires } => create(&desk, name, *role, *expires).await,
        What::Revoke { token } => revoke(&desk, token).await,
    }
}

async fn list(desk: &Desk) -> Result<(), Failure> {
    let answer = desk.client.all(&["tokens"]).await?;
    let tokens: Vec<Token> = desk.client.read_in(&answer, "items")?;
    desk.show(&answer, || {
        let mut table = Table::new(["NAME", "ROLE", "TOKEN", "MADE", "EXPIRES", "REVOKED", "ID"]);
        for token in tokens {
            let (made, expires) = (time(&token.created_at), time_or_nothing(token.expires_at.as_ref()));
            let revoked = time_or_nothing(token.revoked_at.as_ref());
            table.row([token.name, token.role, token.prefix, made, expires, revoked, token.id]);
        }
        table.to_string()
    })
}

async fn create(desk: &Desk, name: &str, role: Role, expires: Option<Timestamp>) -> Result<(), Failure> {
    let expires = expires.map(|end| end.to_string());
    let body = json!({"name": name, "role": role.name(), "expires_at": expires});
    let answer = desk.client.ours(Method::POST, &["tokens"]).json(&body).once().send().await?;
    let token: Token = desk.client.read(&answer)?;
    desk.show_secret(&answer, token.token.as_deref(), &format!("`{}` ({})", token.name, token.id))
}

async fn revoke(desk: &Desk, wanted: &str) -> Result<(), Failure> {
    let answer = desk.client.all(&["tokens"]).await?;
    let unknown = || CallError::Refused(vec![Trouble::new(format!("there is no admin token `{wanted}`"))]);
    let token: Token = meant(desk.client.read_in(&answer, "items")?, wanted).ok_or_else(unknown)?;
    let answer = desk.client.ours(Method::DELETE, &["tokens", &token.id]).send().await?;
    desk.show(&answer, || format!("{} is revoked\n", token.name))
}
