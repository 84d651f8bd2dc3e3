//! Given these events, this follows: a small language for tests of folds.

use chrono::{DateTime, TimeDelta, Utc};
use subject_record_schemas::{EventId, Fact, LeafHash, Position, Revision, Source};

use crate::event::SubjectEvent;
use crate::subject::Person;

/// Events as they are stored, each a minute after the one before unless said otherwise.
#[derive(Default)]
pub(crate) struct Given {
    events: Vec<SubjectEvent>,
}

/// The first instant of a test.
pub(crate) fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).unwrap()
}

impl Given {
    /// One more event, `minutes` after noon by its emitter's word.
    pub(crate) fn at(mut self, minutes: i64, fact: impl Into<Fact>) -> Self {
        let number = self.events.len() as u64;
        self.events.push(SubjectEvent {
            position: Position::new(number + 1),
            revision: Revision::new(number),
            leaf_hash: leaf(number + 1),
            previous: (number > 0).then(|| leaf(number)),
            intact: true,
            source: Source::parse("platform/tests").unwrap(),
            actor: None,
            correlation: None,
            id: EventId::parse(format!("e-{number}")).unwrap(),
            occurred_at: noon() + TimeDelta::minutes(minutes),
            recorded_at: noon() + TimeDelta::days(30),
            fact: fact.into(),
            has_personal: true,
        });
        self
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
