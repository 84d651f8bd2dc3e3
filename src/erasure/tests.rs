//! One erasure for all who ask, told by the service alone.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use subject_record_schemas::types::EventData;
use subject_record_schemas::types::subject::ProfileChanged;
use subject_record_schemas::{EventType, Source};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::unfinished::Unfinished;
use super::*;
use crate::clock::{SeededEntropy, SetClock};
use crate::config::Store as StoreSettings;
use crate::store::{StoreError, sqlite};
use crate::vault::kek::FileKek;
use crate::vault::{KeyFile, VaultSettings};

struct Given {
    erasure: Erasure,
    folder: TempDir,
}

impl Given {
    /// A person with one sealed value.
    async fn person() -> Self {
        let folder = TempDir::new().unwrap();
        let (clock, entropy) = (Arc::new(SetClock::at(morning())), Arc::new(SeededEntropy::new(1)));
        let file = folder.path().join("events.db");
        let store = sqlite::open(&file, StoreSettings::default(), clock.clone()).await.unwrap();
        let store: Arc<dyn EventStore> = Arc::new(store);
        let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
        let kek = Arc::new(FileKek::new([5; 32]));
        let vault = Arc::new(Vault::new(keys, kek, VaultSettings::default(), clock.clone(), entropy.clone()));
        let (store_too, vault_too) = (Arc::clone(&store), Arc::clone(&vault));
        let intake = Arc::new(Intake::new(store_too, vault_too, clock, entropy, "log".into()));
        let timelines = Arc::new(Timelines::new(Arc::clone(&store), Arc::clone(&vault), "log".into()));
        let it = Self { erasure: Erasure::new(intake, store, vault, timelines), folder };
        let changed: ProfileChanged =
            serde_json::from_value(json!({ "field": "email", "cause": "subject" })).unwrap();
        let event = it.event("e-1", 0, &changed).with_personal(&json!({ "email": "gulnur@example.kz" }));
        it.record(event.unwrap()).await;
        it
    }

    /// Erasure as after a restart, over the same files.
    fn started_again(&self) -> Erasure {
        let Erasure { intake, store, vault, timelines, .. } = self.erasure.clone();
        Erasure::new(intake, store, vault, timelines)
    }

    /// An event about the person, some minutes after the morning.
    fn event<D: EventData>(&self, id: &str, minutes: i64, data: &D) -> NewEvent {
        let (id, time) = (EventId::parse(id).unwrap(), morning() + TimeDelta::minutes(minutes));
        self.erasure.intake.own_event(id, stream(), time, None, data).unwrap()
    }

    async fn record(&self, event: NewEvent) -> Position {
        let recorded = self.erasure.intake.record_own(event, ExpectedRevision::Any).await.unwrap();
        recorded.receipt.position
    }

    async fn erase(&self) -> Result<Erased, EraseError> {
        self.erasure.erase(&officer(), &person(), ErasureBasis::Law, None).await
    }

    /// Events of a type in the person's stream.
    async fn count(&self, event_type: EventType) -> usize {
        let entries = self.erasure.timelines.entries(&stream(), &Question::default()).await.unwrap();
        entries.iter().filter(|entry| entry.event.fact.event_type() == event_type).count()
    }

    async fn is_told_once(&self) {
        for event_type in [EventType::ErasureRequested, EventType::ErasureDecided, EventType::DataDestroyed] {
            assert_eq!(self.count(event_type).await, 1, "{event_type:?}");
        }
    }

    async fn intruder(&self, file: &str) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.folder.path().join(file)).connect().await.unwrap()
    }
}

fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn person() -> SubjectId {
    SubjectId::parse("p-invented-1").unwrap()
}

fn stream() -> StreamName {
    StreamName::Subject(person())
}

fn officer() -> TokenId {
    TokenId::parse("officer-1").unwrap()
}

