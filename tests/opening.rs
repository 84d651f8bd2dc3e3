//! Opening a data folder: only when its parts belong together, and a new log only when asked for.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use subject_record::app::{App, NewLog, OpenError, UnsoundError};
use subject_record::caller::{Role, TokenId};
use subject_record::clock::{SeededEntropy, SetClock};
use subject_record::config::Config;
use subject_record::store::ExpectedRevision;
use subject_record::vault::tokens::Tokens;
use subject_record::vault::{KeyFile, KeyOwner};
use subject_record_schemas::types::subject::ProfileChanged;
use subject_record_schemas::vocabulary::ErasureBasis;
use subject_record_schemas::{StreamName, SubjectId};
use tempfile::TempDir;

use crate::postgres::Cluster;

/// A folder with settings and secrets, as `init` leaves it.
struct House {
    folder: TempDir,
    clock: Arc<SetClock>,
}

impl House {
    fn new() -> Self {
        let house = Self { folder: TempDir::new().unwrap(), clock: Arc::new(SetClock::at(morning())) };
        std::fs::create_dir_all(house.path("keys")).unwrap();
        house.set_secret("keys/kek", "05");
        house.set_secret("keys/signing", "06");
        house.settle("keys/kek", "keys/signing");
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set_secret(&self, name: &str, byte: &str) {
        std::fs::write(self.path(name), byte.repeat(32)).unwrap();
    }

    fn settle(&self, kek: &str, signing_key: &str) {
        let text = format!(
            "[paths]\ndata = \"data\"\nkek = \"{kek}\"\nsigning_key = \"{signing_key}\"\n[operator]\nname = \"ЖШС Сынақ\"\n"
        );
        std::fs::write(self.path("subject-record.toml"), text).unwrap();
    }

    async fn open(&self, new_log: NewLog) -> Result<App, OpenError> {
        let config = Config::load(&self.path("subject-record.toml"), std::iter::empty()).unwrap();
        App::open(config, new_log, self.clock.clone(), Arc::new(SeededEntropy::new(1))).await
    }

    /// Why it does not open.
    async fn unsound(&self) -> UnsoundError {
        match self.open(NewLog::Real).await {
            Err(OpenError::Unsound(error)) => error,
            other => unreachable!("{other:?}"),
        }
    }

    /// A log with one sealed value of one person.
    async fn lived_in() -> Self {
        let house = Self::new();
        let app = house.open(NewLog::Real).await.unwrap();
        let changed: ProfileChanged =
            serde_json::from_value(json!({ "field": "email", "cause": "subject" })).unwrap();
        let stream = StreamName::Subject(person());
        let event = app.intake.own_event(app.intake.own_id().unwrap(), stream, morning(), None, &changed);
        let event = event.unwrap().with_personal(&json!({ "email": "gulnur@example.kz" })).unwrap();
        app.intake.record_own(event, ExpectedRevision::Any).await.unwrap();
        house
    }

    async fn erase(&self) {
        let app = self.open(NewLog::Refuse).await.unwrap();
        let by = TokenId::parse("officer-1").unwrap();
        app.erasure.erase(&by, &person(), ErasureBasis::Law, None).await.unwrap();
    }

    /// A connection of somebody who does not go through the service.
    async fn intruder(&self, file: &str) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path(file)).connect().await.unwrap()
    }

    /// A copy of a database as it is now.
    async fn back_up(&self, file: &str) {
        let copy = self.path("copy.db");
        let query = sqlx::query("VACUUM INTO ?1").bind(copy.to_str().unwrap().to_owned());
        query.execute(&mut self.intruder(file).await).await.unwrap();
    }

    fn restore(&self, file: &str) {
        self.lose(file);
        std::fs::rename(self.path("copy.db"), self.path(file)).unwrap();
    }

    fn lose(&self, file: &str) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.path(&format!("{file}{end}")));
        }
    }
}

const EVENTS: &str = "data/events.db";
const KEYS: &str = "data/keys.db";

fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn person() -> SubjectId {
    SubjectId::parse("p-invented-1").unwrap()
}

#[tokio::test]
async fn a_new_log_is_opened_only_when_it_is_asked_for() {
    let house = House::new();
    let refused = house.open(NewLog::Refuse).await.unwrap_err();
    assert!(matches!(refused, OpenError::NotOpened), "{refused:?}");
    assert_eq!(refused.to_string(), "there is no log here yet: subject-record serve opens one");
    let log = house.open(NewLog::Real).await.unwrap().log;
    assert!(!log.simulated);
    assert_eq!(house.open(NewLog::Refuse).await.unwrap().log, log, "the one that is there is opened");
}

