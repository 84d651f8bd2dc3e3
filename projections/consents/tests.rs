use serde_json::{Value, json};

use super::*;
use crate::given::facts::{agreement, consent, example, limitation, registered, withdrawal};
use crate::given::{Given, fact, minute};

/// State of each row at a minute, by key.
fn states(given: &Given, minutes: i64) -> Vec<(String, String)> {
    let rows = given.clone().rows(&CONSENTS, minutes).into_iter();
    rows.map(|(key, body)| (key, body["state"].as_str().unwrap().to_owned())).collect()
}

/// The row of a key at a minute.
fn row(given: &Given, key: &str, minutes: i64) -> Value {
    let mut rows = given.clone().rows(&CONSENTS, minutes).into_iter();
    rows.find(|(other, _)| other == key).map_or(Value::Null, |(_, body)| body)
}

fn named(states: &[(&str, &str)]) -> Vec<(String, String)> {
    states.iter().map(|(key, state)| ((*key).to_owned(), (*state).to_owned())).collect()
}

fn ended(reason: &str) -> subject_record_schemas::Fact {
    fact("consent.ended.v1", &json!({ "consent_id": "c-1", "reason": reason }))
}

const ALL_GIVEN: &[(&str, &str)] = &[
    ("c-1|advertising|-", "given"),
    ("c-1|advertising|lawyer-bureau-7", "given"),
    ("c-1|service|-", "given"),
    ("c-1|service|lawyer-bureau-7", "given"),
];

#[test]
fn a_consent_is_a_row_for_each_purpose_of_the_operator_and_of_each_recipient() {
    let given = Given::default().at(1, consent("c-1", json!({})));
    assert_eq!(states(&given, 0), []);
    assert_eq!(states(&given, 1), named(ALL_GIVEN));
    let row = row(&given, "c-1|service|lawyer-bureau-7", 1);
    assert_eq!(row["categories"], json!(["full_name", "phone"]));
    assert_eq!((&row["recipient"], &row["countries"]), (&json!("lawyer-bureau-7"), &json!(["DE"])));
    assert_eq!((&row["until"], &row["given_by"]), (&Value::Null, &json!("0000000000000001")));
}

#[test]
fn a_consent_that_lets_no_third_party_have_data_has_rows_of_the_operator_only() {
    let given = Given::default().at(0, consent("c-1", json!({ "third_party": false })));
    assert_eq!(states(&given, 1), named(&[("c-1|advertising|-", "given"), ("c-1|service|-", "given")]));
}

#[test]
fn an_answer_to_the_policy_is_no_consent() {
    let answered = example("policy_version.answered.v1", |data| data["answer"] = "accepted".into());
    let given = Given::default().at(0, registered()).at(1, answered);
    assert_eq!(states(&given, 2), []);
}

#[test]
fn a_purpose_withdrawn_ends_its_rows_and_touches_no_other() {
    let given = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(5, withdrawal("c-1", json!({ "purposes": ["advertising"] })));
    assert_eq!(states(&given, 4), named(ALL_GIVEN));
    let after = states(&given, 5);
    assert_eq!(after[..2].iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["withdrawn"; 2]);
    assert_eq!(after[2..].iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["given"; 2]);
    assert_eq!(row(&given, "c-1|service|-", 4), row(&given, "c-1|service|-", 5), "untouched to the letter");
    let ended = row(&given, "c-1|advertising|-", 5);
    assert_eq!(ended["ended_by"], json!("0000000000000002"));
    assert_eq!(ended["until"], json!(minute(5)));
    assert_eq!(ended["from"], json!(minute(0)));
}

#[test]
fn a_withdrawal_for_third_parties_ends_their_rows_and_leaves_the_operators_own() {
    let given = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(5, withdrawal("c-1", json!({ "scope": "third_party" })));
    let expected = [
        ("c-1|advertising|-", "given"),
        ("c-1|advertising|lawyer-bureau-7", "withdrawn"),
        ("c-1|service|-", "given"),
        ("c-1|service|lawyer-bureau-7", "withdrawn"),
    ];
    assert_eq!(states(&given, 5), named(&expected));
    assert_eq!(row(&given, "c-1|service|-", 5)["third_party"], json!(false));
}

