//! The log as the projector and the notary follow it, over the event store.

use std::sync::Arc;

use async_trait::async_trait;
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;

use crate::notary::source::{Entries, EntriesError, Entry};
use crate::projector::{Log, LogError, LogEvent};
use crate::store::{EventStore, RecordedEvent, StoreError, TextStore};

/// Events of a stream that are read at a time.
const READ_EVENTS: u32 = 1_000;

/// The event store, as projections follow it.
#[derive(Debug)]
pub struct StoreLog {
    store: Arc<dyn EventStore>,
    texts: Arc<dyn TextStore>,
}

impl StoreLog {
    /// Over a store and its texts.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, texts: Arc<dyn TextStore>) -> Self {
        Self { store, texts }
    }
}

impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}

fn event(recorded: RecordedEvent) -> LogEvent {
    LogEvent { kept: recorded.kept(), stream: recorded.stream, bytes: recorded.bytes }
}

#[async_trait]
impl Log for StoreLog {
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<LogEvent>, LogError> {
        Ok(self.store.read_all(position, limit).await?.into_iter().map(event).collect())
    }

    async fn stream(&self, stream: &StreamName, until: Position) -> Result<Vec<LogEvent>, LogError> {
        let mut events = Vec::new();
        let mut from = Revision::FIRST;
        loop {
            let page = self.store.read_stream(stream, from, READ_EVENTS).await?;
            let is_last = page.len() < READ_EVENTS as usize;
            let last = page.last().map(|event| (event.revision, event.position));
            events.extend(page.into_iter().filter(|event| event.position <= until).map(event));
            match last {
                Some((revision, position)) if !is_last && position < until => from = revision.next(),
                _ => return Ok(events),
            }
        }
    }

    async fn text(&self, hash: &str) -> Result<Option<String>, LogError> {
        let text = self.texts.text(hash).await?;
        text.map(String::from_utf8).transpose().map_err(|error| LogError(Box::new(error)))
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.store.subscribe()
    }
}

/// The event store, as the notary follows it.
#[derive(Debug)]
pub struct StoreEntries {
    store: Arc<dyn EventStore>,
}

impl StoreEntries {
    /// Over a store.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store }
    }
}

impl From<StoreError> for EntriesError {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}

fn entry(recorded: RecordedEvent) -> Entry {
    Entry {
        position: recorded.position,
        stream: recorded.stream,
        revision: recorded.revision.number(),
        leaf_hash: *recorded.leaf_hash.bytes(),
        bytes: recorded.bytes,
    }
}

#[async_trait]
impl Entries for StoreEntries {
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<Entry>, EntriesError> {
        Ok(self.store.read_all(position, limit).await?.into_iter().map(entry).collect())
    }

    async fn at(&self, positions: &[Position]) -> Result<Vec<Option<Entry>>, EntriesError> {
        Ok(self.store.events_at(positions).await?.into_iter().map(|event| event.map(entry)).collect())
    }

    async fn last(&self) -> Result<Position, EntriesError> {
        Ok(self.store.last_position().await?)
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.store.subscribe()
    }
}
