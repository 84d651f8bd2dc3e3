//! The writer of one instance.
//!
//! It knows where the log ended when it last wrote or looked, and the ends of streams as of then. A batch is planned on
//! that and written by one statement which takes effect only if the log still ends there. When other instances append
//! too, it takes the sequencer's lock first and looks again under it.
//!
//! When the connection is lost in mid-statement nobody knows whether the batch was written. The next connection takes the
//! lock, which a commit under way still holds, and then asks for the batch by name: so it is never doubled.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lru::LruCache;
use sqlx::{Connection as _, PgConnection};
use subject_record_schemas::{Position, Source, StreamName};
use tokio::sync::watch;
use tokio::time::Instant;

use super::PostgresSettings;
use super::batch::{CONTENDED_BATCHES, STATE, STATE_LOCKED};
use super::listener::reach;
use crate::clock::{Clock, Entropy};
use crate::db::outage::{Pauses, is_away, within};
use crate::db::postgres::Postgres;
use crate::store::group::{Writes, failed};
use crate::store::plan::{Ground, KnownStream, Plan};
use crate::store::times::RecordedTimes;
use crate::store::{Append, AppendError, Appended, EventKey, Receipt, StoreError, TakenOver, reader};

const SOURCES: &str = "SELECT source, name FROM sources";
const DESTROY_BOXES: &str = "DELETE FROM boxes WHERE position IN \
    (SELECT position FROM events WHERE stream = (SELECT stream FROM streams WHERE name = $1))";
const PUT_TEXT: &str = "INSERT INTO texts (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
// A server that acknowledges before it is synced is made to wait for its disk; one that waits for standbys keeps to that.
const SYNCED: &str = "SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'";

pub(super) type Answers = Vec<Result<Appended, AppendError>>;
pub(super) type State = (i64, Option<i64>, i64, i64);

pub(super) struct Writer {
    place: Postgres,
    pub(super) connection: Option<PgConnection>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    outage_max: Duration,
    pub(super) heads: LruCache<StreamName, KnownStream>,
    pub(super) sources: HashMap<Source, i64>,
    pub(super) last_position: u64,
    pub(super) last_stream: i64,
    pub(super) last_source: i64,
    times: RecordedTimes,
    /// Look names up before writing: set after a batch that held a repeated one, since such come in runs.
    pub(super) look_up_first: bool,
    /// Batches for which the lock is still taken first.
    pub(super) contended: u32,
    pub(super) publish: Arc<watch::Sender<Position>>,
}

impl Writer {
    pub(super) async fn open(
        place: &Postgres,
        settings: &PostgresSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        publish: Arc<watch::Sender<Position>>,
    ) -> Result<Self, sqlx::Error> {
        // A batch must fit, or its own streams would push one another out.
        let heads_max = settings.stream_heads_max.max(settings.batch_events_max);
        let mut writer = Self {
            place: place.clone(),
            connection: None,
            clock,
            entropy,
            outage_max: Duration::from_secs(settings.outage_seconds_max),
            heads: LruCache::new(NonZeroUsize::new(heads_max).unwrap_or(NonZeroUsize::MIN)),
            sources: HashMap::new(),
            last_position: 0,
            last_stream: 0,
            last_source: 0,
            times: RecordedTimes::after(None),
            look_up_first: false,
            contended: 0,
            publish,
        };
        let mut connection = writer.connect().await?;
        let state = sqlx::query_as(STATE).fetch_one(&mut connection).await?;
        writer.take_in(&mut connection, state).await?;
        writer.connection = Some(connection);
        Ok(writer)
    }

    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.place.connect().await?;
        within(sqlx::query(SYNCED).execute(&mut connection)).await?;
        Ok(connection)
    }

    /// Makes what the sequencer says the state in memory. Whatever was known of streams may have changed.
    pub(super) async fn take_in(
        &mut self,
        connection: &mut PgConnection,
        state: State,
    ) -> Result<(), sqlx::Error> {
        let (position, recorded_us, streams, sources) = state;
        self.heads.clear();
        if sources != self.last_source {
            let rows: Vec<(i64, String)> =
                within(sqlx::query_as(SOURCES).fetch_all(&mut *connection)).await?;
            self.sources =
                rows.into_iter().filter_map(|(n, name)| Some((Source::parse(name).ok()?, n))).collect();
        }
        self.last_position = u64::try_from(position).unwrap_or(0);
        (self.last_stream, self.last_source) = (streams, sources);
        self.times.go_on_after(recorded_us.and_then(chrono::DateTime::from_timestamp_micros));
        reach(&self.publish, Position::new(self.last_position));
        Ok(())
    }

    pub(super) fn is_where_it_was(&self, state: State) -> bool {
        u64::try_from(state.0).is_ok_and(|position| position == self.last_position)
    }

    pub(super) async fn streams_of<'n>(
        &mut self,
        connection: &mut PgConnection,
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
            cold.sort_unstable();
            cold.dedup();
            streams.extend(within(reader::known_streams(connection, &cold)).await?);
            for name in names {
                let absent = KnownStream { number: None, head: None };
                streams.entry(name.clone()).or_insert(absent);
            }
        }
        Ok(streams)
    }

    /// Plans a batch, with its names looked up if that is asked for or may matter.
    pub(super) async fn plan(
        &mut self,
        connection: &mut PgConnection,
        batch: &[Append],
        look_up: bool,
    ) -> Result<(Plan, bool), sqlx::Error> {
        let streams = self.streams_of(connection, batch.iter().map(|append| &append.stream)).await?;
        let recorded_at = self.times.next(self.clock.read());
        if recorded_at.is_none() {
            tracing::error!(
                "ALARM: the clock leapt by more than a minute; nothing is stored until it is set right"
            );
        }
        let next_position = self.last_position + 1;
        let plan = |recorded: &HashMap<EventKey, Receipt>| {
            Plan::of(batch, Ground { streams: streams.clone(), recorded, next_position, recorded_at })
        };
        if !(look_up || self.look_up_first) {
            let plan = plan(&HashMap::new());
            if !plan.refused {
                return Ok((plan, false));
            }
        }
        let keys: Vec<_> = batch.iter().flat_map(|append| &append.events).map(|event| &event.key).collect();
        let recorded = within(reader::receipts(connection, &keys)).await?;
        Ok((plan(&recorded), true))
    }

    /// Does something on the connection, on a new one if need be.
    async fn execute(
        &mut self,
        sql: &'static str,
        text: &str,
        bytes: Option<&[u8]>,
    ) -> Result<u64, sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut query = sqlx::query(sql).bind(text);
        if let Some(bytes) = bytes {
            query = query.bind(bytes);
        }
        let done = within(query.execute(&mut connection)).await?;
        self.connection = Some(connection);
        Ok(done.rows_affected())
    }

    /// Does it, and again for as long as the database is away: it does nothing when it is done twice.
    async fn insist(
        &mut self,
        sql: &'static str,
        text: &str,
        bytes: Option<&[u8]>,
    ) -> Result<u64, StoreError> {
        let (until, mut pauses) = (Instant::now() + self.outage_max, Pauses::default());
        loop {
            match self.execute(sql, text, bytes).await {
                Err(error) if is_away(&error) && Instant::now() < until => pauses.next(&*self.entropy).await,
                done => return Ok(done?),
            }
        }
    }
}