fn decided(request: &str, scope: ErasureScope) -> ErasureDecided {
    ErasureDecided {
        request: NamedEvent {
            source: Source::parse(OWN_SOURCE).unwrap(),
            id: EventId::parse(request).unwrap(),
        },
        scope,
        decision: ErasureDecision::Approved,
        reasons: Vec::new(),
        decided_by: Reference::parse("officer-1").unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_for_by_many_at_once_a_person_is_erased_once() {
    let it = Arc::new(Given::person().await);
    let mut callers = JoinSet::new();
    for _ in 0..12 {
        let it = Arc::clone(&it);
        callers.spawn(async move { it.erase().await.unwrap() });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().filter(|erased| !erased.seen_before).count(), 1);
    let first = Erased { seen_before: true, ..answers[0].clone() };
    assert!(answers.iter().all(|erased| Erased { seen_before: true, ..erased.clone() } == first));
    it.is_told_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_leave_one_erasure_that_ends() {
    let it = Arc::new(Given::person().await);
    for micros in [0, 50, 200, 500, 1_000] {
        let caller = tokio::spawn({
            let it = Arc::clone(&it);
            async move { it.erase().await }
        });
        tokio::time::sleep(Duration::from_micros(micros)).await;
        caller.abort();
    }
    it.erase().await.unwrap();
    it.is_told_once().await;
}

#[tokio::test]
async fn the_fence_is_the_first_approval_for_the_whole_person_and_its_end_is_the_services_own_word() {
    let it = Given::person().await;
    let document = ErasureScope::Document(Reference::parse("doc-1").unwrap());
    it.record(it.event("decided-part", 0, &decided("asked-part", document))).await;
    let asked = |basis| ErasureRequested {
        scope: ErasureScope::Subject,
        basis,
        basis_ref: None,
        requested_by: Reference::parse("officer-1").unwrap(),
    };
    it.record(it.event("asked-1", 10, &asked(ErasureBasis::CourtAct))).await;
    let fence = it.event("decided-1", 10, &decided("asked-1", ErasureScope::Subject));
    let done_id = Intake::derived_id("destroyed", &fence.key()).unwrap();
    let fence = it.record(fence).await;
    // Recorded later, said to have happened earlier.
    it.record(it.event("decided-2", 5, &decided("asked-1", ErasureScope::Subject))).await;
    let foreign = |mut event: NewEvent| {
        event.attributes.source = Source::parse("platform/tests").unwrap();
        event
    };
    let copy: DataDestroyed = serde_json::from_value(json!({
        "scope": "subject", "trigger": "law", "method": "key_destroyed",
    }))
    .unwrap();
    // Names of another source.
    it.record(foreign(it.event("asked-1", 4, &asked(ErasureBasis::TermEnded)))).await;
    let copied = it.record(foreign(it.event(done_id.as_str(), 20, &copy))).await;

    assert_eq!(it.erasure.resume().await.unwrap(), 1);
    let erased = it.erase().await.unwrap();
    assert_eq!((erased.decided, erased.seen_before), (fence, true));
    assert!(erased.destroyed > copied, "{erased:?}");
    let entries = it.erasure.timelines.entries(&stream(), &Question::default()).await.unwrap();
    let own = entries.iter().find(|entry| entry.event.position == erased.destroyed).unwrap();
    assert_eq!(own.key().source.as_str(), OWN_SOURCE);
    match &own.event.fact {
        Fact::DataDestroyed(data) => assert_eq!(data.trigger, DestructionTrigger::CourtAct),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn going_on_counts_what_it_destroyed() {
    let it = Given::person().await;
    assert_eq!(it.erasure.resume().await.unwrap(), 0, "nobody is to be erased");
    it.record(it.event("decided-1", 0, &decided("asked-1", ErasureScope::Subject))).await;
    assert_eq!(it.erasure.resume().await.unwrap(), 1, "cut short behind its fence");
    assert_eq!(it.erasure.resume().await.unwrap(), 0, "done");
    // As an old copy of the key file would have it.
    let mut keys = it.intruder("keys.db").await;
    sqlx::query("DROP TRIGGER fences_refuse_delete").execute(&mut keys).await.unwrap();
    sqlx::query("DELETE FROM fences").execute(&mut keys).await.unwrap();
    assert_eq!(it.started_again().resume().await.unwrap(), 1, "undone by a backup");
    assert_eq!(it.count(EventType::DataDestroyed).await, 1, "it is told once");
}

#[tokio::test]
async fn one_that_cannot_be_carried_out_holds_up_no_other_and_is_tried_again() {
    let it = Given::person().await;
    let other = StreamName::Subject(SubjectId::parse("p-invented-2").unwrap());
    it.record(it.event("decided-1", 0, &decided("asked-1", ErasureScope::Subject))).await;
    let second = decided("asked-2", ErasureScope::Subject);
    let id = EventId::parse("decided-2").unwrap();
    it.record(it.erasure.intake.own_event(id, other.clone(), morning(), None, &second).unwrap()).await;
    let mut events = it.intruder("events.db").await;
    sqlx::query("DROP TRIGGER events_refuse_update").execute(&mut events).await.unwrap();
    let spoil = "UPDATE events SET body = substr(body, 2) WHERE id = 'e-1'";
    sqlx::query(spoil).execute(&mut events).await.unwrap();

    assert!(it.erasure.resume().await.is_err());
    let entries = it.erasure.timelines.entries(&other, &Question::default()).await.unwrap();
    assert!(matches!(entries.last().unwrap().event.fact, Fact::DataDestroyed(_)), "{entries:?}");
    let mend = "UPDATE events SET body = '{' || body WHERE id = 'e-1'";
    sqlx::query(mend).execute(&mut events).await.unwrap();
    assert_eq!(it.erasure.resume().await.unwrap(), 1, "what was done before is not asked of again");
    assert_eq!(it.count(EventType::DataDestroyed).await, 1);
}

#[tokio::test]
async fn what_another_decided_is_carried_out_without_being_asked_for() {
    let it = Given::person().await;
    let _unfinished = Unfinished::start(it.erasure.clone(), Duration::from_millis(5));
    it.record(it.event("decided-1", 0, &decided("asked-1", ErasureScope::Subject))).await;
    let mut tries = 0;
    while it.count(EventType::DataDestroyed).await == 0 {
        tries += 1;
        assert!(tries < 6_000, "nobody carries it out");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(it.erasure.vault.is_fenced(&KeyOwner::person(&stream())).await.unwrap());
}

#[tokio::test]
async fn keys_are_destroyed_though_bytes_of_boxes_still_lie_in_a_file() {
    let it = Given::person().await;
    let mut reader = it.intruder("events.db").await;
    sqlx::query("BEGIN").execute(&mut reader).await.unwrap();
    sqlx::query("SELECT count(*) FROM boxes").fetch_one(&mut reader).await.unwrap();
    let error = it.erase().await.unwrap_err();
    assert!(matches!(error, EraseError::Store(StoreError::NotScrubbed)), "{error:?}");
    assert!(it.erasure.vault.is_fenced(&KeyOwner::person(&stream())).await.unwrap());
    assert_eq!(it.count(EventType::DataDestroyed).await, 0, "it is not said to be done");
    sqlx::query("COMMIT").execute(&mut reader).await.unwrap();
    let erased = it.erase().await.unwrap();
    assert_eq!((erased.seen_before, erased.key_generations), (false, vec![1]));
    it.is_told_once().await;
}
