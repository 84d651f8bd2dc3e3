//! A calendar that is published moves what is still open; and the clock of a breach.

use super::*;

// Friday: one working day ends on Monday, 31 August, which the January table of 2026 had off.
const ASKED: &str = "2026-08-28T09:00:00Z";
const PUBLISHED: &str = "2026-08-29T09:00:00Z";

fn table(version: &str, has_31_august_off: bool) -> Value {
    let mut days = vec!["2026-01-01", "2026-05-01"];
    days.extend(has_31_august_off.then_some("2026-08-31"));
    json!({
        "year": 2026, "version": version, "days_off": days, "source_ref": "order-1", "published_at": "2026-01-10T00:00:00Z",
    })
}

fn asked_under_the_january_table() -> Record {
    Record::default().published("2026-01-10T09:00:00Z", CALENDAR, &table("2026-1", true)).told(
        ASKED,
        RECEIVED,
        &asks("correct", ASKED),
    )
}

#[test]
fn each_of_the_two_tables_of_2026_gives_its_own_day() {
    assert_eq!(asked("correct", ASKED).ends().last_day("1", ASKED), "2026-08-31");
    let outcome = asked_under_the_january_table().ends();
    assert_eq!(outcome.last_day("1", ASKED), "2026-09-01");
    assert_eq!(outcome.row("1", ASKED)["due"]["calendars"], json!(["2026-1"]));
}

#[test]
fn a_table_published_while_something_is_open_moves_its_due_date_and_its_finding_from_then_on() {
    let record = asked_under_the_january_table().published(PUBLISHED, CALENDAR, &table("2026-2", false));
    let outcome = record.ends();
    assert_eq!(outcome.last_day("1", "2026-08-29T08:59:59Z"), "2026-09-01");
    assert_eq!(outcome.last_day("1", PUBLISHED), "2026-08-31");
    assert_eq!(outcome.row("1", PUBLISHED)["due"]["calendars"], json!(["2026-2"]));
    assert_eq!(outcome.found("F40:1", "2026-08-31T18:59:59Z"), "none");
    assert_eq!(outcome.found("F40:1", "2026-08-31T19:00:00Z"), "open");
    let answered = record.told("2026-08-31T09:00:00Z", CLOSED, &answer("done", &[])).ends();
    assert!(answered.is_clean());
}

#[test]
fn a_table_that_takes_a_day_off_gives_more_time() {
    let outcome = asked("correct", ASKED).published(PUBLISHED, CALENDAR, &table("2026-3", true)).ends();
    assert_eq!(outcome.found("F40:1", "2026-08-31T19:00:00Z"), "none");
    assert_eq!(outcome.found("F40:1", "2026-09-01T19:00:00Z"), "open");
}

#[test]
fn what_was_missed_or_done_before_a_table_was_published_stays_so() {
    let later = "2026-09-10T09:00:00Z";
    let missed = asked("correct", ASKED).published(later, CALENDAR, &table("2026-3", true)).ends();
    assert_eq!(
        (missed.last_day("1", later), missed.state("1", later)),
        ("2026-08-31".into(), "missed".into())
    );
    let done = asked("correct", ASKED)
        .told("2026-08-31T09:00:00Z", CLOSED, &answer("done", &[]))
        .published("2026-08-31T10:00:00Z", CALENDAR, &table("2026-3", true))
        .ends();
    assert_eq!((done.last_day("1", later), done.state("1", later)), ("2026-08-31".into(), "met".into()));
}

#[test]
fn what_was_known_then_and_what_is_known_now_are_both_told_by_what_was_published_then() {
    let mut chronicle = Chronicle::default();
    let (then, now) = (asked_under_the_january_table(), table("2026-2", false));
    let mut office = Governance::of(&events(&then.published, 1000));
    chronicle.learn(&events(&then.told, 0)[0], &office);
    let before = chronicle.clone();
    let published = events(&[(at(PUBLISHED), fact(CALENDAR, &now))], 2000).remove(0);
    office.learn(&published);
    assert!(
        matches!(chronicle.govern(&published, &office), Learned::Changed(changes) if !changes.is_empty())
    );
    let monday = "2026-08-31T20:00:00Z";
    assert_eq!(
        (Outcome(before).found("F40:1", monday), Outcome(chronicle).found("F40:1", monday)),
        ("none".into(), "open".into())
    );
}

#[test]
fn a_due_date_beyond_the_tables_is_provisional_until_one_is_published() {
    let asked = asked("access", "2026-12-30T09:00:00Z");
    let row = asked.clone().ends().row("1", "2026-12-30T09:00:00Z");
    assert_eq!(row["due"]["provisional"], json!(true));
    let year = json!({
        "year": 2027, "version": "2027-1", "days_off": ["2027-01-01", "2027-01-04"], "source_ref": "order-1", "published_at": "2026-12-31T00:00:00Z",
    });
    let row =
        asked.published("2026-12-31T09:00:00Z", CALENDAR, &year).ends().row("1", "2026-12-31T09:00:00Z");
    assert_eq!((&row["due"]["provisional"], &row["due"]["last_day"]), (&json!(false), &json!("2027-01-06")));
}

fn incident(stage: &str, time: &str) -> Value {
    json!({ "incident_id": "inc-1", "stage": stage, "at": time, "kind": "unauthorised_access" })
}

#[test]
fn a_breach_is_told_within_one_working_day_of_its_detection() {
    let detected = "2026-03-20T09:00:00Z";
    let record = Record::default().told(detected, INCIDENT, &incident("detected", detected)).told(
        "2026-03-21T09:00:00Z",
        INCIDENT,
        &incident("breach_confirmed", "2026-03-21T09:00:00Z"),
    );
    let open = record.clone().ends();
    assert_eq!(
        (open.last_day("1", detected), open.row("2", "2026-03-22T09:00:00Z")),
        ("2026-03-26".into(), Value::Null)
    );
    assert_eq!(open.state("1", "2026-03-26T19:00:00Z"), "missed");
    let told_at = "2026-03-26T10:00:00Z";
    let told = record.told(told_at, INCIDENT, &incident("authority_told", told_at)).ends();
    assert_eq!(
        (told.state("1", told_at), told.row("1", told_at)["met_by"].clone()),
        ("met".into(), json!(position(3)))
    );
}

#[test]
fn an_incident_that_proves_no_breach_leaves_nothing_due() {
    let detected = "2026-03-20T09:00:00Z";
    let outcome = Record::default()
        .told(detected, INCIDENT, &incident("detected", detected))
        .told("2026-03-21T09:00:00Z", INCIDENT, &incident("closed", "2026-03-21T09:00:00Z"))
        .ends();
    assert_eq!(
        (outcome.state("1", detected), outcome.state("1", "2026-04-01T09:00:00Z")),
        ("pending".into(), "none".into())
    );
}
