//! The timeline of a person: their stream as it happened, with personal values as far as the reader may see.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use subject_record_projections::SubjectEvent;
use subject_record_projections::event::in_order;
use subject_record_projections::subject::Person;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::{EventType, Position, Revision, StoredEvent, StreamName, SubjectId};

use crate::store::{EventKey, EventStore, RecordedEvent, SealedBox, StoreError};
use crate::vault::seal::{BoxPlace, Opening, open_box};
use crate::vault::{KeyOwner, OpeningKey, Vault, VaultError};

/// Events read from the store at a time.
const READ_EVENTS: u32 = 1_000;

/// What may be seen of personal members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// None: values stay sealed.
    Pseudonymous,
    /// Only members of these names; others are masked.
    Only(Vec<String>),
    /// All.
    All,
}

/// A personal member as a reader meets it.
#[derive(Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// What proves the value against the log, or `None` when the reader may see only that there is one.
    pub opening: Option<Opening>,
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.opening.is_some() { "open" } else { "masked" };
        write!(f, "Member({}, {state})", self.name)
    }
}

/// An event of a timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The event as stored.
    pub recorded: RecordedEvent,
    /// The same, parsed.
    pub stored: StoredEvent,
    /// What it says.
    pub event: SubjectEvent,
    /// Its personal members: none, or one of four states.
    pub personal: Option<Personal<Vec<Member>>>,
}

impl Entry {
    /// Reads a stored event, its personal part unopened.
    ///
    /// # Errors
    /// When the bytes do not read as an event.
    pub fn read(recorded: RecordedEvent) -> Result<Self, StoredEventError> {
        let stored = StoredEvent::read(recorded.bytes.as_bytes())?;
        let event = SubjectEvent::read(recorded.kept(), &stored)?;
        let personal = event.has_personal.then_some(Personal::Sealed);
        Ok(Self { recorded, stored, event, personal })
    }

    /// The event's name.
    #[must_use]
    pub fn key(&self) -> EventKey {
        let attributes = &self.stored.attributes;
        EventKey { source: attributes.source.clone(), id: attributes.id.clone() }
    }
}

/// Names of the personal members that are opened in some entries, each once: what a look at them has to tell.
pub fn opened_names<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Vec<String> {
    let opened = entries.into_iter().filter_map(|entry| match &entry.personal {
        Some(Personal::Open(members)) => Some(members),
        _ => None,
    });
    let seen = opened.flatten().filter(|member| member.opening.is_some());
    let mut names: Vec<String> = seen.map(|member| member.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// Which part of a timeline.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What had happened by then.
    pub as_of: Option<DateTime<Utc>>,
    /// What was recorded by then.
    pub known_at: Option<DateTime<Utc>>,
    /// Only these types; empty for all.
    pub types: Vec<EventType>,
}

/// A fault while a timeline is read.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A stored event does not read.
    #[error("the event at position {position} does not read")]
    Unreadable {
        /// Where it stands.
        position: Position,
        /// Why.
        #[source]
        source: subject_record_schemas::stored::StoredEventError,
    },
}

/// Reads timelines.
#[derive(Debug)]
pub struct Timelines {
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    log_id: String,
}

