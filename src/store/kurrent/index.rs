//! The index: where each event of the server stands, and what KurrentDB cannot look for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};
use subject_record_schemas::{EventId, LeafHash, Position, Revision, Source, StreamName};

use super::event::{Seen, position};
use crate::store::{EventKey, Receipt, RecordedEvent, SealedBox, StoreError, StreamHead};

const LAST: &str = "SELECT position, prepare, stream, revision, source, id, recorded_us, leaf FROM events \
    ORDER BY position DESC LIMIT 1";
const INSERT: &str = "INSERT INTO events (position, prepare, stream, revision, source, id, mark, recorded_us, leaf) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const STREAM: &str = "SELECT position, prepare, stream, revision, source, id, recorded_us, leaf FROM events \
    WHERE stream = ?1 AND revision >= ?2 ORDER BY revision LIMIT ?3";
const ALL: &str = "SELECT position, prepare, stream, revision, source, id, recorded_us, leaf FROM events \
    WHERE position > ?1 ORDER BY position LIMIT ?2";
const AT: &str = "SELECT e.position, e.prepare, e.stream, e.revision, e.source, e.id, e.recorded_us, e.leaf \
    FROM json_each(?1) wanted JOIN events e ON e.position = wanted.value";
const NAMED: &str = "SELECT e.position, e.prepare, e.stream, e.revision, e.source, e.id, e.recorded_us, e.leaf \
    FROM json_each(?1) wanted JOIN events e ON e.source = wanted.value ->> 0 AND e.id = wanted.value ->> 1";
const HEADS: &str = "SELECT e.stream, e.revision, e.leaf, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = e.stream AND m.mark = 1 AND m.mark > 0) AS registered, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = e.stream AND m.mark = 2 AND m.mark > 0) AS fenced \
    FROM json_each(?1) wanted JOIN events e ON e.stream = wanted.value \
        AND e.revision = (SELECT max(l.revision) FROM events l WHERE l.stream = wanted.value)";
const POSITION_AT: &str =
    "SELECT position FROM events WHERE recorded_us <= ?1 ORDER BY recorded_us DESC, position DESC LIMIT 1";
const BOXES: &str = "SELECT e.position, c.generation, c.sealed FROM json_each(?1) wanted \
    JOIN events e ON e.position = wanted.value \
    JOIN claims c ON c.source = e.source AND c.id = e.id AND c.sealed IS NOT NULL AND c.stored = 1";
// An open claim counts: its event may exist.
const HAS_BOX: &str = "SELECT EXISTS (SELECT 1 FROM claims WHERE stream = ?1 AND sealed IS NOT NULL)";
const HAS_ANY_BOX: &str = "SELECT EXISTS (SELECT 1 FROM claims WHERE sealed IS NOT NULL)";
const FENCED: &str = "SELECT DISTINCT stream FROM events WHERE mark = 2 AND mark > 0";
const TEXT_HASHES: &str = "SELECT hash FROM texts ORDER BY hash";
const TEXT: &str = "SELECT body FROM texts WHERE hash = ?1";

/// Where an event stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: EventKey,
    pub(super) receipt: Receipt,
    /// Commit and prepare position at the server.
    pub(super) at: (u64, u64),
}

impl Entry {
    /// The entry of an event as the server gave it.
    pub(super) fn of(seen: &Seen) -> Self {
        Self {
            key: seen.key.clone(),
            receipt: Receipt {
                stream: seen.stream.clone(),
                revision: seen.revision,
                position: position(seen.commit),
                leaf_hash: seen.leaf_hash,
                recorded_at: seen.recorded_at,
            },
            at: (seen.commit, seen.prepare),
        }
    }

    /// Whether the server's event is the one of this entry.
    pub(super) fn is_of(&self, seen: &Seen) -> bool {
        (&seen.stream, seen.revision, &seen.key) == (&self.receipt.stream, self.receipt.revision, &self.key)
    }

    /// The event, its bytes as the server gave them. Whether they still have this leaf hash is the reader's question.
    pub(super) fn event(&self, seen: &Seen) -> RecordedEvent {
        let Receipt { stream, revision, position, leaf_hash, recorded_at } = self.receipt.clone();
        RecordedEvent { position, stream, revision, leaf_hash, recorded_at, bytes: seen.text.clone() }
    }
}

/// A number as SQLite holds it. Positions and revisions stay far below its limit.
pub(super) fn row_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Row(format!("beside KurrentDB: {what}"))
}

fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| unreadable("a number below zero"))
}

fn leaf(row: &SqliteRow) -> Result<LeafHash, StoreError> {
    let bytes: &[u8] = row.try_get("leaf")?;
    Ok(LeafHash::new(bytes.try_into().map_err(|_| unreadable("a leaf hash that is not 32 bytes"))?))
}

fn stream(row: &SqliteRow) -> Result<StreamName, StoreError> {
    row.try_get::<&str, _>("stream")?.parse().map_err(|_| unreadable("a name that names no stream"))
}

fn entry(row: &SqliteRow) -> Result<Entry, StoreError> {
    let number = unsigned(row, "position")?;
    let recorded = DateTime::from_timestamp_micros(row.try_get("recorded_us")?);
    Ok(Entry {
        key: EventKey {
            source: Source::parse(row.try_get::<&str, _>("source")?).map_err(|_| unreadable("no source"))?,
            id: EventId::parse(row.try_get::<&str, _>("id")?).map_err(|_| unreadable("no id"))?,
        },
        receipt: Receipt {
            stream: stream(row)?,
            revision: Revision::new(unsigned(row, "revision")?),
            position: Position::new(number),
            leaf_hash: leaf(row)?,
            recorded_at: recorded.ok_or_else(|| unreadable("no recorded time"))?,
        },
        at: (number.saturating_sub(1), unsigned(row, "prepare")?),
    })
}

