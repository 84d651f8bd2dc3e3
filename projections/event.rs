//! A stored event as a fold sees it.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::{
    EventId, EventType, Fact, LeafHash, Position, Reference, Revision, Source, StoredEvent,
};

/// A stored event of one stream, parsed once.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectEvent {
    /// Place in the store.
    pub position: Position,
    /// Place in the stream.
    pub revision: Revision,
    /// Leaf hash that the store keeps for it.
    pub leaf_hash: LeafHash,
    /// Leaf hash of the stream's event before, by its own word.
    pub previous: Option<LeafHash>,
    /// Whether its bytes have the leaf hash that the store keeps.
    pub intact: bool,
    /// Who emitted it.
    pub source: Source,
    /// The emitter's name for it.
    pub id: EventId,
    /// Who acted, if that was told.
    pub actor: Option<Reference>,
    /// What it is tied to, if that was told.
    pub correlation: Option<Reference>,
    /// When it happened, by the emitter's word.
    pub occurred_at: DateTime<Utc>,
    /// When it was stored.
    pub recorded_at: DateTime<Utc>,
    /// What it says in public.
    pub fact: Fact,
    /// Whether it has a personal part, open or not.
    pub has_personal: bool,
}

/// What the store says of an event, beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Place in the store.
    pub position: Position,
    /// Leaf hash that it keeps.
    pub leaf_hash: LeafHash,
    /// Whether the bytes have that hash.
    pub intact: bool,
}

impl SubjectEvent {
    /// Parses stored bytes.
    ///
    /// # Errors
    /// When they are no event of a known type.
    pub fn read(kept: Kept, stored: &StoredEvent) -> Result<Self, StoredEventError> {
        Ok(Self {
            position: kept.position,
            revision: stored.revision()?,
            leaf_hash: kept.leaf_hash,
            previous: stored.previous,
            intact: kept.intact,
            source: stored.attributes.source.clone(),
            id: stored.attributes.id.clone(),
            actor: stored.attributes.actor.clone(),
            correlation: stored.attributes.correlationid.clone(),
            occurred_at: stored.attributes.time,
            recorded_at: stored.recordedtime,
            fact: stored.fact()?,
            has_personal: stored.digests().next().is_some(),
        })
    }

    /// The same, from the bytes alone and without a tree of JSON between: what a follower of the whole log does.
    ///
    /// # Errors
    /// When they are no event of a known type.
    pub fn parse(kept: Kept, bytes: &str) -> Result<Self, StoredEventError> {
        let lean: Lean<'_> = serde_json::from_str(bytes)?;
        let event_type = lean.wire_name.parse::<EventType>();
        let event_type = event_type.map_err(|_| StoredEventError::UnknownType(lean.wire_name.to_string()))?;
        let sequence = lean.sequence.parse();
        let sequence = sequence.map_err(|_| StoredEventError::Sequence(lean.sequence.to_string()))?;
        Ok(Self {
            position: kept.position,
            revision: Revision::new(sequence),
            leaf_hash: kept.leaf_hash,
            previous: lean.previous,
            intact: kept.intact,
            source: lean.source,
            id: lean.id,
            actor: lean.actor,
            correlation: lean.correlationid,
            occurred_at: lean.time.trunc_subsecs(6),
            recorded_at: lean.recordedtime,
            fact: Fact::parse(event_type, lean.data.get())?,
            // No public text holds a quotation mark, so this stands nowhere else.
            has_personal: lean.data.get().contains("\"_sd\":[\""),
        })
    }
}

