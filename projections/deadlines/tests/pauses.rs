//! A demand for destruction waits for blocks, holds and orders, and the clock says why.

use super::*;

const ASKED: &str = "2026-04-01T09:00:00Z";

fn restriction(id: &str, kind: &str, set: bool) -> Value {
    json!({ "restriction_id": id, "kind": kind, "set": set, "ground": "dispute", "ground_ref": "disp-1" })
}

fn paused(reason: &str, until: Option<&str>) -> Value {
    let mut data = json!({ "what": "subject_request", "reference": "req-1", "reason": reason });
    if let Some(until) = until {
        data["until"] = json!(until);
    }
    data
}

#[test]
fn a_demand_during_a_hold_waits_and_says_why() {
    let outcome = Record::default()
        .told("2026-03-10T09:00:00Z", RESTRICTED, &restriction("hold-1", "legal_hold", true))
        .told(ASKED, RECEIVED, &asks("destroy", ASKED))
        .ends();
    let row = outcome.row("2", "2027-01-01T00:00:00Z");
    assert_eq!((&row["state"], &row["since"]), (&json!("paused"), &json!(ASKED)));
    assert_eq!(
        row["pauses"],
        json!([{ "reason": "legal_hold", "reference": "hold-1", "since": ASKED, "by": position(1) }])
    );
    assert!(outcome.is_clean());
}

#[test]
fn days_before_a_block_count_and_the_rest_runs_on_after_it() {
    let stopped = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-05-20T09:00:00Z", RESTRICTED, &restriction("block-1", "block", false));
    let outcome = stopped.clone().ends();
    assert_eq!(
        (outcome.state("1", "2026-04-20T09:00:00Z"), outcome.last_day("1", ASKED)),
        ("paused".into(), "2026-04-16".into())
    );
    // Five of fifteen days ran; ten are left after 20 May.
    assert_eq!(outcome.last_day("1", "2026-05-20T09:00:00Z"), "2026-05-30");
    assert_eq!(outcome.row("1", "2026-05-21T09:00:00Z")["since"], json!("2026-05-20T09:00:00Z"));
    assert_eq!(outcome.found("F41:1", "2026-05-30T18:59:59Z"), "none");
    assert_eq!(outcome.found("F41:1", "2026-05-30T19:00:00Z"), "open");
    let answered = stopped.told("2026-05-30T09:00:00Z", CLOSED, &answer("done", &[])).ends();
    assert!(answered.is_clean());
}

#[test]
fn an_order_of_a_court_to_keep_data_stops_the_clock_until_the_dispute_is_closed() {
    let act =
        json!({ "dispute_id": "disp-1", "stage": "court_act", "act_ref": "act-7", "orders": ["preserve"] });
    let closed = json!({ "dispute_id": "disp-1", "stage": "closed" });
    let outcome = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", DISPUTE, &act)
        .told("2026-05-20T09:00:00Z", DISPUTE, &closed)
        .ends();
    let row = outcome.row("1", "2026-05-01T09:00:00Z");
    assert_eq!((&row["state"], &row["pauses"][0]["reason"]), (&json!("paused"), &json!("court_act")));
    assert_eq!(row["pauses"][0]["reference"], json!("act-7"));
    assert_eq!(outcome.last_day("1", "2026-05-20T09:00:00Z"), "2026-05-30");
    let later = Record::default().told("2026-03-20T09:00:00Z", DISPUTE, &act).told(
        ASKED,
        RECEIVED,
        &asks("destroy", ASKED),
    );
    assert_eq!(later.ends().state("2", ASKED), "paused");
}

#[test]
fn an_order_of_a_court_outlasts_its_later_acts_until_one_orders_destruction() {
    let act = |orders: Value| json!({ "dispute_id": "disp-1", "stage": "court_act", "act_ref": "act-7", "orders": orders });
    let outcome = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", DISPUTE, &act(json!(["block"])))
        .told("2026-04-13T09:00:00Z", DISPUTE, &act(json!([])))
        .told("2026-05-20T09:00:00Z", DISPUTE, &act(json!(["destroy"])))
        .ends();
    assert_eq!(outcome.state("1", "2026-05-19T09:00:00Z"), "paused");
    assert_eq!(outcome.last_day("1", "2026-05-20T09:00:00Z"), "2026-05-30");
}