#[test]
fn a_withdrawal_of_sending_abroad_or_of_publicity_takes_that_alone() {
    for (scope, member, other) in
        [("cross_border", "cross_border", "public"), ("public", "public", "cross_border")]
    {
        let given = Given::default()
            .at(0, consent("c-1", json!({})))
            .at(5, withdrawal("c-1", json!({ "scope": scope })));
        assert_eq!(states(&given, 5), named(ALL_GIVEN));
        let row = row(&given, "c-1|service|-", 5);
        assert_eq!((&row[member], &row[other]), (&json!(false), &json!(true)), "{scope}");
    }
}

#[test]
fn a_consent_that_says_no_cross_border_never_shows_one() {
    let given = Given::default().at(0, consent("c-1", json!({ "cross_border": false, "countries": [] })));
    assert_eq!(row(&given, "c-1|service|-", 1)["cross_border"], json!(false));
    let rows = given.chronicle();
    let row = rows.versions().at(&CONSENTS, "c-1|service|-", minute(1)).unwrap();
    assert_eq!(row.cells[6], Cell::flag(false));
}

#[test]
fn a_term_ends_a_consent_at_the_first_instant_after_it_without_any_event() {
    let term = json!({ "until": minute(0).date_naive().to_string() });
    let given = Given::default().at(0, consent("c-1", json!({ "term": term })));
    let end = crate::subject::end_of_day(minute(0).date_naive()).unwrap();
    let chronicle = given.chronicle();
    let state = |at| {
        let row = chronicle.versions().at(&CONSENTS, "c-1|service|-", at).unwrap();
        serde_json::from_str::<Value>(&row.body).unwrap()["state"].clone()
    };
    assert_eq!(state(end), json!("given"));
    assert_eq!(state(end + chrono::TimeDelta::microseconds(1)), json!("expired"));
}

#[test]
fn a_withdrawal_that_takes_effect_later_is_foretold_and_never_counts_back() {
    let later = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(5, withdrawal("c-1", json!({ "effective_at": minute(9) })));
    assert_eq!(row(&later, "c-1|service|-", 8)["state"], "given");
    assert_eq!(row(&later, "c-1|service|-", 8)["until"], json!(minute(9)));
    assert_eq!(row(&later, "c-1|service|-", 4)["until"], Value::Null, "nobody knew");
    assert_eq!(row(&later, "c-1|service|-", 9)["state"], "withdrawn");
    let earlier = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(5, withdrawal("c-1", json!({ "effective_at": minute(2) })));
    assert_eq!(row(&earlier, "c-1|service|-", 4)["state"], "given");
    assert_eq!(row(&earlier, "c-1|service|-", 5)["state"], "withdrawn");
}

#[test]
fn a_withdrawal_barred_by_an_open_obligation_keeps_that_part_until_the_obligation_ends() {
    let kept = Given::default()
        .at(0, agreement("live", &["ob-1"]))
        .at(1, consent("c-1", json!({})))
        .at(5, withdrawal("c-1", json!({})))
        .at(6, limitation("c-1", "ob-1"));
    assert_eq!(row(&kept, "c-1|service|-", 5)["state"], "withdrawn");
    assert_eq!(row(&kept, "c-1|service|-", 6)["state"], "kept");
    assert_eq!(row(&kept, "c-1|service|-", 6)["kept_by"], "0000000000000004");
    assert_eq!(row(&kept, "c-1|advertising|-", 6)["state"], "withdrawn", "advertising always stops");
    let open = kept.clone().at(8, agreement("suspended", &["ob-1"]));
    assert_eq!(row(&open, "c-1|service|-", 8)["state"], "kept");
    let fulfilled = kept.at(8, agreement("live", &[]));
    assert_eq!(row(&fulfilled, "c-1|service|-", 7)["state"], "kept");
    assert_eq!(row(&fulfilled, "c-1|service|-", 8)["state"], "withdrawn");
    assert_eq!(row(&fulfilled, "c-1|service|-", 8)["kept_by"], Value::Null);
}

#[test]
fn a_limitation_without_ground_still_shows_that_the_consent_is_relied_on() {
    let limited = json!({ "consent_id": "c-1", "purposes_kept": ["service"], "ground": "none" });
    let given = Given::default()
        .at(1, consent("c-1", json!({})))
        .at(5, withdrawal("c-1", json!({})))
        .at(6, fact("withdrawal.limited.v1", &limited))
        .at(7, agreement("ended", &[]));
    assert_eq!(row(&given, "c-1|service|-", 7)["state"], "kept");
}

