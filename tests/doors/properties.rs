//! Whatever is sent: intake never panics, and what it refuses leaves nothing behind.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{SeededEntropy, SystemClock};
use subject_record::intake::{Intake, NewEvent, Refusal, Validators};
use subject_record::store::memory::MemoryStore;
use subject_record::store::{EventStore, ExpectedRevision};
use subject_record::timeline::{Question, Sight, Timelines};
use subject_record::vault::kek::FileKek;
use subject_record::vault::{KeyFile, Vault, VaultSettings};
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::identifiers::personal_lookalike;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::{Position, StoredEvent};
use tempfile::TempDir;

use super::given::fresh;
use super::mutants::{VALID, any_json, mutated};

static VALIDATORS: LazyLock<Validators> = LazyLock::new(Validators::new);

fn emitter() -> Caller {
    let sources = vec![SourcePattern::parse("*").unwrap()];
    Caller { token: TokenId::parse("emitter-1").unwrap(), role: Role::Emitter, sources }
}

fn check(bytes: &[u8]) -> Result<NewEvent, Refusal> {
    VALIDATORS.check(&emitter(), bytes, &SystemClock::default())
}

/// Some cases of each property; more with the variable that proptest has for it.
fn cases(number: u32) -> Config {
    let default = Config::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    Config { cases: if asked { default.cases } else { number }, failure_persistence: None, ..default }
}

/// Texts of the public part, but for BINs, times and hashes, which have a form of their own.
fn public_texts<'a>(name: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((name, text)),
        Value::Array(items) => items.iter().for_each(|item| public_texts(name, item, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| public_texts(name, value, found)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(check(&bytes).is_err());
    }

    #[test]
    fn random_json_never_panics(document in any_json()) {
        prop_assert!(check(document.to_string().as_bytes()).is_err());
    }

    #[test]
    fn cut_and_flipped_events_never_panic(
        event in any::<Index>(), at in any::<Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = event.get(&VALID).1.to_string().into_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at); } else { bytes[at] = byte; }
        let _ = check(&bytes);
    }

    #[test]
    fn what_passes_has_no_identifier_in_a_public_text(document in mutated(1..4)) {
        if let Ok(event) = check(document.to_string().as_bytes()) {
            let public = json!({ "attributes": event.attributes, "data": event.data });
            let mut texts = Vec::new();
            public_texts("", &public, &mut texts);
            for (name, text) in texts {
                let has_form = name.ends_with("bin") || chrono::DateTime::parse_from_rfc3339(text).is_ok();
                prop_assert!(has_form || personal_lookalike(text).is_none(), "{name}: {text}");
                prop_assert!(text.chars().count() <= 64, "{name}: {text}");
            }
        }
    }
}