#[test]
fn a_clock_that_two_things_stop_runs_when_both_have_ended() {
    let outcome = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-04-10T09:00:00Z", RESTRICTED, &restriction("hold-1", "legal_hold", true))
        .told("2026-04-20T09:00:00Z", RESTRICTED, &restriction("block-1", "block", false))
        .told("2026-05-20T09:00:00Z", RESTRICTED, &restriction("hold-1", "legal_hold", false))
        .ends();
    assert_eq!(outcome.state("1", "2026-04-25T09:00:00Z"), "paused");
    assert_eq!(outcome.last_day("1", "2026-05-20T09:00:00Z"), "2026-05-30");
}

#[test]
fn a_block_set_and_lifted_on_one_day_moves_nothing() {
    let outcome = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-04-06T11:00:00Z", RESTRICTED, &restriction("block-1", "block", false))
        .ends();
    assert_eq!(outcome.last_day("1", "2026-04-07T09:00:00Z"), "2026-04-16");
}

#[test]
fn a_clock_stopped_on_its_last_day_runs_out_on_the_day_on_which_it_goes_on() {
    let outcome = asked("destroy", ASKED)
        .told("2026-04-16T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-05-20T09:00:00Z", RESTRICTED, &restriction("block-1", "block", false))
        .ends();
    assert_eq!(outcome.found("F41:1", "2026-05-20T18:59:59Z"), "none");
    assert_eq!(outcome.found("F41:1", "2026-05-20T19:00:00Z"), "open");
}

#[test]
fn a_term_that_has_run_out_is_neither_stopped_nor_put_off() {
    let until =
        json!({ "what": "destruction", "reference": "req-1", "reason": "law", "until": "2026-06-30" });
    let outcome = asked("destroy", ASKED)
        .told("2026-04-20T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-04-21T09:00:00Z", "deadline.extended.v1", &until)
        .ends();
    assert_eq!(
        (outcome.state("1", "2026-05-01T09:00:00Z"), outcome.found("F41:1", "2026-05-01T09:00:00Z")),
        ("missed".into(), "open".into())
    );
}

