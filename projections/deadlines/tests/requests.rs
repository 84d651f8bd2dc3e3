//! F39, F40, F41: answers to people.

use super::*;

// Friday before Nauryz: three working days end on Monday, 30 March, one on Thursday, 26 March.
const ASKED: &str = "2026-03-20T09:00:00Z";
const IN_TIME: &str = "2026-03-30T18:59:59Z";
const MIDNIGHT: &str = "2026-03-30T19:00:00Z";
const LATE: &str = "2026-04-08T09:00:00Z";

#[test]
fn an_access_request_is_due_after_three_working_days_and_names_its_rule_and_calendar() {
    let row = asked("access", ASKED).ends().row("1", ASKED);
    assert_eq!((&row["kind"], &row["reference"]), (&json!("access_request"), &json!("req-1")));
    assert_eq!((&row["started_on"], &row["started_at"]), (&json!("2026-03-20"), &json!(ASKED)));
    let due = json!({
        "last_day": "2026-03-30", "instant": MIDNIGHT, "rule_id": "art25-access-3wd", "rule_pack": "kz-94v@2026-1",
        "calendars": ["kz-2026-2"], "provisional": false,
    });
    assert_eq!((&row["state"], &row["due"]), (&json!("pending"), &due));
}

#[test]
fn an_access_request_answered_before_midnight_of_its_last_day_leaves_nothing() {
    for kind in ["access", "disclosures"] {
        let outcome = asked(kind, ASKED).told(IN_TIME, CLOSED, &answer("done", &[])).ends();
        assert_eq!(outcome.state("1", IN_TIME), "met");
        assert_eq!(outcome.row("1", IN_TIME)["met_by"], json!(position(2)));
        assert!(outcome.is_clean());
    }
}

#[test]
fn an_access_request_that_nobody_answers_is_found_at_midnight_and_not_before() {
    for kind in ["access", "disclosures"] {
        let outcome = asked(kind, ASKED).ends();
        assert_eq!(
            (outcome.state("1", IN_TIME), outcome.found("F39:1", IN_TIME)),
            ("pending".into(), "none".into())
        );
        assert_eq!(
            (outcome.state("1", MIDNIGHT), outcome.found("F39:1", MIDNIGHT)),
            ("missed".into(), "open".into())
        );
        let finding = outcome.finding("F39:1", MIDNIGHT);
        assert_eq!(
            (&finding["severity"], &finding["due"]["last_day"]),
            (&json!("deadline"), &json!("2026-03-30"))
        );
        assert_eq!((&finding["thing"], &finding["evidence"]), (&json!("req-1"), &json!([position(1)])));
    }
}

#[test]
fn an_access_request_answered_late_is_cured_by_the_answer() {
    let outcome = asked("access", ASKED).told(LATE, CLOSED, &answer("done", &[])).ends();
    assert_eq!(outcome.found("F39:1", "2026-04-08T08:59:59Z"), "open");
    assert_eq!(outcome.finding("F39:1", LATE)["cured_by"], json!(position(2)));
    assert_eq!(outcome.state("1", LATE), "met_late");
}

#[test]
fn an_answer_that_is_recorded_late_but_was_given_in_time_takes_the_finding_back() {
    let office = Governance::default();
    let events = events(&asked("access", ASKED).told(IN_TIME, CLOSED, &answer("done", &[])).told.clone(), 0);
    let mut chronicle = Chronicle::default();
    chronicle.learn(&events[0], &office);
    assert_eq!(Outcome(chronicle.clone()).found("F39:1", LATE), "open");
    chronicle.learn(&events[1], &office);
    assert!(Outcome(chronicle).is_clean());
}

#[test]
fn the_clock_starts_when_the_request_was_received_not_when_it_was_recorded() {
    let received = asks("access", "2026-03-19T20:00:00Z");
    let outcome = Record::default().told("2026-03-25T09:00:00Z", RECEIVED, &received).ends();
    // 20:00 in Greenwich is the next day in Kazakhstan.
    assert_eq!(outcome.row("1", LATE)["started_on"], json!("2026-03-20"));
    assert_eq!(outcome.state("1", "2026-03-24T09:00:00Z"), "none");
}

#[test]
fn a_request_recorded_after_its_term_is_missed_from_the_day_it_is_told_of() {
    let outcome = Record::default().told(LATE, RECEIVED, &asks("access", ASKED)).ends();
    assert_eq!((outcome.state("1", LATE), outcome.found("F39:1", LATE)), ("missed".into(), "open".into()));
    assert_eq!(outcome.found("F39:1", MIDNIGHT), "none");
}

