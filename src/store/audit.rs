//! The audit log, read.

use super::{
    Actor, Event, Listed, Page, Store, StoreError, Write,
    change::{Deed, plain},
    row::Columns,
};
use serde_json::Value;
use sqlx::any::AnyRow;

/// The kind of event that ends a conversation.
pub(super) const CONVERSATION: &str = "conversation";

/// Which events are asked for: those for which all that is named holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The kind of thing that was changed: `route`, `key`, `token`.
    pub kind: Option<String>,
    /// The id of the thing.
    pub id: Option<String>,
    /// The id or the name of who did it.
    pub actor: Option<String>,
}

macro_rules! select_events {
    ($what:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM audit WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR id = $2)
              AND ($3 = '' OR actor_id = $3 OR actor_name = $3) ",
            $rest
        )
    };
}

impl Store {
    /// Writes down that a conversation was ended, which every pair that follows the store hears of: its session's id, the name
    /// that it was ended by, and where.
    ///
    /// # Errors
    /// `Away`; `Refused` where the name can not be kept.
    pub async fn end_conversation(
        &self,
        write: Write<'_>,
        (id, name): (&str, &str),
        place: Value,
    ) -> Result<(), StoreError> {
        plain("a name", name)?;
        let change = self.change_by(write).await?;
        let deed = Deed { action: "conversation.end", kind: CONVERSATION, id, name };
        change.done(deed, place, Value::Null).await
    }

    /// A page of what was done, the newest first.
    ///
    /// # Errors
    /// `Away`.
    pub async fn audit(&self, filter: &EventFilter, page: Page) -> Result<Listed<Event>, StoreError> {
        let wanted =
            [&filter.kind, &filter.id, &filter.actor].map(|word| word.as_deref().unwrap_or_default());
        if wanted.iter().any(|word| plain("a word", word).is_err()) {
            return Ok(Listed { items: vec![], total: 0 });
        }
        let mut link = self.read().await?;
        let total = wanted
            .iter()
            .fold(sqlx::query(select_events!("COUNT(*) AS total", "")), |ask, word| ask.bind(*word));
        let total = link.one(total).await?.number("total")?;
        let events = sqlx::query(select_events!(
            "number, at, actor_id, actor_name, action, kind, id, name, was, became",
            "ORDER BY number DESC LIMIT $4 OFFSET $5"
        ));
        let events = wanted.iter().fold(events, |ask, word| ask.bind(*word));
        let rows = link.all(events.bind(page.limit()).bind(page.offset())).await?;
        Ok(Listed { items: rows.iter().map(event_of).collect::<Result<_, _>>()?, total })
    }
}

fn event_of(row: &AnyRow) -> Result<Event, StoreError> {
    Ok(Event {
        number: row.number("number")?,
        at: row.time("at")?,
        actor: Actor { id: row.text("actor_id")?, name: row.text("actor_name")? },
        action: row.text("action")?,
        kind: row.text("kind")?,
        id: row.text("id")?,
        name: row.text("name")?,
        before: row.json("was")?,
        after: row.json("became")?,
    })
}
