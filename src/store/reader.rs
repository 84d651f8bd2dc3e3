//! Reading the tables of events, boxes and texts, which are the same on both SQL engines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use subject_record_schemas::{LeafHash, Position, Revision, StreamName};

use super::plan::KnownStream;
use super::{EventKey, Receipt, RecordedEvent, SealedBox, StoreError, StreamHead};
use crate::db::sql::{On, Pool, Row, Sql, query};

const READ_STREAM: Sql = Sql::both(
    "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM streams s JOIN events e ON e.stream = s.stream WHERE s.name = $1 AND e.revision >= $2 ORDER BY e.revision LIMIT $3",
);
const READ_ALL: Sql = Sql::both(
    "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM events e JOIN streams s ON s.stream = e.stream WHERE e.position > $1 ORDER BY e.position LIMIT $2",
);
const EVENT_AT: Sql = Sql::both(
    "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM events e JOIN streams s ON s.stream = e.stream WHERE e.position = $1",
);
const EVENTS_AT: Sql = Sql::apart(
    "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM json_each($1) wanted JOIN events e ON e.position = wanted.value JOIN streams s ON s.stream = e.stream",
    "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM jsonb_array_elements_text($1::jsonb) wanted JOIN events e ON e.position = wanted.value::bigint \
    JOIN streams s ON s.stream = e.stream",
);
const FIND: Sql = Sql::both(
    "SELECT e.position, s.name, e.revision, e.leaf, e.recorded_us, e.body \
    FROM sources o JOIN events e ON e.source = o.source JOIN streams s ON s.stream = e.stream WHERE o.name = $1 AND e.id = $2",
);
// A query has to repeat `mark > 0`, or the index of marks is not used.
const HEADS: Sql = Sql::apart(
    "SELECT s.name, s.stream, e.revision, e.leaf, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = s.stream AND m.mark = 1 AND m.mark > 0) AS registered, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = s.stream AND m.mark = 2 AND m.mark > 0) AS fenced \
    FROM json_each($1) wanted JOIN streams s ON s.name = wanted.value \
    JOIN events e ON e.stream = s.stream AND e.revision = (SELECT max(l.revision) FROM events l WHERE l.stream = s.stream)",
    "SELECT s.name, s.stream, e.revision, e.leaf, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = s.stream AND m.mark = 1 AND m.mark > 0) AS registered, \
        EXISTS (SELECT 1 FROM events m WHERE m.stream = s.stream AND m.mark = 2 AND m.mark > 0) AS fenced \
    FROM jsonb_array_elements_text($1::jsonb) wanted JOIN streams s ON s.name = wanted.value \
    JOIN LATERAL (SELECT revision, leaf FROM events l WHERE l.stream = s.stream ORDER BY l.revision DESC LIMIT 1) e ON true",
);
const RECEIPTS: Sql = Sql::apart(
    "SELECT wanted.key AS place, e.position, s.name, e.revision, e.leaf, e.recorded_us \
    FROM json_each($1) wanted JOIN sources o ON o.name = wanted.value ->> 0 \
    JOIN events e ON e.source = o.source AND e.id = wanted.value ->> 1 JOIN streams s ON s.stream = e.stream",
    "SELECT wanted.place - 1 AS place, e.position, s.name, e.revision, e.leaf, e.recorded_us \
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY wanted(value, place) JOIN sources o ON o.name = wanted.value ->> 0 \
    JOIN events e ON e.source = o.source AND e.id = wanted.value ->> 1 JOIN streams s ON s.stream = e.stream",
);
// Recorded times never go back and positions have no gaps, so the last event known at an instant is found by
// halving, without an index.
const POSITION_AT: Sql = Sql::both(
    "WITH RECURSIVE search (low, high) AS ( \
        SELECT CAST(0 AS BIGINT), (SELECT coalesce(max(position), 0) FROM events) \
        UNION ALL \
        SELECT CASE WHEN e.recorded_us <= $1 THEN e.position ELSE low END, \
               CASE WHEN e.recorded_us <= $1 THEN high ELSE e.position - 1 END \
        FROM search JOIN events e ON e.position = (low + high + 1) / 2 WHERE low < high) \
    SELECT low FROM search WHERE low >= high",
);
const BOXES: Sql = Sql::apart(
    "SELECT position, generation, sealed FROM boxes WHERE position IN (SELECT value FROM json_each($1))",
    "SELECT position, generation, sealed FROM boxes \
    WHERE position IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))",
);
const HAS_BOX: Sql = Sql::both(
    "SELECT EXISTS (SELECT 1 FROM streams s JOIN events e ON e.stream = s.stream \
    JOIN boxes b ON b.position = e.position WHERE s.name = $1) AS has",
);
const HAS_ANY_BOX: Sql = Sql::both("SELECT EXISTS (SELECT 1 FROM boxes) AS has");
const FENCED: Sql = Sql::both(
    "SELECT s.name FROM events e JOIN streams s ON s.stream = e.stream WHERE e.mark = 2 AND e.mark > 0 ORDER BY e.position",
);
const TEXT_HASHES: Sql = Sql::both("SELECT hash FROM texts ORDER BY hash");
const TEXT: Sql = Sql::both("SELECT body FROM texts WHERE hash = $1");

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The columns that every query of events gives.
fn event(row: &Row) -> Result<RecordedEvent, StoreError> {
    let receipt = receipt(row)?;
    Ok(RecordedEvent {
        position: receipt.position,
        stream: receipt.stream,
        revision: receipt.revision,
        leaf_hash: receipt.leaf_hash,
        recorded_at: receipt.recorded_at,
        bytes: row.str("body")?.into(),
    })
}

