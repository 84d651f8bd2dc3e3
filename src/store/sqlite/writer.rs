//! The one writer of the file.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use lru::LruCache;
use sqlx::{AssertSqlSafe, SqliteConnection};
use subject_record_schemas::{Position, Source, StreamName};
use tokio::sync::watch;

use super::SqliteSettings;
use crate::clock::Clock;
use crate::db::scrub;
use crate::store::group::{Writes, failed, is_unique_violation};
use crate::store::plan::{Ground, KnownStream, Plan};
use crate::store::times::RecordedTimes;
use crate::store::{Append, AppendError, Appended, EventKey, Receipt, StoreError, TakenOver, reader};

const STATE: &str = "SELECT coalesce(max(position), 0), \
    (SELECT recorded_us FROM events ORDER BY position DESC LIMIT 1), \
    (SELECT coalesce(max(stream), 0) FROM streams) FROM events";
const SOURCES: &str = "SELECT source, name FROM sources";
const DESTROY_BOXES: &str = "DELETE FROM boxes WHERE position IN \
    (SELECT position FROM events WHERE stream = (SELECT stream FROM streams WHERE name = ?1))";
const PUT_TEXT: &str = "INSERT OR IGNORE INTO texts (hash, body) VALUES (?1, ?2)";
const INSERT: &str = "INSERT INTO appends (position, stream, new_stream, revision, source, new_source, id, mark, \
    recorded_us, leaf, body, generation, sealed) VALUES ";
const ROW: &str = "(?,?,?,?,?,?,?,?,?,?,?,?,?)";

/// Streams met for the first time in a batch are loaded by one query; heads beyond the cache load again.
type Heads = LruCache<StreamName, KnownStream>;

pub(super) struct Writer {
    connection: SqliteConnection,
    clock: Arc<dyn Clock>,
    heads: Heads,
    sources: HashMap<Source, i64>,
    last_position: u64,
    last_stream: i64,
    times: RecordedTimes,
    /// Look names up before writing: set after a batch that held a repeated one, since such come in runs.
    look_up_first: bool,
    publish: watch::Sender<Position>,
}

impl Writer {
    pub(super) async fn open(
        connection: SqliteConnection,
        clock: Arc<dyn Clock>,
        settings: &SqliteSettings,
        publish: watch::Sender<Position>,
    ) -> Result<Self, sqlx::Error> {
        // A batch must fit, or its own streams would push one another out.
        let heads_max = settings.stream_heads_max.max(settings.batch_events_max);
        let mut writer = Self {
            connection,
            clock,
            heads: LruCache::new(NonZeroUsize::new(heads_max).unwrap_or(NonZeroUsize::MIN)),
            sources: HashMap::new(),
            last_position: 0,
            last_stream: 0,
            times: RecordedTimes::after(None),
            look_up_first: false,
            publish,
        };
        writer.load().await?;
        Ok(writer)
    }

    /// Takes the state from the file: at start, and when the outcome of a write is unknown.
    async fn load(&mut self) -> Result<(), sqlx::Error> {
        let state: (i64, Option<i64>, i64) = sqlx::query_as(STATE).fetch_one(&mut self.connection).await?;
        let sources: Vec<(i64, String)> = sqlx::query_as(SOURCES).fetch_all(&mut self.connection).await?;
        self.heads.clear();
        self.sources =
            sources.into_iter().filter_map(|(n, name)| Some((Source::parse(name).ok()?, n))).collect();
        self.last_position = u64::try_from(state.0).unwrap_or(0);
        self.last_stream = state.2;
        self.times.go_on_after(state.1.and_then(chrono::DateTime::from_timestamp_micros));
        self.publish.send_replace(Position::new(self.last_position));
        Ok(())
    }

    async fn try_append(
        &mut self,
        batch: &[Append],
    ) -> Result<Vec<Result<Appended, AppendError>>, sqlx::Error> {
        let streams = self.streams_of(batch.iter().map(|append| &append.stream)).await?;
        let recorded_at = self.times.next(self.clock.read());
        if recorded_at.is_none() {
            tracing::error!(
                "ALARM: the clock leapt by more than a minute; nothing is stored until it is set right"
            );
        }
        let mut recorded = HashMap::new();
        let mut looked_up = false;
        if self.look_up_first {
            recorded = self.recorded_of(batch).await?;
            looked_up = true;
        }
        loop {
            let next_position = self.last_position + 1;
            let ground = Ground { streams: streams.clone(), recorded: &recorded, next_position, recorded_at };
            let plan = Plan::of(batch, ground);
            if !plan.refused || looked_up {
                match self.write(&plan).await {
                    Ok(streams) => return Ok(self.settle(plan, streams)),
                    Err(error) if looked_up || !is_unique_violation(&error) => return Err(error),
                    // Somebody sent an event again: find out which.
                    Err(_) => {}
                }
            }
            recorded = self.recorded_of(batch).await?;
            looked_up = true;
        }
    }

    /// Makes a written plan the state in memory, and answers it.
    fn settle(
        &mut self,
        plan: Plan,
        numbers: HashMap<StreamName, i64>,
    ) -> Vec<Result<Appended, AppendError>> {
        self.look_up_first = plan.repeated;
        self.last_position += plan.events.len() as u64;
        for (name, mut known) in plan.streams {
            known.number = known.number.or_else(|| numbers.get(&name).copied());
            // A stream that is not in the file is not remembered as absent: it may be the next to come.
            if known.number.is_some() {
                self.heads.put(name, known);
            }
        }
        if !plan.events.is_empty() {
            self.publish.send_replace(Position::new(self.last_position));
        }
        plan.results
    }

