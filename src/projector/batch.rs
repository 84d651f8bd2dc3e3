//! What a batch of events changes, gathered in memory: each row is written once, whatever became of it within the
//! batch.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record_projections::table::{EventRow, Row, Table};
use subject_record_projections::versions::Change;
use subject_record_schemas::{LeafHash, Position};
use tokio::sync::oneshot;

use super::tables::NONE;

/// A position as SQL holds it.
pub(super) fn number(position: Position) -> i64 {
    i64::try_from(position.number()).unwrap_or(NONE)
}

fn micros(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros()
}

/// How far rows are, and which event that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The last event whose rows are written.
    pub(super) position: Position,
    /// Its leaf hash; absent before the first event.
    pub(super) leaf: Option<LeafHash>,
}

impl Mark {
    /// Before every event.
    pub(super) const START: Self = Self { position: Position::START, leaf: None };
}

/// A row to write.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) subject: Arc<str>,
    pub(super) row: Row,
    pub(super) valid_from: i64,
    pub(super) valid_until: i64,
    pub(super) until_known: i64,
    pub(super) known_from: i64,
    pub(super) known_until: i64,
    pub(super) judged_at: i64,
}

/// Subject, key and first instant: names a row that is not retracted.
pub(super) type Name = (Arc<str>, Arc<str>, i64);

/// What changes in a versioned table.
#[derive(Debug, Default)]
pub(super) struct Versioned {
    /// Rows that become known.
    pub(super) opened: Vec<Opened>,
    /// Rows of earlier batches whose end becomes known: when they end, and by which position.
    pub(super) ended: Vec<(Name, i64, i64)>,
    /// Rows of earlier batches that are retracted, and by which position.
    pub(super) retracted: Vec<(Name, i64)>,
    /// Where rows of this batch stand that are not retracted.
    places: HashMap<Name, usize>,
}

impl Versioned {
    fn take(&mut self, subject: &Arc<str>, change: Change, position: i64, judged_at: i64) {
        match change {
            Change::Open { row, from, until } => {
                let valid_from = micros(from);
                let name = (Arc::clone(subject), Arc::clone(&row.key), valid_from);
                self.places.insert(name, self.opened.len());
                self.opened.push(Opened {
                    subject: Arc::clone(subject),
                    row,
                    valid_from,
                    valid_until: until.map_or(NONE, micros),
                    until_known: until.map_or(NONE, |_| position),
                    known_from: position,
                    known_until: NONE,
                    judged_at,
                });
            }
            Change::End { row, until } => {
                let name = (Arc::clone(subject), row.key, micros(row.from));
                match self.places.get(&name).and_then(|place| self.opened.get_mut(*place)) {
                    Some(opened) => (opened.valid_until, opened.until_known) = (micros(until), position),
                    None => self.ended.push((name, micros(until), position)),
                }
            }
            Change::Retract { row } => {
                let name = (Arc::clone(subject), row.key, micros(row.from));
                match self.places.remove(&name).and_then(|place| self.opened.get_mut(place)) {
                    Some(opened) => opened.known_until = position,
                    None => self.retracted.push((name, position)),
                }
            }
        }
    }
}

/// How far a judging anew has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The event that was published.
    pub(super) position: i64,
    /// The last subject that was judged.
    pub(super) subject: Arc<str>,
}

/// What is written in one transaction.
#[derive(Debug)]
pub(super) struct Batch {
    /// How far the rows are before it.
    pub(super) after: Position,
    /// How far the rows are with it.
    pub(super) place: Mark,
    /// Events that it takes in.
    pub(super) events: usize,
    /// Rows of tables with a row an event.
    pub(super) rows: Vec<EventRow>,
    /// Changes of versioned tables.
    pub(super) versioned: HashMap<&'static str, Versioned>,
    /// Last moments of streams.
    pub(super) latest: HashMap<Arc<str>, i64>,
    /// How far a judging anew has come, if it goes on after this batch.
    pub(super) cursor: Option<Cursor>,
    /// Hears when it is written.
    pub(super) written: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// Nothing, after this place.
    pub(super) fn after(place: Mark) -> Self {
        Self {
            after: place.position,
            place,
            events: 0,
            rows: Vec::new(),
            versioned: HashMap::new(),
            latest: HashMap::new(),
            cursor: None,
            written: None,
        }
    }

    /// One more event is taken in.
    pub(super) fn reach(&mut self, place: Mark) {
        self.place = place;
        self.events += 1;
    }

    /// Changes of a stream at a position, as judged by what was published until `judged_at`.
    pub(super) fn take(
        &mut self,
        subject: &Arc<str>,
        changes: Vec<Change>,
        position: Position,
        judged_at: Option<Position>,
    ) {
        for change in changes {
            let table: &'static str = match &change {
                Change::Open { row, .. } => row.table.name,
                Change::End { row, .. } | Change::Retract { row } => row.table,
            };
            let versioned = self.versioned.entry(table).or_default();
            versioned.take(subject, change, number(position), judged_at.map_or(0, number));
        }
    }

    /// A stream has a moment this late.
    pub(super) fn lasts_until(&mut self, subject: &Arc<str>, moment: DateTime<Utc>) {
        let latest = self.latest.entry(Arc::clone(subject)).or_insert(i64::MIN);
        *latest = (*latest).max(micros(moment));
    }

    /// Rows of a table that are written: what was known at no position is not.
    pub(super) fn opened(&self, table: &Table) -> Vec<&Opened> {
        let opened = self.versioned.get(table.name).map(|versioned| versioned.opened.as_slice());
        opened.unwrap_or_default().iter().filter(|row| row.known_from < row.known_until).collect()
    }
}
