use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::chronicle::Chronicle;
use crate::findings::FINDINGS;
use crate::given::facts::{consent, registered, withdrawal};
use crate::given::{Given, minute};
use crate::governance::Governance;
use crate::table::Row;

/// Findings about events that was recorded so many hours after it happened, and about its chain.
fn found(hours: i64, change: impl FnOnce(&mut Vec<crate::SubjectEvent>)) -> Vec<String> {
    let mut events = Given::default().at(0, registered()).at(1, registered()).events();
    for event in &mut events {
        event.recorded_at = event.occurred_at + TimeDelta::hours(hours);
    }
    change(&mut events);
    let chronicle = Chronicle::of(events, &Governance::default());
    let rows = chronicle.versions().all_at(minute(100)).filter(|row| row.table == &FINDINGS);
    let told = |row: &Row| {
        let (code, about) = row.key.split_once(':').unwrap();
        format!("{code}:{}", about.trim_start_matches('0'))
    };
    rows.map(told).collect()
}

#[test]
fn a_record_that_comes_more_than_a_day_late_is_found_and_nothing_cures_it() {
    assert!(found(24, |_| {}).is_empty());
    assert_eq!(found(25, |_| {}), ["F47:1", "F47:2"]);
}

#[test]
fn a_broken_chain_is_found_wherever_it_breaks() {
    assert_eq!(
        found(0, |events| events[1].intact = false),
        ["F50:2"],
        "bytes that are not those that were stored"
    );
    assert_eq!(found(0, |events| events[1].previous = None), ["F50:2"], "it names another event before it");
    assert_eq!(found(0, |events| drop(events.remove(0))), ["F50:2"], "one is missing");
}

#[test]
fn a_time_before_that_of_the_event_it_names_is_found_with_that_event() {
    let told = |withdrawn_at: i64| {
        let given = Given::default().at(withdrawn_at, withdrawal("c-1", json!({})));
        let mut events = given.at(5, consent("c-1", json!({}))).events();
        for event in &mut events {
            event.recorded_at = event.occurred_at;
        }
        let chronicle = Chronicle::of(events, &Governance::default());
        let rows = chronicle.versions().all_at(minute(100)).filter(|row| row.key.starts_with("F47"));
        rows.map(|row| serde_json::from_str::<Value>(&row.body).unwrap()).collect::<Vec<_>>()
    };
    let found = told(4);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["evidence"], json!(["0000000000000001", "0000000000000002"]));
    assert_eq!(found[0]["opened_at"], json!(minute(5)));
    assert!(told(5).is_empty(), "at one moment they are in order");
}