#[test]
fn an_end_without_withdrawal_says_why_and_ends_what_was_kept() {
    for (reason, state) in [
        ("purpose_achieved", "purpose_achieved"),
        ("invalidated", "invalidated"),
        ("revoked_by_operator", "revoked"),
        ("expired", "expired"),
    ] {
        let given = Given::default()
            .at(1, consent("c-1", json!({})))
            .at(5, withdrawal("c-1", json!({})))
            .at(6, limitation("c-1", "ob-1"))
            .at(7, ended(reason));
        assert_eq!(row(&given, "c-1|service|-", 7)["state"], state);
        assert_eq!(row(&given, "c-1|advertising|-", 7)["state"], "withdrawn");
    }
}

#[test]
fn a_withdrawal_whose_clock_runs_behind_counts_from_its_consent_on() {
    let given = Given::default().at(3, withdrawal("c-1", json!({}))).at(5, consent("c-1", json!({})));
    assert_eq!(states(&given, 4), []);
    assert_eq!(row(&given, "c-1|service|-", 5)["state"], "withdrawn");
}

#[test]
fn a_consent_recorded_anew_under_its_name_replaces_the_old_rows_and_keeps_them_in_sight() {
    let given = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(5, consent("c-1", json!({ "purposes": ["service"], "third_party": false })));
    let expected = [
        ("c-1|advertising|-", "replaced"),
        ("c-1|advertising|lawyer-bureau-7", "replaced"),
        ("c-1|service|-", "given"),
        ("c-1|service|lawyer-bureau-7", "replaced"),
    ];
    assert_eq!(states(&given, 5), named(&expected));
    assert_eq!(row(&given, "c-1|service|-", 5)["given_by"], "0000000000000002");
}

#[test]
fn after_an_erasure_it_can_still_be_shown_what_was_allowed() {
    let erased = example("erasure.decided.v1", |data| {
        (data["decision"], data["scope"]) = ("approved".into(), "subject".into());
    });
    let given = Given::default().at(0, registered()).at(1, consent("c-1", json!({}))).at(5, erased);
    assert_eq!(row(&given, "c-1|service|-", 6)["text"]["text_hash"], crate::given::facts::HASH);
}

#[test]
fn two_consents_never_share_a_key_however_they_are_named() {
    let of = |id: &str, recipient: &str| {
        consent(id, json!({ "purposes": ["service"], "recipients": [recipient] }))
    };
    let given = Given::default().at(0, of("c", "x/service/y")).at(1, of("c/service/x", "y"));
    assert_eq!(states(&given, 1).len(), 4);
}

mod agreement_with_the_person {
    use proptest::prelude::*;

    use super::*;
    use crate::given::streams::{Arrived, TICK_MINUTES, stories};
    use crate::subject::Person;

    proptest! {
        #[test]
        fn a_row_holds_just_when_the_persons_own_consent_does(story in stories(14)) {
            let stored = story.stored().into_iter();
            let events: Vec<_> = stored.filter_map(|arrived| match arrived {
                Arrived::OfPerson(event) => Some(event),
                Arrived::Published(_) => None,
            }).collect();
            let end = minute(crate::given::streams::TICKS * TICK_MINUTES);
            let mut person = Person::fold(events.clone());
            person.pass(end);
            let chronicle = crate::chronicle::Chronicle::of(events, &crate::governance::Governance::default());
            for (id, consent) in &person.consents {
                let expired = consent.until.is_some_and(|until| until <= end);
                for purpose in &consent.purposes_given {
                    let runs = consent.purposes.contains(purpose) && !expired;
                    let key = format!("{id}|{}|-", Cell::word_of(purpose));
                    let row = chronicle.versions().at(&CONSENTS, &key, end).unwrap();
                    let body: Value = serde_json::from_str(&row.body).unwrap();
                    prop_assert_eq!(body["state"] == "given", runs, "{}", row.body);
                    prop_assert_eq!(&body["third_party"], &json!(consent.third_party));
                    prop_assert_eq!(&body["cross_border"], &json!(consent.cross_border));
                    prop_assert_eq!(&body["public"], &json!(consent.public));
                    if body["state"] == "kept" {
                        prop_assert!(consent.purposes_kept.contains(purpose));
                    }
                }
            }
        }
    }
}
