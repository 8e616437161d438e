//! What people read: aligned columns, times in UTC, colours on a terminal.

use crate::config::environment;
use jiff::Timestamp;
use serde_json::Value;
use std::{fmt, io::IsTerminal};

/// What stands where there is nothing.
pub(super) const NOTHING: &str = "-";

/// Rows of cells; a column is as wide as its widest cell.
#[derive(Debug)]
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    /// A table with this head.
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self(vec![head.map(str::to_owned).to_vec()])
    }

    /// A table of a thing's fields, without a head.
    pub(super) fn bare() -> Self {
        Self(vec![])
    }

    /// One more row.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push(cells.map(|cell| plain(&cell)).to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths: Vec<usize> = vec![];
        for row in &self.0 {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &self.0 {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// What somebody else wrote can not steer the terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `2026-11-24 08:15`, in UTC.
pub(super) fn time(rfc3339: &str) -> String {
    let time = rfc3339.parse::<Timestamp>();
    time.map_or_else(|_| rfc3339.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The same where there may be none.
pub(super) fn time_or_nothing(rfc3339: Option<&String>) -> String {
    rfc3339.map_or_else(|| NOTHING.into(), |text| time(text))
}

/// A list in one cell.
pub(super) fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { NOTHING.into() } else { items.join(", ") }
}

/// JSON as one would write it to a file.
pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// How a line is marked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// Something new.
    New,
    /// Something that is different.
    Different,
    /// Something that is gone.
    Gone,
}

/// Whether colours are seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// Only on a terminal whose owner has not asked for none.
    pub(super) fn of_stdout() -> Self {
        Self(std::io::stdout().is_terminal() && environment("NO_COLOR").is_none_or(|no| no.is_empty()))
    }

    /// Without any.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self(false)
    }

    /// `line` behind its mark.
    pub(super) fn line(self, mark: Mark, line: &str) -> String {
        let (sign, colour) = match mark {
            Mark::New => ('+', "32"),
            Mark::Different => ('~', "33"),
            Mark::Gone => ('-', "31"),
        };
        let line = plain(line);
        match self.0 {
            true => format!("\u{1b}[{colour}m{sign} {line}\u{1b}[0m\n"),
            false => format!("{sign} {line}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_with_a_letter() {
        let mut table = Table::new(["NAME", "LIVE", "COMMENT"]);
        table.row(["größe".into(), "v1".into(), String::new()]);
        table.row(["a".into(), "v10000".into(), "evil\u{1b}[2J\n".into()]);
        let expected = "NAME   LIVE    COMMENT\ngröße  v1\na      v10000  evil [2J\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn times_are_told_to_the_minute() {
        assert_eq!(time("2026-11-24T08:15:59.123Z"), "2026-11-24 08:15");
        assert_eq!(time("soon"), "soon");
        assert_eq!(time_or_nothing(None), "-");
    }

    #[test]
    fn lists_fit_into_a_cell() {
        assert_eq!(list([1, 2]), "1, 2");
        assert_eq!(list(Vec::<String>::new()), "-");
    }

    #[test]
    fn only_a_terminal_sees_colours() {
        assert_eq!(Paint(false).line(Mark::New, "a"), "+ a\n");
        assert_eq!(Paint(true).line(Mark::Gone, "a\u{1b}"), "\u{1b}[31m- a \u{1b}[0m\n");
    }
}