#[test]
fn a_refusal_without_reasons_is_a_violation_of_the_answer() {
    let outcome = asked("access", ASKED).told(IN_TIME, CLOSED, &answer("refused", &[])).ends();
    assert_eq!(outcome.finding("F39:2", IN_TIME)["severity"], json!("violation"));
    assert_eq!(outcome.found("F39:1", LATE), "none");
}

#[test]
fn a_refusal_with_reasons_in_time_leaves_nothing() {
    let refused = answer("refused", &["identity_not_proven"]);
    assert!(asked("access", ASKED).told(IN_TIME, CLOSED, &refused).ends().is_clean());
}

#[test]
fn a_refusal_without_reasons_is_cured_by_reasons_that_follow() {
    let outcome = asked("access", ASKED)
        .told(IN_TIME, CLOSED, &answer("refused", &[]))
        .told(LATE, CLOSED, &answer("refused", &["secrecy"]))
        .ends();
    assert_eq!(outcome.finding("F39:2", LATE)["cured_by"], json!(position(3)));
}

#[test]
fn a_complaint_has_no_term_but_its_refusal_has_three_working_days() {
    let refused = answer("refused", &["law"]);
    let in_time = asked("complaint", ASKED).told(IN_TIME, CLOSED, &refused).ends();
    assert!(in_time.is_clean());
    assert_eq!(in_time.state("1", ASKED), "none");
    let late = asked("complaint", ASKED).told(LATE, CLOSED, &refused).ends();
    assert_eq!((late.found("F39:1", IN_TIME), late.found("F39:1", LATE)), ("none".into(), "open".into()));
    assert_eq!(late.finding("F39:1", LATE)["due"]["rule_id"], json!("art25-refusal-3wd"));
    let done = asked("complaint", ASKED).told(LATE, CLOSED, &answer("done", &[])).ends();
    assert!(done.is_clean());
}

#[test]
fn a_list_of_disclosures_may_leave_out_what_is_secret() {
    let partly = answer("partly", &["secrecy"]);
    assert!(asked("disclosures", ASKED).told(IN_TIME, CLOSED, &partly).ends().is_clean());
}

#[test]
fn corrections_blocks_and_removals_are_due_after_one_working_day() {
    for kind in ["correct", "block", "public_removal"] {
        let outcome = asked(kind, ASKED).told("2026-03-26T18:59:59Z", CLOSED, &answer("done", &[])).ends();
        assert!(outcome.is_clean(), "{kind}");
        let outcome = asked(kind, ASKED).told(LATE, CLOSED, &answer("done", &[])).ends();
        assert_eq!(outcome.found("F40:1", "2026-03-26T18:59:59Z"), "none", "{kind}");
        assert_eq!(outcome.found("F40:1", "2026-03-26T19:00:00Z"), "open", "{kind}");
        assert_eq!(outcome.found("F40:1", LATE), "cured", "{kind}");
    }
}

#[test]
fn what_was_asked_for_counts_when_it_is_done_though_the_request_is_closed_later() {
    let done = [
        (
            "correct",
            "profile.changed.v1",
            json!({ "field": "email", "cause": "correction_request", "request_ref": "req-1" }),
        ),
        (
            "block",
            RESTRICTED,
            json!({ "restriction_id": "block-1", "kind": "block", "set": true, "ground": "subject_demand", "ground_ref": "req-1" }),
        ),
        (
            "public_removal",
            "public_flag.changed.v1",
            json!({ "categories": ["full_name"], "public": false, "ground": "subject_demand", "demand_ref": "req-1" }),
        ),
        (
            "destroy",
            DESTROYED,
            json!({ "scope": "subject", "trigger": "subject_request", "trigger_ref": "req-1", "method": "overwritten" }),
        ),
    ];
    for (kind, wire_name, data) in done {
        let outcome = asked(kind, ASKED)
            .told("2026-03-26T09:00:00Z", wire_name, &data)
            .told("2026-04-20T09:00:00Z", CLOSED, &answer("done", &[]))
            .ends();
        assert_eq!(outcome.row("1", LATE)["met_by"], json!(position(2)), "{kind}");
        assert!(outcome.is_clean(), "{kind}");
    }
}

