//! A vault over either engine, and somebody who does not go through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use subject_record::clock::{Entropy, SeededEntropy, SetClock};
use subject_record::db::postgres::Postgres;
use subject_record::db::sql::{Connection, Engine, Text, query};
use subject_record::vault::kek::{FileKek, KekError, KekProvider};
use subject_record::vault::seal::Dek;
use subject_record::vault::tokens::Tokens;
use subject_record::vault::{
    Instances, KeyFile, KeyOwner, KeyState, LiveDek, SCHEMA, Vault, VaultError, VaultSettings,
};
use subject_record_schemas::{StreamName, SubjectId};
use tempfile::TempDir;

use crate::postgres::Cluster;

pub(super) const LEASE_SECONDS: u64 = 300;

/// Each test of a room, on each engine.
macro_rules! on_both_engines {
    ($($test:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(subject_record::db::sql::Engine::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(subject_record::db::sql::Engine::Postgres).await;
            })+
        }
    };
}
pub(super) use on_both_engines;

/// A key-encryption key that counts how often it is asked to unwrap.
#[derive(Debug)]
pub(super) struct CountingKek {
    inner: FileKek,
    unwrapped: AtomicU32,
}

#[async_trait]
impl KekProvider for CountingKek {
    fn kek_id(&self) -> &str {
        self.inner.kek_id()
    }

    async fn wrap(
        &self,
        owner: &str,
        generation: u32,
        dek: &Dek,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KekError> {
        self.inner.wrap(owner, generation, dek, entropy).await
    }

    async fn unwrap(
        &self,
        kek_id: &str,
        owner: &str,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<Dek, KekError> {
        self.unwrapped.fetch_add(1, Ordering::Relaxed);
        self.inner.unwrap(kek_id, owner, generation, wrapped).await
    }
}

/// Where keys lie: a folder of their own, or a database.
pub(super) struct Place {
    pub(super) engine: Engine,
    pub(super) folder: TempDir,
    pub(super) url: String,
}

impl Place {
    pub(super) async fn new(engine: Engine) -> Self {
        let url = match engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => Cluster::shared().database().await,
        };
        Self { engine, folder: TempDir::new().unwrap(), url }
    }

    /// One of the instances that use it. Each has its own randomness.
    pub(super) async fn instance(&self, seed: u64, clock: &Arc<SetClock>) -> Instance {
        self.instance_by(&self.url, seed, clock).await
    }

    /// The same, by another way to the database.
    pub(super) async fn instance_by(&self, url: &str, seed: u64, clock: &Arc<SetClock>) -> Instance {
        let entropy = Arc::new(SeededEntropy::new(seed));
        let keys = match self.engine {
            Engine::Sqlite => KeyFile::open(&self.folder.path().join("keys.db")).await.unwrap(),
            Engine::Postgres => {
                KeyFile::connect(&Postgres::at(url, SCHEMA).unwrap(), entropy.clone()).await.unwrap()
            }
        };
        let kek = Arc::new(CountingKek { inner: FileKek::new([5; 32]), unwrapped: AtomicU32::new(0) });
        let settings = VaultSettings { dek_cache_seconds: LEASE_SECONDS, ..VaultSettings::default() };
        let vault = Arc::new(Vault::new(keys, kek.clone(), settings, clock.clone(), entropy));
        let tokens = Tokens::load(vault.key_file()).await.unwrap();
        let instances = Instances::start(Arc::clone(&vault), tokens.clone());
        eventually(|| instances.is_live()).await;
        Instance { vault, tokens, kek, instances: Some(instances) }
    }

    /// A connection of somebody who does not go through the vault.
    pub(super) async fn intruder(&self) -> Intruder {
        Intruder(match self.engine {
            Engine::Sqlite => {
                let file = SqliteConnectOptions::new().filename(self.folder.path().join("keys.db"));
                Connection::Sqlite(file.connect().await.unwrap())
            }
            Engine::Postgres => {
                Connection::Postgres(Postgres::at(&self.url, SCHEMA).unwrap().connect().await.unwrap())
            }
        })
    }

    /// Every wrapped key that is kept, with its owner.
    pub(super) async fn wrapped(&self) -> Vec<(String, Vec<u8>)> {
        let Intruder(mut intruder) = self.intruder().await;
        let all = query(Text::Built("SELECT owner, wrapped FROM deks".into()));
        let rows = all.fetch_all(&mut intruder).await.unwrap();
        rows.iter().map(|row| (row.text("owner").unwrap(), row.bytes("wrapped").unwrap())).collect()
    }
}

pub(super) struct Intruder(pub(super) Connection);

impl Intruder {
    pub(super) async fn runs(&mut self, text: &str) -> Result<u64, sqlx::Error> {
        query(Text::Built(text.to_owned())).execute(&mut self.0).await
    }
}

/// One instance.
pub(super) struct Instance {
    pub(super) vault: Arc<Vault>,
    pub(super) tokens: Tokens,
    pub(super) kek: Arc<CountingKek>,
    instances: Option<Instances>,
}

impl Instance {
    pub(super) fn unwrapped(&self) -> u32 {
        self.kek.unwrapped.load(Ordering::Relaxed)
    }

