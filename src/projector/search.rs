//! Puts searches together: which conditions, and which index to begin with.

use std::sync::Arc;

use subject_record_projections::table::{Cell, ColumnKind, Shape, Table};

use super::batch::number;
use super::read::{Cursor, Filter, ReadError};
use super::tables::{has_word, index_name, quoted};
use crate::db::sql::Value;

/// A statement as it is put together.
pub(super) struct Search {
    pub(super) conditions: Vec<String>,
    pub(super) values: Vec<Value>,
    /// Name of the index it begins with.
    pub(super) index: String,
}

impl Search {
    /// The placeholder of a value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub(super) fn also(&mut self, condition: String) {
        self.conditions.push(condition);
    }
}

/// Columns by which rows are listed.
pub(super) const fn order(table: &Table) -> &'static [&'static str] {
    match table.shape {
        Shape::Versions => &["at_us", "subject", "key"],
        Shape::Events => &["time_us", "position"],
    }
}

/// The conditions that a filter sets, and the index to begin with: that of the subject, else that of the first
/// indexed column, else that of the time.
pub(super) fn search(table: &'static Table, filter: &Filter) -> Result<Search, ReadError> {
    let index = index_name(table, if filter.subject.is_some() { "subject" } else { "time" });
    let mut search = Search { conditions: Vec::new(), values: Vec::new(), index };
    let mut is_chosen = filter.subject.is_some();
    if let Some(subject) = &filter.subject {
        let subject = search.bind(subject.clone());
        search.also(format!("subject = {subject}"));
    }
    for (name, value) in &filter.equals {
        let unknown = || ReadError::Column { table: table.name, column: (*name).to_owned() };
        let column = table.columns.iter().find(|column| column.name == *name).ok_or_else(unknown)?;
        let mut by = column.name.to_owned();
        match (column.kind, value) {
            (ColumnKind::Flags(words), Cell::Integer(bit)) => {
                let place = usize::try_from(bit.trailing_zeros()).unwrap_or(usize::MAX);
                let word = words.get(place).filter(|_| bit.count_ones() == 1).ok_or_else(unknown)?;
                search.also(has_word(column, place));
                by = format!("{}_{word}", column.name);
            }
            (_, Cell::Integer(number)) => {
                let number = search.bind(*number);
                search.also(format!("{} = {number}", quoted(name)));
            }
            (_, Cell::Text(text)) => {
                let text = search.bind(Arc::clone(text));
                search.also(format!("{} = {text}", quoted(name)));
            }
            (_, Cell::Null) => search.also(format!("{} IS NULL", quoted(name))),
        }
        if column.indexed && !is_chosen {
            search.index = index_name(table, &by);
            is_chosen = true;
        }
    }
    let [time, ..] = order(table) else { return Ok(search) };
    if let Some(from) = filter.from_us {
        let from = search.bind(from);
        search.also(format!("{time} >= {from}"));
    }
    if let Some(to) = filter.to_us {
        let to = search.bind(to);
        search.also(format!("{time} < {to}"));
    }
    if let Some(cursor) = &filter.cursor {
        let values = match cursor {
            Cursor::Version { at_us, subject, key } => {
                [search.bind(*at_us), search.bind(subject.clone()), search.bind(key.clone())].join(", ")
            }
            Cursor::Event { time_us, position } => {
                [search.bind(*time_us), search.bind(number(*position))].join(", ")
            }
        };
        let sign = if filter.newest_first { "<" } else { ">" };
        search.also(format!("({}) {sign} ({values})", order(table).join(", ")));
    }
    Ok(search)
}
