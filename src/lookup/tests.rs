//! People found by what identifies them, whatever happened between an event and its place in the index.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use subject_record_schemas::{EventType, StoredEvent};
use tempfile::TempDir;

use super::*;
use crate::caller::{Caller, Role, SourcePattern, TokenId};
use crate::clock::{SeededEntropy, SetClock};
use crate::store::ExpectedRevision;
use crate::store::memory::MemoryStore;
use crate::store::sqlite::{self, SqliteSettings};
use crate::vault::index_lead::IndexLead;
use crate::vault::kek::FileKek;
use crate::vault::{KeyFile, KeyOwner, VaultSettings};

const IIN: &str = "910708200012";
const OTHER_IIN: &str = "880315100011";
const PHONE: &str = "+77000000001";

/// Where the events lie.
#[derive(Clone, Copy, Debug)]
enum In {
    Memory,
    Sqlite,
}

/// A service over a folder, whose index somebody has to start.
struct Given {
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    intake: Arc<Intake>,
    clock: Arc<SetClock>,
    folder: TempDir,
}

impl Given {
    async fn new() -> Self {
        Self::stored(In::Sqlite).await
    }

    async fn stored(engine: In) -> Self {
        let (clock, folder) = (Arc::new(SetClock::at(morning())), TempDir::new().unwrap());
        let store: Arc<dyn EventStore> = match engine {
            In::Memory => Arc::new(MemoryStore::new(clock.clone())),
            In::Sqlite => {
                let file = folder.path().join("events.db");
                Arc::new(sqlite::open(&file, SqliteSettings::default(), clock.clone()).await.unwrap())
            }
        };
        Self::over(store, clock, folder, [5; 32]).await
    }

    /// Keys and intake over events that are there, under a key-encryption key.
    async fn over(store: Arc<dyn EventStore>, clock: Arc<SetClock>, folder: TempDir, kek: [u8; 32]) -> Self {
        let entropy = Arc::new(SeededEntropy::new(1));
        let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
        let kek = Arc::new(FileKek::new(kek));
        let vault = Arc::new(Vault::new(keys, kek, VaultSettings::default(), clock.clone(), entropy.clone()));
        let (store_too, vault_too) = (Arc::clone(&store), Arc::clone(&vault));
        let intake = Arc::new(Intake::new(store_too, vault_too, clock.clone(), entropy, "log".into()));
        Self { store, vault, intake, clock, folder }
    }

    /// Records an event that happened some minutes after the morning.
    async fn records(&self, wire_name: &str, subject: &str, minutes: i64, data: Value) {
        let caller = Caller {
            token: TokenId::parse("emitter-1").unwrap(),
            role: Role::Emitter,
            sources: vec![SourcePattern::parse("platform/*").unwrap()],
        };
        let last = self.store.last_position().await.unwrap();
        let time = morning() - TimeDelta::days(1) + TimeDelta::minutes(minutes);
        let document = json!({
            "specversion": "1.0", "id": format!("e-{}", last.number()), "source": "platform/tests", "type": wire_name,
            "subject": subject, "time": time.to_rfc3339(), "data": data,
        });
        let event = self.intake.validators().check_value(&caller, document, self.intake.clock()).unwrap();
        let recorded = self.intake.record_each(&caller.token, &[event], ExpectedRevision::Any).await;
        recorded.into_iter().for_each(|recorded| drop(recorded.unwrap()));
    }

    async fn registers(&self, subject: &str, personal: Value) {
        let data = json!({
            "kind": "person", "channel": "site", "form_version": "1", "language": "kk", "personal": personal,
        });
        self.records("subject.registered.v1", subject, 0, data).await;
    }

    async fn changes(&self, subject: &str, minutes: i64, field: &str, value: &str) {
        let data = json!({ "field": field, "cause": "subject", "personal": { field: value } });
        self.records("profile.changed.v1", subject, minutes, data).await;
    }

    fn starts(&self) -> Lookup {
        self.starts_waiting(Duration::from_mins(1))
    }

    fn starts_waiting(&self, wait_max: Duration) -> Lookup {
        let (store, vault) = (Arc::clone(&self.store), Arc::clone(&self.vault));
        Lookup::start(store, vault, Arc::clone(&self.intake), "log".into(), wait_max)
    }

