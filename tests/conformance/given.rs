//! Events, names and streams for tests, and stores to put them into. The people are invented.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record::clock::{SeededEntropy, SetClock};
use subject_record::config;
use subject_record::store::kurrent::KurrentStore;
use subject_record::store::memory::MemoryStore;
use subject_record::store::postgres::{self, PostgresSettings};
use subject_record::store::sql::SqlStore;
use subject_record::store::sqlite::{self, SqliteSettings};
use subject_record::store::{
    Append, AppendError, Appended, EventKey, EventStore, ExpectedRevision, Mark, Names, Outcome, Receipt,
    SealedBox, SealedEvent, TextStore,
};
use subject_record_schemas::{EventId, Position, Source, StreamName, SubjectId};
use tempfile::TempDir;

use crate::kurrent::double::Double;
use crate::postgres::Cluster;

/// An empty store of one engine, under a clock that stands until it is moved.
pub(crate) struct Fresh {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) texts: Arc<dyn TextStore>,
    pub(crate) clock: Arc<SetClock>,
    _folder: Option<TempDir>,
    _server: Option<Double>,
}

impl Fresh {
    /// The reference engine.
    pub(crate) async fn memory() -> Self {
        let clock = clock();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Self { store: store.clone(), texts: store, clock, _folder: None, _server: None }
    }

    /// The embedded engine, in a folder of its own.
    pub(crate) async fn sqlite() -> Self {
        let (clock, folder) = (clock(), TempDir::new().unwrap());
        let store = Arc::new(open(folder.path(), SqliteSettings::default(), &clock).await);
        Self { store: store.clone(), texts: store, clock, _folder: Some(folder), _server: None }
    }

    /// PostgreSQL, in a database of its own.
    pub(crate) async fn postgres() -> Self {
        let clock = clock();
        let url = Cluster::shared().database().await;
        let store = Arc::new(open_postgres(&url, PostgresSettings::default(), &clock).await);
        Self { store: store.clone(), texts: store, clock, _folder: None, _server: None }
    }
}

/// PostgreSQL, in the database at a URL.
pub(crate) async fn open_postgres(url: &str, settings: PostgresSettings, clock: &Arc<SetClock>) -> SqlStore {
    postgres::open(url, &settings, clock.clone(), Arc::new(SeededEntropy::new(5))).await.unwrap()
}

impl Fresh {
    /// The engine over KurrentDB, on a double of it.
    pub(crate) async fn kurrent() -> Self {
        let (clock, folder, server) = (clock(), TempDir::new().unwrap(), Double::start());
        let beside = folder.path().join("kurrent.db");
        let url = server.url();
        let store = KurrentStore::open(&url, &beside, config::Store::default(), clock.clone());
        let store = Arc::new(store.await.unwrap());
        Self { store: store.clone(), texts: store, clock, _folder: Some(folder), _server: Some(server) }
    }

    /// The engine over the server that `KURRENTDB_URL` names, in streams of this test alone.
    pub(crate) async fn kurrent_server() -> Self {
        let url = std::env::var("KURRENTDB_URL").unwrap();
        let (clock, folder) = (clock(), TempDir::new().unwrap());
        let beside = folder.path().join("kurrent.db");
        let name = folder.path().file_name().unwrap().to_str().unwrap().replace('.', "");
        let (prefix, settings) = (format!("conformance-{name}-"), config::Store::default());
        let store = KurrentStore::open_prefixed(&url, &prefix, &beside, settings, clock.clone());
        let store = Arc::new(store.await.unwrap());
        Self { store: store.clone(), texts: store, clock, _folder: Some(folder), _server: None }
    }
}

/// The position of the event that is this one by count, from 1; where there are fewer, one that no event has. Where
/// positions have no gaps, it is the number itself.
pub(crate) async fn nth(store: &dyn EventStore, number: u64) -> Position {
    if store.capabilities().gapless_positions || number == 0 {
        return Position::new(number);
    }
    let place = usize::try_from(number).unwrap() - 1;
    let all = store.read_all(Position::START, u32::try_from(number.min(10_000)).unwrap()).await.unwrap();
    all.get(place).map_or(Position::new(1 << 62), |event| event.position)
}

