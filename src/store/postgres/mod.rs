//! PostgreSQL: several instances over one log.
//!
//! - [`writer`]: each instance gathers what waits into one statement. The one-row sequencer makes the instances' commits
//!   one order: positions have no gaps and nobody sees one before those below it, without waiting for any time-out.
//! - [`batch`]: alone, or under the sequencer's lock.
//! - [`arrays`]: that statement, rows as arrays.
//! - [`listener`]: followers are woken by what any instance commits.

mod arrays;
mod batch;
mod listener;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::writer::Writer;
use super::group::Queue;
use super::{
    Append, AppendError, Appended, Capabilities, EventKey, EventStore, RecordedEvent, SealedBox, StoreError,
    StoreWarning, StreamHead, TakenOver, TextStore, reader,
};
use crate::clock::{Clock, Entropy};
pub use crate::config::Store as PostgresSettings;
use crate::db::DatabaseError;
use crate::db::postgres::Postgres;
use crate::db::sql::{Pool, Sql, query};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres/events");

/// The schema of the events.
pub const SCHEMA: &str = "events";

/// Events of one commit at most, whatever the settings say.
const BATCH_EVENTS_CEILING: usize = 10_000;

const POSITION: Sql = Sql::both("SELECT position FROM sequencer");
const UNSYNCED: Sql = Sql::both("SELECT current_setting('fsync') = 'off' AS unsynced");
const STANDBYS: Sql = Sql::both(
    "SELECT count(*) AS standbys, count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) AS synchronous \
    FROM pg_stat_replication WHERE state = 'streaming'",
);

/// Several instances over one log.
#[derive(Debug)]
pub struct PostgresStore {
    readers: Pool,
    queue: Queue,
    last_position: watch::Receiver<Position>,
    listener: JoinHandle<()>,
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl PostgresStore {
    /// Opens the schema, or makes it, and starts this instance's writer.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the place.
    pub async fn open(
        url: &str,
        settings: &PostgresSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, DatabaseError> {
        let place = Postgres::at(url, SCHEMA)?;
        place.migrate(&MIGRATOR).await?;
        let pool = place.pool(settings.connections_max.max(2)).await?;
        let batch_events_max = settings.batch_events_max.clamp(1, BATCH_EVENTS_CEILING);
        let (publish, last_position) = watch::channel(Position::START);
        let publish = Arc::new(publish);
        let failed = |source| DatabaseError::Connect { place: place.name(), source };
        let writer = Writer::open(&place, settings, clock, entropy, Arc::clone(&publish));
        let writer = writer.await.map_err(failed)?;
        let listener = tokio::spawn(listener::listen(pool.clone(), publish));
        let queue = Queue::start(writer, settings.queue_events_max, batch_events_max);
        Ok(Self { readers: Pool::Postgres(pool), queue, last_position, listener })
    }
}

#[async_trait]
impl EventStore for PostgresStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { gapless_positions: true, appends_in_one_commit: true, several_instances: true }
    }

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
        // Not what was heard of last: another instance may have answered an append a moment ago.
        Ok(Position::new(query(&POSITION).fetch_one(&self.readers).await?.unsigned("position")?))
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

    async fn warnings(&self) -> Result<Vec<StoreWarning>, StoreError> {
        let mut warnings = Vec::new();
        if query(&UNSYNCED).fetch_one(&self.readers).await?.flag("unsynced")? {
            warnings.push(StoreWarning::NotSynced);
        }
        let standbys = query(&STANDBYS).fetch_one(&self.readers).await?;
        if standbys.unsigned("standbys")? > 0 && standbys.unsigned("synchronous")? == 0 {
            warnings.push(StoreWarning::AsynchronousStandby);
        }
        Ok(warnings)
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
}

#[async_trait]
impl TextStore for PostgresStore {
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
