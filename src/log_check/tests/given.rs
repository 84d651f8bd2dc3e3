//! A small log of invented people, told through intake, and hands that reach past the service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use subject_record_schemas::examples::Examples;
use subject_record_schemas::types::EventData;
use subject_record_schemas::types::log::{EventWithdrawn, LogOpened, StreamHeadsCommitted};
use subject_record_schemas::types::processing::ProcessingPerformed;
use subject_record_schemas::types::subject::{ProfileChanged, SubjectRegistered};
use subject_record_schemas::vocabulary::ErasureBasis;
use subject_record_schemas::{EventType, Position, StreamName, SubjectId};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::super::*;
use crate::caller::TokenId;
use crate::clock::{SeededEntropy, SetClock};
use crate::erasure::Erasure;
use crate::intake::{Intake, NewEvent};
use crate::notary::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::notary::heads::{HeadsMap, StreamEnd};
use crate::notary::note::SigningKey;
use crate::notary::tile::TileId;
use crate::notary::tree::{Frontier, Hash, leaf_hash};
use crate::store::sql::SqlStore;
use crate::store::sqlite::{self, SqliteSettings};
use crate::store::{EventStore, ExpectedRevision, TextStore};
use crate::timeline::Timelines;
use crate::vault::kek::FileKek;
use crate::vault::{KeyFile, Vault, VaultSettings};

const LOG_ID: &str = "00112233445566778899aabbccddeeff";
const ORIGIN: &str = "subject-record";
/// Events of each person beside the telling ones: three of them fill a tile.
const ORDINARY: usize = 100;
pub(super) const PEOPLE: [&str; 3] = ["p-invented-1", "p-invented-2", "p-invented-3"];
pub(super) const ERASED: &str = "p-invented-4";
pub(super) const WITHDRAWAL: &str = "event.withdrawn.v1";

/// A data folder that nobody owns, and what was claimed of it before anybody laid hands on it.
pub(super) struct Given {
    folder: TempDir,
    pub(super) notes: Vec<String>,
    tiles: Vec<(TileId, Vec<u8>)>,
    pub(super) size: i64,
}

/// Which story a folder tells. Both have the same log id and the same keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    True,
    Rewritten,
}

impl Given {
    /// A copy of the folder as it was told once for all tests.
    pub(super) async fn log() -> Self {
        Self::of(Story::True).await
    }

    pub(super) async fn of(story: Story) -> Self {
        static TOLD: [OnceLock<TempDir>; 2] = [OnceLock::new(), OnceLock::new()];
        let told = TOLD[usize::from(story == Story::Rewritten)].get_or_init(|| tell(story));
        let folder = TempDir::new().unwrap();
        for file in ["events.db", "keys.db"] {
            std::fs::copy(told.path().join(file), folder.path().join(file)).unwrap();
        }
        let mut it = Self { folder, notes: Vec::new(), tiles: Vec::new(), size: 0 };
        it.claim_again().await;
        it
    }

    /// Signs and builds tiles over the log as it is now, as the real notary would.
    pub(super) async fn claim_again(&mut self) {
        let bodies: Vec<(i64, String, Vec<u8>)> =
            sqlx::query_as("SELECT position, body, leaf FROM events ORDER BY position")
                .fetch_all(&mut self.intruder("events.db").await)
                .await
                .unwrap();
        let leaves: Vec<Hash> = bodies
            .iter()
            .map(|(_, body, leaf)| {
                if body.is_empty() { leaf.as_slice().try_into().unwrap() } else { leaf_hash(body.as_bytes()) }
            })
            .collect();
        self.size = i64::try_from(leaves.len()).unwrap();
        let mut tree = Frontier::default();
        self.notes.clear();
        for (nth, leaf) in leaves.iter().enumerate() {
            tree.push(*leaf);
            if [10, 256, 300, leaves.len()].contains(&(nth + 1)) {
                self.notes.push(note(tree.size(), tree.root()));
            }
        }
        let mut tiles = BTreeMap::new();
        let mut level = leaves;
        for number in 0..2_u8 {
            for (at, hashes) in level.chunks(256).enumerate() {
                tiles.insert(TileId { level: number, number: at as u64 }, hashes.concat());
            }
            let root = |hashes: &[Hash]| {
                let mut tile = Frontier::default();
                hashes.iter().for_each(|hash| tile.push(*hash));
                tile.root()
            };
            level = level.chunks_exact(256).map(root).collect();
        }
        self.tiles = tiles.into_iter().collect();
    }