/// What a fold needs of stored bytes.
#[derive(Deserialize)]
struct Lean<'b> {
    id: EventId,
    source: Source,
    #[serde(borrow, rename = "type")]
    wire_name: Cow<'b, str>,
    #[serde(default)]
    actor: Option<Reference>,
    #[serde(default)]
    correlationid: Option<Reference>,
    time: DateTime<Utc>,
    recordedtime: DateTime<Utc>,
    #[serde(borrow)]
    sequence: Cow<'b, str>,
    #[serde(default)]
    previous: Option<LeafHash>,
    #[serde(borrow)]
    data: &'b RawValue,
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
pub(crate) enum Made<'a> {
    Consent(&'a Reference),
    Disclosure(&'a Reference),
    StateRequest(&'a Reference),
    SubjectRequest(&'a Reference),
}

/// What an event brings into the world.
pub(crate) fn gives(fact: &Fact) -> Option<Made<'_>> {
    match fact {
        Fact::ConsentGiven(given) => Some(Made::Consent(&given.consent_id)),
        Fact::DisclosureMade(made) => Some(Made::Disclosure(&made.disclosure_id)),
        Fact::StateRequestReceived(received) => Some(Made::StateRequest(&received.request_id)),
        Fact::SubjectRequestReceived(received) => Some(Made::SubjectRequest(&received.request_id)),
        _ => None,
    }
}

/// What of another event's making an event needs.
pub(crate) fn names(fact: &Fact) -> Option<Made<'_>> {
    match fact {
        Fact::ConsentWithdrawn(withdrawn) => Some(Made::Consent(&withdrawn.consent_id)),
        Fact::WithdrawalLimited(limited) => Some(Made::Consent(&limited.consent_id)),
        Fact::ConsentEnded(ended) => Some(Made::Consent(&ended.consent_id)),
        Fact::DisclosureNotified(notified) => Some(Made::Disclosure(&notified.disclosure_id)),
        Fact::StateRequestDecided(decided) => Some(Made::StateRequest(&decided.request_id)),
        Fact::SubjectRequestClosed(closed) => Some(Made::SubjectRequest(&closed.request_id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use subject_record_schemas::EventType;
    use subject_record_schemas::examples::Examples;

    use super::*;
    use crate::given::{fact, leaf, noon};

    /// The example of a type under another name, `minutes` after noon.
    fn event(event_type: EventType, member: &str, name: &str, position: u64, minutes: i64) -> SubjectEvent {
        let mut data = Examples::of(event_type).unwrap().valid["data"].take();
        data.as_object_mut().unwrap().remove("personal");
        data[member] = name.into();
        SubjectEvent {
            position: Position::new(position),
            revision: Revision::new(position - 1),
            leaf_hash: leaf(position),
            previous: None,
            intact: true,
            source: Source::parse("platform/tests").unwrap(),
            actor: None,
            correlation: None,
            id: EventId::parse(format!("e-{position}")).unwrap(),
            occurred_at: noon() + TimeDelta::minutes(minutes),
            recorded_at: noon(),
            fact: fact(event_type.wire_name(), &data),
            has_personal: false,
        }
    }

    /// Stored bytes of every type's example.
    fn stored_examples() -> impl Iterator<Item = String> {
        EventType::ALL.iter().flat_map(|event_type| {
            [true, false].map(|sealed| {
                let mut document = Examples::of(*event_type).unwrap().valid;
                let digests =
                    if sealed { vec!["hmQvjMpuwMZAjiXIvPSI7brRnZ1VykKL2HgpAMjWuCY"] } else { vec![] };
                document["data"]["personal"] = serde_json::json!({ "_sd": digests });
                document["recordedtime"] = "2026-02-25T06:00:00.000001Z".into();
                document["recordedby"] = "platform".into();
                document["sequence"] = "000000000004".into();
                document["blinding"] = "AAAAAAAAAAAAAAAAAAAAAA".into();
                document["actor"] = "staff-1".into();
                document["time"] = "2026-02-25T10:59:59.123456789+05:00".into();
                document.to_string()
            })
        })
    }

    #[test]
    fn an_event_parsed_from_its_bytes_is_the_one_that_is_read_through_json() {
        let kept = Kept { position: Position::new(9), leaf_hash: leaf(9), intact: true };
        for bytes in stored_examples() {
            let read = SubjectEvent::read(kept, &StoredEvent::read(bytes.as_bytes()).unwrap()).unwrap();
            assert_eq!(SubjectEvent::parse(kept, &bytes).unwrap(), read, "{bytes}");
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