    pub(super) fn is_live(&self) -> bool {
        self.instances.as_ref().is_some_and(Instances::is_live)
    }

    /// Its heart stops, and it does not notice.
    pub(super) fn stops(&mut self) {
        self.instances = None;
    }

    pub(super) async fn leaves(&mut self) {
        self.instances.take().unwrap().leave().await.unwrap();
    }

    /// The first key of a person.
    pub(super) async fn mint(&self, number: u32) -> LiveDek {
        ready(all(self.vault.mint(&[person(number)]).await).remove(0))
    }
}

/// A vault alone in its place.
pub(super) struct Given {
    pub(super) place: Place,
    pub(super) clock: Arc<SetClock>,
    pub(super) only: Instance,
    pub(super) vault: Arc<Vault>,
}

impl Given {
    pub(super) async fn vault(engine: Engine) -> Self {
        let (place, clock) = (Place::new(engine).await, Arc::new(SetClock::at(morning())));
        let only = place.instance(1, &clock).await;
        Self { vault: Arc::clone(&only.vault), place, clock, only }
    }

    /// The same place, as after a restart.
    pub(super) async fn reopened(self) -> Self {
        let Self { place, clock, mut only, vault } = self;
        only.leaves().await;
        drop((vault, only));
        let only = place.instance(2, &clock).await;
        Self { vault: Arc::clone(&only.vault), place, clock, only }
    }

    /// A key of a later generation, as a rotation leaves it.
    pub(super) async fn second_generation(&self, number: u32) {
        let stream = person_stream(number).to_string();
        let entropy = SeededEntropy::new(2);
        let wrapped = self.only.kek.wrap(&stream, 2, &Dek::random(&entropy), &entropy).await.unwrap();
        let insert = "INSERT INTO deks (owner, generation, kek_id, wrapped) VALUES ($1, 2, $2, $3)";
        let insert =
            query(Text::Built(insert.into())).bind(stream).bind(self.only.kek.kek_id()).bind(wrapped);
        insert.execute(&mut self.place.intruder().await.0).await.unwrap();
    }

    pub(super) async fn mint(&self, number: u32) -> LiveDek {
        self.only.mint(number).await
    }
}

pub(super) fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

pub(super) fn person_stream(number: u32) -> StreamName {
    StreamName::Subject(SubjectId::parse(format!("p-invented-{number}")).unwrap())
}

pub(super) fn person(number: u32) -> KeyOwner {
    KeyOwner::person(&person_stream(number))
}

/// The states of a batch in which nothing is at fault.
pub(super) fn all(states: Result<Vec<Result<KeyState, VaultError>>, VaultError>) -> Vec<KeyState> {
    states.unwrap().into_iter().map(Result::unwrap).collect()
}

pub(super) fn ready(state: KeyState) -> LiveDek {
    match state {
        KeyState::Ready(live) => live,
        other => unreachable!("{other:?}"),
    }
}

/// Waits, but not for ever, until it is so.
pub(super) async fn eventually(is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it never came true");
}
