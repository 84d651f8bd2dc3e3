use serde_json::{Value, json};

use super::*;
use crate::given::facts::{
    agreement, consent, disclosure, limitation, recipient, recipient_told, withdrawal,
};
use crate::given::{Given, fact, minute};

/// The row of disclosure `d-1` at a minute.
fn row(given: &Given, minutes: i64) -> Value {
    let mut rows = given.clone().rows(&DISCLOSURES, minutes).into_iter();
    rows.find(|(key, _)| key == "d-1").map_or(Value::Null, |(_, body)| body)
}

fn passed_on() -> Given {
    Given::default().at(0, consent("c-1", json!({}))).at(2, disclosure("d-1", "c-1", json!({})))
}

#[test]
fn a_disclosure_says_to_whom_where_on_what_ground_and_what_for() {
    let given = passed_on();
    assert_eq!(row(&given, 1), Value::Null);
    let row = row(&given, 2);
    assert_eq!((&row["recipient_id"], &row["country"]), (&json!("lawyer-bureau-7"), &json!("KZ")));
    assert_eq!((&row["ground"], &row["ground_ref"]), (&json!("3.5.1"), &json!("c-1")));
    assert_eq!((&row["purpose"], &row["to_tell"]), (&json!("service"), &json!(false)));
    let chronicle = given.chronicle();
    let cells = &chronicle.versions().at(&DISCLOSURES, "d-1", minute(2)).unwrap().cells;
    let texts = ["lawyer-bureau-7", "3.5.1", "KZ"].map(Cell::text);
    assert_eq!(cells[..3], texts);
    assert_eq!(
        cells[3..],
        [Cell::Integer(1), Cell::Integer(0b10_0001), Cell::text("owed"), Cell::flag(false)]
    );
}

#[test]
fn a_ground_outside_the_list_is_searched_as_unlisted_and_shown_as_it_was_said() {
    let ground = json!({ "ground": { "unlisted": "old-habit" } });
    let given = Given::default().at(0, disclosure("d-1", "c-1", ground));
    assert_eq!(row(&given, 0)["ground"], json!({ "unlisted": "old-habit" }));
    let chronicle = given.chronicle();
    let cells = &chronicle.versions().at(&DISCLOSURES, "d-1", minute(0)).unwrap().cells;
    assert_eq!(cells[1], Cell::text("unlisted"));
}

#[test]
fn a_recipient_is_shown_as_it_was_registered_then_and_a_later_registration_does_not_change_that() {
    let given = passed_on()
        .published(1, recipient(json!({ "duties_accepted": false })))
        .published(3, recipient(json!({ "duties_accepted": true })))
        .at(9, recipient_told(json!({})));
    assert_eq!(row(&given, 9)["recipient"]["duties_accepted"], json!(false));
    assert_eq!(row(&passed_on().published(3, recipient(json!({}))), 9)["recipient"], Value::Null);
}

#[test]
fn a_notice_is_owed_until_the_person_is_told() {
    let told = json!({ "disclosure_id": "d-1", "sent_at": "2026-03-01T00:00:00Z", "channel": "sms" });
    let given = passed_on().at(4, fact("disclosure.notified.v1", &told));
    assert_eq!(row(&given, 3)["notice"], "owed");
    assert_eq!(row(&given, 4)["notice"], "told");
    assert_eq!(row(&given, 4)["notified"]["at"], json!(minute(4)));
    for (stated, notice) in [("deferred", "deferred"), ("none", "none")] {
        let given = Given::default().at(0, disclosure("d-1", "c-1", json!({ "subject_notice": stated })));
        assert_eq!(row(&given, 0)["notice"], notice);
    }
}