    async fn streams_of<'n>(
        &mut self,
        names: impl Iterator<Item = &'n StreamName> + Clone,
    ) -> Result<HashMap<StreamName, KnownStream>, sqlx::Error> {
        let mut streams = HashMap::with_capacity(names.size_hint().0);
        let mut cold = Vec::new();
        for name in names.clone() {
            match self.heads.get(name) {
                Some(known) => {
                    streams.insert(name.clone(), *known);
                }
                None => cold.push(name.to_string()),
            }
        }
        if !cold.is_empty() {
            for (name, known) in reader::known_streams(&mut self.connection, &cold).await? {
                streams.insert(name, known);
            }
            for name in names {
                let absent = KnownStream { number: None, head: None };
                streams.entry(name.clone()).or_insert(absent);
            }
        }
        Ok(streams)
    }

    async fn recorded_of(&mut self, batch: &[Append]) -> Result<HashMap<EventKey, Receipt>, sqlx::Error> {
        let keys: Vec<_> = batch.iter().flat_map(|append| &append.events).map(|event| &event.key).collect();
        reader::receipts(&mut self.connection, &keys).await
    }

    /// Writes a plan by one statement, which is one transaction and one sync.
    ///
    /// Answers the numbers of streams that were new.
    async fn write(&mut self, plan: &Plan) -> Result<HashMap<StreamName, i64>, sqlx::Error> {
        let mut new_streams = HashMap::new();
        if plan.events.is_empty() {
            return Ok(new_streams);
        }
        let mut new_sources: HashMap<&Source, i64> = HashMap::new();
        let mut sql = String::with_capacity(INSERT.len() + plan.events.len() * (ROW.len() + 1));
        sql.push_str(INSERT);
        for index in 0..plan.events.len() {
            if index > 0 {
                sql.push(',');
            }
            sql.push_str(ROW);
        }
        // The text holds nothing but placeholders.
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for event in &plan.events {
            let receipt = &event.receipt;
            let known = plan.streams.get(&receipt.stream).and_then(|known| known.number);
            let mut new_stream = None;
            let stream = known.or_else(|| new_streams.get(&receipt.stream).copied()).unwrap_or_else(|| {
                let number = self.last_stream + 1;
                self.last_stream = number;
                new_stream = Some(receipt.stream.to_string());
                new_streams.insert(receipt.stream.clone(), number);
                number
            });
            let source = &event.key.source;
            let mut new_source = None;
            let known = self.sources.get(source).or_else(|| new_sources.get(source)).copied();
            let source = known.unwrap_or_else(|| {
                let number = i64::try_from(self.sources.len() + new_sources.len()).unwrap_or(i64::MAX) + 1;
                new_source = Some(source.as_str());
                new_sources.insert(source, number);
                number
            });
            let (generation, sealed) = match &event.sealed_box {
                Some(sealed_box) => {
                    (Some(i64::from(sealed_box.generation)), Some(sealed_box.sealed.as_slice()))
                }
                None => (None, None),
            };
            query = query
                .bind(row_number(receipt.position.number()))
                .bind(stream)
                .bind(new_stream)
                .bind(row_number(receipt.revision.number()))
                .bind(source)
                .bind(new_source)
                .bind(event.key.id.as_str())
                .bind(event.mark.number())
                .bind(receipt.recorded_at.timestamp_micros())
                .bind(receipt.leaf_hash.bytes().as_slice())
                .bind(&*event.text)
                .bind(generation)
                .bind(sealed);
        }
        query.execute(&mut self.connection).await?;
        let new_sources: Vec<_> =
            new_sources.into_iter().map(|(source, number)| (source.clone(), number)).collect();
        self.sources.extend(new_sources);
        Ok(new_streams)
    }
}

#[async_trait]
impl Writes for Writer {
    async fn append(&mut self, batch: &[Append]) -> Vec<Result<Appended, AppendError>> {
        match self.try_append(batch).await {
            Ok(results) => results,
            Err(error) => {
                tracing::error!(%error, appends = batch.len(), "a batch could not be written");
                if let Err(error) = self.load().await {
                    tracing::error!(%error, "the state of the event store cannot be read");
                }
                failed(batch, &error)
            }
        }
    }

    async fn destroy_boxes(&mut self, stream: &StreamName) -> Result<u64, StoreError> {
        let destroyed =
            sqlx::query(DESTROY_BOXES).bind(stream.to_string()).execute(&mut self.connection).await?;
        if scrub(&mut self.connection).await? {
            Ok(destroyed.rows_affected())
        } else {
            Err(StoreError::NotScrubbed)
        }
    }

    async fn take_over(&mut self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        let streams = self.streams_of(events.iter().map(|taken| &taken.event.stream)).await?;
        let last = events.last().map(|taken| taken.event.recorded_at);
        let plan = Plan::taken_over(events, streams, self.last_position + 1)?;
        let given = self.write(&plan).await?;
        self.settle(plan, given);
        self.times.go_on_after(last);
        Ok(())
    }

    async fn put_text(&mut self, hash: String, body: Vec<u8>) -> Result<(), StoreError> {
        sqlx::query(PUT_TEXT).bind(hash).bind(body).execute(&mut self.connection).await?;
        Ok(())
    }

    async fn ready(&mut self) -> Result<(), AppendError> {
        sqlx::query("SELECT 1").execute(&mut self.connection).await.map_err(StoreError::from)?;
        if self.times.believes(self.clock.read()) { Ok(()) } else { Err(AppendError::ClockLeapt) }
    }
}

/// A number as SQLite holds it. Positions and revisions stay far below its limit.
fn row_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