    pub(super) fn claimed(&self) -> Claimed<'static> {
        let (kept, checkpoints) = self.notes.split_last().unwrap();
        Claimed {
            checkpoints: checkpoints.to_vec(),
            tiles: futures::stream::iter(self.tiles.clone().into_iter().map(Ok)).boxed(),
            kept: Some(kept.clone()),
            anchors: Vec::new(),
        }
    }

    /// What the check says of the folder under what was claimed of it.
    pub(super) async fn check(&self) -> Report {
        self.check_claimed(self.claimed()).await
    }

    pub(super) async fn check_claimed(&self, claimed: Claimed<'_>) -> Report {
        self.try_check(claimed, Some(5)).await.unwrap()
    }

    pub(super) async fn try_check(
        &self,
        claimed: Claimed<'_>,
        kek: Option<u8>,
    ) -> Result<Report, CheckError> {
        let kek = kek.map(|byte| Arc::new(FileKek::new([byte; 32])) as Arc<dyn KekProvider>);
        let question = Question { data: self.folder.path(), kek, verifier_key: None, claimed, workers: 2 };
        check(question, |_| ()).await
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(super) async fn intruder(&self, file: &str) -> SqliteConnection {
        intruder(&self.path(file)).await
    }

    /// Changes a file behind the service's back: triggers are taken away and put back as they were.
    pub(super) async fn tamper(&self, file: &str, statements: &[&str]) {
        let mut connection = self.intruder(file).await;
        let triggers: Vec<(String, String)> =
            sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        for (name, _) in &triggers {
            run(&mut connection, &format!("DROP TRIGGER {name}")).await;
        }
        for statement in statements {
            run(&mut connection, statement).await;
        }
        for (_, sql) in &triggers {
            run(&mut connection, sql).await;
        }
    }

    pub(super) async fn number(&self, query: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
        query.fetch_one(&mut self.intruder("events.db").await).await.unwrap()
    }

    /// Position of the `nth` event of a person, counted from 0.
    pub(super) async fn position(&self, subject: &str, nth: usize) -> i64 {
        let query = format!(
            "SELECT position FROM events JOIN streams USING (stream) WHERE name = 'subject-{subject}' AND revision = {nth}"
        );
        self.number(&query).await
    }

    /// Goes on telling the log as the service would.
    pub(super) async fn go_on(&self, told: impl AsyncFnOnce(&House)) {
        told(&House::open(self.folder.path(), 3).await).await;
    }
}

pub(super) async fn intruder(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

pub(super) async fn run(connection: &mut SqliteConnection, statement: &str) {
    let query = sqlx::query(AssertSqlSafe(statement.to_owned()));
    query.execute(connection).await.unwrap_or_else(|error| unreachable!("{statement}: {error}"));
}

pub(super) fn note(size: u64, root: Hash) -> String {
    let key = SigningKey::from_seed(ORIGIN, Zeroizing::new([6; 32])).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root };
    SignedCheckpoint::sign(checkpoint, &key).unwrap().note.to_string()
}

/// The parts of the service that append.
pub(super) struct House {
    intake: Arc<Intake>,
    store: Arc<SqlStore>,
    erasure: Erasure,
    clock: Arc<SetClock>,
}

impl House {
    async fn open(folder: &Path, seed: u64) -> Self {
        let clock = Arc::new(SetClock::at(morning()));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let settings = SqliteSettings::default();
        let store = sqlite::open(&folder.join("events.db"), settings, clock.clone()).await.unwrap();
        let store = Arc::new(store);
        let as_store: Arc<dyn EventStore> = Arc::<SqlStore>::clone(&store);
        let keys = KeyFile::open(&folder.join("keys.db")).await.unwrap();
        let kek = Arc::new(FileKek::new([5; 32]));
        let vault = Arc::new(Vault::new(keys, kek, VaultSettings::default(), clock.clone(), entropy.clone()));
        let (store_too, vault_too) = (Arc::clone(&as_store), Arc::clone(&vault));
        let intake = Arc::new(Intake::new(store_too, vault_too, clock.clone(), entropy, LOG_ID.into()));
        let timelines = Arc::new(Timelines::new(Arc::clone(&as_store), Arc::clone(&vault), LOG_ID.into()));
        let erasure = Erasure::new(Arc::clone(&intake), as_store, vault, timelines);
        Self { intake, store, erasure, clock }
    }

    fn event<D: EventData>(&self, stream: &StreamName, data: &D) -> NewEvent {
        let (id, time) = (self.intake.own_id().unwrap(), morning());
        self.intake.own_event(id, stream.clone(), time, None, data).unwrap()
    }

    async fn record(&self, events: &[NewEvent]) {
        let by = TokenId::service();
        self.intake.record_atomically(&by, events, ExpectedRevision::Any).await.unwrap();
    }