#[tokio::test]
async fn tokens_and_the_key_of_an_event_alone_are_no_lost_log() {
    let house = House::new();
    std::fs::create_dir_all(house.path("data")).unwrap();
    let keys = KeyFile::open(&house.path(KEYS)).await.unwrap();
    let tokens = Tokens::load(&keys).await.unwrap();
    tokens
        .create(&keys, "auditor-1", Role::Auditor, Vec::new(), morning(), &SeededEntropy::new(2))
        .await
        .unwrap();
    drop(house.open(NewLog::Real).await.unwrap());
    // As a crash between the first key and the first event leaves it.
    house.lose(EVENTS);
    drop(house.open(NewLog::Real).await.unwrap());
}

#[tokio::test]
async fn a_folder_that_lost_its_events_does_not_open() {
    let house = House::lived_in().await;
    drop(house.open(NewLog::Real).await.unwrap());
    house.lose(EVENTS);
    let error = house.unsound().await;
    assert!(matches!(error, UnsoundError::EventsLost), "{error:?}");
    assert!(matches!(house.unsound().await, UnsoundError::EventsLost), "nothing was made in their place");

    let house = House::lived_in().await;
    house.erase().await;
    house.lose(EVENTS);
    assert!(matches!(house.unsound().await, UnsoundError::EventsLost), "a fence alone tells of a person");
}

#[tokio::test]
async fn a_folder_that_lost_its_keys_does_not_open() {
    let house = House::lived_in().await;
    house.lose(KEYS);
    let error = house.unsound().await;
    assert!(matches!(error, UnsoundError::KeysLost), "{error:?}");
}

#[tokio::test]
async fn a_folder_whose_events_are_older_than_an_erasure_does_not_open() {
    let house = House::lived_in().await;
    house.back_up(EVENTS).await;
    house.erase().await;
    drop(house.open(NewLog::Real).await.unwrap());
    house.restore(EVENTS);
    match house.unsound().await {
        UnsoundError::RolledBack { stream } => assert_eq!(stream, "subject-p-invented-1"),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_folder_whose_keys_are_older_than_an_erasure_brings_nobody_back() {
    let house = House::lived_in().await;
    house.back_up(KEYS).await;
    house.erase().await;
    house.restore(KEYS);
    let app = house.open(NewLog::Real).await.unwrap();
    let owner = KeyOwner::person(&StreamName::Subject(person()));
    assert!(app.vault.is_fenced(&owner).await.unwrap());
    assert_eq!(app.vault.shredded(&owner).await.unwrap(), [1]);
    assert_eq!(app.erasure.resume().await.unwrap(), 0, "nothing is left to do");
}

#[tokio::test]
async fn another_key_encryption_key_does_not_open() {
    let house = House::lived_in().await;
    house.set_secret("keys/kek", "07");
    let error = house.unsound().await;
    assert!(matches!(error, UnsoundError::OtherKek { .. }), "{error:?}");
    house.set_secret("keys/kek", "05");
    drop(house.open(NewLog::Real).await.unwrap());
}

#[tokio::test]
async fn places_that_do_not_go_together_are_refused_with_what_to_do() {
    let url = &*Cluster::shared().database().await;
    for (store, vault, advice) in [
        ("sqlite:elsewhere", "sqlite:", "set that, and store.url to sqlite:"),
        ("mysql://u@h/d", "sqlite:", "a place for events is named"),
        ("sqlite:", "sqlite:elsewhere", "vault.url should be"),
        ("sqlite:", "kurrentdb://h:2113", "vault.url should be"),
        (url, "sqlite:", "they have to share the keys"),
        (url, url, "vault.shares_cluster = true"),
    ] {
        let house = House::new();
        let set = [("SUBJECT_RECORD_STORE__URL", store), ("SUBJECT_RECORD_VAULT__URL", vault)];
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::load(&house.path("subject-record.toml"), set.into_iter()).unwrap();
        let opened =
            App::open(config, NewLog::Real, house.clock.clone(), Arc::new(SeededEntropy::new(1))).await;
        let refused = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(advice), "{store} {vault}: {refused}");
    }
}

#[tokio::test]
async fn no_secret_may_lie_in_the_data_folder() {
    for (kek, signing_key) in [("data/kek", "keys/signing"), ("keys/kek", "data/deep/signing")] {
        let house = House::new();
        std::fs::create_dir_all(house.path("data/deep")).unwrap();
        house.set_secret("data/kek", "05");
        house.set_secret("data/deep/signing", "06");
        house.settle(kek, signing_key);
        let error = house.unsound().await;
        assert!(matches!(error, UnsoundError::SecretInData { .. }), "{error:?}");
    }
    // By another way to the same place.
    let house = House::new();
    std::fs::create_dir_all(house.path("data")).unwrap();
    house.set_secret("data/kek", "05");
    std::os::unix::fs::symlink(house.path("data/kek"), house.path("keys/link")).unwrap();
    house.settle("keys/link", "keys/signing");
    assert!(matches!(house.unsound().await, UnsoundError::SecretInData { .. }));
    assert!(!house.path(EVENTS).exists(), "nothing was written");
}
