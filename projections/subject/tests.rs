use proptest::prelude::*;
use serde_json::json;
use subject_record_schemas::{Fact, Reference};

use super::*;
use crate::given::{Given, fact, noon};

const HASH: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";

fn registered() -> Fact {
    fact(
        "subject.registered.v1",
        &json!({ "kind": "person", "channel": "site", "form_version": "1", "language": "kk" }),
    )
}

fn given(id: &str, term: serde_json::Value) -> Fact {
    let data = json!({
        "consent_id": id, "text_id": "services", "version": "1", "text_hash": HASH, "purposes": ["service", "advertising"],
        "categories": ["phone"], "third_party": true, "cross_border": true, "public": false, "term": term,
        "form": "other", "strength": "click", "by": "self",
    });
    fact("consent.given.v1", &data)
}

fn withdrawn(id: &str, purposes: serde_json::Value, scope: &str) -> Fact {
    fact(
        "consent.withdrawn.v1",
        &json!({ "consent_id": id, "purposes": purposes, "scope": scope, "form": "other" }),
    )
}

fn consent(person: &Person) -> &Consent {
    &person.consents[&Reference::parse("c-1").unwrap()]
}

#[test]
fn a_registration_makes_standing_and_says_where_the_profile_lies() {
    let person = Given::default().at(0, registered()).person();
    assert!(matches!(
        person.standing,
        Standing::Registered { kind: SubjectKind::Person, language: Language::Kk, .. }
    ));
    assert_eq!(person.profile_boxes, [Position::new(1)]);
}

#[test]
fn events_without_a_registration_leave_a_person_unregistered() {
    assert_eq!(
        Given::default().at(0, given("c-1", json!("not_stated"))).person().standing,
        Standing::Unregistered
    );
}

#[test]
fn a_consent_withdrawn_for_one_purpose_goes_on_for_the_other() {
    let given = given("c-1", json!("not_stated"));
    let person =
        Given::default().at(0, given).at(1, withdrawn("c-1", json!(["advertising"]), "all")).person();
    assert_eq!(
        (consent(&person).state, &consent(&person).purposes[..]),
        (ConsentState::Given, &[Purpose::Service][..])
    );
}

#[test]
fn a_consent_withdrawn_without_naming_purposes_is_withdrawn_whole() {
    let given = given("c-1", json!("not_stated"));
    let person = Given::default().at(0, given).at(1, withdrawn("c-1", json!([]), "all")).person();
    assert_eq!((consent(&person).state, consent(&person).purposes.len()), (ConsentState::Withdrawn, 0));
    assert_eq!(consent(&person).events, [Position::new(1), Position::new(2)]);
}

#[test]
fn a_withdrawal_of_third_party_transfer_leaves_the_purposes() {
    let given = given("c-1", json!("not_stated"));
    let person = Given::default().at(0, given).at(1, withdrawn("c-1", json!([]), "third_party")).person();
    assert!(!consent(&person).third_party && consent(&person).cross_border);
    assert_eq!(consent(&person).purposes.len(), 2);
}

#[test]
fn a_withdrawal_that_an_obligation_bars_keeps_only_the_barred_purpose() {
    let limited = fact(
        "withdrawal.limited.v1",
        &json!({ "consent_id": "c-1", "purposes_kept": ["service"], "ground": "unfulfilled_obligation" }),
    );
    let person = Given::default()
        .at(0, given("c-1", json!("not_stated")))
        .at(1, withdrawn("c-1", json!([]), "all"))
        .at(2, limited)
        .person();
    assert_eq!(consent(&person).purposes_kept, [Purpose::Service]);
    assert!(consent(&person).purposes.is_empty());
}

#[test]
fn a_withdrawal_never_folds_before_the_consent_it_names() {
    // The emitter of the withdrawal has a clock that runs behind.
    let person = Given::default()
        .at(0, withdrawn("c-1", json!([]), "all"))
        .at(10, given("c-1", json!("not_stated")))
        .person();
    assert_eq!(consent(&person).state, ConsentState::Withdrawn);
}

#[test]
fn a_term_of_days_ends_at_midnight_in_kazakhstan() {
    let person = Given::default().at(0, given("c-1", json!({ "until": "2026-12-31" }))).person();
    assert_eq!(consent(&person).until.unwrap().to_rfc3339(), "2026-12-31T19:00:00+00:00");
    let person = Given::default().at(0, given("c-1", json!({ "months": 12 }))).person();
    assert_eq!(consent(&person).until, noon().checked_add_months(Months::new(12)));
}

#[test]
fn a_day_ends_a_microsecond_before_midnight_in_kazakhstan() {
    let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    assert_eq!(end_of_day(day).unwrap().to_rfc3339(), "2026-03-02T18:59:59.999999+00:00");
}

#[test]
fn an_erased_person_has_no_profile_left() {
    let decided = fact(
        "erasure.decided.v1",
        &json!({ "request": { "source": "subject-record", "id": "r-1" }, "scope": "subject", "decision": "approved", "decided_by": "officer-1" }),
    );
    let person = Given::default().at(0, registered()).at(1, decided).person();
    assert!(matches!(person.standing, Standing::Erased { .. }) && person.profile_boxes.is_empty());
}

proptest! {
    /// What a person is depends on what happened, not on the order in which it was delivered.
    #[test]
    fn any_arrival_order_folds_to_the_same_person(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let facts = [
            (0, registered()),
            (1, given("c-1", json!("not_stated"))),
            (2, withdrawn("c-1", json!(["advertising"]), "all")),
            (3, given("c-2", json!({ "months": 6 }))),
            (4, withdrawn("c-2", json!([]), "cross_border")),
            (5, withdrawn("c-1", json!([]), "all")),
        ];
        let fold = |order: &[usize]| {
            let given = order.iter().fold(Given::default(), |given, at| given.at(facts[*at].0, facts[*at].1.clone()));
            let person = given.person();
            let consents = person.consents.into_values();
            (person.standing, consents.map(|c| (c.state, c.purposes, c.cross_border)).collect::<Vec<_>>())
        };
        prop_assert_eq!(fold(&order), fold(&[0, 1, 2, 3, 4, 5]));
    }
}
