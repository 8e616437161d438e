//! The tables whose rows last, and a row as an object of JSON.

use super::{StoreError, link::Ask, row::Columns};
use serde_json::{Map, Value};
use sqlx::any::AnyRow;

/// A table. Sessions, pairs, counters and idempotency keys are not told here: they pass anyway.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// In which order its rows are written.
    pub(super) order: &'static str,
    texts: &'static [&'static str],
    numbers: &'static [&'static str],
}

/// In an order in which no row points at a later one.
pub(super) const TABLES: [Table; 8] = [
    Table {
        name: "routes",
        order: "id",
        texts: &["id", "name"],
        numbers: &["created_at", "modified_at", "revision", "latest", "deployment"],
    },
    Table {
        name: "versions",
        order: "route, number",
        texts: &["route", "hash", "author", "comment", "elements"],
        numbers: &["number", "valid", "created_at"],
    },
    Table {
        name: "deployments",
        order: "route, number",
        texts: &["route", "canary", "author", "comment"],
        numbers: &["number", "version", "canary_version", "created_at"],
    },
    Table { name: "pins", order: "route, version", texts: &["route"], numbers: &["version"] },
    Table {
        name: "client_keys",
        order: "id",
        texts: &["id", "name", "terms", "secrets"],
        numbers: &["created_at", "modified_at", "expires_at", "revoked_at", "revision"],
    },
    Table {
        name: "tokens",
        order: "id",
        texts: &["id", "name", "role", "hash", "prefix"],
        numbers: &["created_at", "expires_at", "revoked_at"],
    },
    Table {
        name: "prices",
        order: "name",
        texts: &["name", "versions"],
        numbers: &["modified_at", "revision"],
    },
    Table {
        name: "audit",
        order: "number",
        texts: &["actor_id", "actor_name", "action", "kind", "id", "name", "was", "became"],
        numbers: &["number", "at"],
    },
];

impl Table {
    /// The table of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// The statement that reads all rows in order.
    pub(super) fn select(&self) -> String {
        format!(
            "SELECT {} FROM {} ORDER BY {}",
            self.columns().collect::<Vec<_>>().join(", "),
            self.name,
            self.order
        )
    }

    /// The statement that writes so many rows.
    pub(super) fn insert(&self, rows: usize) -> String {
        let columns: Vec<_> = self.columns().collect();
        let mut values = 1..;
        let rows: Vec<_> = (0..rows)
            .map(|_| {
                format!(
                    "({})",
                    values
                        .by_ref()
                        .take(columns.len())
                        .map(|n| format!("${n}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            })
            .collect();
        format!("INSERT INTO {} ({}) VALUES {}", self.name, columns.join(", "), rows.join(", "))
    }

    /// A row as an object; what is NULL is left out.
    pub(super) fn read(&self, row: &AnyRow) -> Result<Map<String, Value>, StoreError> {
        let mut object = Map::new();
        for column in self.texts {
            object.extend(row.maybe_text(column)?.map(|text| ((*column).to_owned(), text.into())));
        }
        for column in self.numbers {
            object
                .extend(row.maybe_number::<i64>(column)?.map(|number| ((*column).to_owned(), number.into())));
        }
        Ok(object)
    }

    /// Gives an object's values to `insert`; an error names what does not belong there.
    pub(super) fn bind<'q>(
        &self,
        mut ask: Ask<'q>,
        mut object: Map<String, Value>,
    ) -> Result<Ask<'q>, String> {
        for column in self.texts {
            ask = ask.bind(match object.shift_remove(*column) {
                None => None,
                Some(Value::String(text)) => Some(text),
                Some(other) => return Err(format!("`{column}` is a text, not {other}")),
            });
        }
        for column in self.numbers {
            ask = ask.bind(match object.shift_remove(*column) {
                None => None,
                Some(value) => {
                    Some(value.as_i64().ok_or_else(|| format!("`{column}` is a number, not {value}"))?)
                }
            });
        }
        match object.keys().next() {
            Some(column) => Err(format!("`{}` has no `{column}`", self.name)),
            None => Ok(ask),
        }
    }

    fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.texts.iter().chain(self.numbers).copied()
    }
}
