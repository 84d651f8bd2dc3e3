//! A record of what happened when, and what is due by it.

use serde_json::{Value, json};
use subject_record_schemas::Position;

use super::*;
use crate::chronicle::{Chronicle, Learned};
use crate::event::SubjectEvent;
use crate::findings::FINDINGS;
use crate::given::{Given, fact};

mod calendars;
mod claims;
mod notices;
mod pauses;
mod requests;

const MINE: [&str; 5] = ["F33", "F39", "F40", "F41", "F43"];

/// What happened, and what was published.
#[derive(Clone, Default)]
struct Record {
    told: Vec<(DateTime<Utc>, Fact)>,
    published: Vec<(DateTime<Utc>, Fact)>,
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The event at a position, as rows name it.
fn position(number: u64) -> String {
    Position::new(number).to_string()
}

/// The key of what the event at a position began, `1:subject`, or was found about it, `F39:1`.
fn key(short: &str) -> String {
    let padded = |part: &str| part.parse().map_or_else(|_| part.to_owned(), position);
    short.split(':').map(padded).collect::<Vec<_>>().join(":")
}

fn events(facts: &[(DateTime<Utc>, Fact)], first: u64) -> Vec<SubjectEvent> {
    let given = facts.iter().fold(Given::default(), |given, (_, fact)| given.at(0, fact.clone()));
    let mut events = given.events();
    for (event, (time, _)) in events.iter_mut().zip(facts) {
        event.occurred_at = *time;
        event.position = Position::new(event.position.number() + first);
    }
    events
}

impl Record {
    fn told(mut self, time: &str, wire_name: &str, data: &Value) -> Self {
        self.told.push((at(time), fact(wire_name, data)));
        self
    }

    fn published(mut self, time: &str, wire_name: &str, data: &Value) -> Self {
        self.published.push((at(time), fact(wire_name, data)));
        self
    }

    fn until(&self, time: DateTime<Utc>) -> Chronicle {
        let happened = |events: Vec<SubjectEvent>| {
            events.into_iter().filter(|event| event.occurred_at <= time).collect::<Vec<_>>()
        };
        let office = Governance::of(&happened(events(&self.published, 1000)));
        Chronicle::of(happened(events(&self.told, 0)), &office)
    }

    /// What follows from all of it. Whatever the test asks, an instant shows what had happened by then and no more,
    /// and event by event gives the same as all at once.
    fn ends(&self) -> Outcome {
        let whole = self.until(DateTime::<Utc>::MAX_UTC);
        for (time, _) in self.told.iter().chain(&self.published) {
            assert_eq!(rows_at(&whole, *time), rows_at(&self.until(*time), *time), "as of {time}");
        }
        let office = Governance::of(&events(&self.published, 1000));
        let mut learner = Chronicle::default();
        for event in events(&self.told, 0) {
            assert!(matches!(learner.learn(&event, &office), Learned::Changed(_)));
        }
        if self.published.is_empty() {
            assert_eq!(learner.versions(), whole.versions(), "event by event");
        }
        Outcome(whole)
    }
}

fn rows_at(chronicle: &Chronicle, time: DateTime<Utc>) -> Vec<Value> {
    let rows = chronicle.versions().all_at(time);
    let rows =
        rows.filter(|row| row.table == &DEADLINES || MINE.iter().any(|code| row.key.starts_with(code)));
    rows.map(|row| serde_json::from_str(&row.body).unwrap()).collect()
}

/// What is due, and what was found.
struct Outcome(Chronicle);

impl Outcome {
    /// A due date as it stood at an instant, by the event that began it.
    fn row(&self, name: &str, time: &str) -> Value {
        let row = self.0.versions().at(&DEADLINES, &key(name), at(time));
        row.map_or(Value::Null, |row| serde_json::from_str(&row.body).unwrap())
    }

    fn state(&self, name: &str, time: &str) -> String {
        self.row(name, time)["state"].as_str().unwrap_or("none").to_owned()
    }

    fn last_day(&self, name: &str, time: &str) -> String {
        self.row(name, time)["due"]["last_day"].as_str().unwrap_or("none").to_owned()
    }

    /// A finding as it stood at an instant, such as `F39:1`.
    fn finding(&self, name: &str, time: &str) -> Value {
        let row = self.0.versions().at(&FINDINGS, &key(name), at(time));
        row.map_or(Value::Null, |row| serde_json::from_str(&row.body).unwrap())
    }

    fn found(&self, name: &str, time: &str) -> String {
        self.finding(name, time)["state"].as_str().unwrap_or("none").to_owned()
    }

    /// Whether nothing of what terms open was ever found.
    fn is_clean(&self) -> bool {
        let far = at("2030-01-01T00:00:00Z");
        rows_at(&self.0, far).iter().all(|row| row.get("finding").is_none())
    }
}

const RECEIVED: &str = "subject_request.received.v1";
const CLOSED: &str = "subject_request.closed.v1";
const DISCLOSED: &str = "disclosure.made.v1";
const NOTIFIED: &str = "disclosure.notified.v1";
const DISPUTE: &str = "dispute.changed.v1";
const RESTRICTED: &str = "restriction.changed.v1";
const DESTROYED: &str = "data.destroyed.v1";
const INCIDENT: &str = "incident.recorded.v1";
const CALENDAR: &str = "work_calendar.published.v1";

fn asks(kind: &str, received_at: &str) -> Value {
    json!({ "request_id": "req-1", "kind": kind, "received_at": received_at, "identity_checked": true })
}

fn answer(outcome: &str, reasons: &[&str]) -> Value {
    json!({ "request_id": "req-1", "outcome": outcome, "reasons": reasons })
}

/// A request of one kind at an instant.
fn asked(kind: &str, time: &str) -> Record {
    Record::default().told(time, RECEIVED, &asks(kind, time))
}
