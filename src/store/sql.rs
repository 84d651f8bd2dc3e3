//! The store over tables, on both SQL engines: what is asked is read alike, and one writer writes.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::group::Queue;
use super::{
    Append, AppendError, Appended, Capabilities, EventKey, EventStore, RecordedEvent, SealedBox, StoreError,
    StoreWarning, StreamHead, TakenOver, TextStore, reader,
};
use crate::db::sql::{Engine, Pool, Sql, query};

/// Where the log on PostgreSQL ends, whichever instance appended last.
pub(super) const POSITION: Sql = Sql::both("SELECT position FROM sequencer");
const UNSYNCED: Sql = Sql::both("SELECT current_setting('fsync') = 'off' AS unsynced");
// Who may not see what standbys do sees that there are some, and anybody sees whether any is waited for.
const STANDBYS: Sql = Sql::both(
    "SELECT count(*) AS standbys, current_setting('synchronous_standby_names') <> '' AS waits FROM pg_stat_replication",
);

/// A store over tables: [`sqlite::open`](super::sqlite::open) or [`postgres::open`](super::postgres::open) makes one.
#[derive(Debug)]
pub struct SqlStore {
    pub(super) readers: Pool,
    pub(super) queue: Queue,
    pub(super) last_position: watch::Receiver<Position>,
    /// What hears of appends by other instances, as long as the store lives.
    pub(super) listener: Option<JoinHandle<()>>,
}

impl Drop for SqlStore {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

#[async_trait]
impl EventStore for SqlStore {
    fn capabilities(&self) -> Capabilities {
        let several_instances = self.readers.engine() == Engine::Postgres;
        Capabilities { gapless_positions: true, appends_in_one_commit: true, several_instances }
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
        match self.readers.engine() {
            Engine::Sqlite => Ok(*self.last_position.borrow()),
            // Not what was heard of last: another instance may have answered an append a moment ago.
            Engine::Postgres => {
                Ok(Position::new(query(&POSITION).fetch_one(&self.readers).await?.unsigned("position")?))
            }
        }
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
        if self.readers.engine() == Engine::Sqlite {
            return Ok(warnings);
        }
        if query(&UNSYNCED).fetch_one(&self.readers).await?.flag("unsynced")? {
            warnings.push(StoreWarning::NotSynced);
        }
        let standbys = query(&STANDBYS).fetch_one(&self.readers).await?;
        if standbys.unsigned("standbys")? > 0 && !standbys.flag("waits")? {
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
impl TextStore for SqlStore {
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
