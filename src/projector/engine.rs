//! Follows the log into one generation: while a batch is written, the next one is read and projected.

use std::sync::Arc;
use std::time::Duration;

use subject_record_projections::SubjectEvent;
use subject_record_schemas::{Position, StreamName};
use tokio::sync::{mpsc, oneshot, watch};

use super::batch::{Batch, Mark};
use super::generation::Generation;
use super::log::{Log, LogError, LogEvent};
use super::people::People;
use super::progress::{Stop, Use};
use super::write::Writer;
use super::{Projection, history};
use crate::clock::Clock;
use crate::config::Projector as Settings;
use crate::db::lease;
use crate::db::sql::Connection;

/// How long a batch may take to be written over a network before it counts as lost.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);

/// Why following ended before it was told to.
#[derive(Debug)]
pub(super) enum Fault {
    /// An event cannot be handled: the projection stands until somebody says to go on.
    Event(Stop),
    /// The log or the file failed: it is tried again.
    Engine(Box<dyn std::error::Error + Send + Sync>),
}

impl From<LogError> for Fault {
    fn from(error: LogError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl Fault {
    /// The task that worked for it ended, or the other half of the pipeline did, which knows why.
    pub(super) fn cut_off() -> Self {
        Self::Engine("a part of the projection ended".into())
    }
}

/// What following needs beside its rows.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) log: Arc<dyn Log>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
}

/// How long to follow.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    /// Ends it, once true.
    pub(super) stop: watch::Receiver<bool>,
    /// Ends it, once reached.
    pub(super) until: Option<Position>,
}

impl Orders {
    fn are_done(&self, position: Position) -> bool {
        *self.stop.borrow() || self.until.is_some_and(|until| position >= until)
    }
}

/// What a projection remembers between batches. It follows from the log alone, and is built again when it is lost.
#[derive(Debug)]
pub(super) enum Memory {
    History,
    People(Box<People>),
}

/// A generation and what follows the log into it.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) projection: Projection,
    pub(super) wanted: Use,
    pub(super) generation: Arc<Generation>,
    pub(super) connection: Connection,
    pub(super) place: Mark,
    pub(super) memory: Option<Memory>,
}

/// An event, parsed as far as a projection needs it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Mark,
    pub(super) stream: StreamName,
    /// Absent where the projection has no use for it.
    pub(super) event: Option<SubjectEvent>,
}

/// Parses events up to the first that does not read, and says why it does not.
pub(super) fn parse(
    events: &[LogEvent],
    is_wanted: impl Fn(&StreamName) -> bool,
) -> (Vec<Item>, Option<Stop>) {
    let mut items = Vec::with_capacity(events.len());
    for event in events {
        let place = Mark { position: event.kept.position, leaf: Some(event.kept.leaf_hash) };
        let parsed = match is_wanted(&event.stream) {
            true => match SubjectEvent::parse(event.kept, &event.bytes) {
                Ok(parsed) => Some(parsed),
                Err(error) => {
                    let stop = Stop { position: place.position, cause: error.to_string() };
                    return (items, Some(stop));
                }
            },
            false => None,
        };
        items.push(Item { place, stream: event.stream.clone(), event: parsed });
    }
    (items, None)
}

/// Runs work that takes a while where it holds nobody up.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Fault::Engine(Box::new(error)))
}

/// Where finished batches go.
#[derive(Debug)]
pub(super) struct Outlet {
    batches: mpsc::Sender<Batch>,
}

impl Outlet {
    pub(super) async fn send(&self, batch: Batch) -> Result<(), Fault> {
        self.batches.send(batch).await.map_err(|_| Fault::cut_off())
    }

    /// Sends a batch and waits until it is written.
    pub(super) async fn flush(&self, mut batch: Batch) -> Result<(), Fault> {
        let (written, heard) = oneshot::channel();
        batch.written = Some(written);
        self.send(batch).await?;
        heard.await.map_err(|_| Fault::cut_off())
    }
}

impl Engine {
    /// Follows the log as ordered; `written` hears of every batch that is written.
    ///
    /// What it remembers is kept only if all went well.
    pub(super) async fn run(
        &mut self,
        ground: &Ground,
        orders: Orders,
        written: &(dyn Fn(Mark) + Sync),
    ) -> Result<(), Fault> {
        // One batch waits while one is written: enough to keep both halves busy.
        let (batches, inbox) = mpsc::channel(1);
        let memory = self.memory.take();
        let reader = Reader { projection: self.projection, generation: &self.generation, ground, orders };
        let reading = reader.read(memory, self.place, Outlet { batches });
        let writer = Writer::new(self.projection, self.wanted, self.connection.engine());
        let writing = write(writer, &mut self.connection, inbox, &*ground.clock, written);
        let (read, wrote) = tokio::join!(reading, writing);
        if let Some(place) = wrote? {
            self.place = place;
        }
        self.memory = Some(read?);
        Ok(())
    }
}

