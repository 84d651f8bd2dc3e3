//! Digest of a read model as known at a position: SHA-256 over its rows in one order, whatever file they stand in.

use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use subject_record_projections::table::{Shape, Table};
use subject_record_schemas::Position;

use super::batch::number;
use super::read::{ReadError, ReadModel};
use super::tables::{Kind, NONE, columns, quoted};
use crate::db::sql::{Row, Text, query};

/// Why there is no digest.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The rows have not come that far.
    #[error("the rows have come to position {reached} only")]
    NotThere {
        /// How far they are.
        reached: Position,
    },
    /// The file failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for DigestError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

/// Rows as known at position `$1`, in the order of their names; what became known later is undone.
fn rows(table: &Table) -> String {
    let own: String = table.columns.iter().map(|column| format!(", {}", quoted(column.name))).collect();
    let name = quoted(table.name);
    match table.shape {
        Shape::Events => {
            format!(
                "SELECT position, subject, time_us{own} FROM {name} WHERE position <= $1 ORDER BY position"
            )
        }
        Shape::Versions => format!(
            "SELECT subject, key, at_us, valid_from, \
             CASE WHEN until_known <= $1 THEN valid_until ELSE {NONE} END AS valid_until, \
             CASE WHEN until_known <= $1 THEN until_known ELSE {NONE} END AS until_known, known_from, \
             CASE WHEN known_until <= $1 THEN known_until ELSE {NONE} END AS known_until, judged_at{own}, body \
             FROM {name} WHERE known_from <= $1 ORDER BY subject, key, valid_from, known_from"
        ),
    }
}

fn cell(row: &Row, place: usize, kind: Kind) -> Result<serde_json::Value, sqlx::Error> {
    Ok(match kind {
        Kind::Integer => row.integer_or_null(place)?.into(),
        Kind::Text => row.text_or_null(place)?.into(),
    })
}

impl ReadModel {
    /// SHA-256, in hexadecimal, over the rows of a table as known at a position: a JSON array and a line feed each.
    ///
    /// # Errors
    /// [`DigestError::NotThere`] when the rows have not come that far.
    pub async fn digest(&self, table: &'static Table, at: Position) -> Result<String, DigestError> {
        let reached = self.progress().await?.position;
        if reached < at {
            return Err(DigestError::NotThere { reached });
        }
        let mut hash = Sha256::new();
        // The text holds nothing but names of columns.
        let mut found = query(Text::Built(rows(table))).bind(number(at)).fetch(self.readers());
        let kinds: Vec<_> = columns(table).into_iter().map(|(_, kind)| kind).collect();
        while let Some(row) = found.try_next().await? {
            let cells = kinds.iter().enumerate().map(|(place, kind)| cell(&row, place, *kind));
            let cells = cells.collect::<Result<Vec<_>, sqlx::Error>>()?;
            hash.update(serde_json::Value::from(cells).to_string());
            hash.update(b"\n");
        }
        Ok(hex::encode(hash.finalize()))
    }
}