    /// Everybody found by an index that is started for the question and stopped after it, in their order.
    async fn found(&self, kind: LookupKind, text: &str) -> Vec<(String, bool)> {
        let found = self.starts().find(&Wanted::parse(kind, text).unwrap()).await.unwrap();
        found.subjects.into_iter().map(|found| (found.subject.to_string(), found.former)).collect()
    }

    /// What the log says of shared identifiers: whose stream, with whom.
    async fn matches(&self) -> Vec<(String, String)> {
        let all = self.store.read_all(Position::START, 1_000).await.unwrap();
        let stored = all.iter().map(|event| StoredEvent::read(event.bytes.as_bytes()).unwrap());
        let matched = stored.filter(|stored| stored.event_type().unwrap() == EventType::IdentifierMatched);
        let told = |stored: StoredEvent| {
            assert_eq!(stored.data["kind"], "iin");
            let subject = stored.attributes.subject.unwrap().to_string();
            (subject, stored.data["other_subject"].as_str().unwrap().to_owned())
        };
        matched.map(told).collect()
    }

    async fn lead(&self) -> IndexLead {
        self.vault.lead_index().await.unwrap().unwrap()
    }

    async fn intruder(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.folder.path().join("keys.db")).connect().await.unwrap()
    }

    async fn entries_of(&self, subject: &str) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM lookup_entries WHERE owner = ?1")
            .bind(format!("subject-{subject}"))
            .fetch_one(&mut self.intruder().await)
            .await
            .unwrap()
    }
}

fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn now(subject: &str) -> (String, bool) {
    (subject.to_owned(), false)
}

fn formerly(subject: &str) -> (String, bool) {
    (subject.to_owned(), true)
}

#[tokio::test]
async fn a_person_is_found_by_every_usual_spelling_of_what_they_registered_with() {
    for engine in [In::Memory, In::Sqlite] {
        let it = Given::stored(engine).await;
        it.registers("p-one-0001", json!({ "iin": IIN, "phone": PHONE, "email": "Gulnur.S@example.kz" }))
            .await;
        it.registers("p-two-0002", json!({ "iin": OTHER_IIN })).await;
        for (kind, text) in [
            (LookupKind::Iin, "910708 200012"),
            (LookupKind::Phone, "8 (700) 000-00-01"),
            (LookupKind::Phone, "+7 700 000 00 01"),
            (LookupKind::Email, " GULNUR.S@EXAMPLE.KZ "),
        ] {
            assert_eq!(it.found(kind, text).await, [now("p-one-0001")], "{engine:?} {text}");
        }
        assert_eq!(it.found(LookupKind::Iin, OTHER_IIN).await, [now("p-two-0002")]);
        assert_eq!(it.found(LookupKind::Iin, "991231500016").await, []);
        assert_eq!(it.found(LookupKind::Phone, "+77000000002").await, []);
    }
}

#[tokio::test]
async fn the_newest_value_is_the_current_one_by_when_it_happened_and_not_by_when_it_came() {
    let it = Given::new().await;
    it.registers("p-one-0001", json!({ "email": "first@example.kz" })).await;
    it.changes("p-one-0001", 20, "email", "third@example.kz").await;
    it.changes("p-one-0001", 10, "email", "second@example.kz").await;
    it.registers("p-two-0002", json!({ "email": "second@example.kz" })).await;
    assert_eq!(it.found(LookupKind::Email, "first@example.kz").await, [formerly("p-one-0001")]);
    assert_eq!(it.found(LookupKind::Email, "third@example.kz").await, [now("p-one-0001")]);
    it.registers("p-zwo-0003", json!({ "email": "second@example.kz" })).await;
    let second = it.found(LookupKind::Email, "second@example.kz").await;
    assert_eq!(
        second,
        [now("p-two-0002"), now("p-zwo-0003"), formerly("p-one-0001")],
        "who bears it comes first"
    );
    it.changes("p-one-0001", 30, "email", "FIRST@example.kz").await;
    assert_eq!(it.found(LookupKind::Email, "first@example.kz").await, [now("p-one-0001")], "taken up again");
}