#[test]
fn after_a_withdrawal_the_recipient_must_be_told_to_stop_and_the_disclosure_stays_what_it_was() {
    let given = passed_on().at(5, withdrawal("c-1", json!({}))).at(7, recipient_told(json!({})));
    assert_eq!((&row(&given, 4)["to_tell"], &row(&given, 4)["stop"]), (&json!(false), &Value::Null));
    let after = row(&given, 5);
    assert_eq!(after["to_tell"], json!(true));
    let stop = json!({ "consent": "withdrawn", "since": minute(5), "ended_by": "0000000000000003" });
    assert_eq!(after["stop"], stop);
    assert_eq!((&after["at"], &after["ground_ref"]), (&json!(minute(2)), &json!("c-1")));
    let told = row(&given, 7);
    assert_eq!((&told["to_tell"], &told["stop"]["told"]["at"]), (&json!(false), &json!(minute(7))));
}

#[test]
fn a_withdrawal_for_third_parties_alone_stops_the_recipient_too() {
    let given = passed_on().at(5, withdrawal("c-1", json!({ "scope": "third_party" })));
    assert_eq!(row(&given, 5)["to_tell"], json!(true));
}

#[test]
fn a_withdrawal_for_another_purpose_or_of_another_consent_stops_nobody() {
    let given = passed_on()
        .at(3, consent("c-2", json!({})))
        .at(5, withdrawal("c-1", json!({ "purposes": ["advertising"] })))
        .at(6, withdrawal("c-2", json!({})));
    assert_eq!(row(&given, 6)["to_tell"], json!(false));
}

#[test]
fn only_a_notice_of_that_matter_to_that_recipient_about_that_consent_after_the_withdrawal_counts() {
    let withdrawn = || passed_on().at(5, withdrawal("c-1", json!({})));
    for wrong in [
        json!({ "recipient_id": "partner-3" }),
        json!({ "matter": "corrected" }),
        json!({ "reference": "c-9" }),
    ] {
        assert_eq!(row(&withdrawn().at(7, recipient_told(wrong.clone())), 7)["to_tell"], true, "{wrong}");
    }
    for right in
        [json!({ "reference": "c-1" }), json!({ "reference": "d-1" }), json!({ "matter": "destroyed" })]
    {
        assert_eq!(row(&withdrawn().at(7, recipient_told(right.clone())), 7)["to_tell"], false, "{right}");
    }
    assert_eq!(row(&withdrawn().at(4, recipient_told(json!({}))), 7)["to_tell"], true, "too early");
}

#[test]
fn what_the_law_keeps_of_a_consent_stops_nobody_until_the_obligation_ends() {
    let given = passed_on()
        .at(3, agreement("live", &["ob-1"]))
        .at(5, withdrawal("c-1", json!({})))
        .at(6, limitation("c-1", "ob-1"))
        .at(9, agreement("ended", &[]));
    let to_tell: Vec<_> = [5, 6, 8, 9].map(|minutes| row(&given, minutes)["to_tell"].clone()).into();
    assert_eq!(to_tell, [true, false, false, true].map(Value::from));
}

#[test]
fn a_term_that_runs_out_stops_the_recipient_without_any_event() {
    let term = json!({ "term": { "months": 1 } });
    let given = Given::default().at(0, consent("c-1", term)).at(2, disclosure("d-1", "c-1", json!({})));
    let month = 28 * 24 * 60;
    assert_eq!(row(&given, month - 1)["to_tell"], json!(false));
    let after = row(&given, month);
    assert_eq!((&after["to_tell"], &after["stop"]["consent"]), (&json!(true), &json!("expired")));
    assert_eq!(after["stop"]["ended_by"], Value::Null);
}

#[test]
fn a_withdrawal_told_of_late_counts_from_its_own_time_for_a_disclosure_that_raced_it() {
    let given = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(6, disclosure("d-1", "c-1", json!({})))
        .at(5, withdrawal("c-1", json!({})));
    let row = row(&given, 6);
    assert_eq!((&row["to_tell"], &row["stop"]["since"]), (&json!(true), &json!(minute(5))));
}

#[test]
fn a_disclosure_on_another_ground_waits_for_no_consent() {
    let given = Given::default()
        .at(0, consent("c-1", json!({})))
        .at(2, disclosure("d-1", "c-1", json!({ "ground": "3.4.1" })))
        .at(5, withdrawal("c-1", json!({})));
    assert_eq!(row(&given, 5)["to_tell"], json!(false));
}
