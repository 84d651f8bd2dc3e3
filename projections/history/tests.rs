use serde_json::json;
use subject_record_schemas::{EventType, SubjectId};

use super::*;
use crate::given::Given;
use crate::given::facts::{consent, example, withdrawal};

const TYPE: usize = 0;
const PURPOSES_HELD: usize = 3;
const GROUND: usize = 4;
const RECIPIENT: usize = 5;

fn person() -> StreamName {
    StreamName::Subject(SubjectId::parse("p-0192a1b2").unwrap())
}

fn stored(fact: Fact) -> SubjectEvent {
    Given::default().at(3, fact).events().remove(0)
}

fn cell(fact: Fact, column: usize) -> Cell {
    row(&person(), &stored(fact)).cells.swap_remove(column)
}

fn plain(wire_name: &str) -> Fact {
    example(wire_name, |_| {})
}

#[test]
fn an_event_is_found_by_whose_it_is_when_it_happened_who_acted_and_what_it_is_tied_to() {
    let mut event = stored(plain("disclosure.made.v1"));
    event.actor = Some(Reference::parse("staff-legal-2").unwrap());
    event.correlation = Some(Reference::parse("case-2026-0042").unwrap());
    let row = row(&person(), &event);
    assert_eq!((&*row.subject, row.at, row.position), ("p-0192a1b2", event.occurred_at, event.position));
    assert_eq!(row.cells[..3], ["disclosure.made.v1", "staff-legal-2", "case-2026-0042"].map(Cell::text));
    assert_eq!(row.cells[6], Cell::text("subject"));
}

#[test]
fn every_type_of_event_has_a_row_with_a_cell_for_each_column() {
    for event_type in EventType::ALL {
        let row = row(&StreamName::Office, &stored(plain(event_type.wire_name())));
        assert_eq!(row.cells.len(), HISTORY.columns.len());
        assert_eq!(row.cells[TYPE], Cell::text(event_type.wire_name()));
        assert_eq!(row.cells[6], Cell::text("office"));
    }
}

#[test]
fn streams_of_no_person_stand_under_their_own_name() {
    let event = stored(plain("log.opened.v1"));
    let subjects =
        [StreamName::Policy, StreamName::Office].map(|stream| row(&stream, &event).subject.to_string());
    assert_eq!(subjects, ["policy", "office"]);
    let access = StreamName::Access(SubjectId::parse("p-0192a1b2").unwrap());
    let row = row(&access, &event);
    assert_eq!((&*row.subject, &row.cells[6]), ("p-0192a1b2", &Cell::text("access")));
}

#[test]
fn an_event_is_found_by_each_purpose_that_it_names() {
    assert_eq!(cell(consent("c-1", json!({})), PURPOSES_HELD), Cell::Integer(0b1001));
    assert_eq!(cell(plain("policy_version.published.v1"), PURPOSES_HELD), Cell::Integer(0b11_0000));
    let advertising = json!({ "purposes": ["advertising"] });
    assert_eq!(cell(withdrawal("c-1", advertising), PURPOSES_HELD), Cell::Integer(0b1000));
    assert_eq!(cell(plain("disclosure.made.v1"), PURPOSES_HELD), Cell::Integer(1));
    assert_eq!(cell(plain("subject.registered.v1"), PURPOSES_HELD), Cell::Integer(0));
}

#[test]
fn a_consent_withdrawn_as_a_whole_concerns_every_purpose_and_a_part_of_it_none() {
    assert_eq!(cell(withdrawal("c-1", json!({})), PURPOSES_HELD), Cell::Integer(0b11_1111));
    assert_eq!(cell(withdrawal("c-1", json!({ "scope": "public" })), PURPOSES_HELD), Cell::Integer(0));
}

#[test]
fn an_event_is_found_by_the_ground_that_it_names() {
    for (ground, word) in
        [(json!("3.4.2"), "3.4.2"), (json!("none"), "none"), (json!({ "unlisted": "x" }), "unlisted")]
    {
        let made = example("disclosure.made.v1", |data| data["ground"] = ground.clone());
        assert_eq!(cell(made, GROUND), Cell::text(word));
    }
    let performed = example("processing.performed.v1", |data| data["basis"] = json!({ "kind": "consent" }));
    assert_eq!(cell(performed, GROUND), Cell::text("consent"));
    assert_eq!(cell(plain("subject.registered.v1"), GROUND), Cell::Null);
}

#[test]
fn an_event_is_found_by_the_recipient_that_it_is_about() {
    for wire_name in ["disclosure.made.v1", "recipient.registered.v1"] {
        assert_eq!(cell(plain(wire_name), RECIPIENT), Cell::text("lawyer-bureau-7"), "{wire_name}");
    }
    assert_eq!(cell(plain("state_request.received.v1"), RECIPIENT), Cell::text("police-almaty-2"));
    assert_eq!(cell(plain("consent.given.v1"), RECIPIENT), Cell::Null, "it may name many");
}
