//! What is promised of a simulated year.

mod judge;
mod judge_dealings;
mod judge_processing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::identifiers::Iin;
use subject_record_schemas::{EventType, Position, StoredEvent};

use super::*;
use crate::caller::{Caller, Role, SourcePattern, TokenId};
use crate::clock::{SeededEntropy, SetClock};
use crate::intake::{Intake, Validators};
use crate::store::EventStore;
use crate::store::memory::MemoryStore;
use crate::vault::kek::FileKek;
use crate::vault::{KeyFile, Vault};

pub(super) fn simulation(seed: u64, subjects: u32) -> Simulation {
    Simulation { seed, subjects, start: Simulation::default_start() }
}

pub(super) fn text<'e>(event: &'e SimulatedEvent, pointer: &str) -> &'e str {
    event.document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn emitter() -> Caller {
    let sources = vec![SourcePattern::parse(SOURCES).unwrap()];
    Caller { token: TokenId::parse("platform").unwrap(), role: Role::Emitter, sources }
}

#[test]
fn the_same_seed_gives_the_same_documents_and_another_seed_others() {
    let bytes = |seed| {
        let year = simulation(seed, 60).year();
        let lines = year.events.iter().map(|event| format!("{} {}", event.sent_at, event.document));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn a_life_does_not_depend_on_how_many_others_there_are() {
    let few = simulation(3, 9).everyone_else();
    let many = simulation(3, 12).everyone_else();
    let about = |year: &Year, subject: &str| -> Vec<Value> {
        year.events.iter().filter(|e| text(e, "/subject") == subject).map(|e| e.document.clone()).collect()
    };
    for event in few.events.iter().filter(|event| text(event, "/type") == "subject.registered.v1") {
        assert_eq!(about(&few, text(event, "/subject")), about(&many, text(event, "/subject")));
    }
}

#[test]
fn intake_takes_every_document_at_the_moment_at_which_it_is_sent() {
    let (validators, caller) = (Validators::new(), emitter());
    for seed in [1, 2] {
        let year = simulation(seed, 200).year();
        let clock = SetClock::at(year.events[0].sent_at);
        for event in &year.events {
            clock.run_to(event.sent_at);
            let bytes = event.document.to_string();
            let checked = validators.check(&caller, bytes.as_bytes(), &clock);
            assert!(checked.is_ok(), "{:?}\n{:#}", checked.err(), event.document);
        }
    }
}

#[test]
fn events_are_told_in_the_order_in_which_they_are_sent_and_never_before_they_happen() {
    let year = simulation(4, 200).year();
    assert!(year.events.is_sorted_by_key(|event| event.sent_at));
    let end = year.events.last().unwrap().sent_at;
    assert!(end < "2026-11-17T00:00:00Z".parse::<DateTime<Utc>>().unwrap(), "{end}");
    for event in &year.events {
        let time: DateTime<Utc> = text(event, "/time").parse().unwrap();
        assert!(time < event.sent_at);
    }
    let names: BTreeSet<_> = year.events.iter().map(|e| (text(e, "/source"), text(e, "/id"))).collect();
    assert_eq!(names.len(), year.events.len());
}

/// Every twelve-digit number stands under `iin` or in a BIN's place, and no living person has it.
#[test]
fn every_identifier_is_invented() {
    let year = simulation(1, 200).year();
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let (mut failing, mut second_pass, mut numbers) = (0, 0, BTreeSet::new());
    for event in &year.events {
        let personal =
            |name: &str| event.document.pointer(&format!("/data/personal/{name}")).and_then(Value::as_str);
        if let Some(number) = personal("iin") {
            let check = Iin::parse(number).unwrap().check(today).check_digit;
            let born: i32 = number[..2].parse().unwrap();
            assert!(
                match &number[6..7] {
                    "1" | "2" => born >= 70,
                    "5" | "6" => born >= 80,
                    _ => false,
                },
                "{number}"
            );
            assert!(number[7..11].parse::<u32>().unwrap() < 200, "{number}");
            failing += usize::from(!check.passes());
            second_pass +=
                usize::from(check == subject_record_schemas::identifiers::CheckDigit::PassesSecond);
            numbers.insert(number.to_owned());
        }
        if let Some(email) = personal("email") {
            assert!(email.ends_with("@example.kz"), "{email}");
        }
        if let Some(phone) = personal("phone") {
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            assert!(digits.len() == 11 && digits[1..].starts_with("700000"), "{phone}");
        }
        for bin in ["/data/bin", "/data/operator_bin"] {
            if let Some(number) = event.document.pointer(bin).and_then(Value::as_str) {
                assert!(number[..2].parse::<u32>().unwrap() >= 80, "{number}");
            }
        }
    }
    assert!(
        numbers.len() > 100 && second_pass > 3 && failing > 0,
        "{} {second_pass} {failing}",
        numbers.len()
    );
}

#[test]
fn all_that_a_platform_tells_of_occurs_and_the_five_facts_often() {
    let year = simulation(1, 200).year();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &year.events {
        *counts.entry(text(event, "/type")).or_default() += 1;
    }
    let platform = EventType::ALL.iter().filter(|event_type| event_type.writer() == Writer::Platform);
    let missing: Vec<_> =
        platform.filter(|event_type| !counts.contains_key(event_type.wire_name())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for (code, least) in [
        ("E08", 200),
        ("E15", 200),
        ("E17", 200),
        ("E19", 10),
        ("E20", 4),
        ("E21", 20),
        ("E23", 400),
        ("E32", 60),
    ] {
        let wire_name =
            EventType::ALL.iter().find(|event_type| event_type.code() == code).unwrap().wire_name();
        assert!(counts[wire_name] >= least, "{wire_name}: {}", counts[wire_name]);
    }
}

#[test]
fn everything_unlawful_that_is_judged_is_planted() {
    let year = simulation(1, 200).year();
    let planted: BTreeSet<_> = year.planted.iter().map(|planted| planted.finding).collect();
    let codes = (1..=14).chain(27..=37).chain(39..=43).chain([47]).map(|number| format!("F{number:02}"));
    let missing: Vec<_> = codes.filter(|code| !planted.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let events: BTreeMap<_, _> = year.events.iter().map(|event| (text(event, "/id"), event)).collect();
    for planted in &year.planted {
        let event = events[planted.event.as_str()];
        assert_eq!(text(event, "/subject"), planted.subject.as_ref().map_or("", SubjectId::as_str));
    }
    // Most people have nothing to complain of.
    let wronged: BTreeSet<_> = year.planted.iter().filter_map(|planted| planted.subject.clone()).collect();
    assert!(wronged.len() < 80, "{}", wronged.len());
}

#[test]
fn the_showcase_has_a_rich_life_after_all_that_it_depends_on_and_before_everybody_else() {
    let simulation = simulation(1, 200);
    let (showcase, rest) = (simulation.showcase(), simulation.everyone_else());
    let hers: Vec<_> = showcase.events.iter().filter(|event| text(event, "/subject") == SHOWCASE).collect();
    assert!((25..=40).contains(&hers.len()), "{}", hers.len());
    assert_eq!(text(hers[0], "/type"), "subject.registered.v1");
    assert_eq!(text(hers[0], "/data/personal/iin"), SHOWCASE_IIN);
    assert_eq!(text(hers[0], "/data/language"), "kk");
    let versions: Vec<_> =
        hers.iter().map(|event| text(event, "/data/policy_version")).filter(|v| !v.is_empty()).collect();
    assert_eq!(versions, ["1.0", "2.0"]);
    assert_eq!(showcase.planted.len(), 1);
    assert_eq!(showcase.planted[0].finding, "F28");
    assert!(text(&showcase.events[0], "/subject").is_empty(), "the office comes first");
    assert!(showcase.events.last().unwrap().sent_at < rest.events[0].sent_at);
    assert!(rest.events.iter().all(|event| text(event, "/subject") != SHOWCASE));
}

#[test]
fn every_text_that_is_named_is_published_but_for_the_planted_one() {
    let year = simulation(1, 200).year();
    let texts: BTreeSet<_> = year.texts.iter().map(|text| text.hash.as_str()).collect();
    assert_eq!(texts.len(), year.texts.len());
    let planted: BTreeSet<_> =
        year.planted.iter().filter(|p| p.finding == "F04").map(|p| p.event.as_str()).collect();
    for event in &year.events {
        let hash = text(event, "/data/text_hash");
        assert!(
            hash.is_empty() || texts.contains(hash) || planted.contains(text(event, "/id")),
            "{:#}",
            event.document
        );
    }
}

#[tokio::test]
async fn a_filled_store_holds_every_event_in_order_recorded_at_the_moment_it_was_sent() {
    let year = simulation(1, 30).year();
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SetClock::at(year.events[0].sent_at));
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone()));
    let entropy = Arc::new(SeededEntropy::new(7));
    let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
    let settings = crate::config::Vault::default();
    let vault = Vault::new(keys, Arc::new(FileKek::new([7; 32])), settings, clock.clone(), entropy.clone());
    let intake = Intake::new(store.clone(), Arc::new(vault), clock.clone(), entropy, "00".repeat(16));
    let mut told = 0;
    let filled = fill(&intake, &clock, &emitter(), &year.events, |recorded| told = recorded).await.unwrap();
    assert_eq!((filled, told), (u64::try_from(year.events.len()).unwrap(), filled));

    let name = |e| (text(e, "/source").to_owned(), text(e, "/id").to_owned());
    let mut sent: BTreeMap<_, _> = year.events.iter().map(|e| (name(e), e.sent_at)).collect();
    let mut position = Position::START;
    loop {
        let page = store.read_all(position, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        position = last.position;
        for recorded in &page {
            let stored = StoredEvent::read(recorded.bytes.as_bytes()).unwrap();
            let name = (String::from(stored.attributes.source), String::from(stored.attributes.id));
            let Some(sent_at) = sent.remove(&name) else {
                assert_eq!(name.0, "subject-record", "only the service adds events");
                continue;
            };
            let delay = recorded.recorded_at - sent_at;
            assert!(delay >= TimeDelta::microseconds(-1) && delay <= TimeDelta::minutes(10), "{delay}");
        }
    }
    assert!(sent.is_empty(), "{sent:?}");
    // Once more, as after a crash: everything is there already.
    let last = store.last_position().await.unwrap();
    fill(&intake, &clock, &emitter(), &year.events, |_| ()).await.unwrap();
    assert_eq!(store.last_position().await.unwrap(), last);
}