/// The embedded engine over the file of a folder.
pub(crate) async fn open(folder: &Path, settings: SqliteSettings, clock: &Arc<SetClock>) -> SqlStore {
    sqlite::open(&folder.join("events.db"), settings, clock.clone()).await.unwrap()
}

/// A clock that shows a morning of 2026.
pub(crate) fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::at(morning()))
}

/// 2026-02-02, 02:40 UTC.
pub(crate) fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

/// The stream of an invented person.
pub(crate) fn person(number: u32) -> StreamName {
    StreamName::Subject(SubjectId::parse(format!("p-invented-{number}")).unwrap())
}

/// The name of an event of the usual source.
pub(crate) fn key(id: &str) -> EventKey {
    EventKey { source: Source::parse("platform/tests").unwrap(), id: EventId::parse(id).unwrap() }
}

/// An event without mark and box.
pub(crate) fn event(id: &str) -> SealedEvent {
    event_of(key(id))
}

/// An event of this name.
pub(crate) fn event_of(key: EventKey) -> SealedEvent {
    let (id, source) = (serde_json::json!(key.id), &key.source);
    let text_before = format!(
        r#"{{"specversion":"1.0","id":{id},"source":"{source}","type":"consent.given.v1","time":"2026-02-01T00:00:00.000000Z","recordedby":"tests","blinding":"AAAAAAAAAAAAAAAAAAAAAA","#
    );
    SealedEvent {
        key,
        mark: Mark::None,
        text_before,
        text_after: r#""data":{}}"#.into(),
        sealed_box: None,
        follows: false,
    }
}

/// What else an event of a test may be.
pub(crate) trait Shape {
    /// It registers a person.
    fn registering(self) -> Self;
    /// It is a person's approved erasure.
    fn fencing(self) -> Self;
    /// It has a box, filled with one byte.
    fn boxed(self, fill: u8) -> Self;
    /// Its data is this long.
    fn long(self, bytes: usize) -> Self;
}

impl Shape for SealedEvent {
    fn registering(self) -> Self {
        Self { mark: Mark::Registration, ..self }
    }

    fn fencing(self) -> Self {
        Self { mark: Mark::Fence, ..self }
    }

    fn boxed(self, fill: u8) -> Self {
        Self { sealed_box: Some(box_of(fill)), ..self }
    }

    fn long(self, bytes: usize) -> Self {
        Self { text_after: format!(r#""data":{{"fill":"{}"}}}}"#, "x".repeat(bytes)), ..self }
    }
}

/// A box filled with one byte.
pub(crate) fn box_of(fill: u8) -> SealedBox {
    SealedBox { generation: u32::from(fill), sealed: vec![fill; 40] }
}

/// Events for a stream wherever it ends.
pub(crate) fn any<const N: usize>(stream: &StreamName, events: [SealedEvent; N]) -> Append {
    expecting(ExpectedRevision::Any, stream, events)
}

/// Events for a stream that must end as expected.
pub(crate) fn expecting<const N: usize>(
    expected: ExpectedRevision,
    stream: &StreamName,
    events: [SealedEvent; N],
) -> Append {
    Append { stream: stream.clone(), expected, names: Names::MayStand, events: events.into() }
}

/// Appends and answers what became of it.
pub(crate) async fn append(store: &dyn EventStore, append: Append) -> Result<Appended, AppendError> {
    let mut results = store.append_each(vec![append]).await;
    assert_eq!(results.len(), 1, "one answer an append");
    results.remove(0)
}

/// Appends what must be appended now, and answers the receipts.
pub(crate) async fn record(store: &dyn EventStore, given: Append) -> Vec<Receipt> {
    let appended = append(store, given).await.unwrap();
    let now = |outcome: Outcome| match outcome {
        Outcome::Appended(receipt) => receipt,
        other @ Outcome::AlreadyRecorded(_) => unreachable!("{other:?}"),
    };
    appended.outcomes.into_iter().map(now).collect()
}
