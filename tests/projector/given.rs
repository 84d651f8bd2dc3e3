//! A log that is shown bit by bit, and projections over it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection as _};
use subject_record::app::StoreLog;
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{SeededEntropy, SetClock};
use subject_record::config;
use subject_record::db::postgres::Postgres;
use subject_record::intake::Intake;
use subject_record::projector::{Log, LogError, LogEvent, Place, Projection, Projector};
use subject_record::simulate::{SOURCES, SimulatedEvent, Simulation, fill};
use subject_record::store::memory::MemoryStore;
use subject_record::store::{EventStore, TextStore};
use subject_record::vault::kek::FileKek;
use subject_record::vault::{KeyFile, Vault};
use subject_record_schemas::{Position, StreamName};
use tempfile::TempDir;
use tokio::sync::{OnceCell, watch};

use crate::postgres::Cluster;

/// How long a test waits for rows: as long as the slowest machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A log whose events are shown up to a position, and can be altered.
#[derive(Debug)]
pub(crate) struct Tape {
    events: Mutex<Vec<LogEvent>>,
    shown: watch::Sender<Position>,
    /// Streams that may be read still, up to a publication, before a read never answers.
    reads: watch::Sender<usize>,
}

impl Tape {
    /// These events, none of them shown yet.
    pub(crate) fn of(events: &[LogEvent]) -> Arc<Self> {
        Arc::new(Self {
            events: Mutex::new(events.to_vec()),
            shown: watch::channel(Position::START).0,
            reads: watch::channel(usize::MAX).0,
        })
    }

    /// From now on so many streams are read up to a publication, as they are to be judged by it, and no more.
    pub(crate) fn hang_after(&self, reads: usize) {
        self.reads.send_replace(reads);
    }

    /// Waits until a read of a stream is one too many.
    pub(crate) async fn hangs(&self) {
        self.reads.subscribe().wait_for(|left| *left == 0).await.unwrap();
    }

    /// Shows events up to a position.
    pub(crate) fn show(&self, position: u64) {
        self.shown.send_replace(Position::new(position));
    }

    /// Shows all.
    pub(crate) fn show_all(&self) -> Position {
        let last = self.events.lock().unwrap().last().unwrap().kept.position;
        self.show(last.number());
        last
    }

    /// Changes the event at a position.
    pub(crate) fn alter(&self, position: u64, change: impl FnOnce(&mut LogEvent)) {
        let mut events = self.events.lock().unwrap();
        change(events.iter_mut().find(|event| event.kept.position.number() == position).unwrap());
    }

    fn read(&self, limit: usize, wanted: impl Fn(&LogEvent) -> bool) -> Vec<LogEvent> {
        let shown = *self.shown.borrow();
        let events = self.events.lock().unwrap();
        let seen = events.iter().filter(|event| event.kept.position <= shown && wanted(event));
        seen.take(limit).cloned().collect()
    }
}

#[async_trait]
impl Log for Tape {
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<LogEvent>, LogError> {
        Ok(self.read(limit as usize, |event| event.kept.position > position))
    }

    async fn stream(&self, stream: &StreamName, until: Position) -> Result<Vec<LogEvent>, LogError> {
        let next = Position::new(until.number() + 1);
        let is_next = |event: &LogEvent| event.kept.position == next && event.stream == StreamName::Policy;
        if self.events.lock().unwrap().iter().any(is_next) {
            self.reads.send_modify(|left| *left = left.saturating_sub(1));
        }
        if *self.reads.borrow() == 0 {
            std::future::pending::<()>().await;
        }
        Ok(self.read(usize::MAX, |event| event.stream == *stream && event.kept.position <= until))
    }

    async fn text(&self, _hash: &str) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.shown.subscribe()
    }
}

/// Events of a simulated year of 40 people.
pub(crate) async fn year() -> &'static [LogEvent] {
    static YEAR: OnceCell<Vec<LogEvent>> = OnceCell::const_new();
    YEAR.get_or_init(|| filled(40)).await
}

/// Events of a simulated year, as they are sent.
pub(crate) async fn filled(subjects: u32) -> Vec<LogEvent> {
    let simulation = Simulation { seed: 1, subjects, start: Simulation::default_start() };
    recorded(&simulation.year().events).await
}