    async fn tell_of(&self, subject: &str, mail: &str) {
        let stream = stream(subject);
        let registered: SubjectRegistered = example(EventType::SubjectRegistered);
        let changed: ProfileChanged =
            serde_json::from_value(json!({ "field": "email", "cause": "subject" })).unwrap();
        let personal = json!({ "email": mail, "phone": "+77000000002" });
        let changed = || self.event(&stream, &changed).with_personal(&personal).unwrap();
        let registered = self.event(&stream, &registered).with_personal(&json!({ "email": mail })).unwrap();
        self.record(&[registered, changed(), changed()]).await;
    }

    async fn tell_ordinary(&self, subject: &str) {
        let performed: ProcessingPerformed = example(EventType::ProcessingPerformed);
        let stream = stream(subject);
        for _ in 0..ORDINARY / 20 {
            self.clock.run_to(self.clock_now() + chrono::TimeDelta::seconds(1));
            let events: Vec<_> = (0..20).map(|_| self.event(&stream, &performed)).collect();
            self.record(&events).await;
        }
    }

    fn clock_now(&self) -> DateTime<Utc> {
        use crate::clock::Clock as _;
        self.clock.now()
    }

    /// Records a root over the ends of all streams, right or wrong.
    pub(super) async fn commit_heads(&self, is_right: bool) {
        let at_position = self.store.last_position().await.unwrap();
        let mut heads = HeadsMap::default();
        for event in self.store.read_all(Position::START, 10_000).await.unwrap() {
            let end = StreamEnd { revision: event.revision.number(), leaf_hash: *event.leaf_hash.bytes() };
            heads.note(&event.stream.to_string(), &end);
        }
        let root = if is_right { heads.root() } else { [7; 32] };
        let committed =
            json!({ "root": hex::encode(root), "streams": heads.streams(), "at_position": at_position });
        let committed: StreamHeadsCommitted = serde_json::from_value(committed).unwrap();
        self.record(&[self.event(&StreamName::Office, &committed)]).await;
    }

    /// Records that the bytes of an event were withdrawn.
    pub(super) async fn withdraw(&self, subject: &str, position: i64) {
        let mut data = Examples::of(WITHDRAWAL.parse().unwrap()).unwrap().valid["data"].take();
        data["position"] = format!("{position:016}").into();
        let withdrawn: EventWithdrawn = serde_json::from_value(data).unwrap();
        self.record(&[self.event(&stream(subject), &withdrawn)]).await;
    }
}

pub(super) fn stream(subject: &str) -> StreamName {
    StreamName::Subject(SubjectId::parse(subject).unwrap())
}

fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn example<D: EventData + serde::de::DeserializeOwned>(event_type: EventType) -> D {
    let mut data = Examples::of(event_type).unwrap().valid["data"].take();
    data.as_object_mut().unwrap().remove("personal");
    serde_json::from_value(data).unwrap()
}

/// Tells a story on a runtime of its own, so that every file is let go when it ends.
fn tell(story: Story) -> TempDir {
    let telling = std::thread::spawn(move || {
        let folder = TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::open(folder.path(), if story == Story::True { 1 } else { 2 }).await;
            let key = SigningKey::from_seed(ORIGIN, Zeroizing::new([6; 32])).unwrap();
            let public = ed25519_dalek::SigningKey::from_bytes(&[6; 32]).verifying_key();
            assert_eq!(key.verifier_key().name(), ORIGIN);
            let opened: LogOpened = serde_json::from_value(json!({
                "log_id": LOG_ID, "engine": "sqlite", "verifier_key_name": ORIGIN, "simulated": false,
                "verifier_key": hex::encode(public.as_bytes()),
            }))
            .unwrap();
            let opened = house.event(&StreamName::Office, &opened);
            let opened = opened.with_personal(&json!({ "operator_name": "ЖШС Сынақ" })).unwrap();
            house.record(&[opened]).await;
            for body in ["Правила", "Келісім"] {
                use sha2::Digest as _;
                let hash = hex::encode(sha2::Sha256::digest(body));
                house.store.put_text(&hash, body.as_bytes()).await.unwrap();
            }
            for subject in PEOPLE {
                house.tell_of(subject, "gulnur@example.kz").await;
            }
            house.tell_of(ERASED, "gulnur@example.kz").await;
            house.commit_heads(true).await;
            for subject in PEOPLE {
                house.tell_ordinary(subject).await;
            }
            let (by, subject) = (TokenId::parse("officer-1").unwrap(), SubjectId::parse(ERASED).unwrap());
            house.erasure.erase(&by, &subject, ErasureBasis::Law, None).await.unwrap();
            house.commit_heads(true).await;
        });
        drop(runtime);
        // The service's readers end in threads of their own: a copy is whole whether they have ended or not.
        let told = TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for file in ["events.db", "keys.db"] {
                let copy = told.path().join(file).display().to_string();
                run(&mut intruder(&folder.path().join(file)).await, &format!("VACUUM INTO '{copy}'")).await;
            }
        });
        told
    });
    telling.join().unwrap()
}