/// Adds an event behind all others.
pub(super) async fn add(connection: &mut SqliteConnection, seen: &Seen) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT)
        .bind(row_number(position(seen.commit).number()))
        .bind(row_number(seen.prepare))
        .bind(seen.stream.to_string())
        .bind(row_number(seen.revision.number()))
        .bind(seen.key.source.as_str())
        .bind(seen.key.id.as_str())
        .bind(seen.mark.number())
        .bind(seen.recorded_at.timestamp_micros())
        .bind(seen.leaf_hash.bytes().as_slice());
    query.execute(connection).await.map(drop)
}

/// The event that was added last.
pub(super) async fn last(connection: &mut SqliteConnection) -> Result<Option<Entry>, StoreError> {
    sqlx::query(LAST).fetch_optional(connection).await?.as_ref().map(entry).transpose()
}

pub(super) async fn of_stream(
    readers: &SqlitePool,
    stream: &StreamName,
    from: Revision,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let query = sqlx::query(STREAM).bind(stream.to_string()).bind(row_number(from.number())).bind(limit);
    query.fetch_all(readers).await?.iter().map(entry).collect()
}

pub(super) async fn after(
    readers: &SqlitePool,
    after: Position,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let query = sqlx::query(ALL).bind(row_number(after.number())).bind(limit);
    query.fetch_all(readers).await?.iter().map(entry).collect()
}

/// Entries of those of these positions that there are.
pub(super) async fn at(
    readers: &SqlitePool,
    positions: &[Position],
) -> Result<HashMap<Position, Entry>, StoreError> {
    let rows = sqlx::query(AT).bind(numbers(positions)).fetch_all(readers).await?;
    let entries = rows.iter().map(|row| entry(row).map(|entry| (entry.receipt.position, entry)));
    entries.collect()
}

/// Entries of those of these names that are recorded.
pub(super) async fn named<'a>(
    connection: &mut SqliteConnection,
    keys: impl Iterator<Item = &'a EventKey>,
) -> Result<HashMap<EventKey, Entry>, StoreError> {
    let wanted: Vec<_> = keys.map(|key| [key.source.as_str(), key.id.as_str()]).collect();
    let rows = sqlx::query(NAMED).bind(serde_json::json!(wanted).to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| entry(row).map(|entry| (entry.key.clone(), entry))).collect()
}

/// Heads of those of these streams that have an event.
pub(super) async fn heads<'a>(
    connection: &mut SqliteConnection,
    streams: impl Iterator<Item = &'a StreamName>,
) -> Result<HashMap<StreamName, StreamHead>, StoreError> {
    let wanted: Vec<_> = streams.map(ToString::to_string).collect();
    let rows = sqlx::query(HEADS).bind(serde_json::json!(wanted).to_string()).fetch_all(connection).await?;
    let head = |row: &SqliteRow| {
        let head = StreamHead {
            revision: Revision::new(unsigned(row, "revision")?),
            leaf_hash: leaf(row)?,
            registered: row.try_get("registered")?,
            fenced: row.try_get("fenced")?,
        };
        Ok((stream(row)?, head))
    };
    rows.iter().map(head).collect()
}

pub(super) async fn position_at(
    readers: &SqlitePool,
    known_at: DateTime<Utc>,
) -> Result<Position, StoreError> {
    let query = sqlx::query_scalar(POSITION_AT).bind(known_at.timestamp_micros());
    let found: Option<i64> = query.fetch_optional(readers).await?;
    Ok(Position::new(found.and_then(|found| u64::try_from(found).ok()).unwrap_or(0)))
}

pub(super) async fn boxes(
    readers: &SqlitePool,
    positions: &[Position],
) -> Result<Vec<Option<SealedBox>>, StoreError> {
    let rows: Vec<(i64, u32, Vec<u8>)> =
        sqlx::query_as(BOXES).bind(numbers(positions)).fetch_all(readers).await?;
    let boxes = rows.into_iter().map(|(at, generation, sealed)| (at, SealedBox { generation, sealed }));
    let found: HashMap<_, _> = boxes.collect();
    Ok(positions.iter().map(|position| found.get(&row_number(position.number())).cloned()).collect())
}

fn numbers(positions: &[Position]) -> String {
    let numbers: Vec<_> = positions.iter().map(|position| row_number(position.number())).collect();
    serde_json::json!(numbers).to_string()
}

pub(super) async fn has_box(readers: &SqlitePool, stream: &StreamName) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(HAS_BOX).bind(stream.to_string()).fetch_one(readers).await?)
}

pub(super) async fn has_any_box(readers: &SqlitePool) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(HAS_ANY_BOX).fetch_one(readers).await?)
}

pub(super) async fn fenced_streams(readers: &SqlitePool) -> Result<Vec<StreamName>, StoreError> {
    sqlx::query(FENCED).fetch_all(readers).await?.iter().map(stream).collect()
}

pub(super) async fn text(readers: &SqlitePool, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar(TEXT).bind(hash).fetch_optional(readers).await?)
}

pub(super) async fn text_hashes(readers: &SqlitePool) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(TEXT_HASHES).fetch_all(readers).await?)
}
