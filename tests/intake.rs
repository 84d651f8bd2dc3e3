//! Intake over a store and a vault, without a door in front.

use std::sync::Arc;

use serde_json::{Value, json};
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{Clock, SeededEntropy, SetClock};
use subject_record::intake::{Intake, NewEvent, Recorded, Refusal};
use subject_record::store::sqlite::{self, SqliteSettings};
use subject_record::store::{EventStore, ExpectedRevision};
use subject_record::vault::kek::FileKek;
use subject_record::vault::{KeyFile, Vault, VaultSettings};
use subject_record_schemas::{Position, StoredEvent, StreamName};
use tempfile::TempDir;

use crate::conformance::checker::check_log;

struct It {
    intake: Intake,
    store: Arc<dyn EventStore>,
    clock: Arc<SetClock>,
    _folder: TempDir,
}

async fn it() -> It {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SetClock::at(chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()));
    let entropy = Arc::new(SeededEntropy::new(1));
    let path = folder.path().join("events.db");
    let store = sqlite::open(&path, SqliteSettings::default(), Arc::<SetClock>::clone(&clock)).await.unwrap();
    let store: Arc<dyn EventStore> = Arc::new(store);
    let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
    let kek = Arc::new(FileKek::new([7; 32]));
    let vault = Vault::new(
        keys,
        kek,
        VaultSettings::default(),
        Arc::<SetClock>::clone(&clock),
        Arc::<SeededEntropy>::clone(&entropy),
    );
    let clock_of_intake = Arc::<SetClock>::clone(&clock);
    let intake = Intake::new(Arc::clone(&store), Arc::new(vault), clock_of_intake, entropy, "log".into());
    It { intake, store, clock, _folder: folder }
}

impl It {
    fn event(&self, id: &str, wire_name: &str, data: Value) -> NewEvent {
        let caller = Caller {
            token: TokenId::parse("emitter-1").unwrap(),
            role: Role::Emitter,
            sources: vec![SourcePattern::parse("platform/*").unwrap()],
        };
        let document = json!({
            "specversion": "1.0", "id": id, "source": "platform/tests", "type": wire_name, "subject": "person-one",
            "time": "2026-02-03T09:15:00+05:00", "data": data,
        });
        self.intake.validators().check_value(&caller, document, &*self.clock as &dyn Clock).unwrap()
    }

    fn registration(&self, id: &str, iin: &str) -> NewEvent {
        let personal = json!({ "iin": iin });
        let data = json!({ "kind": "person", "channel": "site", "form_version": "1", "language": "kk", "personal": personal });
        self.event(id, "subject.registered.v1", data)
    }

    fn answer(&self, id: &str, answer: &str) -> NewEvent {
        let hash = "3f".repeat(32);
        let data = json!({ "policy_version": "1", "text_hash": hash, "language": "kk", "answer": answer, "channel": "site" });
        self.event(id, "policy_version.answered.v1", data)
    }

    async fn atomically(&self, events: &[NewEvent]) -> Result<Vec<Recorded>, Refusal> {
        self.intake
            .record_atomically(&TokenId::parse("emitter-1").unwrap(), events, ExpectedRevision::Any)
            .await
    }

    async fn each(&self, events: &[NewEvent]) -> Vec<Result<Recorded, Refusal>> {
        self.intake.record_each(&TokenId::parse("emitter-1").unwrap(), events, ExpectedRevision::Any).await
    }

    /// Wire names of what is recorded, in order.
    async fn recorded(&self) -> Vec<String> {
        check_log(&*self.store).await.unwrap();
        let all = self.store.read_all(Position::START, 1_000).await.unwrap();
        all.iter()
            .map(|event| StoredEvent::read(event.bytes.as_bytes()).unwrap().attributes.wire_name)
            .collect()
    }
}

const GOOD_IIN: &str = "910708200012";
const BAD_IIN: &str = "880315100012";

#[tokio::test]
async fn an_atomic_batch_with_one_name_twice_and_two_contents_is_refused_whole() {
    let it = it().await;
    let refused = it.atomically(&[it.answer("a-1", "accepted"), it.answer("a-1", "declined")]).await;
    assert_eq!(refused, Err(Refusal::OtherContent));
    assert_eq!(it.recorded().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_atomic_batch_with_the_same_event_twice_records_it_once() {
    let it = it().await;
    let answers = it.atomically(&[it.answer("a-1", "accepted"), it.answer("a-1", "accepted")]).await.unwrap();
    assert_eq!(answers[0].receipt, answers[1].receipt);
    assert_eq!(it.recorded().await.len(), 1);
}

#[tokio::test]
async fn an_atomic_batch_that_is_refused_for_one_name_writes_nothing() {
    let it = it().await;
    it.atomically(&[it.answer("a-1", "accepted")]).await.unwrap();
    let refused = it.atomically(&[it.answer("a-2", "accepted"), it.answer("a-1", "declined")]).await;
    assert_eq!(refused, Err(Refusal::OtherContent));
    assert_eq!(it.recorded().await.len(), 1);
}

#[tokio::test]
async fn an_atomic_batch_sent_again_in_part_records_the_rest() {
    let it = it().await;
    let first = it.atomically(&[it.answer("a-1", "accepted")]).await.unwrap();
    let answers = it.atomically(&[it.answer("a-1", "accepted"), it.answer("a-2", "declined")]).await.unwrap();
    assert_eq!(answers[0].receipt, first[0].receipt);
    assert_eq!((answers[0].seen_before, answers[1].seen_before), (true, false));
    assert_eq!(it.recorded().await.len(), 2);
}

#[tokio::test]
async fn a_failed_check_digit_is_recorded_and_said_and_a_clean_one_is_not_mentioned() {
    let it = it().await;
    let answer = it.each(&[it.registration("r-1", BAD_IIN)]).await.remove(0).unwrap();
    assert_eq!((answer.receipt.revision.number(), answer.head.number()), (0, 1));
    assert_eq!(it.recorded().await, ["subject.registered.v1", "identifier.checked.v1"]);
}

#[tokio::test]
async fn a_refused_event_leaves_no_word_about_its_identifiers() {
    let it = it().await;
    it.each(&[it.registration("r-1", GOOD_IIN)]).await.remove(0).unwrap();
    let before = it.recorded().await;
    assert_eq!(it.each(&[it.registration("r-1", BAD_IIN)]).await.remove(0), Err(Refusal::OtherContent));
    assert_eq!(it.recorded().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_first_events_of_a_person_find_one_key() {
    let it = Arc::new(it().await);
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..24 {
        let it = Arc::clone(&it);
        senders.spawn(async move {
            let personal = json!({ "phone": "8 700 000 00 01" });
            let data = json!({ "field": "phone", "cause": "subject", "personal": personal });
            let event = it.event(&format!("p-{number}"), "profile.changed.v1", data);
            it.each(&[event]).await.remove(0)
        });
    }
    while let Some(answer) = senders.join_next().await {
        assert_eq!(answer.unwrap().map(|recorded| recorded.seen_before), Ok(false));
    }
    let stream: StreamName = "subject-person-one".parse().unwrap();
    assert_eq!(it.store.head(&stream).await.unwrap().unwrap().revision.number(), 23);
}
