//! A log in memory, and notaries over it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use subject_record::clock::SystemEntropy;
use subject_record::db::postgres::Postgres;
use subject_record::notary::checkpoint::SignedCheckpoint;
use subject_record::notary::note::SigningKey;
use subject_record::notary::source::{Entries, EntriesError, Entry};
use subject_record::notary::tree::{Frontier, Hash, leaf_hash};
use subject_record::notary::{KeptCheckpoint, Notary, Opening, Place, Refusal, Settings};
use subject_record_schemas::{Position, StreamName, SubjectId};
use tempfile::TempDir;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::postgres::Cluster;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const ORIGIN: &str = "example.kz/log";

/// Where the tree is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// A log of which a test may change anything.
#[derive(Debug)]
pub(super) struct TestLog {
    pub(super) entries: Mutex<Vec<Entry>>,
    pub(super) head: watch::Sender<Position>,
    /// Between two positions.
    step: u64,
}

impl TestLog {
    pub(super) fn new(step: u64) -> Arc<Self> {
        Arc::new(Self { entries: Mutex::default(), head: watch::channel(Position::START).0, step })
    }

    pub(super) fn add(&self, events: u64) {
        let mut entries = self.entries.lock().unwrap();
        for _ in 0..events {
            let number = entries.len() as u64;
            let bytes: Arc<str> = format!("{{\"event\":{number}}}").into();
            let stream = stream(&format!("person-{}", number % 7));
            let leaf_hash = leaf_hash(bytes.as_bytes());
            let position = Position::new((number + 1) * self.step);
            entries.push(Entry { position, stream, revision: number / 7, leaf_hash, bytes });
        }
        self.head.send_replace(entries.last().unwrap().position);
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) {
        change(&mut self.entries.lock().unwrap());
    }

    pub(super) fn last(&self) -> Position {
        *self.head.borrow()
    }

    pub(super) fn root(&self) -> Hash {
        let mut tree = Frontier::default();
        self.entries.lock().unwrap().iter().for_each(|entry| tree.push(entry.leaf_hash));
        tree.root()
    }
}

#[async_trait]
impl Entries for TestLog {
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<Entry>, EntriesError> {
        let entries = self.entries.lock().unwrap();
        Ok(entries.iter().filter(|entry| entry.position > position).take(limit as usize).cloned().collect())
    }

    async fn at(&self, positions: &[Position]) -> Result<Vec<Option<Entry>>, EntriesError> {
        let entries = self.entries.lock().unwrap();
        let at = |position: &Position| entries.iter().find(|entry| entry.position == *position).cloned();
        Ok(positions.iter().map(at).collect())
    }

    async fn last(&self) -> Result<Position, EntriesError> {
        Ok(*self.head.borrow())
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }
}

pub(super) fn stream(subject: &str) -> StreamName {
    StreamName::Subject(SubjectId::parse(subject).unwrap())
}

pub(super) fn key(origin: &str) -> SigningKey {
    SigningKey::from_seed(origin, Zeroizing::new([7; 32])).unwrap()
}

/// One log, one place of its tree, and a folder for each instance.
pub(super) struct Given {
    folder: TempDir,
    pub(super) log: Arc<TestLog>,
    pub(super) place: Place,
    url: String,
}

impl Given {
    pub(super) async fn log(engine: Engine, step: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let (place, url) = match engine {
            Engine::Sqlite => {
                let file = folder.path().join("log.db");
                let url = format!("sqlite://{}", file.display());
                (Place::File(file), url)
            }
            Engine::Postgres => {
                let url = Cluster::shared().database().await;
                (Place::Postgres(Postgres::at(&url, "log").unwrap()), url)
            }
        };
        Self { folder, log: TestLog::new(step), place, url }
    }

    pub(super) async fn notary(&self) -> Notary {
        self.notary_with(ORIGIN, Vec::new()).await
    }

    pub(super) async fn notary_with(&self, origin: &str, outside: Vec<SignedCheckpoint>) -> Notary {
        self.open(self.place.clone(), "first", origin, outside).await
    }

    /// An instance of its own, with a key file of its own.
    pub(super) async fn instance(&self, name: &str) -> Notary {
        self.open(self.place.clone(), name, ORIGIN, Vec::new()).await
    }

    pub(super) async fn open(
        &self,
        place: Place,
        name: &str,
        origin: &str,
        outside: Vec<SignedCheckpoint>,
    ) -> Notary {
        let opening = Opening {
            place,
            signing_key_file: &self.folder.path().join(name),
            key: Arc::new(key(origin)),
            entries: Arc::clone(&self.log) as Arc<dyn Entries>,
            outside,
            settings: Settings { checkpoint_every: Duration::from_millis(5), batch_events: 100 },
            entropy: Arc::new(SystemEntropy),
        };
        Notary::open(opening).await.unwrap()
    }

    pub(super) fn kept(&self, name: &str) -> KeptCheckpoint {
        KeptCheckpoint::beside(&self.folder.path().join(name))
    }

    /// Where the database is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Changes the tables behind everybody's back, and answers how many rows.
    pub(super) async fn change(&self, sqlite: &'static str, postgres: &'static str) -> u64 {
        use sqlx::{Connection as _, PgConnection, SqliteConnection};
        if self.url.starts_with("sqlite") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(sqlite).execute(&mut connection).await.unwrap().rows_affected()
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(postgres).execute(&mut connection).await.unwrap().rows_affected()
        }
    }

    /// Loses the tree, which can be made anew.
    pub(super) async fn lose_tree(&self) {
        if let Place::File(file) = &self.place {
            for ending in ["", "-wal", "-shm"] {
                let mut file = file.clone().into_os_string();
                file.push(ending);
                let _ = std::fs::remove_file(file);
            }
        } else {
            self.change("", "DROP SCHEMA log CASCADE").await;
        }
    }
}

/// Why an instance itself signs nothing.
pub(super) async fn refusal(notary: &Notary) -> Refusal {
    let mut states = notary.watch();
    let refused = states.wait_for(|state| state.refusal.as_ref().is_some_and(Refusal::is_final));
    tokio::time::timeout(PATIENCE, refused).await.unwrap().unwrap().refusal.clone().unwrap()
}

/// Waits until an instance is the one that signs, or no longer is.
pub(super) async fn leads(notary: &Notary, wanted: bool) {
    let mut leads = notary.leads();
    tokio::time::timeout(PATIENCE, leads.wait_for(|leads| *leads == wanted)).await.unwrap().unwrap();
}
