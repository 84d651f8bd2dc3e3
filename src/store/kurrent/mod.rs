//! KurrentDB (once EventStoreDB) as the log, with what it cannot hold in a SQLite file beside it.
//!
//! - One stream of the server a stream, its name after a prefix; the exact stored bytes are the event's data.
//! - The file beside holds *claims* (the box of an event and the texts around what the store adds, durable before
//!   the event is sent), published texts, and an index of the log: KurrentDB finds nothing by emitter's name, by
//!   time, or by mark. The index is made again from the server when it is lost ([`KurrentStore::forget_index`]);
//!   the boxes and texts are not, so that the file belongs into every backup.
//! - [`writer`] sends one append after another, each at an exact revision: recorded times never go back, positions
//!   increase in the order of answers, and have gaps. [`appending`] says what becomes of an append that gets no answer.
//! - [`catch_up`] follows `$all`. It is the one way into the index, so that an append is answered with what the
//!   log shows, not with what the server says of it, and a follower never meets an event below one it has seen.
//!
//! One instance owns the log and the file. The account needs to read `$all`.

mod appending;
mod catch_up;
mod claims;
mod event;
mod index;
mod plan;
mod reader;
mod sending;
mod server;
mod taking_over;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use eventstore::ClientSettings;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;

use self::server::Server;
use self::writer::Writer;
use super::group::Queue;
use super::{
    Append, AppendError, Appended, Capabilities, EventKey, EventStore, RecordedEvent, SealedBox, StoreError,
    StreamHead, TakenOver, TextStore,
};
use crate::clock::Clock;
use crate::config;
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/kurrent");

/// What the names of our streams begin with at the server.
pub const STREAM_PREFIX: &str = "subject-record-";

/// A log in KurrentDB that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The connection string does not read. It is not shown: it may hold a password.
    #[error(
        "no connection string of KurrentDB: kurrentdb://[USER:PASSWORD@]HOST[:PORT][,…][?SETTING=VALUE&…] is one"
    )]
    ConnectionString,
    /// The file beside the server could not be opened.
    #[error(transparent)]
    Beside(#[from] DatabaseError),
    /// The log could not be followed to its end.
    #[error("the log in KurrentDB cannot be read")]
    Log(#[from] StoreError),
}

/// The engine over KurrentDB.
#[derive(Debug)]
pub struct KurrentStore {
    readers: SqlitePool,
    server: Server,
    queue: Queue,
    last_position: watch::Receiver<Position>,
}

impl KurrentStore {
    /// Connects to the server of a connection string, opens the file beside it or makes it, and follows the log
    /// to its end.
    ///
    /// # Errors
    /// [`OpenError`], which never shows the connection string.
    pub async fn open(
        url: &str,
        beside: &Path,
        settings: config::Store,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::open_prefixed(url, STREAM_PREFIX, beside, settings, clock).await
    }

    /// As [`KurrentStore::open`], with another prefix of stream names: several logs on one server.
    ///
    /// # Errors
    /// As [`KurrentStore::open`].
    pub async fn open_prefixed(
        url: &str,
        prefix: &str,
        beside: &Path,
        settings: config::Store,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        // The client takes the process's default, and there are two in the build. A second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client: ClientSettings = url.parse().map_err(|_| OpenError::ConnectionString)?;
        let connection = open_writer(beside, &MIGRATOR, tuning(&settings)).await?;
        let readers = open_readers(beside).await?;
        let (publish, last_position) = watch::channel(Position::START);
        let server = Server::new(client, prefix);
        let batch_events_max = settings.batch_events_max.max(1);
        let writer = Writer::open(connection, server.clone(), clock, publish).await?;
        let queue = Queue::start(writer, settings.queue_events_max, batch_events_max);
        Ok(Self { readers, server, queue, last_position })
    }

    /// Empties the index of a file that no process owns; the next start makes it again from the server. Claims, boxes
    /// and texts stay.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub async fn forget_index(beside: &Path, settings: config::Store) -> Result<(), OpenError> {
        let mut connection = open_writer(beside, &MIGRATOR, tuning(&settings)).await?;
        sqlx::query("DELETE FROM events").execute(&mut connection).await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn tuning(settings: &config::Store) -> WriterTuning {
    WriterTuning { page_bytes: 8192, statements_max: 40, wal_checkpoint_pages: settings.wal_checkpoint_pages }
}

#[async_trait]
impl EventStore for KurrentStore {
    async fn append_each(&self, appends: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        self.queue.append_each(appends).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reader::read_stream(&self.readers, &self.server, stream, from, limit).await
    }

    async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
        reader::read_all(&self.readers, &self.server, after, limit).await
    }

    async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, StoreError> {
        let mut entries = index::at(&self.readers, &[position]).await?;
        reader::one(&self.server, entries.remove(&position)).await
    }

    async fn events_at(&self, positions: &[Position]) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
        reader::events_at(&self.readers, &self.server, positions).await
    }

    async fn find(&self, key: &EventKey) -> Result<Option<RecordedEvent>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let mut entries = index::named(&mut connection, std::iter::once(key)).await?;
        drop(connection);
        reader::one(&self.server, entries.remove(key)).await
    }

    async fn head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        Ok(index::heads(&mut connection, std::iter::once(stream)).await?.remove(stream))
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        Ok(*self.last_position.borrow())
    }

    async fn position_at(&self, known_at: DateTime<Utc>) -> Result<Position, StoreError> {
        index::position_at(&self.readers, known_at).await
    }

    async fn boxes(&self, positions: &[Position]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        index::boxes(&self.readers, positions).await
    }

    async fn has_any_box(&self) -> Result<bool, StoreError> {
        index::has_any_box(&self.readers).await
    }

    async fn ready(&self) -> Result<(), AppendError> {
        self.queue.ready().await
    }

    async fn has_box(&self, stream: &StreamName) -> Result<bool, StoreError> {
        index::has_box(&self.readers, stream).await
    }

    async fn destroy_boxes(&self, stream: &StreamName) -> Result<u64, StoreError> {
        self.queue.destroy_boxes(stream).await
    }

    async fn take_over(&self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        self.queue.take_over(events).await
    }

    async fn fenced_streams(&self) -> Result<Vec<StreamName>, StoreError> {
        index::fenced_streams(&self.readers).await
    }

    fn subscribe(&self) -> watch::Receiver<Position> {
        self.last_position.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { gapless_positions: false, appends_in_one_commit: false, several_instances: false }
    }
}

#[async_trait]
impl TextStore for KurrentStore {
    async fn put_text(&self, hash: &str, body: &[u8]) -> Result<(), StoreError> {
        self.queue.put_text(hash, body).await
    }

    async fn text(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        index::text(&self.readers, hash).await
    }

    async fn text_hashes(&self) -> Result<Vec<String>, StoreError> {
        index::text_hashes(&self.readers).await
    }
}
