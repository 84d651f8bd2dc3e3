//! F43: the term of a claim, by the day and the calendar of either side.

use super::*;

fn dispute(stage: &str, subject: Option<&str>, operator: Option<&str>) -> Value {
    let mut data = json!({ "dispute_id": "disp-1", "stage": stage });
    if let Some(day) = subject {
        data["arose_on_per_subject"] = json!(day);
    }
    if let Some(day) = operator {
        data["arose_on_per_operator"] = json!(day);
    }
    data
}

fn claim(time: &str, subject: Option<&str>, operator: Option<&str>) -> Outcome {
    Record::default().told(time, DISPUTE, &dispute("claim_received", subject, operator)).ends()
}

#[test]
fn each_party_has_a_due_date_of_its_own() {
    let arisen = dispute("arisen", Some("2026-03-02"), Some("2026-02-20"));
    let outcome = Record::default().told("2026-03-03T09:00:00Z", DISPUTE, &arisen).ends();
    let (ours, theirs) =
        (outcome.row("1:operator", "2026-03-04T09:00:00Z"), outcome.row("1:subject", "2026-03-04T09:00:00Z"));
    assert_eq!(
        (&ours["due"]["last_day"], &theirs["due"]["last_day"]),
        (&json!("2026-04-09"), &json!("2026-04-17"))
    );
    assert_eq!((&ours["started_on"], &theirs["per"]), (&json!("2026-02-20"), &json!("subject")));
    assert_eq!(outcome.state("1:subject", "2026-04-17T19:00:00Z"), "missed");
    assert!(outcome.is_clean());
}

#[test]
fn a_claim_in_time_by_both_days_is_met_and_no_finding() {
    let outcome = claim("2026-04-08T09:00:00Z", Some("2026-03-02"), Some("2026-02-20"));
    assert_eq!(outcome.state("1:operator", "2026-04-08T09:00:00Z"), "met");
    assert!(outcome.is_clean());
}

#[test]
fn a_claim_that_is_late_by_one_partys_day_only_is_a_warning_that_names_it() {
    let time = "2026-04-10T09:00:00Z";
    let outcome = claim(time, Some("2026-03-02"), Some("2026-02-20"));
    assert_eq!(
        (outcome.state("1:operator", time), outcome.state("1:subject", time)),
        ("met_late".into(), "met".into())
    );
    let finding = outcome.finding("F43:1", time);
    assert_eq!(
        (&finding["severity"], &finding["due"]["last_day"]),
        (&json!("warning"), &json!("2026-04-09"))
    );
    assert_eq!((&finding["thing"], &finding["due"]["calendars"]), (&json!("disp-1"), &json!(["kz-2026-2"])));
}

#[test]
fn a_late_claim_stays_late_whatever_comes_after() {
    let late = dispute("claim_received", Some("2026-02-02"), None);
    let outcome = Record::default()
        .told("2026-05-10T09:00:00Z", DISPUTE, &late)
        .told("2026-05-20T09:00:00Z", DISPUTE, &dispute("claim_answered", None, None))
        .told("2026-06-01T09:00:00Z", DISPUTE, &dispute("closed", None, None))
        .ends();
    assert_eq!(outcome.found("F43:1", "2027-01-01T00:00:00Z"), "open");
}

#[test]
fn a_claim_is_late_by_the_table_of_one_year_and_in_time_by_the_one_it_replaced() {
    // 31 August was off in the January table of 2026.
    let time = "2026-09-15T09:00:00Z";
    let outcome = claim(time, Some("2026-08-03"), None);
    let row = outcome.row("1:subject", time);
    assert_eq!(
        (&row["due"]["last_day"], &row["due_otherwise"][0]["last_day"]),
        (&json!("2026-09-14"), &json!("2026-09-15"))
    );
    assert_eq!(row["due_otherwise"][0]["calendars"], json!(["kz-2026-1"]));
    assert_eq!(outcome.finding("F43:1", time)["due"]["calendars"], json!(["kz-2026-2"]));
    assert!(claim("2026-09-14T09:00:00Z", Some("2026-08-03"), None).is_clean());
}

#[test]
fn a_claim_is_late_by_a_replaced_table_alone() {
    // A third table takes one more day off, so the term in force is a day longer than by the second.
    let later = json!({
        "year": 2026, "version": "2026-3", "source_ref": "order-1", "published_at": "2026-04-01T00:00:00Z",
        "days_off": ["2026-01-01", "2026-05-01", "2026-05-07", "2026-05-11", "2026-05-27", "2026-07-06", "2026-08-31", "2026-09-01"],
    });
    let time = "2026-09-16T09:00:00Z";
    let data = dispute("claim_received", Some("2026-08-03"), None);
    let outcome = Record::default()
        .published("2026-04-01T09:00:00Z", CALENDAR, &later)
        .told(time, DISPUTE, &data)
        .ends();
    assert_eq!(outcome.last_day("1:subject", time), "2026-09-16");
    assert_eq!(outcome.state("1:subject", time), "met");
    assert_eq!(outcome.finding("F43:1", time)["due"]["last_day"], json!("2026-09-14"));
}

#[test]
fn a_claim_counts_from_when_it_came_in() {
    let mut data = dispute("claim_received", Some("2026-03-02"), None);
    data["received_at"] = json!("2026-04-16T09:00:00Z");
    let outcome = Record::default().told("2026-04-20T09:00:00Z", DISPUTE, &data).ends();
    assert!(outcome.is_clean());
    assert_eq!(outcome.row("1:subject", "2026-04-20T09:00:00Z")["met_at"], json!("2026-04-16T09:00:00Z"));
}

#[test]
fn a_day_that_is_named_anew_moves_the_term() {
    let outcome = Record::default()
        .told("2026-03-03T09:00:00Z", DISPUTE, &dispute("arisen", Some("2026-02-20"), None))
        .told("2026-04-15T09:00:00Z", DISPUTE, &dispute("claim_received", Some("2026-03-02"), None))
        .ends();
    assert_eq!(outcome.last_day("1:subject", "2026-04-15T09:00:00Z"), "2026-04-17");
    assert!(outcome.is_clean());
}

#[test]
fn a_dispute_settled_without_a_claim_leaves_nothing_due() {
    let outcome = Record::default()
        .told("2026-03-03T09:00:00Z", DISPUTE, &dispute("arisen", Some("2026-03-02"), None))
        .told("2026-03-10T09:00:00Z", DISPUTE, &dispute("closed", None, None))
        .ends();
    assert_eq!(outcome.state("1:subject", "2026-03-09T09:00:00Z"), "pending");
    assert_eq!(outcome.state("1:subject", "2026-05-09T09:00:00Z"), "none");
}