#[test]
fn a_destruction_that_leaves_a_copy_does_not_meet_the_request() {
    let left = json!({
        "scope": "subject", "trigger": "subject_request", "trigger_ref": "req-1", "method": "overwritten", "places_left": ["tape-2"],
    });
    let outcome = asked("destroy", ASKED).told("2026-03-26T09:00:00Z", DESTROYED, &left).ends();
    assert_eq!((outcome.state("1", LATE), outcome.found("F41:1", LATE)), ("missed".into(), "open".into()));
}

#[test]
fn a_deletion_request_is_due_after_fifteen_days_of_any_kind() {
    let clean = asked("destroy", ASKED).told("2026-04-04T18:59:59Z", CLOSED, &answer("done", &[])).ends();
    assert_eq!(clean.last_day("1", ASKED), "2026-04-04");
    assert!(clean.is_clean());
    let late = asked("destroy", ASKED).told(LATE, CLOSED, &answer("done", &[])).ends();
    assert_eq!(late.found("F41:1", "2026-04-04T18:59:59Z"), "none");
    assert_eq!(late.found("F41:1", "2026-04-04T19:00:00Z"), "open");
    assert_eq!(late.found("F41:1", LATE), "cured");
}

#[test]
fn unlawful_data_that_a_person_wants_deleted_has_two_terms_and_both_are_shown() {
    let erasure = json!({
        "scope": "subject", "basis": "unlawful_processing", "basis_ref": "check-1", "requested_by": "officer-1",
    });
    let outcome =
        asked("destroy", ASKED).told("2026-03-20T10:00:00Z", "erasure.requested.v1", &erasure).ends();
    assert_eq!(
        (outcome.last_day("1", LATE), outcome.last_day("2", LATE)),
        ("2026-04-04".into(), "2026-03-26".into())
    );
    assert_eq!(outcome.found("F40:2", "2026-03-26T19:00:00Z"), "open");
    assert_eq!(outcome.found("F41:1", "2026-03-26T19:00:00Z"), "none");
}

#[test]
fn unlawful_data_is_destroyed_within_one_working_day() {
    let erasure = json!({ "scope": "subject", "basis": "unlawful_processing", "requested_by": "officer-1" });
    let destroyed =
        json!({ "scope": "subject", "trigger": "unlawful_processing", "method": "key_destroyed" });
    let asked = Record::default().told(ASKED, "erasure.requested.v1", &erasure);
    assert!(asked.clone().told("2026-03-25T09:00:00Z", DESTROYED, &destroyed).ends().is_clean());
    let late = asked.clone().told(LATE, DESTROYED, &destroyed).ends();
    assert_eq!((late.found("F40:1", IN_TIME), late.found("F40:1", LATE)), ("open".into(), "cured".into()));
    let refused = json!({
        "request": { "source": "platform/tests", "id": "e-1" }, "scope": "subject", "decision": "refused", "decided_by": "officer-2",
    });
    assert!(asked.told("2026-03-25T09:00:00Z", "erasure.decided.v1", &refused).ends().is_clean());
}

#[test]
fn a_block_is_lifted_within_one_working_day_once_no_violation_was_found() {
    let block =
        |set, ground| json!({ "restriction_id": "block-1", "kind": "block", "set": set, "ground": ground });
    let found = Record::default()
        .told("2026-03-12T09:00:00Z", RESTRICTED, &block(true, "violation_reported"))
        .told(ASKED, RESTRICTED, &block(true, "violation_not_confirmed"));
    let lifted = block(false, "violation_not_confirmed");
    assert!(found.clone().told("2026-03-26T09:00:00Z", RESTRICTED, &lifted).ends().is_clean());
    let late = found.told(LATE, RESTRICTED, &lifted).ends();
    assert_eq!(late.row("2", ASKED)["kind"], json!("unblocking"));
    assert_eq!((late.found("F40:2", IN_TIME), late.found("F40:2", LATE)), ("open".into(), "cured".into()));
}

#[test]
fn a_due_date_that_the_emitter_counted_otherwise_is_shown_beside_ours() {
    let mut request = asks("access", ASKED);
    request["due_at"] = json!("2026-03-25");
    request["calendar_version"] = json!("2026-1");
    let row = Record::default().told(ASKED, RECEIVED, &request).ends().row("1", ASKED);
    assert_eq!(
        row["stated"],
        json!({ "due_at": "2026-03-25", "calendar_version": "2026-1", "differs": true })
    );
    assert_eq!(row["due"]["last_day"], json!("2026-03-30"));
    request["due_at"] = json!("2026-03-30");
    let row = Record::default().told(ASKED, RECEIVED, &request).ends().row("1", ASKED);
    assert_eq!(row["stated"]["differs"], json!(false));
}
