//! A plain judge of simulated lives: what is planted is unlawful by the rules as read here, and nothing else is.
//!
//! It sees documents as sent and knows nothing of stories. It is a second reading of the rules, not the assessor.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use super::super::{SimulatedEvent, Simulation, Year};
use super::{simulation, text};

pub(super) type Instant = DateTime<Utc>;
/// A finding and the event that it is about.
pub(super) type Finding = (&'static str, String);

pub(super) const FOREVER: Instant = Instant::MAX_UTC;

/// What the office published.
#[derive(Default)]
pub(super) struct Governance {
    pub(super) policies: BTreeMap<String, Instant>,
    pub(super) policy_hashes: BTreeMap<(String, String), String>,
    pub(super) new_purposes: Vec<(String, Instant)>,
    pub(super) consent_texts: BTreeMap<String, Instant>,
    pub(super) recipients: BTreeMap<String, (Instant, String, bool)>,
    pub(super) places: BTreeMap<String, String>,
}

/// A consent and what became of it.
pub(super) struct Consent {
    pub(super) data: Value,
    pub(super) ended: Instant,
    pub(super) kept: BTreeSet<String>,
}

/// What is known of a person so far.
#[derive(Default)]
pub(super) struct Person {
    pub(super) registered: Option<Instant>,
    pub(super) consents: BTreeMap<String, Consent>,
    pub(super) agreements: BTreeMap<String, Option<Instant>>,
    pub(super) authorities: Vec<(String, NaiveDate)>,
    pub(super) requests: BTreeMap<String, Value>,
    pub(super) decisions: BTreeMap<String, Value>,
    pub(super) notices: BTreeMap<String, (Instant, String)>,
    pub(super) open: BTreeMap<String, (Value, String)>,
    pub(super) blocked: bool,
    pub(super) held: bool,
    pub(super) disputes: BTreeMap<String, String>,
    pub(super) limited: Vec<(String, String, String)>,
    pub(super) destroyed: bool,
}

pub(super) fn list(data: &Value, name: &str) -> BTreeSet<String> {
    let values = data.get(name).and_then(Value::as_array).into_iter().flatten();
    values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

pub(super) fn word<'v>(data: &'v Value, name: &str) -> &'v str {
    data.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn instant(data: &Value, name: &str) -> Instant {
    word(data, name).parse().unwrap()
}

pub(super) fn code(event: &SimulatedEvent) -> &'static str {
    text(event, "/type").parse::<subject_record_schemas::EventType>().unwrap().code()
}

impl Governance {
    fn learn(&mut self, event: &SimulatedEvent, found: &mut BTreeSet<Finding>) {
        let (data, time) = (&event.document["data"], text(event, "/time").parse().unwrap());
        match code(event) {
            "E01" => {
                let from = data.get("effective_at").map_or(time, |_| instant(data, "effective_at"));
                self.policies.entry(word(data, "version").into()).or_insert(from);
                self.policy_hashes.insert(
                    (word(data, "version").into(), word(data, "language").into()),
                    word(data, "text_hash").into(),
                );
                self.new_purposes
                    .extend(list(data, "new_purposes").into_iter().map(|purpose| (purpose, from)));
            }
            "E02" => {
                if !["operator_bin", "third_party", "cross_border", "public"]
                    .iter()
                    .all(|name| data.get(name).is_some())
                {
                    found.insert(("F02", text(event, "/id").into()));
                }
                self.consent_texts.insert(word(data, "text_hash").into(), time);
            }
            "E05" => {
                let duties = data["duties_accepted"] == true;
                self.recipients
                    .insert(word(data, "recipient_id").into(), (time, word(data, "kind").into(), duties));
            }
            "E06" => drop(self.places.insert(word(data, "place_id").into(), word(data, "country").into())),
            _ => {}
        }
    }

    /// Version of the policy in force.
    pub(super) fn in_force(&self, at: Instant) -> Option<&String> {
        self.policies
            .iter()
            .filter(|(_, from)| **from <= at)
            .max_by_key(|(_, from)| *from)
            .map(|(version, _)| version)
    }
}

