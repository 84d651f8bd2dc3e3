//! Reading: the index says where events stand, the server gives their bytes.

use futures::{StreamExt, TryStreamExt, stream};
use sqlx::SqlitePool;
use subject_record_schemas::{Position, Revision, StreamName};

use super::index::{self, Entry};
use super::server::Server;
use crate::store::{RecordedEvent, StoreError};

/// Events asked for at once.
const PAGE_EVENTS: usize = 500;
/// Single events asked for at the same time.
const ASKED_AT_ONCE: usize = 16;

/// The server lacks an event that it had.
fn gone(entry: &Entry) -> StoreError {
    StoreError::Row(format!("KurrentDB no longer holds the event at {}", entry.receipt.position))
}

pub(super) async fn read_stream(
    readers: &SqlitePool,
    server: &Server,
    stream: &StreamName,
    from: Revision,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let entries = index::of_stream(readers, stream, from, limit).await?;
    let mut events = Vec::with_capacity(entries.len());
    // Revisions have no gaps: a page of entries is a page of the server.
    for page in entries.chunks(PAGE_EVENTS) {
        let Some(first) = page.first() else { break };
        let served = server.read_stream(stream, first.receipt.revision, page.len()).await?;
        for (place, entry) in page.iter().enumerate() {
            let seen = served.get(place).filter(|seen| entry.is_of(seen)).ok_or_else(|| gone(entry))?;
            events.push(entry.event(seen));
        }
    }
    Ok(events)
}

pub(super) async fn read_all(
    readers: &SqlitePool,
    server: &Server,
    after: Position,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let entries = index::after(readers, after, limit).await?;
    let mut events = Vec::with_capacity(entries.len());
    for page in entries.chunks(PAGE_EVENTS) {
        let Some(first) = page.first() else { break };
        let served = server.read_all(Some(first.at), page.len()).await?;
        for (place, entry) in page.iter().enumerate() {
            let seen = served.get(place).filter(|seen| seen.commit == entry.at.0 && entry.is_of(seen));
            events.push(entry.event(seen.ok_or_else(|| gone(entry))?));
        }
    }
    Ok(events)
}

pub(super) async fn events_at(
    readers: &SqlitePool,
    server: &Server,
    positions: &[Position],
) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
    let entries = index::at(readers, positions).await?;
    let asked = positions.iter().map(|position| entries.get(position).cloned());
    let asked: Vec<_> = asked.map(|entry| one(server, entry)).collect();
    stream::iter(asked).buffered(ASKED_AT_ONCE).try_collect().await
}

/// The event of an entry.
pub(super) async fn one(server: &Server, entry: Option<Entry>) -> Result<Option<RecordedEvent>, StoreError> {
    let Some(entry) = entry else { return Ok(None) };
    let served = server.read_stream(&entry.receipt.stream, entry.receipt.revision, 1).await?;
    let seen = served.first().filter(|seen| entry.is_of(seen)).ok_or_else(|| gone(&entry))?;
    Ok(Some(entry.event(seen)))
}