#[async_trait]
impl Writes for Writer {
    async fn append(&mut self, batch: &[Append]) -> Answers {
        let (until, mut pauses) = (Instant::now() + self.outage_max, Pauses::default());
        let mut unknown = None;
        loop {
            match self.attempt(batch, &mut unknown).await {
                Ok(answers) => return answers,
                Err(error) if is_away(&error) && Instant::now() < until => {
                    tracing::warn!(%error, "the database is away; a batch is tried again");
                    pauses.next(&*self.entropy).await;
                }
                Err(error) => {
                    tracing::error!(%error, appends = batch.len(), "a batch could not be written");
                    // Whatever was known of the streams may be wrong by now: the next batch looks under the lock.
                    self.heads.clear();
                    self.contended = CONTENDED_BATCHES;
                    return failed(batch, &error);
                }
            }
        }
    }

    async fn destroy_boxes(&mut self, stream: &StreamName) -> Result<u64, StoreError> {
        // What the rows held lies in free space and in the server's own log until both are written over. It stays
        // sealed, and its key is destroyed next.
        self.insist(DESTROY_BOXES, &stream.to_string(), None).await
    }

    async fn take_over(&mut self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut together = connection.begin().await?;
        let state = sqlx::query_as(STATE_LOCKED).fetch_one(&mut *together).await?;
        self.take_in(&mut together, state).await?;
        let names = events.iter().map(|taken| &taken.event.stream);
        let streams = self.streams_of(&mut together, names).await?;
        let last = events.last().map(|taken| taken.event.recorded_at);
        let plan = Plan::taken_over(events, streams, self.last_position + 1)?;
        let Some(given) = self.write(&mut together, &plan).await? else {
            return Err(StoreError::Engine("the sequencer moved under its lock".into()));
        };
        together.commit().await?;
        self.settle(plan, given);
        self.times.go_on_after(last);
        self.connection = Some(connection);
        Ok(())
    }

    async fn put_text(&mut self, hash: String, body: Vec<u8>) -> Result<(), StoreError> {
        self.insist(PUT_TEXT, &hash, Some(&body)).await.map(drop)
    }

    async fn ready(&mut self) -> Result<(), AppendError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await.map_err(StoreError::from)?,
        };
        within(sqlx::query(STATE).execute(&mut connection)).await.map_err(StoreError::from)?;
        self.connection = Some(connection);
        if self.times.believes(self.clock.read()) { Ok(()) } else { Err(AppendError::ClockLeapt) }
    }
}
