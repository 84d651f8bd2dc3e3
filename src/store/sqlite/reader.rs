//! Reading the file.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};
use subject_record_schemas::{LeafHash, Position, Revision, StreamName};

use super::plan::KnownStream;
use crate::store::{EventKey, Receipt, RecordedEvent, SealedBox, StoreError, StreamHead};

const READ_STREAM: &str = "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM streams s JOIN events e ON e.stream = s.stream WHERE s.name = ?1 AND e.revision >= ?2 ORDER BY e.revision LIMIT ?3";
const READ_ALL: &str = "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM events e JOIN streams s ON s.stream = e.stream WHERE e.position > ?1 ORDER BY e.position LIMIT ?2";
const EVENT_AT: &str = "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM events e JOIN streams s ON s.stream = e.stream WHERE e.position = ?1";
const EVENTS_AT: &str = "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM json_each(?1) wanted JOIN events e ON e.position = wanted.value JOIN streams s ON s.stream = e.stream";
const FIND: &str = "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM sources o JOIN events e ON e.source = o.source JOIN streams s ON s.stream = e.stream WHERE o.name = ?1 AND e.id = ?2";
const HEADS: &str = "SELECT s.name, s.stream, e.revision, e.leaf, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = s.stream AND m.mark = 1 AND m.mark > 0) AS registered, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = s.stream AND m.mark = 2 AND m.mark > 0) AS fenced \
    FROM json_each(?1) wanted JOIN streams s ON s.name = wanted.value \
    JOIN events e ON e.stream = s.stream AND e.revision = (SELECT max(l.revision) FROM events l WHERE l.stream = s.stream)";
const RECEIPTS: &str = "SELECT wanted.key AS place, e.position, s.name, e.revision, e.leaf, e.recorded_us \
    FROM json_each(?1) wanted JOIN sources o ON o.name = wanted.value ->> 0 \
    JOIN events e ON e.source = o.source AND e.id = wanted.value ->> 1 JOIN streams s ON s.stream = e.stream";
// Recorded times never go back and positions have no gaps, so the last event known at an instant is found by
// halving, without an index.
const POSITION_AT: &str = "WITH RECURSIVE search (low, high) AS ( \
        SELECT 0, (SELECT coalesce(max(position), 0) FROM events) \
        UNION ALL \
        SELECT CASE WHEN e.recorded_us <= ?1 THEN e.position ELSE low END, \
               CASE WHEN e.recorded_us <= ?1 THEN high ELSE e.position - 1 END \
        FROM search JOIN events e ON e.position = (low + high + 1) / 2 WHERE low < high) \
    SELECT low FROM search WHERE low >= high";
const BOXES: &str =
    "SELECT position, generation, sealed FROM boxes WHERE position IN (SELECT value FROM json_each(?1))";
const HAS_BOX: &str = "SELECT EXISTS (SELECT 1 FROM streams s JOIN events e ON e.stream = s.stream \
    JOIN boxes b ON b.position = e.position WHERE s.name = ?1)";
const HAS_ANY_BOX: &str = "SELECT EXISTS (SELECT 1 FROM boxes)";
const FENCED: &str = "SELECT s.name FROM events e JOIN streams s ON s.stream = e.stream WHERE e.mark = 2 AND e.mark > 0 ORDER BY e.position";
const TEXT: &str = "SELECT body FROM texts WHERE hash = ?1";

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The columns that every query of events gives.
fn event(row: &SqliteRow) -> Result<RecordedEvent, StoreError> {
    let receipt = receipt(row)?;
    Ok(RecordedEvent {
        position: receipt.position,
        stream: receipt.stream,
        revision: receipt.revision,
        leaf_hash: receipt.leaf_hash,
        recorded_at: receipt.recorded_at,
        bytes: row.try_get::<&str, _>("body")?.into(),
    })
}

fn receipt(row: &SqliteRow) -> Result<Receipt, StoreError> {
    let position = Position::new(unsigned(row, "position")?);
    let bad = |what: &str| StoreError::Row(format!("events: {what} at position {position}"));
    Ok(Receipt {
        stream: row.try_get::<&str, _>("name")?.parse().map_err(|_| bad("stream name"))?,
        revision: Revision::new(unsigned(row, "revision")?),
        position,
        leaf_hash: leaf(row)?,
        recorded_at: DateTime::from_timestamp_micros(row.try_get("recorded_us")?)
            .ok_or_else(|| bad("recorded time"))?,
    })
}

fn leaf(row: &SqliteRow) -> Result<LeafHash, StoreError> {
    let bytes: &[u8] = row.try_get("leaf")?;
    let bytes =
        bytes.try_into().map_err(|_| StoreError::Row("events: a leaf hash is not 32 bytes".into()))?;
    Ok(LeafHash::new(bytes))
}

fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| StoreError::Row(format!("events: negative {column}")))
}

pub(super) async fn read_stream(
    readers: &SqlitePool,
    stream: &StreamName,
    from: Revision,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let query = sqlx::query(READ_STREAM).bind(stream.to_string()).bind(number(from.number())).bind(limit);
    query.fetch_all(readers).await?.iter().map(event).collect()
}

pub(super) async fn read_all(
    readers: &SqlitePool,
    after: Position,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let query = sqlx::query(READ_ALL).bind(number(after.number())).bind(limit);
    query.fetch_all(readers).await?.iter().map(event).collect()
}