#[tokio::test]
async fn a_value_whose_successor_nobody_told_is_no_longer_current() {
    let it = Given::new().await;
    it.registers("p-one-0001", json!({ "phone": PHONE, "email": "a@example.kz" })).await;
    it.records("profile.changed.v1", "p-one-0001", 5, json!({ "field": "phone", "cause": "subject" })).await;
    assert_eq!(it.found(LookupKind::Phone, PHONE).await, [formerly("p-one-0001")]);
    assert_eq!(it.found(LookupKind::Email, "a@example.kz").await, [now("p-one-0001")], "another field");
}

#[tokio::test]
async fn an_entity_is_found_by_its_public_bin_and_a_third_person_by_what_was_handed_over() {
    let it = Given::new().await;
    let entity = json!({
        "kind": "entity", "channel": "site", "form_version": "1", "language": "kk", "bin": "991240000013",
    });
    it.records("subject.registered.v1", "p-entity-01", 0, entity).await;
    let handed_over = json!({
        "submitter": "p-entity-01", "categories": ["phone"], "decision": "accepted",
        "reason": "authority_shown", "personal": { "phone": PHONE },
    });
    it.records("third_person_data.submitted.v1", "p-third-001", 0, handed_over).await;
    assert_eq!(it.found(LookupKind::Bin, "991240 000013").await, [now("p-entity-01")]);
    assert_eq!(it.found(LookupKind::Phone, PHONE).await, [now("p-third-001")]);
    it.records(
        "profile.changed.v1",
        "p-entity-01",
        5,
        json!({
            "field": "bin", "cause": "subject", "bin": "991241000019",
        }),
    )
    .await;
    assert_eq!(it.found(LookupKind::Bin, "991240000013").await, [formerly("p-entity-01")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_recorded_is_found_though_the_index_stops_and_starts_at_any_moment() {
    let it = Given::new().await;
    for round in 0..20 {
        let running = it.starts();
        for person in 0..5 {
            let phone = format!("+7700{:07}", round * 10 + person);
            it.registers(&format!("p-{round:03}-{person:03}"), json!({ "phone": phone })).await;
        }
        // Wherever it is by now.
        drop(running);
    }
    let lookup = it.starts();
    for (round, person) in (0..20).flat_map(|round| (0..5).map(move |person| (round, person))) {
        let phone = format!("+7700{:07}", round * 10 + person);
        let found = lookup.find(&Wanted::parse(LookupKind::Phone, &phone).unwrap()).await.unwrap();
        let found: Vec<_> = found.subjects.iter().map(|found| found.subject.as_str()).collect();
        assert_eq!(found, [format!("p-{round:03}-{person:03}")]);
    }
}

#[tokio::test]
async fn two_people_with_one_iin_are_told_of_once_however_often_the_index_is_made() {
    let it = Given::new().await;
    it.registers("p-one-0001", json!({ "iin": IIN })).await;
    it.registers("p-two-0002", json!({ "iin": IIN })).await;
    it.found(LookupKind::Iin, IIN).await;
    let told = [("p-two-0002".to_owned(), "p-one-0001".to_owned())];
    assert_eq!(it.matches().await, told);
    // They say it again, and a third one comes in the next batch.
    it.changes("p-one-0001", 5, "iin", IIN).await;
    it.changes("p-two-0002", 6, "iin", IIN).await;
    assert_eq!(it.found(LookupKind::Iin, IIN).await.len(), 2);
    assert_eq!(it.matches().await, told, "each once");
    it.registers("p-three-03", json!({ "iin": IIN })).await;
    it.found(LookupKind::Iin, IIN).await;
    let told = [told.to_vec(), vec![("p-three-03".into(), "p-one-0001".into())]].concat();
    assert_eq!(it.matches().await, told, "told of the first");
    for _ in 0..2 {
        it.vault.begin_index(&it.lead().await).await.unwrap();
        assert_eq!(it.found(LookupKind::Iin, IIN).await.len(), 3);
        assert_eq!(it.matches().await, told, "made anew");
    }
}

#[tokio::test]
async fn whoever_has_given_up_an_iin_shares_it_with_nobody() {
    let it = Given::new().await;
    it.registers("p-one-0001", json!({ "iin": IIN })).await;
    it.changes("p-one-0001", 5, "iin", OTHER_IIN).await;
    it.registers("p-two-0002", json!({ "iin": IIN })).await;
    assert_eq!(it.found(LookupKind::Iin, IIN).await, [now("p-two-0002"), formerly("p-one-0001")]);
    assert_eq!(it.matches().await, [], "in one batch");
    it.changes("p-two-0002", 10, "iin", "991231500016").await;
    it.found(LookupKind::Iin, IIN).await;
    it.registers("p-three-03", json!({ "iin": IIN })).await;
    it.found(LookupKind::Iin, IIN).await;
    assert_eq!(it.matches().await, [], "nor across batches");
}

#[tokio::test]
async fn a_phone_number_an_address_and_a_bin_are_shared_without_a_word() {
    let it = Given::new().await;
    for subject in ["p-one-0001", "p-two-0002"] {
        let data = json!({
            "kind": "entity", "channel": "site", "form_version": "1", "language": "kk", "bin": "991240000013",
            "personal": { "phone": PHONE, "email": "office@example.kz" },
        });
        it.records("subject.registered.v1", subject, 0, data).await;
    }
    assert_eq!(it.found(LookupKind::Bin, "991240000013").await, [now("p-one-0001"), now("p-two-0002")]);
    assert_eq!(it.matches().await, []);
}

#[tokio::test]
async fn an_index_that_cannot_tell_of_a_shared_iin_waits_and_tells_of_it_later() {
    let it = Given::stored(In::Memory).await;
    it.registers("p-one-0001", json!({ "iin": IIN })).await;
    it.registers("p-two-0002", json!({ "iin": IIN })).await;
    it.clock.leap_to(morning() + TimeDelta::hours(2));
    let wanted = Wanted::parse(LookupKind::Iin, IIN).unwrap();
    let refused = it.starts_waiting(Duration::from_millis(200)).find(&wanted).await;
    assert!(matches!(refused, Err(LookupError::Behind { indexed: Position::START, .. })), "{refused:?}");
    assert_eq!(it.matches().await, []);
    it.clock.leap_to(morning());
    assert_eq!(it.found(LookupKind::Iin, IIN).await.len(), 2);
    assert_eq!(it.matches().await.len(), 1);
}

#[tokio::test]
async fn an_erased_person_is_found_by_nothing_and_never_indexed_again() {
    let it = Given::new().await;
    it.registers("p-one-0001", json!({ "iin": IIN, "phone": PHONE })).await;
    it.registers("p-two-0002", json!({ "phone": PHONE })).await;
    assert_eq!(it.found(LookupKind::Phone, PHONE).await.len(), 2);
    let stream: StreamName = "subject-p-one-0001".parse().unwrap();
    assert_eq!(it.entries_of("p-one-0001").await, 2);
    it.vault.shred(&KeyOwner::person(&stream)).await.unwrap();
    assert_eq!(it.entries_of("p-one-0001").await, 0);
    assert_eq!(it.found(LookupKind::Phone, PHONE).await, [now("p-two-0002")]);
    // The boxes are still there, as in a crash between keys and boxes; and a batch that was read before the fence.
    it.vault.begin_index(&it.lead().await).await.unwrap();
    assert_eq!(it.found(LookupKind::Phone, PHONE).await, [now("p-two-0002")]);
    let state = it.vault.index().await.unwrap().unwrap();
    let late = crate::vault::lookup::IndexEntry {
        kind: LookupKind::Iin,
        tag: Some(state.key.tag(LookupKind::Iin, IIN)),
        position: Position::new(1),
        owner: stream,
        occurred_us: 0,
    };
    it.vault.add_to_index(&it.lead().await, &[late], state.position, state.leaf_hash.unwrap()).await.unwrap();
    assert_eq!(it.found(LookupKind::Iin, IIN).await, []);
    assert_eq!(it.entries_of("p-one-0001").await, 0);
}

#[tokio::test]
async fn an_index_under_another_key_or_of_another_log_is_made_anew() {
    let it = Given::new().await;
    it.registers("p-one-0001", json!({ "phone": PHONE })).await;
    it.found(LookupKind::Phone, PHONE).await;
    let tag = async |it: &Given| -> Vec<u8> {
        sqlx::query_scalar("SELECT tag FROM lookup_entries")
            .fetch_one(&mut it.intruder().await)
            .await
            .unwrap()
    };
    let before = tag(&it).await;
    // The same log under the wrong leaf hash, as after an older copy of it was put back.
    sqlx::query("UPDATE lookup_state SET leaf_hash = ?1")
        .bind("0".repeat(64))
        .execute(&mut it.intruder().await)
        .await
        .unwrap();
    assert_eq!(it.found(LookupKind::Phone, PHONE).await, [now("p-one-0001")]);
    let after = tag(&it).await;
    assert_ne!(before, after, "another key makes other tags");

    let Given { store, vault, intake, clock, folder } = it;
    drop((vault, intake));
    let it = Given::over(store, clock, folder, [6; 32]).await;
    assert!(it.vault.index().await.is_err(), "the index key is under the key-encryption key before");
    it.registers("p-two-0002", json!({ "phone": "+77000000002" })).await;
    assert_eq!(it.found(LookupKind::Phone, "+77000000002").await, [now("p-two-0002")]);
    assert_eq!(it.found(LookupKind::Phone, PHONE).await, [], "their key does not unwrap: their fault alone");
}

#[tokio::test]
async fn a_question_that_waits_in_vain_says_how_far_the_index_is() {
    let it = Given::stored(In::Memory).await;
    it.registers("p-one-0001", json!({ "phone": PHONE })).await;
    let lookup = it.starts_waiting(Duration::ZERO);
    let error = lookup.find(&Wanted::parse(LookupKind::Phone, PHONE).unwrap()).await.unwrap_err();
    let is_so = matches!(error, LookupError::Behind { indexed: Position::START, recorded } if recorded == Position::new(1));
    assert!(is_so, "{error}");
}

#[tokio::test]
async fn an_answer_names_a_hundred_people_and_says_that_there_are_more() {
    let it = Given::stored(In::Memory).await;
    for person in 0..101 {
        it.registers(&format!("p-{person:07}"), json!({ "phone": PHONE })).await;
        if person == 99 {
            let found = it.starts().find(&Wanted::parse(LookupKind::Phone, PHONE).unwrap()).await.unwrap();
            assert_eq!((found.subjects.len(), found.more), (100, false));
        }
    }
    let found = it.starts().find(&Wanted::parse(LookupKind::Phone, PHONE).unwrap()).await.unwrap();
    assert_eq!((found.subjects.len(), found.more), (100, true));
}

#[test]
fn what_is_looked_for_is_never_shown() {
    let wanted = Wanted::parse(LookupKind::Iin, IIN).unwrap();
    assert_eq!(format!("{wanted:?}"), "Wanted(iin, …)");
    for (kind, text) in [
        (LookupKind::Iin, "91070820001"),
        (LookupKind::Bin, IIN),
        (LookupKind::Phone, "7000000001"),
        (LookupKind::Email, "gulnur.example.kz"),
    ] {
        let fault = Wanted::parse(kind, text).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains(text), "{fault}");
    }
}

#[tokio::test]
async fn progress_is_written_with_what_it_stands_for_and_now_and_then_without() {
    let it = Given::stored(In::Memory).await;
    let written = async || it.vault.index().await.unwrap().unwrap().position;
    it.registers("p-one-0001", json!({ "phone": PHONE })).await;
    it.found(LookupKind::Phone, PHONE).await;
    assert_eq!(written().await, Position::new(1));
    let answered = json!({
        "policy_version": "1", "text_hash": "3f".repeat(32), "language": "kk", "answer": "accepted",
        "channel": "site",
    });
    it.records("policy_version.answered.v1", "p-one-0001", 1, answered.clone()).await;
    let lookup = it.starts();
    lookup.caught_up().await.unwrap();
    assert_eq!(written().await, Position::new(1), "what brings no value costs no sync");
    for _ in 0..10_000 {
        it.records("policy_version.answered.v1", "p-one-0001", 1, answered.clone()).await;
    }
    lookup.caught_up().await.unwrap();
    assert!(written().await >= Position::new(9_000), "{}", written().await);
}
