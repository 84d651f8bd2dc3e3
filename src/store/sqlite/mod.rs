//! The embedded engine: one SQLite file, one writer, no set-up.
//!
//! [`writer`] owns the file's one writing connection, the stream heads and the next position. Whatever waits when it is
//! free becomes one statement and one sync (group commit). Readers have connections that cannot write.

mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;

use self::writer::Writer;
use super::group::Queue;
use super::{
    Append, AppendError, Appended, Capabilities, EventKey, EventStore, RecordedEvent, SealedBox, StoreError,
    StreamHead, TakenOver, TextStore, reader,
};
use crate::clock::Clock;
use crate::db::sql::Pool;
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/events");

pub use crate::config::Store as SqliteSettings;

/// Rows of one statement: thirteen variables each, and SQLite takes 32,766.
const BATCH_EVENTS_CEILING: usize = 2_500;

/// The embedded engine.
#[derive(Debug)]
pub struct SqliteStore {
    readers: Pool,
    queue: Queue,
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
        let readers = Pool::Sqlite(open_readers(path).await?);
        let (publish, last_position) = watch::channel(Position::START);
        let writer = Writer::open(connection, clock, &settings, publish).await.map_err(open_error)?;
        let queue = Queue::start(writer, settings.queue_events_max, settings.batch_events_max);
        Ok(Self { readers, queue, last_position })
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn append_each(&self, appends: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        self.queue.append_each(appends).await
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
        self.queue.ready().await
    }

    async fn has_box(&self, stream: &StreamName) -> Result<bool, StoreError> {
        reader::has_box(&self.readers, stream).await
    }

    async fn destroy_boxes(&self, stream: &StreamName) -> Result<u64, StoreError> {
        self.queue.destroy_boxes(stream).await
    }

    async fn take_over(&self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        self.queue.take_over(events).await
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
        self.queue.put_text(hash, body).await
    }

    async fn text(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        reader::text(&self.readers, hash).await
    }

    async fn text_hashes(&self) -> Result<Vec<String>, StoreError> {
        reader::text_hashes(&self.readers).await
    }
}
