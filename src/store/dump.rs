//! Everything that lasts as lines of JSON: a head, each row of each table, and how many they were.

use super::{
    Store, StoreError,
    change::{finish, next_change},
    link::{Link, Patience},
    publish::change_in,
    schema::NEWEST,
    table::{TABLES, Table},
};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use std::io;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, Lines},
    time::timeout,
};

/// How many rows are written with one statement.
const BATCH: usize = 100;

/// Why a dump was not written or loaded.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other side.
    #[error("the dump can not be read or written: {0}")]
    Io(#[from] io::Error),
    /// What was read is no dump, or not all of one.
    #[error("line {line}: {why}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// A line of a dump.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Head {
        /// The step at which the tables were.
        attache_store: usize,
        /// The number of the newest change.
        change: i64,
    },
    Row {
        table: String,
        row: Map<String, Value>,
    },
    End {
        rows: u64,
    },
}

impl Store {
    /// Writes down everything that lasts, as it is at one moment; tells how many rows there were. Hashes of secrets are among
    /// it.
    ///
    /// # Errors
    /// `Away`, or `out` can not be written.
    pub async fn dump(&self, out: &mut (impl AsyncWrite + Unpin + Send)) -> Result<u64, DumpError> {
        let patience = self.settings().deadline;
        let mut link = self.reading(Patience::Each(patience)).await?;
        let change = i64::try_from(change_in(&mut link).await?).unwrap_or(i64::MAX);
        write(out, &Line::Head { attache_store: NEWEST, change }).await?;
        let mut count = 0;
        for table in &TABLES {
            let mut rows = link.rows(sqlx::query(AssertSqlSafe(table.select())))?;
            while let Some(row) = timeout(patience, rows.try_next())
                .await
                .map_err(StoreError::from)?
                .map_err(StoreError::from)?
            {
                write(out, &Line::Row { table: table.name.into(), row: table.read(&row)? }).await?;
                count += 1;
            }
            drop(rows);
            link.settled();
        }
        write(out, &Line::End { rows: count }).await?;
        out.flush().await?;
        Ok(count)
    }

    /// Reads a dump into a store that nothing was ever changed in, all of it or nothing; tells how many rows there were.
    ///
    /// # Errors
    /// `Refused` if the store is not empty; `Away`; what is wrong with the dump.
    pub async fn load(&self, from: impl AsyncBufRead + Unpin + Send) -> Result<u64, DumpError> {
        let mut link = self.writing(Patience::Each(self.settings().deadline)).await?;
        if next_change(&mut link).await? != 1 {
            return Err(StoreError::Refused("a dump is only loaded into an empty store".into()).into());
        }
        let mut reader = Reader { lines: from.lines(), line: 0 };
        let Line::Head { attache_store, change } = reader.next().await? else {
            return Err(reader.wrong("a dump begins with `attache_store`"));
        };
        if attache_store != NEWEST {
            let why = format!("its tables are at step {attache_store}, this Attaché loads step {NEWEST}");
            return Err(reader.wrong(why));
        }
        let count = load_rows(&mut link, &mut reader).await?;
        // one more: pairs that have seen the other store read this one
        let next = sqlx::query("UPDATE state SET change = $1 WHERE id = 1").bind(change.saturating_add(1));
        link.run(next).await?;
        finish(link, self.engine()).await?;
        Ok(count)
    }
}

async fn write(out: &mut (impl AsyncWrite + Unpin + Send), line: &Line) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    out.write_all(&line).await
}

/// The lines of a dump, counted.
struct Reader<R> {
    lines: Lines<R>,
    line: u64,
}

impl<R: AsyncBufRead + Unpin> Reader<R> {
    async fn next(&mut self) -> Result<Line, DumpError> {
        let line = self.lines.next_line().await?;
        self.line += 1;
        let line = line.ok_or_else(|| self.wrong("the end is missing"))?;
        serde_json::from_str(&line).ok().ok_or_else(|| self.wrong("this is no line of a dump"))
    }

    fn wrong(&self, why: impl Into<String>) -> DumpError {
        DumpError::Line { line: self.line, why: why.into() }
    }
}

/// Writes rows until the end; tells how many.
async fn load_rows<R: AsyncBufRead + Unpin>(
    link: &mut Link,
    reader: &mut Reader<R>,
) -> Result<u64, DumpError> {
    let (mut count, mut batch) = (0, None::<Batch>);
    loop {
        match reader.next().await? {
            Line::Head { .. } => return Err(reader.wrong("a second beginning")),
            Line::Row { table, row } => {
                let table = Table::named(&table)
                    .ok_or_else(|| reader.wrong(format!("there is no table `{table}`")))?;
                if let Some(full) =
                    batch.take_if(|batch| batch.rows.len() == BATCH || batch.table.name != table.name)
                {
                    full.insert(link).await.map_err(|why| reader.wrong(why))?;
                }
                batch.get_or_insert_with(|| Batch { table, rows: vec![] }).rows.push(row);
                count += 1;
            }
            Line::End { rows } if rows == count => {
                if let Some(last) = batch {
                    last.insert(link).await.map_err(|why| reader.wrong(why))?;
                }
                return Ok(count);
            }
            Line::End { rows } => {
                return Err(reader.wrong(format!("{count} rows were read, but there were {rows}")));
            }
        }
    }
}

/// Rows of one table.
struct Batch {
    table: &'static Table,
    rows: Vec<Map<String, Value>>,
}

impl Batch {
    async fn insert(self, link: &mut Link) -> Result<(), String> {
        let mut ask = sqlx::query(AssertSqlSafe(self.table.insert(self.rows.len())));
        for row in self.rows {
            ask = self.table.bind(ask, row)?;
        }
        link.run(ask).await.map(drop).map_err(|error| format!("up to here: {error}"))
    }
}