fn receipt(row: &Row) -> Result<Receipt, StoreError> {
    let position = Position::new(row.unsigned("position")?);
    let bad = |what: &str| StoreError::Row(format!("events: {what} at position {position}"));
    Ok(Receipt {
        stream: row.str("name")?.parse().map_err(|_| bad("stream name"))?,
        revision: Revision::new(row.unsigned("revision")?),
        position,
        leaf_hash: leaf(row)?,
        recorded_at: DateTime::from_timestamp_micros(row.integer("recorded_us")?)
            .ok_or_else(|| bad("recorded time"))?,
    })
}

fn leaf(row: &Row) -> Result<LeafHash, StoreError> {
    let bytes = row
        .slice("leaf")?
        .try_into()
        .map_err(|_| StoreError::Row("events: a leaf hash is not 32 bytes".into()))?;
    Ok(LeafHash::new(bytes))
}

pub(super) async fn read_stream(
    readers: &Pool,
    stream: &StreamName,
    from: Revision,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let query = query(&READ_STREAM).bind(stream.to_string()).bind(number(from.number())).bind(limit);
    query.fetch_all(readers).await?.iter().map(event).collect()
}

pub(super) async fn read_all(
    readers: &Pool,
    after: Position,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let query = query(&READ_ALL).bind(number(after.number())).bind(limit);
    query.fetch_all(readers).await?.iter().map(event).collect()
}

pub(super) async fn event_at(
    readers: &Pool,
    position: Position,
) -> Result<Option<RecordedEvent>, StoreError> {
    let query = query(&EVENT_AT).bind(number(position.number()));
    query.fetch_optional(readers).await?.as_ref().map(event).transpose()
}

pub(super) async fn events_at(
    readers: &Pool,
    positions: &[Position],
) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
    let wanted: Vec<_> = positions.iter().map(|position| number(position.number())).collect();
    let rows = query(&EVENTS_AT).bind(serde_json::json!(wanted).to_string()).fetch_all(readers).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let event = event(row)?;
        found.insert(event.position, event);
    }
    Ok(positions.iter().map(|position| found.get(position).cloned()).collect())
}

pub(super) async fn find(readers: &Pool, key: &EventKey) -> Result<Option<RecordedEvent>, StoreError> {
    let query = query(&FIND).bind(key.source.as_str()).bind(key.id.as_str());
    query.fetch_optional(readers).await?.as_ref().map(event).transpose()
}

pub(super) async fn head(readers: &Pool, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
    let found = heads(readers, &[stream.to_string()]).await?;
    Ok(found.into_iter().next().and_then(|(_, known)| known.head))
}

