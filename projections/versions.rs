//! What keys hold over time, and how knowledge of that changes: the two times of DESIGN's read models in one
//! place.
//!
//! Over `time`, a key holds a row from an instant on, until it holds another or none. A new event changes that
//! picture; the difference between the picture before and after is a list of [`Change`]s at the event's
//! position. So a row stands over an interval of `time` and an interval of positions, and both answers (what was
//! so, what was known) are found by comparing numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::table::{Row, Table};

/// From an instant on a table's key holds this, or nothing.
type Entry = (DateTime<Utc>, Option<Row>);

/// What a table's key holds, in the order of instants.
type History = Vec<Entry>;

/// About what a key takes beside its rows: the room that a history begins with, and its share of a node.
const PLACE_BYTES: usize = 512;

/// Which key of which table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    table: &'static str,
    key: Arc<str>,
}

/// What the keys of one stream hold over time, as known now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions {
    places: BTreeMap<Place, History>,
    bytes: usize,
}

/// A difference between what was known before an event and after it.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A row becomes known: it holds from an instant, until another if that is known already.
    Open {
        /// The row.
        row: Row,
        /// First instant at which it holds.
        from: DateTime<Utc>,
        /// First instant at which it holds no more.
        until: Option<DateTime<Utc>>,
    },
    /// The end of a row becomes known, which had none.
    End {
        /// The row.
        row: RowName,
        /// First instant at which it holds no more.
        until: DateTime<Utc>,
    },
    /// A row was wrong, as is known now: it never held like that.
    Retract {
        /// The row.
        row: RowName,
    },
}

/// Names a row that is known: among those that are not retracted there is one of a key and instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowName {
    /// Name of its table.
    pub table: &'static str,
    /// Its key among the rows of its stream.
    pub key: Arc<str>,
    /// First instant at which it holds.
    pub from: DateTime<Utc>,
}

/// Changes to a stream's keys by one event.
///
/// Only the end of a history changes, so only that is kept aside and compared: an event costs no more on a key that
/// has held a thousand rows.
#[derive(Debug)]
pub struct Draft<'v> {
    versions: &'v mut Versions,
    before: BTreeMap<Place, Tail>,
}

/// The end of a history as it was before a draft.
#[derive(Debug)]
struct Tail {
    /// How many entries before it stand as they stood.
    kept: usize,
    entries: History,
}

impl Tail {
    /// Moves its beginning to an earlier entry of the history, which still stands there.
    fn reach(&mut self, place: usize, history: &[Entry]) {
        if place < self.kept {
            self.entries.splice(0..0, history[place..self.kept].iter().cloned());
            self.kept = place;
        }
    }
}

impl Versions {
    /// Begins the changes of one event.
    pub fn draft(&mut self) -> Draft<'_> {
        Draft { versions: self, before: BTreeMap::new() }
    }

    /// About how many bytes of memory they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.saturating_add(self.places.len().saturating_mul(PLACE_BYTES))
    }

    /// What became known between an earlier picture and this one.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (place, history) in &before.places {
            let now = self.places.get(place).map_or(&[][..], Vec::as_slice);
            differences(place, history, now, &mut changes);
        }
        for (place, history) in &self.places {
            if !before.places.contains_key(place) {
                differences(place, &[], history, &mut changes);
            }
        }
        changes
    }

    /// The row that a key holds at an instant.
    #[must_use]
    pub fn at(&self, table: &'static Table, key: &str, at: DateTime<Utc>) -> Option<&Row> {
        held(self.places.get(&Place { table: table.name, key: key.into() })?, at)
    }

    /// Every row that holds at an instant, by table and key.
    pub fn all_at(&self, at: DateTime<Utc>) -> impl Iterator<Item = &Row> {
        self.places.values().filter_map(move |history| held(history, at))
    }
}

