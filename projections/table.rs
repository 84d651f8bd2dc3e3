//! What the rows of a read model look like, said once: the engine builds its tables and statements from it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::Position;

/// A read model's table.
#[derive(Debug)]
pub struct Table {
    /// Name of the read model and of its table.
    pub name: &'static str,
    /// How its rows stand in the two times.
    pub shape: Shape,
    /// Columns by which rows are searched, beside those of the shape. What is shown is the body.
    pub columns: &'static [Column],
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// How a read model's rows stand in the two times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One row an event, never changed: keyed by its position.
    Events,
    /// Versions of what a key holds, each over an interval of `time` and an interval of positions.
    Versions,
}

/// A column by which rows are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name in SQL and in queries.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether a search may begin with it.
    pub indexed: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A 64-bit number: an instant in microseconds, a position, a set of bits, a flag.
    Integer,
    /// A text.
    Text,
    /// A set of these words, a bit each, the first word the lowest bit. If a search may begin with it, each bit has
    /// an index of its own.
    Flags(&'static [&'static str]),
}

impl Column {
    /// A text by which a search may begin.
    #[must_use]
    pub const fn indexed_text(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Text, indexed: true }
    }

    /// A text that narrows a search.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Text, indexed: false }
    }

    /// A number by which a search may begin.
    #[must_use]
    pub const fn indexed_integer(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Integer, indexed: true }
    }

    /// A set of words by each of which a search may begin.
    #[must_use]
    pub const fn indexed_flags(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, kind: ColumnKind::Flags(words), indexed: true }
    }

    /// A set of words that narrows a search.
    #[must_use]
    pub const fn flags(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, kind: ColumnKind::Flags(words), indexed: false }
    }

    /// A number that narrows a search.
    #[must_use]
    pub const fn integer(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Integer, indexed: false }
    }
}

/// Purposes of clause 2.2, as words of a set; whatever is outside the list is `unlisted`.
pub const PURPOSES: &[&str] = &["service", "identify", "notify", "advertising", "research", "unlisted"];

/// Categories of clause 2.3 and two more, as words of a set; whatever is outside the list is `unlisted`.
pub const CATEGORIES: &[&str] = &[
    "full_name",
    "iin",
    "address_registered",
    "address_delivery",
    "email",
    "phone",
    "technical",
    "document",
    "unlisted",
];

/// What a row holds in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(Arc<str>),
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().into())
    }

    /// A text, or nothing.
    #[must_use]
    pub fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// An instant, in microseconds.
    #[must_use]
    pub fn instant(instant: DateTime<Utc>) -> Self {
        Self::Integer(instant.timestamp_micros())
    }

    /// A set of words: what is none of `words` counts as the last of them.
    #[must_use]
    pub fn set<'v>(words: &[&str], held: impl IntoIterator<Item = &'v (impl Serialize + 'v)>) -> Self {
        let bit = |value| {
            let word = serde_json::to_value(value).ok();
            let word = word.as_ref().and_then(serde_json::Value::as_str);
            let listed = words.iter().position(|listed| Some(*listed) == word);
            1 << listed.unwrap_or(words.len().saturating_sub(1))
        };
        Self::Integer(held.into_iter().map(bit).fold(0, |bits, bit: i64| bits | bit))
    }

    /// A value of a list, as its word: what is outside the list is `unlisted`.
    #[must_use]
    pub fn word(value: &impl Serialize) -> Self {
        Self::text(Self::word_of(value))
    }

    /// The word of a list's value.
    #[must_use]
    pub fn word_of(value: &impl Serialize) -> String {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(word)) => word,
            _ => "unlisted".to_owned(),
        }
    }

    /// A flag, as 0 or 1.
    #[must_use]
    pub fn flag(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}

/// A row of a versioned read model, as its own type: what a reader is shown is what serialises.
pub trait ReadRow: Serialize {
    /// Its table.
    const TABLE: &'static Table;

    /// What it is about, unique among a stream's rows of this table at any moment.
    fn key(&self) -> String;

    /// The instant by which rows are listed.
    fn at(&self) -> DateTime<Utc>;

    /// One cell for each of the table's columns, in their order.
    fn cells(&self) -> Vec<Cell>;

    /// The row as every table has it.
    fn row(&self) -> Row {
        // A row is made of texts, numbers and lists of them: it always serialises.
        let body = serde_json::to_string(self).unwrap_or_default();
        Row {
            table: Self::TABLE,
            key: self.key().into(),
            at: self.at(),
            cells: self.cells().into(),
            body: body.into(),
        }
    }
}

/// A row of whatever read model.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its table.
    pub table: &'static Table,
    /// What it is about, among the rows of its stream.
    pub key: Arc<str>,
    /// The instant by which rows are listed.
    pub at: DateTime<Utc>,
    /// A cell a column.
    pub cells: Arc<[Cell]>,
    /// What a reader is shown, as JSON.
    pub body: Arc<str>,
}

/// What a shared slice takes beside its content: two counters, and what an allocation is rounded up by.
const SHARED_BYTES: usize = 24;

impl Row {
    /// About how many bytes of memory it takes behind its pointers.
    pub(crate) fn held_bytes(&self) -> usize {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { SHARED_BYTES + text.len() } else { 0 };
        let texts: usize = self.cells.iter().map(text).sum();
        3 * SHARED_BYTES + size_of_val(&*self.cells) + texts + self.key.len() + self.body.len()
    }
}

/// A row of a read model that has one an event ([`Shape::Events`]). What is shown is the event itself.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Its table.
    pub table: &'static Table,
    /// The event.
    pub position: Position,
    /// Whose stream it stands in: the person's id, `policy` or `office`.
    pub subject: Arc<str>,
    /// When it happened, by its emitter's word.
    pub at: DateTime<Utc>,
    /// One cell for each of the table's columns, in their order.
    pub cells: Vec<Cell>,
}