#[test]
fn a_block_stops_destruction_and_nothing_else() {
    let outcome = asked("access", ASKED)
        .told("2026-04-01T10:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .ends();
    assert_eq!(outcome.state("1", "2026-04-02T09:00:00Z"), "pending");
}

#[test]
fn a_pause_that_an_event_orders_ends_by_an_event() {
    let resumed = json!({ "what": "subject_request", "reference": "req-1", "reason": "pause_ended", "until": "2026-04-14" });
    // Asked on Wednesday; Thursday ran, two working days are left after Thursday, 9 April.
    let outcome = asked("access", ASKED)
        .told("2026-04-02T09:00:00Z", "deadline.paused.v1", &paused("awaiting_subject", None))
        .told("2026-04-09T09:00:00Z", "deadline.resumed.v1", &resumed)
        .ends();
    assert_eq!(outcome.row("1", "2026-04-05T09:00:00Z")["pauses"][0]["reason"], json!("awaiting_subject"));
    assert_eq!(outcome.found("F39:1", "2026-04-07T09:00:00Z"), "none");
    assert_eq!(outcome.last_day("1", "2026-04-05T09:00:00Z"), "2026-04-06", "as it was before");
    assert_eq!(outcome.last_day("1", "2026-04-09T09:00:00Z"), "2026-04-13");
    assert_eq!(outcome.row("1", "2026-04-09T09:00:00Z")["stated"]["differs"], json!(true));
}

#[test]
fn a_pause_whose_last_day_is_known_ends_by_itself() {
    let outcome = asked("access", ASKED)
        .told("2026-04-02T09:00:00Z", "deadline.paused.v1", &paused("law", Some("2026-04-09")))
        .ends();
    assert_eq!(outcome.state("1", "2026-04-09T18:59:59Z"), "paused");
    let row = outcome.row("1", "2026-04-09T19:00:00Z");
    assert_eq!((&row["state"], &row["since"]), (&json!("pending"), &json!("2026-04-09T19:00:00Z")));
    assert_eq!(outcome.last_day("1", "2026-04-02T09:00:00Z"), "2026-04-13");
    assert_eq!(outcome.found("F39:1", "2026-04-13T19:00:00Z"), "open");
}

#[test]
fn an_order_to_go_on_does_not_lift_a_hold() {
    let resumed = json!({ "what": "destruction", "reference": "req-1", "reason": "pause_ended" });
    let outcome = Record::default()
        .told("2026-03-10T09:00:00Z", RESTRICTED, &restriction("hold-1", "legal_hold", true))
        .told(ASKED, RECEIVED, &asks("destroy", ASKED))
        .told("2026-04-03T09:00:00Z", "deadline.resumed.v1", &resumed)
        .ends();
    assert_eq!(outcome.state("2", "2026-04-04T09:00:00Z"), "paused");
}

#[test]
fn a_due_date_that_is_put_off_says_why_and_moves_what_would_be_found() {
    let until = json!({ "what": "subject_request", "reference": "req-1", "reason": "law", "reason_ref": "94-V/25", "until": "2026-04-20" });
    let outcome = asked("access", ASKED).told("2026-04-03T09:00:00Z", "deadline.extended.v1", &until).ends();
    let row = outcome.row("1", "2026-04-03T09:00:00Z");
    assert_eq!(
        (&row["due"]["last_day"], &row["extension"]["reference"]),
        (&json!("2026-04-20"), &json!("94-V/25"))
    );
    assert_eq!(
        (outcome.found("F39:1", "2026-04-20T18:59:59Z"), outcome.found("F39:1", "2026-04-20T19:00:00Z")),
        ("none".into(), "open".into())
    );
}

#[test]
fn a_paused_row_has_no_due_instant_to_be_searched_by() {
    let outcome = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .ends();
    let cell = |time| outcome.0.versions().at(&DEADLINES, &key("1"), at(time)).unwrap().cells[2].clone();
    assert_eq!(cell(ASKED), crate::table::Cell::instant(at("2026-04-16T19:00:00Z")));
    assert_eq!(cell("2026-04-07T09:00:00Z"), crate::table::Cell::Null);
}

#[test]
fn a_hold_on_one_category_does_not_stop_the_destruction_of_another() {
    let mut hold = restriction("hold-1", "legal_hold", true);
    hold["categories"] = json!(["document"]);
    let unlawful = |category: &str| {
        let data = json!({ "scope": { "categories": [category] }, "basis": "unlawful_processing", "requested_by": "officer-1" });
        let record = Record::default().told("2026-03-10T09:00:00Z", RESTRICTED, &hold);
        record.told(ASKED, "erasure.requested.v1", &data).ends().state("2", ASKED)
    };
    assert_eq!((unlawful("phone"), unlawful("document")), ("pending".into(), "paused".into()));
}

#[test]
fn a_demand_received_during_a_block_never_ran_though_it_is_recorded_days_later() {
    let outcome = Record::default()
        .told("2026-03-10T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-04-05T09:00:00Z", RECEIVED, &asks("destroy", ASKED))
        .told("2026-05-20T09:00:00Z", RESTRICTED, &restriction("block-1", "block", false))
        .ends();
    assert_eq!(outcome.last_day("2", "2026-05-20T09:00:00Z"), "2026-06-04");
}

#[test]
fn a_hold_that_begins_and_ends_within_a_block_changes_nothing() {
    let outcome = asked("destroy", ASKED)
        .told("2026-04-06T09:00:00Z", RESTRICTED, &restriction("block-1", "block", true))
        .told("2026-04-10T09:00:00Z", RESTRICTED, &restriction("hold-1", "legal_hold", true))
        .told("2026-04-20T09:00:00Z", RESTRICTED, &restriction("hold-1", "legal_hold", false))
        .told("2026-05-20T09:00:00Z", RESTRICTED, &restriction("block-1", "block", false))
        .ends();
    assert_eq!(outcome.last_day("1", "2026-05-20T09:00:00Z"), "2026-05-30");
}

#[test]
fn a_pause_of_destruction_means_the_request_to_destroy() {
    let data = json!({ "what": "destruction", "reference": "req-1", "reason": "law" });
    let stopped = |kind| asked(kind, ASKED).told("2026-04-02T09:00:00Z", "deadline.paused.v1", &data).ends();
    let (destroy, access) = (stopped("destroy"), stopped("access"));
    let day = "2026-04-03T09:00:00Z";
    assert_eq!((destroy.state("1", day), access.state("1", day)), ("paused".into(), "pending".into()));
}
