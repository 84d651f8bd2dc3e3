//! Given these events, this follows: a small language for tests of folds.

use chrono::{DateTime, TimeDelta, Utc};
use subject_record_schemas::{EventId, Fact, LeafHash, Position, Revision, Source};

use crate::chronicle::Chronicle;
use crate::event::SubjectEvent;
use crate::governance::Governance;
use crate::subject::Person;
use crate::table::{Row, Table};

pub(crate) mod facts;
pub(crate) mod streams;
pub(crate) mod tables;

/// Events as they are stored, each a minute after the one before unless said otherwise.
#[derive(Clone, Default)]
pub(crate) struct Given {
    events: Vec<SubjectEvent>,
    published: Vec<SubjectEvent>,
}

/// The first instant of a test.
pub(crate) fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).unwrap()
}

/// An instant, `minutes` after noon.
pub(crate) fn minute(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}

impl Given {
    /// One more event, `minutes` after noon by its emitter's word.
    pub(crate) fn at(mut self, minutes: i64, fact: impl Into<Fact>) -> Self {
        let event = self.event(minutes, fact.into(), self.events.len() as u64);
        self.events.push(event);
        self
    }

    /// Something is published, `minutes` after noon.
    pub(crate) fn published(mut self, minutes: i64, fact: impl Into<Fact>) -> Self {
        let event = self.event(minutes, fact.into(), self.published.len() as u64);
        self.published.push(event);
        self
    }

    /// The next event in the store, at a revision of its stream.
    fn event(&self, minutes: i64, fact: Fact, revision: u64) -> SubjectEvent {
        let position = (self.events.len() + self.published.len()) as u64 + 1;
        SubjectEvent {
            position: Position::new(position),
            revision: Revision::new(revision),
            leaf_hash: leaf(revision + 1),
            previous: (revision > 0).then(|| leaf(revision)),
            intact: true,
            source: Source::parse("platform/tests").unwrap(),
            actor: None,
            correlation: None,
            id: EventId::parse(format!("e-{position}")).unwrap(),
            occurred_at: minute(minutes),
            recorded_at: noon() + TimeDelta::days(30),
            fact,
            has_personal: true,
        }
    }

    /// The events of the person.
    pub(crate) fn events(self) -> Vec<SubjectEvent> {
        self.events
    }

    /// What was published: the stream itself may be the `policy` stream.
    pub(crate) fn office(&self) -> Governance {
        Governance::of(self.published.iter().chain(&self.events))
    }

    /// All that follows.
    pub(crate) fn chronicle(self) -> Chronicle {
        let office = self.office();
        Chronicle::of(self.events, &office)
    }

    /// Findings at a minute: `F07:3` for one about the event at position 3, `F07:3 cured by 5` for one that is cured.
    /// Every event here is recorded late, so that F47 is left out.
    pub(crate) fn findings(self, minutes: i64) -> Vec<String> {
        let number = |position: &str| position.parse::<Position>().unwrap().number();
        let told = |(key, body): (String, serde_json::Value)| {
            let (code, about) = key.split_once(':').unwrap();
            let cured = body.get("cured_by").and_then(serde_json::Value::as_str);
            let cured = cured.map_or(String::new(), |by| format!(" cured by {}", number(by)));
            format!("{code}:{}{cured}", number(about))
        };
        let rows = self.rows(&crate::findings::FINDINGS, minutes).into_iter().map(told);
        rows.filter(|told| !told.starts_with("F47")).collect()
    }

    /// Rows of a table that hold at a minute, by key: what a reader is shown.
    pub(crate) fn rows(self, table: &'static Table, minutes: i64) -> Vec<(String, serde_json::Value)> {
        let shown = |row: &Row| (row.key.to_string(), serde_json::from_str(&row.body).unwrap());
        let chronicle = self.chronicle();
        let rows = chronicle.versions().all_at(minute(minutes));
        rows.filter(|row| *row.table == *table).map(shown).collect()
    }

    /// The person they tell of.
    pub(crate) fn person(self) -> Person {
        Person::fold(self.events)
    }
}

/// A leaf hash for the event at a position.
pub(crate) fn leaf(position: u64) -> LeafHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&position.to_be_bytes());
    LeafHash::new(bytes)
}

/// A fact from its data as JSON.
pub(crate) fn fact(wire_name: &str, data: &serde_json::Value) -> Fact {
    Fact::read(wire_name.parse().unwrap(), data).unwrap()
}
