//! A stored event as a fold sees it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::{EventId, Fact, Position, Revision, StoredEvent};

/// A stored event of one stream, parsed once.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectEvent {
    /// Place in the store.
    pub position: Position,
    /// Place in the stream.
    pub revision: Revision,
    /// The emitter's name for it.
    pub id: EventId,
    /// When it happened, by the emitter's word.
    pub occurred_at: DateTime<Utc>,
    /// When it was stored.
    pub recorded_at: DateTime<Utc>,
    /// What it says in public.
    pub fact: Fact,
    /// Whether it has a personal part, open or not.
    pub has_personal: bool,
}

impl SubjectEvent {
    /// Parses stored bytes.
    ///
    /// # Errors
    /// When they are no event of a known type.
    pub fn read(position: Position, stored: &StoredEvent) -> Result<Self, StoredEventError> {
        Ok(Self {
            position,
            revision: stored.revision()?,
            id: stored.attributes.id.clone(),
            occurred_at: stored.attributes.time,
            recorded_at: stored.recordedtime,
            fact: stored.fact()?,
            has_personal: stored.digests().next().is_some(),
        })
    }
}

/// Orders a stream's events as they happened: by time, then by position.
///
/// An event that names another one (a withdrawal, its consent) never comes before it, whatever its time says:
/// clocks of two emitters differ.
#[must_use]
pub fn in_order(mut events: Vec<SubjectEvent>) -> Vec<SubjectEvent> {
    events.sort_by_key(|event| (event.occurred_at, event.position));
    let given_at: HashMap<Made<'_>, usize> =
        events.iter().enumerate().rev().filter_map(|(at, event)| Some((gives(&event.fact)?, at))).collect();
    // An event that names a later one stands right behind it.
    let place = |(at, event): (usize, &SubjectEvent)| {
        let named = names(&event.fact).and_then(|made| given_at.get(&made)).copied();
        named.filter(|named| *named > at).map_or((at, false), |named| (named, true))
    };
    let places: Vec<(usize, bool)> = events.iter().enumerate().map(place).collect();
    let mut ordered: Vec<_> = places.into_iter().zip(events).collect();
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, event)| event).collect()
}

/// What an event brings into the world, by its name. Each kind has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Made<'a> {
    Consent(&'a str),
    Disclosure(&'a str),
    StateRequest(&'a str),
    SubjectRequest(&'a str),
}

/// What an event brings into the world.
fn gives(fact: &Fact) -> Option<Made<'_>> {
    match fact {
        Fact::ConsentGiven(given) => Some(Made::Consent(given.consent_id.as_str())),
        Fact::DisclosureMade(made) => Some(Made::Disclosure(made.disclosure_id.as_str())),
        Fact::StateRequestReceived(received) => Some(Made::StateRequest(received.request_id.as_str())),
        Fact::SubjectRequestReceived(received) => Some(Made::SubjectRequest(received.request_id.as_str())),
        _ => None,
    }
}

/// What of another event's making an event needs.
fn names(fact: &Fact) -> Option<Made<'_>> {
    match fact {
        Fact::ConsentWithdrawn(withdrawn) => Some(Made::Consent(withdrawn.consent_id.as_str())),
        Fact::WithdrawalLimited(limited) => Some(Made::Consent(limited.consent_id.as_str())),
        Fact::ConsentEnded(ended) => Some(Made::Consent(ended.consent_id.as_str())),
        Fact::DisclosureNotified(notified) => Some(Made::Disclosure(notified.disclosure_id.as_str())),
        Fact::StateRequestDecided(decided) => Some(Made::StateRequest(decided.request_id.as_str())),
        Fact::SubjectRequestClosed(closed) => Some(Made::SubjectRequest(closed.request_id.as_str())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use subject_record_schemas::EventType;
    use subject_record_schemas::examples::Examples;

    use super::*;
    use crate::given::{fact, noon};

    /// The example of a type under another name, `minutes` after noon.
    fn event(event_type: EventType, member: &str, name: &str, position: u64, minutes: i64) -> SubjectEvent {
        let mut data = Examples::of(event_type).unwrap().valid["data"].take();
        data.as_object_mut().unwrap().remove("personal");
        data[member] = name.into();
        SubjectEvent {
            position: Position::new(position),
            revision: Revision::new(position - 1),
            id: EventId::parse(format!("e-{position}")).unwrap(),
            occurred_at: noon() + TimeDelta::minutes(minutes),
            recorded_at: noon(),
            fact: fact(event_type.wire_name(), &data),
            has_personal: false,
        }
    }

    #[test]
    fn an_event_waits_for_what_it_names_and_not_for_a_namesake_of_another_kind() {
        let closed = event(EventType::SubjectRequestClosed, "request_id", "no-1", 1, 0);
        let received = event(EventType::SubjectRequestReceived, "request_id", "no-1", 2, 1);
        let consent = event(EventType::ConsentGiven, "consent_id", "no-1", 3, 2);
        let state = event(EventType::StateRequestReceived, "request_id", "no-1", 4, 3);
        let order = |events| in_order(events).into_iter().map(|e| e.position.number()).collect::<Vec<_>>();
        assert_eq!(order(vec![closed.clone(), received, consent.clone(), state.clone()]), [2, 1, 3, 4]);
        assert_eq!(order(vec![closed, consent, state]), [1, 3, 4]);
    }
}