impl Person {
    /// Judges a fact, and remembers it.
    fn judge(&mut self, event: &SimulatedEvent, office: &Governance, found: &mut BTreeSet<Finding>) {
        let time: Instant = text(event, "/time").parse().unwrap();
        let mut find = |finding| {
            found.insert((finding, text(event, "/id").to_owned()));
        };
        if event.sent_at - time > TimeDelta::days(1) {
            find("F47");
        }
        if self.destroyed && matches!(code(event), "E14" | "E24" | "E32") {
            find("F37");
        }
        if self.blocked && matches!(code(event), "E14" | "E23" | "E32") {
            find("F36");
        }
        self.judge_processing(event, time, office, &mut find);
        self.judge_dealings(event, time, office, found);
    }
}

fn judged(year: &Year) -> BTreeSet<Finding> {
    let (mut office, mut found) = (Governance::default(), BTreeSet::new());
    let mut people: BTreeMap<&str, Vec<&SimulatedEvent>> = BTreeMap::new();
    for event in &year.events {
        match text(event, "/subject") {
            "" => office.learn(event, &mut found),
            subject => people.entry(subject).or_default().push(event),
        }
    }
    for events in people.values_mut() {
        // As it happened; what happened at one moment, as it was sent.
        events.sort_by_key(|event| text(event, "/time").parse::<Instant>().unwrap());
        let mut person = Person::default();
        for event in events {
            person.judge(event, &office, &mut found);
        }
        found.extend(
            person.notices.into_values().filter(|(due, _)| *due < FOREVER).map(|(_, id)| ("F33", id)),
        );
        let executed =
            |agreement: &str| person.agreements.values().any(Option::is_some) && !agreement.is_empty();
        found.extend(
            person.limited.into_iter().filter(|(_, ground, _)| executed(ground)).map(|(.., id)| ("F14", id)),
        );
        assert!(person.open.is_empty(), "a request was never answered");
    }
    found
}

#[test]
fn what_is_planted_is_unlawful_and_nothing_else_is() {
    for seed in [1, 2, 3] {
        let year = Simulation { seed, ..simulation(1, 400) }.year();
        let found = judged(&year);
        // Messages are not judged here.
        let planted: BTreeSet<Finding> = year
            .planted
            .iter()
            .filter(|planted| !matches!(planted.finding, "F21" | "F22"))
            .map(|planted| (planted.finding, planted.event.as_str().to_owned()))
            .collect();
        let document = |id: &String| {
            let event = year.events.iter().find(|event| text(event, "/id") == id);
            event.map(|event| event.document.to_string())
        };
        let told = |found: BTreeSet<Finding>| -> Vec<_> {
            found.into_iter().map(|(finding, id)| (finding, document(&id))).collect()
        };
        assert_eq!(told(&found - &planted), [], "found and not planted");
        assert_eq!(told(&planted - &found), [], "planted and not found");
        assert!(found.len() > 50);
    }
}

#[test]
fn what_one_person_tells_follows_from_what_was_told_before() {
    let year = simulation(1, 200).year();
    let late: BTreeSet<_> =
        year.planted.iter().filter(|p| p.finding == "F47").map(|p| p.event.as_str()).collect();
    let mut told: BTreeMap<(&str, &str), Instant> = BTreeMap::new();
    let mut last: BTreeMap<&str, Instant> = BTreeMap::new();
    for event in &year.events {
        let (subject, id) = (text(event, "/subject"), text(event, "/id"));
        let time: Instant = text(event, "/time").parse().unwrap();
        let cause = text(event, "/causationid");
        assert!(
            cause.is_empty() || told.get(&(subject, cause)).is_some_and(|before| *before <= time),
            "{:#}",
            event.document
        );
        if !late.contains(id) {
            let before = last.insert(subject, time);
            assert!(before.is_none_or(|before| before <= time), "{:#}", event.document);
        }
        told.insert((subject, id), time);
    }
}
