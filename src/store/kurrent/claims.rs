//! Claims: what is durable before an event is sent, and kept for as long as the event may exist.

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};
use subject_record_schemas::{EventId, Revision, Source, StreamName};

use super::event::Seen;
use super::index::{row_number, unreadable};
use super::plan::Placed;
use crate::store::{EventKey, Mark, SealedBox, SealedEvent, StoreError};

const OPEN: &str = "SELECT source, id, stream, append, needed, mark, text_before, text_after, generation, sealed \
    FROM claims WHERE stored = 0 ORDER BY append, place";
const INSERT: &str = "INSERT INTO claims \
    (source, id, stream, append, place, needed, mark, text_before, text_after, generation, sealed) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const NEXT: &str = "SELECT coalesce(max(append), 0) + 1 FROM claims";
const REMOVE: &str = "DELETE FROM claims WHERE append = ?1 AND stored = 0";
const STORED: &str =
    "UPDATE claims SET stored = 1, text_before = '', text_after = '' WHERE source = ?1 AND id = ?2";
const REMOVE_ONE: &str = "DELETE FROM claims WHERE source = ?1 AND id = ?2";

/// An append whose events may exist, or may not.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) stream: StreamName,
    /// Where the stream has to end for it.
    pub(super) needed: Option<Revision>,
    /// Its events as they were claimed.
    pub(super) events: Vec<SealedEvent>,
}

/// The open claims. Few: an append's are open only while it is under way, or when nobody knows what became of it.
#[derive(Debug, Default)]
pub(super) struct Claims {
    open: BTreeMap<i64, Open>,
    by_key: HashMap<EventKey, i64>,
    next: i64,
}

