//! A model of the tables that changes are written to: every row with the positions between which it was known.

use chrono::{DateTime, Utc};
use subject_record_schemas::Position;

use crate::table::Row;
use crate::versions::{Change, RowName};

/// Rows as an engine keeps them.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rows: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    row: Row,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    until_known: Position,
    known_from: Position,
    known_until: Option<Position>,
}

impl Tables {
    /// Takes in what became known at a position. A change that does not fit what stands there is a fault.
    pub(crate) fn take(&mut self, position: Position, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Open { row, from, until } => {
                    let name = RowName { table: row.table.name, key: row.key.clone(), from };
                    assert!(self.current(&name).is_none(), "two rows of one name stand: {name:?}");
                    let (until_known, known_from, known_until) = (position, position, None);
                    self.rows.push(Kept { row, from, until, until_known, known_from, known_until });
                }
                Change::End { row, until } => {
                    let kept = self.current(&row).expect("a row to end");
                    assert_eq!(kept.until, None, "ended twice: {row:?}");
                    (kept.until, kept.until_known) = (Some(until), position);
                }
                Change::Retract { row } => {
                    let kept = self.current(&row).expect("a row to retract");
                    kept.known_until = Some(position);
                }
            }
        }
    }

    /// What was so at an instant, as known at a position: by table and key.
    pub(crate) fn visible(&self, at: DateTime<Utc>, known_at: Position) -> Vec<Row> {
        let shown = |kept: &&Kept| {
            let is_known =
                kept.known_from <= known_at && kept.known_until.is_none_or(|until| until > known_at);
            let holds = kept.until.is_none_or(|until| until > at || kept.until_known > known_at);
            is_known && kept.from <= at && holds
        };
        let mut rows: Vec<_> = self.rows.iter().filter(shown).map(|kept| kept.row.clone()).collect();
        rows.sort_by(|a, b| (a.table.name, &a.key).cmp(&(b.table.name, &b.key)));
        rows
    }

    fn current(&mut self, name: &RowName) -> Option<&mut Kept> {
        let is_named = |kept: &&mut Kept| {
            let same = kept.row.table.name == name.table && kept.row.key == name.key;
            same && kept.from == name.from && kept.known_until.is_none()
        };
        self.rows.iter_mut().find(is_named)
    }
}