/// Intake over the reference engine.
struct Desk {
    store: Arc<dyn EventStore>,
    intake: Intake,
    timelines: Timelines,
    _folder: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(SystemClock::default());
        let entropy = Arc::new(SeededEntropy::new(1));
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone()));
        let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
        let kek = Arc::new(FileKek::new([7; 32]));
        let vault = Arc::new(Vault::new(keys, kek, VaultSettings::default(), clock.clone(), entropy.clone()));
        let intake = Intake::new(store.clone(), vault.clone(), clock, entropy, "log".into());
        let timelines = Timelines::new(store.clone(), vault, "log".into());
        Self { store, intake, timelines, _folder: folder }
    }

    /// Everything in the store: bytes and boxes.
    async fn contents(&self) -> (Vec<String>, usize) {
        let events = self.store.read_all(Position::START, u32::MAX).await.unwrap();
        let positions: Vec<_> = events.iter().map(|event| event.position).collect();
        let boxes = self.store.boxes(&positions).await.unwrap().into_iter().flatten().count();
        (events.iter().map(|event| event.bytes.to_string()).collect(), boxes)
    }

    /// Sends documents one by one or together, and says what must hold of the outcome.
    async fn send(&self, documents: &[Value], together: bool) -> Result<(), TestCaseError> {
        let caller = emitter();
        let checked = documents.iter().map(|document| check(document.to_string().as_bytes()));
        let events: Vec<_> = checked.filter_map(Result::ok).collect();
        let before = self.contents().await;
        let results: Vec<_> = if together {
            match self.intake.record_atomically(&caller.token, &events, ExpectedRevision::Any).await {
                Ok(recorded) => recorded.into_iter().map(Ok).collect(),
                Err(refusal) => events.iter().map(|_| Err(refusal.clone())).collect(),
            }
        } else {
            self.intake.record_each(&caller.token, &events, ExpectedRevision::Any).await
        };
        prop_assert_eq!(results.len(), events.len());
        let after = self.contents().await;
        prop_assert_eq!(&after.0[..before.0.len()], &before.0[..], "what was there is as it was");
        let new: Vec<_> = after.0[before.0.len()..]
            .iter()
            .map(|text| StoredEvent::read(text.as_bytes()).unwrap())
            .collect();
        let of_senders = new.iter().filter(|stored| stored.attributes.source.as_str() != "subject-record");
        let recorded =
            results.iter().filter(|result| result.as_ref().is_ok_and(|recorded| !recorded.seen_before));
        prop_assert_eq!(
            of_senders.count(),
            recorded.count(),
            "one event for each that was recorded, none for others"
        );
        let with_digests = new.iter().filter(|stored| stored.digests().next().is_some()).count();
        prop_assert_eq!(after.1 - before.1, with_digests, "a box for each that has digests");
        for (event, result) in events.iter().zip(&results) {
            if let Ok(recorded) = result {
                self.reads_back(event, recorded.receipt.position).await?;
            }
        }
        Ok(())
    }

    /// What was recorded is told by its timeline, with the values that were sent.
    async fn reads_back(&self, event: &NewEvent, position: Position) -> Result<(), TestCaseError> {
        let mut entries = self.timelines.entries(&event.stream, &Question::default()).await.unwrap();
        self.timelines.open(&mut entries, &Sight::All).await.unwrap();
        let entry = entries.iter().find(|entry| entry.event.position == position);
        let entry = entry.ok_or_else(|| TestCaseError::fail("not in its timeline"))?;
        let values: Option<Map<String, Value>> = match &entry.personal {
            Some(Personal::Open(members)) => {
                Some(members.iter().map(|m| (m.name.clone(), m.value.clone())).collect())
            }
            None => None,
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        prop_assert_eq!(values.unwrap_or_default(), event.personal.clone().unwrap_or_default());
        let _ = Timelines::person(&entries, chrono::DateTime::UNIX_EPOCH);
        Ok(())
    }
}

/// Groups of documents, each sent one by one or together, under their own ids or under fresh ones.
fn groups() -> impl Strategy<Value = Vec<(Vec<Value>, bool, bool)>> {
    prop::collection::vec((prop::collection::vec(mutated(0..3), 1..6), any::<bool>(), any::<bool>()), 1..4)
}

#[test]
fn what_is_refused_is_never_half_written() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::new());
    let outcome = TestRunner::new(cases(80)).run(&groups(), |groups| {
        for (mut documents, together, renamed) in groups {
            for document in documents.iter_mut().filter(|document| renamed && document.get("id").is_some()) {
                document["id"] = json!(fresh("e"));
            }
            runtime.block_on(desk.send(&documents, together))?;
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    let (events, boxes) = runtime.block_on(desk.contents());
    assert!(events.len() > 30 && boxes > 5, "much was recorded: {} events, {boxes} boxes", events.len());
}

#[test]
fn the_valid_ones_pass_unless_only_the_service_writes_them() {
    for (event_type, document) in &*VALID {
        let passes = check(document.to_string().as_bytes());
        let expected = event_type.writer() == Writer::Platform;
        let is_early = passes == Err(Refusal::FromTheFuture);
        assert!(passes.is_ok() == expected || is_early, "{event_type}: {passes:?}");
    }
}
