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
    let given_at: HashMap<&str, usize> =
        events.iter().enumerate().rev().filter_map(|(at, event)| Some((gives(&event.fact)?, at))).collect();
    // An event that names a later one stands right behind it.
    let place = |(at, event): (usize, &SubjectEvent)| {
        let named = names(&event.fact).and_then(|name| given_at.get(name)).copied();
        named.filter(|named| *named > at).map_or((at, false), |named| (named, true))
    };
    let places: Vec<(usize, bool)> = events.iter().enumerate().map(place).collect();
    let mut ordered: Vec<_> = places.into_iter().zip(events).collect();
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, event)| event).collect()
}

/// The name that an event brings into the world.
fn gives(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::ConsentGiven(given) => Some(given.consent_id.as_str()),
        Fact::DisclosureMade(made) => Some(made.disclosure_id.as_str()),
        Fact::StateRequestReceived(received) => Some(received.request_id.as_str()),
        Fact::SubjectRequestReceived(received) => Some(received.request_id.as_str()),
        _ => None,
    }
}

/// The name of another event's making that an event needs.
fn names(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::ConsentWithdrawn(withdrawn) => Some(withdrawn.consent_id.as_str()),
        Fact::WithdrawalLimited(limited) => Some(limited.consent_id.as_str()),
        Fact::ConsentEnded(ended) => Some(ended.consent_id.as_str()),
        Fact::DisclosureNotified(notified) => Some(notified.disclosure_id.as_str()),
        Fact::StateRequestDecided(decided) => Some(decided.request_id.as_str()),
        Fact::SubjectRequestClosed(closed) => Some(closed.request_id.as_str()),
        _ => None,
    }
}