impl Timelines {
    /// Over a store and a vault, for the log of this id.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, vault: Arc<Vault>, log_id: String) -> Self {
        Self { store, vault, log_id }
    }

    /// A stream's events in the order in which they happened, personal parts unopened.
    ///
    /// # Errors
    /// When the store fails or an event does not read.
    pub async fn entries(
        &self,
        stream: &StreamName,
        question: &Question,
    ) -> Result<Vec<Entry>, TimelineError> {
        let known = match question.known_at {
            Some(instant) => Some(self.store.position_at(instant).await?),
            None => None,
        };
        let mut read = Vec::new();
        let mut from = Revision::FIRST;
        loop {
            let page = self.store.read_stream(stream, from, READ_EVENTS).await?;
            let Some(last) = page.last() else { break };
            from = last.revision.next();
            let full = page.len() == READ_EVENTS as usize;
            read.extend(page);
            if !full {
                break;
            }
        }
        let mut by_position = std::collections::HashMap::with_capacity(read.len());
        let mut events = Vec::with_capacity(read.len());
        for recorded in read {
            let position = recorded.position;
            if known.is_some_and(|known| position > known) {
                continue;
            }
            let unreadable = |source| TimelineError::Unreadable { position, source };
            let stored = StoredEvent::read(recorded.bytes.as_bytes()).map_err(unreadable)?;
            let event = SubjectEvent::read(recorded.kept(), &stored).map_err(unreadable)?;
            if question.as_of.is_none_or(|as_of| event.occurred_at <= as_of) {
                by_position.insert(position, (recorded, stored));
                events.push(event);
            }
        }
        let wanted = |event: &SubjectEvent| {
            question.types.is_empty() || question.types.contains(&event.fact.event_type())
        };
        let entries = in_order(events).into_iter().filter(wanted).filter_map(|event| {
            let (recorded, stored) = by_position.remove(&event.position)?;
            let personal = event.has_personal.then_some(Personal::Sealed);
            Some(Entry { recorded, stored, event, personal })
        });
        Ok(entries.collect())
    }

    /// Opens the personal parts of entries, as far as may be seen.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn open(&self, entries: &mut [Entry], sight: &Sight) -> Result<(), TimelineError> {
        if *sight == Sight::Pseudonymous {
            return Ok(());
        }
        let sealed: Vec<_> = entries.iter_mut().filter(|entry| entry.personal.is_some()).collect();
        let positions: Vec<_> = sealed.iter().map(|entry| entry.recorded.position).collect();
        let boxes = self.store.boxes(&positions).await?;
        for (entry, sealed_box) in sealed.into_iter().zip(boxes) {
            entry.personal = Some(self.open_one(entry, sealed_box, sight).await?);
        }
        Ok(())
    }

    async fn open_one(
        &self,
        entry: &Entry,
        sealed_box: Option<SealedBox>,
        sight: &Sight,
    ) -> Result<Personal<Vec<Member>>, TimelineError> {
        let attributes = &entry.stored.attributes;
        let stream = &entry.recorded.stream;
        let owner = KeyOwner::of(stream, attributes.source.as_str(), attributes.id.as_str());
        let Some(sealed_box) = sealed_box else {
            let fenced = self.store.head(stream).await?.is_some_and(|head| head.fenced);
            return Ok(if fenced { Personal::Shredded } else { Personal::Lost });
        };
        let dek = match self.vault.opening_key(&owner, sealed_box.generation).await? {
            OpeningKey::Ready(dek) => dek,
            OpeningKey::Shredded => return Ok(Personal::Shredded),
            OpeningKey::Lost => return Ok(Personal::Lost),
        };
        let place = BoxPlace {
            log_id: &self.log_id,
            stream,
            source: attributes.source.as_str(),
            id: attributes.id.as_str(),
            event_type: entry.event.fact.event_type(),
        };
        let Ok(openings) = open_box(&dek, &place, &sealed_box.sealed) else {
            tracing::error!(position = %entry.recorded.position, "a box does not open: wrong place or altered");
            return Ok(Personal::Lost);
        };
        let members = openings.into_iter().filter_map(|opening| {
            let (name, value) = opening.member()?;
            let visible = match sight {
                Sight::All => true,
                Sight::Only(names) => names.contains(&name),
                Sight::Pseudonymous => false,
            };
            Some(if visible {
                Member { name, value, opening: Some(opening) }
            } else {
                Member { name, value: Value::Null, opening: None }
            })
        });
        Ok(Personal::Open(members.collect()))
    }

    /// The person that a stream's entries tell of, at a moment that is not before them.
    #[must_use]
    pub fn person(entries: &[Entry], at: DateTime<Utc>) -> Person {
        let mut person = Person::fold(entries.iter().map(|entry| entry.event.clone()).collect());
        person.pass(at);
        person
    }

    /// The stream of a person.
    #[must_use]
    pub fn stream_of(subject: &SubjectId) -> StreamName {
        StreamName::Subject(subject.clone())
    }

    /// The event at a position, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, StoreError> {
        self.store.event_at(position).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;

    #[test]
    fn debug_of_a_member_shows_no_value() {
        let value = Value::from("gulnur@example.kz");
        let opening = Opening::of("email", &value, &SeededEntropy::new(1));
        let open = Member { name: "email".into(), value, opening: Some(opening) };
        let masked = Member { name: "iin".into(), value: Value::Null, opening: None };
        assert_eq!(format!("{:?}", [open, masked]), "[Member(email, open), Member(iin, masked)]");
    }
}
