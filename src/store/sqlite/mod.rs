//! The embedded engine: one SQLite file, one writer, no set-up.
//!
//! - [`writer`] owns the file's one writing connection, the stream heads and the next position. Whatever waits
//!   when it is free becomes one statement and one sync (group commit).
//! - [`plan`] decides, without a database, what a batch may write.
//! - [`reader`] reads, on connections that cannot write.

mod plan;
mod reader;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use self::writer::{Command, Writer};
use super::{
    Append, AppendError, Appended, Capabilities, EventKey, EventStore, RecordedEvent, SealedBox, StoreError,
    StreamHead, TextStore,
};
use crate::clock::Clock;
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/events");

pub use crate::config::Store as SqliteSettings;

/// Rows of one statement: thirteen variables each, and SQLite takes 32,766.
const BATCH_EVENTS_CEILING: usize = 2_500;

/// The embedded engine.
#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    commands: mpsc::UnboundedSender<Command>,
    waiting: Arc<Semaphore>,
    batch_events_max: usize,
    last_position: watch::Receiver<Position>,
}

impl SqliteStore {
    /// Opens the file, or makes it, and starts its writer.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the file.
    pub async fn open(
        path: &Path,
        settings: SqliteSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DatabaseError> {
        let settings = SqliteSettings {
            batch_events_max: settings.batch_events_max.clamp(1, BATCH_EVENTS_CEILING),
            ..settings
        };
        let tuning = WriterTuning {
            page_bytes: 8192,
            // A statement a batch size.
            statements_max: settings.batch_events_max.min(600) + 20,
            wal_checkpoint_pages: settings.wal_checkpoint_pages,
        };
        let open_error = |source| DatabaseError::Open { path: path.to_owned(), source };
        let connection = open_writer(path, &MIGRATOR, tuning).await?;
        let readers = open_readers(path).await?;
        let (publish, last_position) = watch::channel(Position::START);
        let writer = Writer::open(connection, clock, settings, publish).await.map_err(open_error)?;
        // Unbounded, because `waiting` bounds what is in it.
        let (commands, inbox) = mpsc::unbounded_channel();
        tokio::spawn(writer.run(inbox));
        let waiting = Arc::new(Semaphore::new(settings.queue_events_max as usize));
        Ok(Self { readers, commands, waiting, batch_events_max: settings.batch_events_max, last_position })
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }
}

/// The writer is gone: it panicked or the process is ending.
fn closed() -> StoreError {
    StoreError::Engine("the writer of the event store has stopped".into())
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn append_each(&self, appends: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        let mut results = Vec::with_capacity(appends.len());
        let mut rest = appends.into_iter().peekable();
        while rest.peek().is_some() {
            // As many appends as fit into one commit; one that never fits is refused alone.
            let mut events = 0;
            let mut group = Vec::new();
            while let Some(append) =
                rest.next_if(|a| group.is_empty() || events + a.events.len() <= self.batch_events_max)
            {
                events += append.events.len();
                group.push(append);
            }
            let count = group.len();
            let refuse = |refusal: fn() -> AppendError| (0..count).map(move |_| Err(refusal()));
            if events > self.batch_events_max {
                results.push(Err(AppendError::TooMany { events, max: self.batch_events_max }));
                continue;
            }
            let permits = u32::try_from(events).unwrap_or(u32::MAX);
            let Ok(permit) = Arc::clone(&self.waiting).try_acquire_many_owned(permits) else {
                results.extend(refuse(|| AppendError::QueueFull));
                continue;
            };
            match self.ask(|reply| Command::Append { appends: group, events, permit, reply }).await {
                Some(answers) => results.extend(answers),
                None => results.extend(refuse(|| closed().into())),
            }
        }
        results
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reader::read_stream(&self.readers, stream, from, limit).await
    }

    async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
        reader::read_all(&self.readers, after, limit).await
    }

    async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, StoreError> {
        reader::event_at(&self.readers, position).await
    }

    async fn events_at(&self, positions: &[Position]) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
        reader::events_at(&self.readers, positions).await
    }

    async fn find(&self, key: &EventKey) -> Result<Option<RecordedEvent>, StoreError> {
        reader::find(&self.readers, key).await
    }

    async fn head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        reader::head(&self.readers, stream).await
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        Ok(*self.last_position.borrow())
    }

    async fn position_at(&self, known_at: DateTime<Utc>) -> Result<Position, StoreError> {
        reader::position_at(&self.readers, known_at).await
    }

    async fn boxes(&self, positions: &[Position]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        reader::boxes(&self.readers, positions).await
    }

    async fn has_any_box(&self) -> Result<bool, StoreError> {
        reader::has_any_box(&self.readers).await
    }

    async fn ready(&self) -> Result<(), AppendError> {
        if self.waiting.available_permits() == 0 {
            return Err(AppendError::QueueFull);
        }
        self.ask(|reply| Command::Ready { reply }).await.unwrap_or_else(|| Err(closed().into()))
    }

    async fn has_box(&self, stream: &StreamName) -> Result<bool, StoreError> {
        reader::has_box(&self.readers, stream).await
    }

    async fn destroy_boxes(&self, stream: &StreamName) -> Result<u64, StoreError> {
        let stream = stream.clone();
        self.ask(|reply| Command::DestroyBoxes { stream, reply }).await.unwrap_or_else(|| Err(closed()))
    }

    async fn fenced_streams(&self) -> Result<Vec<StreamName>, StoreError> {
        reader::fenced_streams(&self.readers).await
    }

    fn subscribe(&self) -> watch::Receiver<Position> {
        self.last_position.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { gapless_positions: true, appends_in_one_commit: true, several_instances: false }
    }
}

#[async_trait]
impl TextStore for SqliteStore {
    async fn put_text(&self, hash: &str, body: &[u8]) -> Result<(), StoreError> {
        let (hash, body) = (hash.to_owned(), body.to_vec());
        self.ask(|reply| Command::PutText { hash, body, reply }).await.unwrap_or_else(|| Err(closed()))
    }

    async fn text(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        reader::text(&self.readers, hash).await
    }
}
