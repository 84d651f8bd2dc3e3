//! What goes into bulk statements: variables of a row each for SQLite, an array a column for PostgreSQL.

use std::sync::Arc;

use serde_json::json;
use subject_record_projections::table::{Cell, EventRow};

use super::batch::{Batch, Name, Opened, number};
use super::tables::{Kind, Statements, columns};
use crate::db::sql::{Engine, Value};

/// What a row holds in a column.
pub(super) enum Held<'r> {
    Null,
    Integer(i64),
    Text(&'r Arc<str>),
}

impl<'r> From<&'r Cell> for Held<'r> {
    fn from(cell: &'r Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Integer(number) => Self::Integer(*number),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

/// A row as it is written.
pub(super) trait Written {
    /// What it holds, in the order of [`columns`].
    fn each(&self, put: impl FnMut(Held<'_>) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error>;
}

impl Written for Opened {
    fn each(&self, mut put: impl FnMut(Held<'_>) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        put(Held::Text(&self.subject))?;
        put(Held::Text(&self.row.key))?;
        for number in [
            self.row.at.timestamp_micros(),
            self.valid_from,
            self.valid_until,
            self.until_known,
            self.known_from,
            self.known_until,
            self.judged_at,
        ] {
            put(Held::Integer(number))?;
        }
        self.row.cells.iter().try_for_each(|cell| put(cell.into()))?;
        put(Held::Text(&self.row.body))
    }
}

impl Written for EventRow {
    fn each(&self, mut put: impl FnMut(Held<'_>) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        put(Held::Integer(number(self.position)))?;
        put(Held::Text(&self.subject))?;
        put(Held::Integer(self.at.timestamp_micros()))?;
        self.cells.iter().try_for_each(|cell| put(cell.into()))
    }
}

/// Rows as an array a column.
pub(super) fn arrays<W: Written>(statements: &Statements, rows: &[&W]) -> Result<Vec<Value>, sqlx::Error> {
    let empty = |kind| match kind {
        Kind::Integer => Value::Integers(Vec::with_capacity(rows.len())),
        Kind::Text => Value::Texts(Vec::with_capacity(rows.len())),
    };
    let mut arrays: Vec<Value> = columns(statements.table).into_iter().map(|(_, kind)| empty(kind)).collect();
    for row in rows {
        let mut into = arrays.iter_mut();
        row.each(|held| {
            match (into.next(), held) {
                (Some(Value::Integers(array)), Held::Integer(number)) => array.push(Some(number)),
                (Some(Value::Integers(array)), Held::Null) => array.push(None),
                (Some(Value::Texts(array)), Held::Text(text)) => array.push(Some(Arc::clone(text))),
                (Some(Value::Texts(array)), Held::Null) => array.push(None),
                _ => {
                    let cause = format!("a row does not fit the table {}", statements.table.name);
                    return Err(sqlx::Error::Encode(cause.into()));
                }
            }
            Ok(())
        })?;
    }
    Ok(arrays)
}

/// Names of rows and what changes in them, as the statements of [`super::tables`] take them.
pub(super) fn changes<'r, const N: usize>(
    engine: Engine,
    rows: impl Iterator<Item = (&'r Name, [i64; N])>,
) -> Vec<Value> {
    match engine {
        Engine::Sqlite => {
            let row = |((subject, key, from), more): (&Name, [i64; N])| {
                let mut row = vec![json!(**subject), json!(**key), json!(from)];
                row.extend(more.map(serde_json::Value::from));
                row
            };
            let rows: serde_json::Value = rows.map(row).collect();
            vec![rows.to_string().into()]
        }
        Engine::Postgres => {
            let (mut subjects, mut keys, mut froms) = (Vec::new(), Vec::new(), Vec::new());
            let mut others = [const { Vec::new() }; N];
            for ((subject, key, from), more) in rows {
                subjects.push(Arc::clone(subject));
                keys.push(Arc::clone(key));
                froms.push(*from);
                others.iter_mut().zip(more).for_each(|(other, number)| other.push(number));
            }
            [subjects.into(), keys.into(), froms.into()].into_iter().chain(others.map(Value::from)).collect()
        }
    }
}

/// Last moments of streams.
pub(super) fn latest(batch: &Batch, engine: Engine) -> Vec<Value> {
    let latest = batch.latest.iter();
    match engine {
        Engine::Sqlite => {
            let rows: serde_json::Value =
                latest.map(|(subject, latest)| json!([**subject, latest])).collect();
            vec![rows.to_string().into()]
        }
        Engine::Postgres => {
            let (subjects, moments): (Vec<_>, Vec<_>) =
                latest.map(|(subject, latest)| (Arc::clone(subject), *latest)).unzip();
            vec![subjects.into(), moments.into()]
        }
    }
}
