//! Which text and which rules hold at an instant.

use serde_json::{Value, json};
use subject_record_schemas::{EventId, Revision, Source};

use super::*;
use crate::given::{fact, leaf};

const PACK: &str = include_str!("../rules/kz-94v.toml");

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

/// An event of the `policy` stream.
fn event(position: u64, time: &str, wire_name: &str, data: &Value) -> SubjectEvent {
    SubjectEvent {
        position: Position::new(position),
        revision: Revision::new(position - 1),
        leaf_hash: leaf(position),
        previous: (position > 1).then(|| leaf(position - 1)),
        intact: true,
        source: Source::parse("platform/legal").unwrap(),
        id: EventId::parse(format!("g-{position}")).unwrap(),
        actor: None,
        correlation: None,
        occurred_at: at(time),
        recorded_at: at(time),
        fact: fact(wire_name, data),
        has_personal: false,
    }
}

fn policy(position: u64, time: &str, version: &str, effective_at: Option<&str>) -> SubjectEvent {
    let mut data = json!({
        "version": version, "language": "ru", "text_hash": "3f".repeat(32), "posted_at": time,
    });
    if let Some(effective_at) = effective_at {
        data["effective_at"] = effective_at.into();
    }
    event(position, time, "policy_version.published.v1", &data)
}

fn pack(position: u64, time: &str, version: &str, effective_at: &str) -> SubjectEvent {
    let data = json!({
        "pack_id": "kz-94v", "version": version, "text_hash": hex(version), "effective_at": effective_at,
    });
    event(position, time, "rule_pack.published.v1", &data)
}

/// What an event that publishes a pack says.
fn said_by(event: &SubjectEvent) -> &RulePackPublished {
    let published = match &event.fact {
        Fact::RulePackPublished(published) => Some(published),
        _ => None,
    };
    published.unwrap()
}

/// An invented hash for a version.
fn hex(version: &str) -> String {
    version.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().repeat(64)[..64].to_owned()
}

fn in_force(office: &Governance, instant: &str) -> Vec<String> {
    office.policy_in_force(at(instant)).iter().map(|text| text.fact.version.to_string()).collect()
}

#[test]
fn a_version_is_in_force_on_posting_unless_its_text_says_otherwise() {
    let events = [
        policy(1, "2026-01-10T00:00:00Z", "1.0", None),
        policy(2, "2026-02-01T00:00:00Z", "2.0", Some("2026-03-01T00:00:00Z")),
    ];
    let office = Governance::of(&events);
    assert!(in_force(&office, "2026-01-09T23:59:59Z").is_empty());
    assert_eq!(in_force(&office, "2026-01-10T00:00:00Z"), ["1.0"]);
    assert_eq!(in_force(&office, "2026-02-28T23:59:59Z"), ["1.0"]);
    assert_eq!(in_force(&office, "2026-03-01T00:00:00Z"), ["2.0"]);
}

#[test]
fn a_version_that_was_taken_down_gives_way_to_the_one_before() {
    let mut taken_down = policy(3, "2026-03-01T00:00:00Z", "2.0", None);
    if let Fact::PolicyVersionPublished(text) = &mut taken_down.fact {
        text.posted_at = at("2026-02-01T00:00:00Z");
        text.withdrawn_at = Some(at("2026-03-01T00:00:00Z"));
    }
    let first = policy(1, "2026-01-10T00:00:00Z", "1.0", None);
    let second = policy(2, "2026-02-01T00:00:00Z", "2.0", None);
    let office = Governance::of([&first, &second, &taken_down]);
    assert_eq!(in_force(&office, "2026-02-28T00:00:00Z"), ["2.0"]);
    assert_eq!(in_force(&office, "2026-03-01T00:00:00Z"), ["1.0"]);
}

#[test]
fn two_postings_at_one_moment_sort_by_position_whatever_order_they_come_in() {
    let (first, second) =
        (policy(1, "2026-01-10T00:00:00Z", "1.0", None), policy(2, "2026-01-10T00:00:00Z", "1.1", None));
    for events in [[&first, &second], [&second, &first]] {
        assert_eq!(in_force(&Governance::of(events), "2026-01-10T00:00:00Z"), ["1.1"]);
    }
}

#[test]
fn a_published_pack_judges_from_its_publication_and_effect_on_and_once_its_text_is_known() {
    let (later, corrected) = (
        pack(1, "2026-04-01T00:00:00Z", "2026-2", "2026-07-01T00:00:00Z"),
        pack(2, "2026-06-01T00:00:00Z", "2026-3", "2026-05-01T00:00:00Z"),
    );
    let mut office = Governance::of([&later, &corrected]);
    let version = |office: &Governance, instant| office.rules(at(instant)).version.to_string();
    assert_eq!(version(&office, "2026-08-01T00:00:00Z"), "2026-1", "no text yet");
    for event in [&later, &corrected] {
        let published = said_by(event);
        let text = PACK.replacen("2026-1", published.version.as_str(), 1);
        office.take_pack(published, &text).unwrap();
    }
    assert_eq!(version(&office, "2026-05-31T23:59:59Z"), "2026-1", "not published yet");
    assert_eq!(version(&office, "2026-06-01T00:00:00Z"), "2026-3");
    assert_eq!(version(&office, "2026-08-01T00:00:00Z"), "2026-3", "the one that was published last");
}

#[test]
fn a_text_that_is_not_the_published_pack_changes_nothing() {
    let event = pack(1, "2026-04-01T00:00:00Z", "2026-2", "2026-04-01T00:00:00Z");
    let mut office = Governance::of([&event]);
    let published = said_by(&event);
    assert!(matches!(office.take_pack(published, PACK), Err(RulePackError::OtherPack { .. })));
    assert!(matches!(office.take_pack(published, "hello"), Err(RulePackError::Shape(_))));
    assert_eq!(office.rules(at("2026-08-01T00:00:00Z")), RulePack::built_in());
}

#[test]
fn a_calendar_or_pack_that_is_told_late_counts_from_its_recording_on() {
    let data = json!({
        "year": 2026, "version": "2026-9", "days_off": ["2026-04-02"], "source_ref": "order-9",
        "published_at": "2026-03-01T00:00:00Z",
    });
    let mut calendar = event(1, "2026-03-01T00:00:00Z", "work_calendar.published.v1", &data);
    let mut late = pack(2, "2026-03-01T00:00:00Z", "2026-2", "2026-03-01T00:00:00Z");
    (calendar.recorded_at, late.recorded_at) = (at("2026-04-10T00:00:00Z"), at("2026-04-10T00:00:00Z"));
    let mut office = Governance::of([&calendar, &late]);
    office.take_pack(said_by(&late), &PACK.replacen("2026-1", "2026-2", 1)).unwrap();
    let thursday = chrono::NaiveDate::from_ymd_opt(2026, 4, 2).unwrap();
    for (instant, is_known) in [("2026-04-09T23:59:59Z", false), ("2026-04-10T00:00:00Z", true)] {
        assert_eq!(office.working_days(at(instant)).is_working(thursday), !is_known, "{instant}");
        assert_eq!(office.rules(at(instant)).version.as_str() == "2026-2", is_known, "{instant}");
    }
}
