//! The log of the projector, over the event store.

use std::sync::Arc;

use async_trait::async_trait;
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;

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