impl Draft<'_> {
    /// From an instant on a key holds this row, whatever was said before of the time after it.
    pub fn set(&mut self, from: DateTime<Utc>, row: Row) {
        self.plan(row.table, Arc::clone(&row.key), [(from, Some(row))]);
    }

    /// From an instant on a key holds nothing.
    pub fn clear(&mut self, table: &'static Table, key: &str, from: DateTime<Utc>) {
        self.plan(table, key.into(), [(from, None)]);
    }

    /// From an instant on a key holds this row, and from a later one on that one: what is bound to come by time
    /// alone.
    pub fn set_then(&mut self, from: DateTime<Utc>, row: Row, then: DateTime<Utc>, later: Option<Row>) {
        let (table, key) = (row.table, Arc::clone(&row.key));
        if then <= from {
            self.plan(table, key, [(from, later)]);
        } else {
            self.plan(table, key, [(from, Some(row)), (then, later)]);
        }
    }

    /// The row that a key holds at an instant, as drafted so far.
    #[must_use]
    pub fn at(&self, table: &'static Table, key: &str, at: DateTime<Utc>) -> Option<&Row> {
        self.versions.at(table, key, at)
    }

    /// What a key holds from `plan`'s first instant on. Instants ascend.
    fn plan<const N: usize>(
        &mut self,
        table: &'static Table,
        key: Arc<str>,
        plan: [(DateTime<Utc>, Option<Row>); N],
    ) {
        let place = Place { table: table.name, key };
        let Versions { places, bytes } = &mut *self.versions;
        let history = places.entry(place.clone()).or_default();
        let unchanged = Tail { kept: history.len(), entries: History::new() };
        let tail = self.before.entry(place).or_insert(unchanged);
        for (from, row) in plan {
            let place = history.partition_point(|(earlier, _)| *earlier < from);
            tail.reach(place, history);
            *bytes = bytes.saturating_sub(history.drain(place..).map(|entry| bytes_of(&entry)).sum());
            let held = history.last().and_then(|(_, row)| row.as_ref());
            if held != row.as_ref() {
                let entry = (from, row);
                *bytes = bytes.saturating_add(bytes_of(&entry));
                history.push(entry);
            }
        }
    }

    /// What became known by this event.
    #[must_use]
    pub fn changes(self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (place, mut tail) in self.before {
            let Some(now) = self.versions.places.get(&place) else { continue };
            // The last entry that stands may have got another end.
            tail.reach(tail.kept.saturating_sub(1), now);
            differences(&place, &tail.entries, &now[tail.kept..], &mut changes);
            if now.is_empty() {
                self.versions.places.remove(&place);
            }
        }
        changes
    }
}

/// About how many bytes of memory an entry takes.
fn bytes_of((_, row): &Entry) -> usize {
    size_of::<Entry>() + row.as_ref().map_or(0, Row::held_bytes)
}

/// The row that is held at an instant.
fn held(history: &[Entry], at: DateTime<Utc>) -> Option<&Row> {
    let after = history.partition_point(|(from, _)| *from <= at);
    history.get(after.checked_sub(1)?)?.1.as_ref()
}

/// A row with both ends.
type Span<'h> = (DateTime<Utc>, Option<DateTime<Utc>>, &'h Row);

/// The row that an entry of a history begins.
fn span(history: &[Entry], place: usize) -> Option<Span<'_>> {
    let (from, row) = history.get(place)?;
    let until = history.get(place + 1).map(|(next, _)| *next);
    Some((*from, until, row.as_ref()?))
}

fn spans(history: &[Entry]) -> impl Iterator<Item = Span<'_>> {
    (0..history.len()).filter_map(|place| span(history, place))
}

/// The span of the same row from the same instant on.
fn like<'h>(history: &'h [Entry], from: DateTime<Utc>, row: &Row) -> Option<Span<'h>> {
    let place = history.binary_search_by_key(&from, |(from, _)| *from).ok()?;
    span(history, place).filter(|(_, _, content)| *content == row)
}

fn differences(place: &Place, before: &[Entry], now: &[Entry], changes: &mut Vec<Change>) {
    let name = |from| RowName { table: place.table, key: Arc::clone(&place.key), from };
    for (from, until, row) in spans(before) {
        let same = like(now, from, row);
        match (until, same.map(|(_, until, _)| until)) {
            (_, None) => changes.push(Change::Retract { row: name(from) }),
            (before, Some(now)) if before == now => {}
            (None, Some(Some(until))) => changes.push(Change::End { row: name(from), until }),
            (Some(_), Some(_)) | (None, Some(None)) => changes.push(Change::Retract { row: name(from) }),
        }
    }
    for (from, until, row) in spans(now) {
        let same = like(before, from, row);
        let stays = same.is_some_and(|(_, before, _)| before == until || before.is_none());
        if !stays {
            changes.push(Change::Open { row: row.clone(), from, until });
        }
    }
}

#[cfg(test)]
mod tests;
