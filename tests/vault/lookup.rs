//! People found on every instance, whichever keeps the index.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{Clock, SeededEntropy, SetClock};
use subject_record::db::sql::Engine;
use subject_record::intake::Intake;
use subject_record::lookup::{Lookup, LookupError, Wanted};
use subject_record::store::memory::MemoryStore;
use subject_record::store::{EventStore, ExpectedRevision};
use subject_record::vault::KeyOwner;
use subject_record_schemas::vocabulary::LookupKind;

use super::given::{Instance, Place, morning};

const WAIT_MAX: Duration = Duration::from_secs(60);

/// An instance over a log that all share.
struct Desk {
    instance: Instance,
    store: Arc<dyn EventStore>,
    intake: Arc<Intake>,
    clock: Arc<SetClock>,
}

impl Desk {
    async fn new(place: &Place, store: &Arc<dyn EventStore>, clock: &Arc<SetClock>, seed: u64) -> Self {
        let instance = place.instance(seed, clock).await;
        let entropy = Arc::new(SeededEntropy::new(seed + 100));
        let (store, vault) = (Arc::clone(store), Arc::clone(&instance.vault));
        let intake = Intake::new(Arc::clone(&store), vault, clock.clone(), entropy, "log".into());
        Self { instance, store, intake: Arc::new(intake), clock: Arc::clone(clock) }
    }

    fn starts_waiting(&self, wait_max: Duration) -> Lookup {
        let (store, vault) = (Arc::clone(&self.store), Arc::clone(&self.instance.vault));
        Lookup::start(store, vault, Arc::clone(&self.intake), "log".into(), wait_max)
    }

    async fn records(&self, wire_name: &str, subject: &str, data: Value) {
        let caller = Caller {
            token: TokenId::parse("emitter-1").unwrap(),
            role: Role::Emitter,
            sources: vec![SourcePattern::parse("platform/*").unwrap()],
        };
        let last = self.store.last_position().await.unwrap();
        let document = json!({
            "specversion": "1.0", "id": format!("e-{}", last.number()), "source": "platform/tests",
            "type": wire_name, "subject": subject, "time": morning().to_rfc3339(), "data": data,
        });
        let event = self.intake.validators().check_value(&caller, document, &*self.clock as &dyn Clock);
        let recorded = self.intake.record_each(&caller.token, &[event.unwrap()], ExpectedRevision::Any).await;
        recorded.into_iter().for_each(|recorded| drop(recorded.unwrap()));
    }

    async fn registers(&self, subject: &str, phone: &str) {
        let data = json!({
            "kind": "person", "channel": "site", "form_version": "1", "language": "kk",
            "personal": { "phone": phone },
        });
        self.records("subject.registered.v1", subject, data).await;
    }
}

async fn found(by: &Lookup, phone: &str) -> Result<Vec<String>, LookupError> {
    let found = by.find(&Wanted::parse(LookupKind::Phone, phone).unwrap()).await?;
    Ok(found.subjects.into_iter().map(|found| found.subject.to_string()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_recorded_is_found_on_every_instance_whichever_keeps_the_index() {
    let (place, clock) = (Place::new(Engine::Postgres).await, Arc::new(SetClock::at(morning())));
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone()));
    let one = Desk::new(&place, &store, &clock, 1).await;
    let other = Desk::new(&place, &store, &clock, 2).await;
    one.registers("p-one-0001", "+77000000001").await;
    let by_one = one.starts_waiting(WAIT_MAX);
    assert_eq!(found(&by_one, "+77000000001").await.unwrap(), ["p-one-0001"]);
    let by_other = other.starts_waiting(WAIT_MAX);
    for number in 2..12 {
        let (subject, phone) = (format!("p-other-{number:04}"), format!("+7700{number:07}"));
        other.registers(&subject, &phone).await;
        assert_eq!(found(&by_other, &phone).await.unwrap(), [subject.as_str()]);
        assert_eq!(found(&by_one, &phone).await.unwrap(), [subject.as_str()]);
    }
    // What brings no value moves the index on for those who only read how far it is.
    let refused = json!({
        "policy_version": "1", "text_hash": "3f".repeat(32), "language": "kk", "answer": "accepted",
        "channel": "site",
    });
    one.records("policy_version.answered.v1", "p-one-0001", refused).await;
    by_other.caught_up().await.unwrap();

    drop(by_one);
    one.registers("p-one-0002", "+77009999999").await;
    assert_eq!(found(&by_other, "+77009999999").await.unwrap(), ["p-one-0002"], "another has taken over");
    assert_eq!(found(&by_other, "+77000000001").await.unwrap(), ["p-one-0001"]);
    let stream = "subject-p-one-0001".parse().unwrap();
    one.instance.vault.shred(&KeyOwner::person(&stream)).await.unwrap();
    assert_eq!(found(&by_other, "+77000000001").await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_another_instance_keeps_the_index_and_does_not_go_on_a_question_says_how_far_it_is() {
    let (place, clock) = (Place::new(Engine::Postgres).await, Arc::new(SetClock::at(morning())));
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone()));
    let one = Desk::new(&place, &store, &clock, 1).await;
    let other = Desk::new(&place, &store, &clock, 2).await;
    one.registers("p-one-0001", "+77000000001").await;
    let _lead = one.instance.vault.lead_index().await.unwrap().unwrap();
    let error = found(&other.starts_waiting(Duration::from_millis(800)), "+77000000001").await.unwrap_err();
    assert!(matches!(error, LookupError::Behind { .. }), "{error:?}");
    assert!(other.instance.vault.index().await.unwrap().is_none(), "only the one begins an index");
}
