//! The one writer: it owns the file beside the server, and sends one append after another.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use subject_record_schemas::{Position, StreamName};
use tokio::sync::watch;

use super::claims::Claims;
use super::index::{self, Entry};
use super::server::Server;
use crate::clock::Clock;
use crate::db::scrub;
use crate::store::group::Writes;
use crate::store::times::RecordedTimes;
use crate::store::{Append, AppendError, Appended, StoreError, TakenOver};

/// Stored ones only: an open claim's event is settled first.
const DESTROY_BOXES: &str = "DELETE FROM claims WHERE stream = ?1 AND sealed IS NOT NULL AND stored = 1";
const PUT_TEXT: &str = "INSERT OR IGNORE INTO texts (hash, body) VALUES (?1, ?2)";

/// How long an idle writer waits before it looks whether the log went on without it. Doubles while it did not.
const IDLE: Duration = Duration::from_secs(1);
/// The longest such wait.
const IDLE_MAX: Duration = Duration::from_secs(16);
/// How long the server may take to show that it is there.
const READY_MAX: Duration = Duration::from_secs(3);

pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    pub(super) server: Server,
    pub(super) claims: Claims,
    /// The event that was indexed last.
    pub(super) last: Option<Entry>,
    pub(super) times: RecordedTimes,
    pub(super) publish: watch::Sender<Position>,
    clock: Arc<dyn Clock>,
    idle: Duration,
}

impl Writer {
    /// Takes up the file, and follows the log to its end.
    pub(super) async fn open(
        connection: SqliteConnection,
        server: Server,
        clock: Arc<dyn Clock>,
        publish: watch::Sender<Position>,
    ) -> Result<Self, StoreError> {
        let mut writer = Self {
            connection,
            server,
            claims: Claims::default(),
            last: None,
            times: RecordedTimes::after(None),
            publish,
            clock,
            idle: IDLE,
        };
        writer.load().await?;
        writer.catch_up().await?;
        writer.sweep().await?;
        Ok(writer)
    }

    /// Takes the state from the file: at start, and when the outcome of a write to it is unknown.
    pub(super) async fn load(&mut self) -> Result<(), StoreError> {
        self.claims = Claims::load(&mut self.connection).await?;
        self.last = index::last(&mut self.connection).await?;
        let last = self.last.as_ref().map(|last| &last.receipt);
        self.times.go_on_after(last.map(|last| last.recorded_at));
        self.publish.send_replace(last.map_or(Position::START, |last| last.position));
        Ok(())
    }

    /// The recorded time of what is sent now, or `None` when the clock leapt.
    pub(super) fn next_time(&mut self) -> Option<DateTime<Utc>> {
        let next = self.times.next(self.clock.read());
        if next.is_none() {
            tracing::error!(
                "ALARM: the clock leapt by more than a minute; nothing is stored until it is set right"
            );
        }
        next
    }
}

#[async_trait]
impl Writes for Writer {
    async fn append(&mut self, batch: &[Append]) -> Vec<Result<Appended, AppendError>> {
        self.idle = IDLE;
        self.append_batch(batch).await
    }

    async fn take_over(&mut self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        self.take_over_all(events).await
    }

    async fn put_text(&mut self, hash: String, body: Vec<u8>) -> Result<(), StoreError> {
        sqlx::query(PUT_TEXT).bind(hash).bind(body).execute(&mut self.connection).await?;
        Ok(())
    }

    fn idle(&self) -> Duration {
        self.idle
    }

    /// Looks whether the log went on, and what became of open claims.
    async fn look(&mut self) {
        let before = self.last.as_ref().map(|last| last.at);
        let looked = match self.catch_up().await {
            Ok(()) => self.sweep().await,
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "KurrentDB could not be followed; it is tried again");
            if let Err(error) = self.load().await {
                tracing::error!(%error, "the index beside KurrentDB cannot be read");
            }
        }
        let has_moved = self.last.as_ref().map(|last| last.at) != before;
        self.idle = if has_moved { IDLE } else { IDLE_MAX.min(self.idle * 2) };
    }

    async fn ready(&mut self) -> Result<(), AppendError> {
        sqlx::query("SELECT 1").execute(&mut self.connection).await.map_err(StoreError::from)?;
        let from = self.last.as_ref().map(|last| last.at);
        let answer = tokio::time::timeout(READY_MAX, self.server.read_all(from, 1)).await;
        answer.map_err(|_| StoreError::Engine("KurrentDB does not answer".into()))??;
        if self.times.believes(self.clock.read()) { Ok(()) } else { Err(AppendError::ClockLeapt) }
    }

    async fn destroy_boxes(&mut self, stream: &StreamName) -> Result<u64, StoreError> {
        for number in self.claims.numbers() {
            if self.claims.get(number).is_some_and(|open| open.stream == *stream) {
                self.settle(number).await.map_err(|error| match error {
                    AppendError::Store(error) => error,
                    other => StoreError::Engine(Box::new(other)),
                })?;
            }
        }
        let destroyed =
            sqlx::query(DESTROY_BOXES).bind(stream.to_string()).execute(&mut self.connection).await?;
        if scrub(&mut self.connection).await? {
            Ok(destroyed.rows_affected())
        } else {
            Err(StoreError::NotScrubbed)
        }
    }
}
