//! The assessor over a simulated year, which plants unlawful facts and says which: all of them are found, and nothing
//! else. Streams are fed event by event, as a projector feeds them, by positions that follow the order of sending.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::Value;
use subject_record::simulate::{Planted, Simulation, Year};
use subject_record_projections::SubjectEvent;
use subject_record_projections::chronicle::{Chronicle, Learned};
use subject_record_projections::findings::FINDINGS;
use subject_record_projections::governance::Governance;
use subject_record_projections::versions::Change;
use subject_record_schemas::catalogue::StreamRule;
use subject_record_schemas::{EventId, EventType, Fact, LeafHash, Position, Revision, Source};

/// Findings that messages are judged by, which come later.
const NOT_JUDGED_YET: [&str; 2] = ["F21", "F22"];

/// A finding as a reader sees it.
#[derive(Debug)]
struct Found {
    finding: String,
    evidence: Vec<u64>,
    body: String,
}

/// Streams and what follows from them.
#[derive(Default)]
struct Record {
    office: Governance,
    streams: BTreeMap<String, (Vec<SubjectEvent>, Chronicle)>,
    positions: BTreeMap<EventId, u64>,
}

fn text<'v>(document: &'v Value, name: &str) -> &'v str {
    document[name].as_str().unwrap_or_default()
}

fn leaf(position: u64) -> LeafHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&position.to_be_bytes());
    LeafHash::new(bytes)
}

/// Name of the stream that a document goes into.
fn stream(document: &Value) -> String {
    let event_type: EventType = text(document, "type").parse().unwrap();
    match (event_type.stream_rule(), text(document, "subject")) {
        (StreamRule::Policy, _) => "policy".into(),
        (_, "") => "office".into(),
        (_, subject) => format!("subject-{subject}"),
    }
}

impl Record {
    /// Learns a document as the event that is stored next.
    fn learn(&mut self, document: &Value, recorded_at: DateTime<Utc>) {
        let name = stream(document);
        let (events, _) = self.streams.entry(name.clone()).or_default();
        let position = self.positions.len() as u64 + 1;
        let data = &document["data"];
        let event = SubjectEvent {
            position: Position::new(position),
            revision: Revision::new(events.len() as u64),
            leaf_hash: leaf(position),
            previous: events.last().map(|event| event.leaf_hash),
            intact: true,
            source: Source::parse(text(document, "source")).unwrap(),
            actor: None,
            correlation: None,
            id: EventId::parse(text(document, "id")).unwrap(),
            occurred_at: text(document, "time").parse().unwrap(),
            recorded_at,
            fact: Fact::read(text(document, "type").parse().unwrap(), data).unwrap(),
            has_personal: data.get("personal").is_some(),
        };
        self.positions.insert(event.id.clone(), position);
        if name == "policy" {
            self.office.learn(&event);
            let others = self.streams.iter_mut().filter(|(other, _)| *other != "policy");
            for (events, chronicle) in others.map(|(_, stream)| stream) {
                if chronicle.govern(&event, &self.office) == Learned::Late {
                    *chronicle = Chronicle::of(events.clone(), &self.office);
                }
            }
        }
        let (events, chronicle) = self.streams.entry(name).or_default();
        events.push(event.clone());
        if chronicle.learn(&event, &self.office) == Learned::Late {
            *chronicle = Chronicle::of(events.clone(), &self.office);
        }
    }

    fn of(year: &Year) -> Self {
        let mut record = Self::default();
        for event in &year.events {
            record.learn(&event.document, event.sent_at);
        }
        record
    }

    /// Every finding that was ever open, as far as is known in the end.
    fn findings(&self) -> Vec<Found> {
        let rows =
            self.streams.values().flat_map(|(_, chronicle)| chronicle.changes_since(&Chronicle::default()));
        let found = rows.filter_map(|change| match change {
            Change::Open { row, .. } if row.table == &FINDINGS => {
                let body: Value = serde_json::from_str(&row.body).unwrap();
                let number = |position: &Value| match position {
                    Value::String(text) => text.parse().unwrap(),
                    number => number.as_u64().unwrap(),
                };
                Some(Found {
                    finding: text(&body, "finding").into(),
                    evidence: body["evidence"].as_array().unwrap().iter().map(number).collect(),
                    body: body.to_string(),
                })
            }
            _ => None,
        });
        found.collect()
    }

    /// Differences between what was planted and what was found, in words.
    fn differences(&self, year: &Year) -> String {
        let judged = |planted: &&Planted| !NOT_JUDGED_YET.contains(&planted.finding);
        let planted: BTreeSet<(&str, u64)> = year
            .planted
            .iter()
            .filter(judged)
            .map(|planted| (planted.finding, self.positions[&planted.event]))
            .collect();
        let found = self.findings();
        let document = |position: u64| &year.events[usize::try_from(position).unwrap() - 1].document;
        let mut differences = String::new();
        for (code, position) in &planted {
            if !found.iter().any(|found| found.finding == *code && found.evidence.contains(position)) {
                writeln!(differences, "planted and not found: {code} {}", document(*position)).unwrap();
            }
        }
        for found in &found {
            let is_planted = |position: &u64| planted.contains(&(found.finding.as_str(), *position));
            if !found.evidence.iter().any(is_planted) {
                writeln!(
                    differences,
                    "found and not planted: {} {}",
                    found.body,
                    document(found.evidence[0])
                )
                .unwrap();
            }
        }
        differences
    }
}

#[test]
fn what_a_simulated_year_plants_is_found_and_nothing_else_is() {
    for seed in [1, 2, 3] {
        let year = Simulation { seed, subjects: 300, start: Simulation::default_start() }.year();
        let record = Record::of(&year);
        let differences = record.differences(&year);
        assert!(differences.is_empty(), "seed {seed}:\n{differences}");
        assert!(year.planted.len() > 40, "seed {seed} plants {}", year.planted.len());
    }
}

#[test]
fn streams_that_are_fed_event_by_event_say_what_streams_folded_at_once_say() {
    let year = Simulation { seed: 1, subjects: 400, start: Simulation::default_start() }.year();
    let record = Record::of(&year);
    for (name, (events, fed)) in record.streams.iter().filter(|(name, _)| *name != "policy") {
        let folded = Chronicle::of(events.clone(), &record.office);
        assert_eq!(folded.changes_since(fed), [], "{name}");
    }
}