/// Writes batches as they come. A connection that is a lease gives a sign of life while there are none.
async fn write(
    mut writer: Writer,
    connection: &mut Connection,
    mut inbox: mpsc::Receiver<Batch>,
    clock: &dyn Clock,
    heard: &(dyn Fn(Mark) + Sync),
) -> Result<Option<Mark>, Fault> {
    let mut last = None;
    loop {
        let batch = match tokio::time::timeout(lease::SIGN_OF_LIFE_EVERY, inbox.recv()).await {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(_) => {
                lease::sign_of_life(connection).await?;
                continue;
            }
        };
        let now_us = clock.now().timestamp_micros();
        if matches!(connection, Connection::Postgres(_)) {
            let written =
                tokio::time::timeout(WRITE_WAIT_MAX, writer.write(connection, &batch, now_us)).await;
            written.map_err(|_| sqlx::Error::PoolTimedOut)??;
        } else {
            writer.write(connection, &batch, now_us).await?;
        }
        last = Some(batch.place);
        heard(batch.place);
        if let Some(written) = batch.written {
            let _ = written.send(());
        }
    }
    writer.commit(connection).await?;
    Ok(last)
}

/// The half that reads and projects.
struct Reader<'e> {
    projection: Projection,
    generation: &'e Generation,
    ground: &'e Ground,
    orders: Orders,
}

impl Reader<'_> {
    async fn read(
        mut self,
        memory: Option<Memory>,
        mut place: Mark,
        outlet: Outlet,
    ) -> Result<Memory, Fault> {
        let log = &self.ground.log;
        let mut memory = match (memory, self.projection) {
            (Some(memory), _) => memory,
            (None, Projection::History) => Memory::History,
            (None, Projection::People) => {
                Memory::People(Box::new(People::load(self.ground, self.generation, place).await?))
            }
        };
        let mut head = log.head();
        let mut ahead = None;
        while !self.orders.are_done(place.position) {
            let after = place.position;
            tokio::select! {
                moved = head.wait_for(|head| *head > after) => if moved.is_err() { break },
                _ = self.orders.stop.wait_for(|stop| *stop) => break,
                () = outlet.batches.closed() => break,
            }
            let events = match ahead.take() {
                Some(events) => events,
                None => self.next(place).await?,
            };
            let Some(last) = events.last() else { continue };
            let reached = Mark { position: last.kept.position, leaf: Some(last.kept.leaf_hash) };
            let is_behind = *head.borrow() > reached.position;
            let projecting = self.project(memory, place, events, &outlet);
            // The next ones are read meanwhile, if they are there.
            let reading = async { if is_behind { self.next(reached).await.map(Some) } else { Ok(None) } };
            let (projected, read) = tokio::join!(projecting, reading);
            memory = projected?;
            ahead = read?;
            place = reached;
        }
        Ok(memory)
    }

    /// Takes in events after a place, and sends what they change.
    async fn project(
        &self,
        memory: Memory,
        after: Mark,
        events: Vec<LogEvent>,
        outlet: &Outlet,
    ) -> Result<Memory, Fault> {
        match memory {
            Memory::History => {
                let (batch, stop) = apart(move || history::project(after, &events)).await?;
                outlet.send(batch).await?;
                stop.map_or(Ok(Memory::History), |stop| Err(Fault::Event(stop)))
            }
            Memory::People(people) => {
                let people = people.advance(after, events, self.ground, self.generation, outlet).await?;
                Ok(Memory::People(people))
            }
        }
    }

    /// The next events, once it is sure that the log still holds the event that rows were last written for.
    async fn next(&self, place: Mark) -> Result<Vec<LogEvent>, Fault> {
        let limit = self.ground.settings.batch_events.max(1);
        let Some(leaf) = place.leaf else { return Ok(self.ground.log.after(place.position, limit).await?) };
        let before = Position::new(place.position.number().saturating_sub(1));
        let mut events = self.ground.log.after(before, limit.saturating_add(1)).await?;
        let is_there =
            |event: &LogEvent| event.kept.position == place.position && event.kept.leaf_hash == leaf;
        if events.first().is_some_and(is_there) {
            events.remove(0);
            return Ok(events);
        }
        let cause = format!("the log does not hold the event with the leaf hash {leaf} here any more");
        Err(Fault::Event(Stop { position: place.position, cause }))
    }
}