pub(super) async fn event_at(
    readers: &SqlitePool,
    position: Position,
) -> Result<Option<RecordedEvent>, StoreError> {
    let query = sqlx::query(EVENT_AT).bind(number(position.number()));
    query.fetch_optional(readers).await?.as_ref().map(event).transpose()
}

pub(super) async fn events_at(
    readers: &SqlitePool,
    positions: &[Position],
) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
    let wanted: Vec<_> = positions.iter().map(|position| number(position.number())).collect();
    let rows = sqlx::query(EVENTS_AT).bind(serde_json::json!(wanted).to_string()).fetch_all(readers).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let event = event(row)?;
        found.insert(event.position, event);
    }
    Ok(positions.iter().map(|position| found.get(position).cloned()).collect())
}

pub(super) async fn find(readers: &SqlitePool, key: &EventKey) -> Result<Option<RecordedEvent>, StoreError> {
    let query = sqlx::query(FIND).bind(key.source.as_str()).bind(key.id.as_str());
    query.fetch_optional(readers).await?.as_ref().map(event).transpose()
}

pub(super) async fn head(
    readers: &SqlitePool,
    stream: &StreamName,
) -> Result<Option<StreamHead>, StoreError> {
    let mut connection = readers.acquire().await?;
    let found = heads(&mut connection, &[stream.to_string()]).await?;
    Ok(found.into_iter().next().and_then(|(_, known)| known.head))
}

/// Streams of these names that are in the file.
pub(super) async fn known_streams(
    connection: &mut SqliteConnection,
    names: &[String],
) -> Result<Vec<(StreamName, KnownStream)>, sqlx::Error> {
    heads(connection, names).await.map_err(|error| match error {
        StoreError::Engine(source) => match source.downcast() {
            Ok(error) => *error,
            Err(source) => sqlx::Error::Decode(source),
        },
        other => sqlx::Error::Decode(Box::new(other)),
    })
}

async fn heads(
    connection: &mut SqliteConnection,
    names: &[String],
) -> Result<Vec<(StreamName, KnownStream)>, StoreError> {
    let wanted = serde_json::Value::from(names).to_string();
    let rows = sqlx::query(HEADS).bind(wanted).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        let name: &str = row.try_get("name")?;
        let name =
            name.parse().map_err(|_| StoreError::Row("streams: a name that names no stream".into()))?;
        let head = StreamHead {
            revision: Revision::new(unsigned(row, "revision")?),
            leaf_hash: leaf(row)?,
            registered: row.try_get("registered")?,
            fenced: row.try_get("fenced")?,
        };
        Ok((name, KnownStream { number: Some(row.try_get("stream")?), head: Some(head) }))
    };
    rows.iter().map(read).collect()
}

/// Receipts of those of these names that are recorded.
pub(super) async fn receipts(
    connection: &mut SqliteConnection,
    keys: &[&EventKey],
) -> Result<HashMap<EventKey, Receipt>, sqlx::Error> {
    let wanted: Vec<_> = keys.iter().map(|key| [key.source.as_str(), key.id.as_str()]).collect();
    let wanted = serde_json::json!(wanted).to_string();
    let rows = sqlx::query(RECEIPTS).bind(wanted).fetch_all(connection).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let place = usize::try_from(row.try_get::<i64, _>("place")?).ok();
        let receipt = receipt(row).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        if let Some(key) = place.and_then(|place| keys.get(place)) {
            found.insert((*key).clone(), receipt);
        }
    }
    Ok(found)
}

pub(super) async fn position_at(
    readers: &SqlitePool,
    known_at: DateTime<Utc>,
) -> Result<Position, StoreError> {
    let query = sqlx::query_scalar(POSITION_AT).bind(known_at.timestamp_micros());
    let low: i64 = query.fetch_one(readers).await?;
    Ok(Position::new(u64::try_from(low).unwrap_or(0)))
}

pub(super) async fn boxes(
    readers: &SqlitePool,
    positions: &[Position],
) -> Result<Vec<Option<SealedBox>>, StoreError> {
    let wanted: Vec<_> = positions.iter().map(|position| number(position.number())).collect();
    let rows = sqlx::query(BOXES).bind(serde_json::json!(wanted).to_string()).fetch_all(readers).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let generation: u32 = row.try_get("generation")?;
        found.insert(
            row.try_get::<i64, _>("position")?,
            SealedBox { generation, sealed: row.try_get("sealed")? },
        );
    }
    Ok(wanted.iter().map(|position| found.get(position).cloned()).collect())
}

pub(super) async fn has_box(readers: &SqlitePool, stream: &StreamName) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(HAS_BOX).bind(stream.to_string()).fetch_one(readers).await?)
}

pub(super) async fn has_any_box(readers: &SqlitePool) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(HAS_ANY_BOX).fetch_one(readers).await?)
}

pub(super) async fn fenced_streams(readers: &SqlitePool) -> Result<Vec<StreamName>, StoreError> {
    let names: Vec<String> = sqlx::query_scalar(FENCED).fetch_all(readers).await?;
    let read = |name: String| {
        name.parse().map_err(|_| StoreError::Row("streams: a name that names no stream".into()))
    };
    names.into_iter().map(read).collect()
}

pub(super) async fn text(readers: &SqlitePool, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar(TEXT).bind(hash).fetch_optional(readers).await?)
}
