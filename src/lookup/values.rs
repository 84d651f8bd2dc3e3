//! Which IIN, BIN, phone number or e-mail address an event brought.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};
use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::vocabulary::LookupKind;
use subject_record_schemas::{EventType, StoredEvent, StreamName};

use super::Wanted;
use super::follower::FollowError;
use crate::store::{EventStore, RecordedEvent, SealedBox};
use crate::vault::kek::KekError;
use crate::vault::seal::{BoxPlace, open_box};
use crate::vault::{KeyOwner, OpeningKey, Vault, VaultError};

/// A value that an event brought, or the end of one.
#[derive(Debug)]
pub(super) struct Brought<'a> {
    pub(super) event: &'a RecordedEvent,
    pub(super) kind: LookupKind,
    /// `None` when the event replaced the value and the new one is not known.
    pub(super) value: Option<Wanted>,
    /// When it happened, in microseconds since 1970.
    pub(super) occurred_us: i64,
}

/// An event that may bring values, parsed.
struct Carrier<'a> {
    event: &'a RecordedEvent,
    stored: StoredEvent,
    event_type: EventType,
}

impl Carrier<'_> {
    fn owner(&self) -> KeyOwner {
        let attributes = &self.stored.attributes;
        KeyOwner::of(&self.event.stream, attributes.source.as_str(), attributes.id.as_str())
    }
}

/// What a stored event is, without the rest of it.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    wire_name: Cow<'a, str>,
}

/// The values that events brought, in their order. Boxes that are shredded or lost bring none.
pub(super) async fn brought<'a>(
    store: &dyn EventStore,
    vault: &Vault,
    log_id: &str,
    events: &'a [RecordedEvent],
) -> Result<Vec<Brought<'a>>, FollowError> {
    let mut carriers = Vec::new();
    for event in events {
        let carrier = carrier(event);
        carriers.extend(carrier.map_err(|source| FollowError::Unreadable { at: event.position, source })?);
    }
    let sealed: Vec<_> =
        carriers.iter().filter(|carrier| carrier.stored.digests().next().is_some()).collect();
    let positions: Vec<_> = sealed.iter().map(|carrier| carrier.event.position).collect();
    // One question for the keys of all: those that are not at hand are asked for one by one below.
    let owners: Vec<_> = sealed.iter().map(|carrier| carrier.owner()).collect();
    vault.find(&owners).await?;
    let boxes = store.boxes(&positions).await?;
    let mut boxes: std::collections::HashMap<_, _> = positions.into_iter().zip(boxes).collect();
    let mut found = Vec::new();
    for carrier in &carriers {
        let sealed_box = boxes.remove(&carrier.event.position).flatten();
        let personal = match sealed_box {
            Some(sealed_box) => opened(vault, log_id, carrier, &sealed_box).await?,
            None => Map::new(),
        };
        found.extend(values_of(carrier, &personal));
    }
    Ok(found)
}

/// The event parsed, if it is of a type that brings values to a person's stream.
fn carrier(event: &RecordedEvent) -> Result<Option<Carrier<'_>>, StoredEventError> {
    if !matches!(event.stream, StreamName::Subject(_)) {
        return Ok(None);
    }
    // Most events bring none: their type is enough.
    let typed: Typed<'_> = serde_json::from_str(&event.bytes)?;
    match typed.wire_name.parse() {
        Ok(
            event_type @ (EventType::SubjectRegistered
            | EventType::ProfileChanged
            | EventType::ThirdPersonDataSubmitted),
        ) => Ok(Some(Carrier { event, stored: StoredEvent::read(event.bytes.as_bytes())?, event_type })),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// The personal members in a box; none when its key is gone or it does not open, which the check of the log reports.
async fn opened(
    vault: &Vault,
    log_id: &str,
    carrier: &Carrier<'_>,
    sealed_box: &SealedBox,
) -> Result<Map<String, Value>, FollowError> {
    let dek = match vault.opening_key(&carrier.owner(), sealed_box.generation).await {
        Ok(OpeningKey::Ready(dek)) => dek,
        Ok(OpeningKey::Shredded | OpeningKey::Lost) => return Ok(Map::new()),
        // One damaged key must not keep everybody else from being found.
        Err(VaultError::Kek(KekError::OtherKek(_) | KekError::Altered)) => {
            tracing::error!(position = %carrier.event.position, "a person's key does not unwrap; they cannot be looked for");
            return Ok(Map::new());
        }
        Err(error) => return Err(error.into()),
    };
    let attributes = &carrier.stored.attributes;
    let place = BoxPlace {
        log_id,
        stream: &carrier.event.stream,
        source: attributes.source.as_str(),
        id: attributes.id.as_str(),
        event_type: carrier.event_type,
    };
    let openings = open_box(&dek, &place, &sealed_box.sealed).unwrap_or_default();
    Ok(openings.iter().filter_map(|opening| opening.member()).collect())
}

fn values_of<'a>(carrier: &Carrier<'a>, personal: &Map<String, Value>) -> Vec<Brought<'a>> {
    let data = &carrier.stored.data;
    let is_change = carrier.event_type == EventType::ProfileChanged;
    let mut found = Vec::new();
    for kind in LookupKind::ALL.iter().copied() {
        let name = kind.to_string();
        let text = match kind {
            LookupKind::Bin => data.get(&name),
            LookupKind::Iin | LookupKind::Phone | LookupKind::Email => personal.get(&name),
        };
        let value = text.and_then(Value::as_str).and_then(|text| Wanted::parse(kind, text).ok());
        let replaces = is_change && data.get("field").and_then(Value::as_str) == Some(name.as_str());
        if value.is_some() || replaces {
            let occurred_us = carrier.stored.attributes.time.timestamp_micros();
            found.push(Brought { event: carrier.event, kind, value, occurred_us });
        }
    }
    found
}