/// Streams of these names that are in the tables.
pub(super) async fn known_streams(
    on: impl Into<On<'_>>,
    names: &[String],
) -> Result<Vec<(StreamName, KnownStream)>, sqlx::Error> {
    heads(on, names).await.map_err(|error| match error {
        StoreError::Engine(source) => match source.downcast() {
            Ok(error) => *error,
            Err(source) => sqlx::Error::Decode(source),
        },
        other => sqlx::Error::Decode(Box::new(other)),
    })
}

async fn heads(
    on: impl Into<On<'_>>,
    names: &[String],
) -> Result<Vec<(StreamName, KnownStream)>, StoreError> {
    let wanted = serde_json::Value::from(names).to_string();
    let rows = query(&HEADS).bind(wanted).fetch_all(on).await?;
    let read = |row: &Row| {
        let name = row.str("name")?;
        let name =
            name.parse().map_err(|_| StoreError::Row("streams: a name that names no stream".into()))?;
        let head = StreamHead {
            revision: Revision::new(row.unsigned("revision")?),
            leaf_hash: leaf(row)?,
            registered: row.flag("registered")?,
            fenced: row.flag("fenced")?,
        };
        Ok((name, KnownStream { number: Some(row.integer("stream")?), head: Some(head) }))
    };
    rows.iter().map(read).collect()
}

/// Receipts of those of these names that are recorded.
pub(super) async fn receipts(
    on: impl Into<On<'_>>,
    keys: &[&EventKey],
) -> Result<HashMap<EventKey, Receipt>, sqlx::Error> {
    let wanted: Vec<_> = keys.iter().map(|key| [key.source.as_str(), key.id.as_str()]).collect();
    let wanted = serde_json::json!(wanted).to_string();
    let rows = query(&RECEIPTS).bind(wanted).fetch_all(on).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let place = usize::try_from(row.integer("place")?).ok();
        let receipt = receipt(row).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        if let Some(key) = place.and_then(|place| keys.get(place)) {
            found.insert((*key).clone(), receipt);
        }
    }
    Ok(found)
}

pub(super) async fn position_at(readers: &Pool, known_at: DateTime<Utc>) -> Result<Position, StoreError> {
    let query = query(&POSITION_AT).bind(known_at.timestamp_micros());
    Ok(Position::new(query.fetch_one(readers).await?.unsigned("low")?))
}

pub(super) async fn boxes(
    readers: &Pool,
    positions: &[Position],
) -> Result<Vec<Option<SealedBox>>, StoreError> {
    let wanted: Vec<_> = positions.iter().map(|position| number(position.number())).collect();
    let rows = query(&BOXES).bind(serde_json::json!(wanted).to_string()).fetch_all(readers).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let generation = u32::try_from(row.integer("generation")?)
            .map_err(|_| StoreError::Row("boxes: no generation of a key".into()))?;
        found.insert(row.integer("position")?, SealedBox { generation, sealed: row.bytes("sealed")? });
    }
    Ok(wanted.iter().map(|position| found.get(position).cloned()).collect())
}

pub(super) async fn has_box(readers: &Pool, stream: &StreamName) -> Result<bool, StoreError> {
    Ok(query(&HAS_BOX).bind(stream.to_string()).fetch_one(readers).await?.flag("has")?)
}

pub(super) async fn has_any_box(readers: &Pool) -> Result<bool, StoreError> {
    Ok(query(&HAS_ANY_BOX).fetch_one(readers).await?.flag("has")?)
}

pub(super) async fn fenced_streams(readers: &Pool) -> Result<Vec<StreamName>, StoreError> {
    let read = |row: &Row| {
        let name = row.str("name")?.parse();
        name.map_err(|_| StoreError::Row("streams: a name that names no stream".into()))
    };
    query(&FENCED).fetch_all(readers).await?.iter().map(read).collect()
}

pub(super) async fn text(readers: &Pool, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = query(&TEXT).bind(hash).fetch_optional(readers).await?;
    Ok(row.map(|row| row.bytes("body")).transpose()?)
}

pub(super) async fn text_hashes(readers: &Pool) -> Result<Vec<String>, StoreError> {
    let rows = query(&TEXT_HASHES).fetch_all(readers).await?;
    Ok(rows.iter().map(|row| row.text("hash")).collect::<Result<_, _>>()?)
}