/// Events as a log holds them that were sent in this order, none before it happened.
pub(crate) async fn recorded(events: &[SimulatedEvent]) -> Vec<LogEvent> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SetClock::at(events[0].sent_at));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let (store, texts): (Arc<dyn EventStore>, Arc<dyn TextStore>) = (store.clone(), store);
    let entropy = Arc::new(SeededEntropy::new(7));
    let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
    let kek = Arc::new(FileKek::new([7; 32]));
    let vault = Vault::new(keys, kek, config::Vault::default(), clock.clone(), entropy.clone());
    let intake = Intake::new(store.clone(), Arc::new(vault), clock.clone(), entropy, "00".repeat(16));
    let sources = vec![SourcePattern::parse(SOURCES).unwrap()];
    let caller = Caller { token: TokenId::parse("platform").unwrap(), role: Role::Emitter, sources };
    if !events.is_sorted_by_key(|event| event.sent_at) {
        clock.run_to(events.iter().map(|event| event.sent_at).max().unwrap());
    }
    fill(&intake, &clock, &caller, events, |_| {}).await.unwrap();
    StoreLog::new(store, texts).after(Position::START, u32::MAX).await.unwrap()
}

/// Settings by which everything comes in small pieces.
pub(crate) fn small(batch_events: u32) -> config::Projector {
    config::Projector {
        batch_events,
        people_cache_bytes_max: 300_000,
        rejudged_people: 3,
        rebuild_from_events: u64::MAX,
    }
}

/// An engine of read models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

impl On {
    /// Events of the smallest batch: a transaction an event, over a network, would be the work of minutes.
    pub(crate) const fn batch_min(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 10,
        }
    }

    /// A place where no read models are yet.
    pub(crate) async fn home(self) -> Home {
        match self {
            Self::Sqlite => Home::Folder(TempDir::new().unwrap()),
            Self::Postgres => Home::Database(Cluster::shared().database().await),
        }
    }
}

/// Where read models are kept in a test.
#[derive(Debug)]
pub(crate) enum Home {
    Folder(TempDir),
    Database(String),
}

impl Home {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Folder(folder) => Place::Folder(folder.path().to_owned()),
            Self::Database(url) => Place::Postgres(Postgres::at(url, "read_models").unwrap()),
        }
    }

    /// Generations of a projection that lie there.
    pub(crate) async fn generations(&self, projection: Projection) -> usize {
        match self {
            Self::Folder(folder) => {
                let files = std::fs::read_dir(folder.path()).unwrap();
                let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                names.filter(|name| name.starts_with(projection.name()) && name.ends_with(".db")).count()
            }
            Self::Database(_) => {
                let named = format!("read_models_{}_", projection.name());
                let sql = format!("SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, '{named}')");
                usize::try_from(self.number(projection, 1, &sql).await).unwrap()
            }
        }
    }

    /// The number that a question to a generation answers.
    pub(crate) async fn number(&self, projection: Projection, generation: u64, sql: &str) -> i64 {
        let name = projection.name();
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Folder(folder) => {
                let file = folder.path().join(format!("{name}-{generation}.db"));
                let url = format!("sqlite://{}?mode=ro", file.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Self::Database(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                let path =
                    AssertSqlSafe(format!("SET search_path = read_models_{name}_{generation}, read_models"));
                sqlx::query(path).execute(&mut connection).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }
}

/// Runs a test on every engine, under its name.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::super::given::On::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::super::given::On::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// Projections over a tape.
pub(crate) async fn open(home: &Home, settings: config::Projector, tape: &Arc<Tape>) -> Projector {
    let clock = Arc::new(SetClock::at(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
    Projector::open(home.place(), settings, Arc::<Tape>::clone(tape), clock).await.unwrap()
}

/// Waits until both projections have come to a position.
pub(crate) async fn reach(projector: &Projector, position: u64) {
    for projection in Projection::ALL {
        let reached = projector.wait_for(projection, Position::new(position), PATIENCE).await;
        assert_eq!(reached, Ok(()), "{:#?}", projector.status());
    }
}

/// Digests of all read models as known at a position.
pub(crate) async fn digests(projector: &Projector, at: u64) -> Vec<(&'static str, String)> {
    let mut digests = Vec::new();
    for projection in Projection::ALL {
        let reader = projector.reader(projection).unwrap();
        for table in projection.tables() {
            digests.push((table.name, reader.digest(table, Position::new(at)).await.unwrap()));
        }
    }
    digests
}
