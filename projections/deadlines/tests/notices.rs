//! F33, and what is due to state bodies.

use super::*;

// Ten working days from Monday, 2 March 2026 (9 March is off) end on Tuesday, 17 March.
const MADE: &str = "2026-03-02T09:00:00Z";
const IN_TIME: &str = "2026-03-17T19:00:00Z";
const LATE: &str = "2026-03-20T09:00:00Z";

fn made(notice: &str, ground: Option<&str>) -> Record {
    let mut data = json!({
        "disclosure_id": "d-1", "recipient_id": "lawyer-bureau-7", "ground": "3.5.1", "categories": ["phone"], "purpose": "service",
        "country": "KZ", "channel": "secure_api", "subject_notice": notice,
    });
    if let Some(ground) = ground {
        data["notice_ground"] = json!(ground);
    }
    Record::default().told(MADE, DISCLOSED, &data)
}

fn notified(time: &str) -> Value {
    json!({ "disclosure_id": "d-1", "sent_at": time, "channel": "email" })
}

#[test]
fn a_person_told_by_midnight_of_the_tenth_working_day_was_told_in_time() {
    let outcome = made("required", None).told(IN_TIME, NOTIFIED, &notified(IN_TIME)).ends();
    assert_eq!((outcome.last_day("1", MADE), outcome.state("1", LATE)), ("2026-03-17".into(), "met".into()));
    assert!(outcome.is_clean());
}

#[test]
fn a_person_who_is_told_nothing_is_found_and_the_finding_names_the_recipient() {
    let outcome = made("required", None).ends();
    assert_eq!(outcome.found("F33:1", "2026-03-17T18:59:59Z"), "none");
    let finding = outcome.finding("F33:1", IN_TIME);
    assert_eq!((&finding["state"], &finding["recipient"]), (&json!("open"), &json!("lawyer-bureau-7")));
    assert_eq!(finding["due"]["rule_id"], json!("art19-disclosure-notice-10wd"));
}

#[test]
fn a_person_told_late_cures_it() {
    let outcome = made("required", None).told(LATE, NOTIFIED, &notified(LATE)).ends();
    assert_eq!(
        (outcome.found("F33:1", IN_TIME), outcome.found("F33:1", LATE)),
        ("open".into(), "cured".into())
    );
    assert_eq!(outcome.state("1", LATE), "met_late");
}

#[test]
fn a_disclosure_of_which_nobody_has_to_be_told_has_no_due_date() {
    let outcome = made("none", None).ends();
    assert_eq!(outcome.row("1", LATE), Value::Null);
    assert!(outcome.is_clean());
}

#[test]
fn a_notice_put_off_for_secrecy_waits_and_names_its_ground() {
    let outcome = made("deferred", Some("231-V/201")).ends();
    let row = outcome.row("1", "2027-01-01T00:00:00Z");
    assert_eq!((&row["state"], &row["pauses"][0]["reference"]), (&json!("paused"), &json!("231-V/201")));
    assert!(outcome.is_clean());
    let resumed = json!({ "what": "disclosure_notice", "reference": "d-1", "reason": "pause_ended" });
    let outcome = made("deferred", Some("231-V/201")).told(LATE, "deadline.resumed.v1", &resumed).ends();
    assert_eq!(outcome.last_day("1", LATE), "2026-04-08");
    assert_eq!(outcome.found("F33:1", "2026-04-08T19:00:00Z"), "open");
}

#[test]
fn a_notice_put_off_on_no_ground_is_found_at_once_and_cured_only_by_the_notice() {
    let outcome = made("deferred", None).told(LATE, NOTIFIED, &notified(LATE)).ends();
    assert_eq!((outcome.found("F33:1", MADE), outcome.found("F33:1", LATE)), ("open".into(), "cured".into()));
    assert_eq!(outcome.finding("F33:1", LATE)["opened_at"], json!(MADE));
    assert_eq!(outcome.state("1", MADE), "pending");
}

#[test]
fn a_notice_recorded_late_counts_from_when_it_was_given() {
    let (office, record) =
        (Governance::default(), made("required", None).told(LATE, NOTIFIED, &notified(LATE)));
    let record = Record { told: [record.told, made("none", None).told].concat(), ..Record::default() };
    let mut all = events(&record.told, 0);
    all[1].occurred_at = at("2026-03-10T09:00:00Z");
    assert_eq!(Outcome(Chronicle::of(all[..1].to_vec(), &office)).found("F33:1", LATE), "open");
    assert!(Outcome(Chronicle::of(all[..2].to_vec(), &office)).is_clean());
}

#[test]
fn a_state_body_is_answered_by_the_day_that_it_named() {
    let request = json!({
        "request_id": "sr-1", "recipient_id": "police-2", "reasons_given": true, "signed": true, "secrecy": false, "answer_due": "2026-03-08",
    });
    let received = Record::default().told(MADE, "state_request.received.v1", &request);
    let open = received.clone().ends();
    let row = open.row("1", MADE);
    assert_eq!((&row["kind"], &row["due"]["last_day"]), (&json!("state_request"), &json!("2026-03-08")));
    assert_eq!(
        (open.state("1", "2026-03-08T18:59:59Z"), open.state("1", "2026-03-08T19:00:00Z")),
        ("pending".into(), "missed".into())
    );
    let decided = json!({ "request_id": "sr-1", "decision": "narrow" });
    let outcome = received.told("2026-03-05T09:00:00Z", "state_request.decided.v1", &decided).ends();
    assert_eq!(
        (outcome.state("1", LATE), outcome.row("1", LATE)["met_by"].clone()),
        ("met".into(), json!(position(2)))
    );
}

#[test]
fn a_state_body_that_names_no_day_is_owed_no_day() {
    let request = json!({ "request_id": "sr-1", "recipient_id": "police-2", "reasons_given": true, "signed": true, "secrecy": false });
    assert_eq!(
        Record::default().told(MADE, "state_request.received.v1", &request).ends().row("1", MADE),
        Value::Null
    );
}