impl Claims {
    /// Takes the open claims from the file.
    pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let mut claims =
            Self { next: sqlx::query_scalar(NEXT).fetch_one(&mut *connection).await?, ..Self::default() };
        for row in &sqlx::query(OPEN).fetch_all(connection).await? {
            let (number, stream, needed, event) = claim(row)?;
            claims.by_key.insert(event.key.clone(), number);
            let open = claims.open.entry(number);
            open.or_insert_with(|| Open { stream, needed, events: Vec::new() }).events.push(event);
        }
        Ok(claims)
    }

    /// Numbers of all open appends.
    pub(super) fn numbers(&self) -> Vec<i64> {
        self.open.keys().copied().collect()
    }

    pub(super) fn get(&self, number: i64) -> Option<&Open> {
        self.open.get(&number)
    }

    /// The open append of a name.
    pub(super) fn of(&self, key: &EventKey) -> Option<i64> {
        self.by_key.get(key).copied()
    }

    /// Makes claims of appends durable, in one commit, and numbers each append.
    pub(super) async fn add(
        &mut self,
        connection: &mut SqliteConnection,
        appends: &[&Placed],
    ) -> Result<Vec<i64>, sqlx::Error> {
        let mut numbers = Vec::with_capacity(appends.len());
        if appends.is_empty() {
            return Ok(numbers);
        }
        let mut transaction = connection.begin().await?;
        for (number, append) in (self.next..).zip(appends) {
            for (place, (event, _)) in (0_i64..).zip(&append.events) {
                let sealed = event.sealed_box.as_ref();
                sqlx::query(INSERT)
                    .bind(event.key.source.as_str())
                    .bind(event.key.id.as_str())
                    .bind(append.stream.to_string())
                    .bind(number)
                    .bind(place)
                    .bind(append.needed.map(|needed| row_number(needed.number())))
                    .bind(event.mark.number())
                    .bind(&event.text_before)
                    .bind(&event.text_after)
                    .bind(sealed.map(|sealed| i64::from(sealed.generation)))
                    .bind(sealed.map(|sealed| sealed.sealed.as_slice()))
                    .execute(&mut *transaction)
                    .await?;
            }
            numbers.push(number);
        }
        transaction.commit().await?;
        for (number, append) in numbers.iter().zip(appends) {
            let events: Vec<_> = append.events.iter().map(|(event, _)| event.clone()).collect();
            self.by_key.extend(events.iter().map(|event| (event.key.clone(), *number)));
            let open = Open { stream: append.stream.clone(), needed: append.needed, events };
            self.open.insert(*number, open);
            self.next = number + 1;
        }
        Ok(numbers)
    }

    /// Removes the claims of appends that were never sent, or that the stream proves absent for ever.
    pub(super) async fn remove(
        &mut self,
        connection: &mut SqliteConnection,
        numbers: &[i64],
    ) -> Result<(), sqlx::Error> {
        if numbers.is_empty() {
            return Ok(());
        }
        let mut transaction = connection.begin().await?;
        for number in numbers {
            sqlx::query(REMOVE).bind(number).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        for number in numbers {
            for event in self.open.remove(number).into_iter().flat_map(|open| open.events) {
                self.by_key.remove(&event.key);
            }
        }
        Ok(())
    }

    /// Marks the claim of an event that was seen in the log, within the transaction that indexes it. Call
    /// [`Claims::close`] for it once that has committed.
    ///
    /// A claim with other texts is not of that event: somebody else recorded it, with openings of his own.
    pub(super) async fn mark_stored(
        &self,
        connection: &mut SqliteConnection,
        seen: &Seen,
    ) -> Result<(), sqlx::Error> {
        let Some(open) = self.of(&seen.key).and_then(|number| self.get(number)) else { return Ok(()) };
        let Some(claimed) = open.events.iter().find(|event| event.key == seen.key) else { return Ok(()) };
        let is_of_it =
            seen.text.starts_with(&claimed.text_before) && seen.text.ends_with(&claimed.text_after);
        if !is_of_it {
            tracing::error!(key = ?seen.key, "an event was recorded by another hand than its claim's; its box is lost");
        }
        let keeps_box = is_of_it && claimed.sealed_box.is_some();
        let query = sqlx::query(if keeps_box { STORED } else { REMOVE_ONE });
        query.bind(seen.key.source.as_str()).bind(seen.key.id.as_str()).execute(connection).await?;
        Ok(())
    }

    /// Forgets that the claim of an event is open.
    pub(super) fn close(&mut self, key: &EventKey) {
        let Some(number) = self.by_key.remove(key) else { return };
        if let Some(open) = self.open.get_mut(&number)
            && open.events.iter().all(|event| !self.by_key.contains_key(&event.key))
        {
            self.open.remove(&number);
        }
    }
}

type Claim = (i64, StreamName, Option<Revision>, SealedEvent);

fn claim(row: &SqliteRow) -> Result<Claim, StoreError> {
    let generation: Option<u32> = row.try_get("generation")?;
    let sealed: Option<Vec<u8>> = row.try_get("sealed")?;
    let needed: Option<i64> = row.try_get("needed")?;
    let event = SealedEvent {
        key: EventKey {
            source: Source::parse(row.try_get::<&str, _>("source")?).map_err(|_| unreadable("no source"))?,
            id: EventId::parse(row.try_get::<&str, _>("id")?).map_err(|_| unreadable("no id"))?,
        },
        mark: match row.try_get::<i64, _>("mark")? {
            0 => Mark::None,
            1 => Mark::Registration,
            2 => Mark::Fence,
            _ => return Err(unreadable("a mark that is none")),
        },
        text_before: row.try_get("text_before")?,
        text_after: row.try_get("text_after")?,
        sealed_box: generation.zip(sealed).map(|(generation, sealed)| SealedBox { generation, sealed }),
        // It is sent together with what it follows, or was.
        follows: false,
    };
    let stream = row.try_get::<&str, _>("stream")?;
    let stream = stream.parse().map_err(|_| unreadable("a name that names no stream"))?;
    Ok((row.try_get("append")?, stream, needed.and_then(|n| u64::try_from(n).ok()).map(Revision::new), event))
}
