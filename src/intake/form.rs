//! The stored form of an event, and its sealed box.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value, json};
use subject_record_schemas::vocabulary::{ErasureDecision, ErasureScope};
use subject_record_schemas::{EventType, Fact, StoredEvent};

use super::{NewEvent, Refusal};
use crate::caller::TokenId;
use crate::clock::Entropy;
use crate::store::append::STORED_BYTES_MAX;
use crate::store::{Mark, SealedBox, SealedEvent};
use crate::vault::LiveDek;
use crate::vault::seal::{BoxPlace, openings_of, seal_box, sorted_digests};

/// What sealing needs besides the event and the key.
pub(super) struct Seal<'a> {
    pub(super) log_id: &'a str,
    pub(super) entropy: &'a dyn Entropy,
}

impl Seal<'_> {
    /// The stored form but for the members that the store adds, and the box.
    pub(super) fn event(
        &self,
        event: &NewEvent,
        by: &TokenId,
        dek: Option<&LiveDek>,
    ) -> Result<SealedEvent, Refusal> {
        let mut data = Cow::Borrowed(&event.data);
        let sealed_box = match (&event.personal, dek) {
            (Some(personal), Some(live)) => {
                let openings = openings_of(personal, self.entropy);
                let members = data.to_mut();
                members.insert("_sd_alg".into(), json!("sha-256"));
                members.insert("personal".into(), json!({ "_sd": sorted_digests(&openings) }));
                let place = BoxPlace {
                    log_id: self.log_id,
                    stream: &event.stream,
                    source: event.attributes.source.as_str(),
                    id: event.attributes.id.as_str(),
                    event_type: event.event_type,
                };
                let sealed =
                    seal_box(&live.dek, &place, &openings, self.entropy).map_err(|_| Refusal::Vault)?;
                Some(SealedBox { generation: live.generation, sealed })
            }
            (Some(_), None) => return Err(Refusal::KeyLost),
            (None, _) => None,
        };
        let text_before = text_before(event, by, self.entropy)?;
        let text_after = format!("\"data\":{}}}", text(&*data)?);
        // The store measures exactly, once it has added its own members.
        let bytes = text_before.len() + text_after.len();
        if bytes > STORED_BYTES_MAX {
            return Err(Refusal::TooLarge { bytes });
        }
        Ok(SealedEvent {
            key: event.key(),
            mark: mark(event.event_type, &event.data),
            text_before,
            text_after,
            sealed_box,
            follows: false,
        })
    }
}

/// `{"specversion":…,"blinding":"…",` with the attributes as sent, times in UTC with microseconds.
fn text_before(event: &NewEvent, by: &TokenId, entropy: &dyn Entropy) -> Result<String, Refusal> {
    let attributes = text(&event.attributes)?;
    let attributes = attributes.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let blinding = BASE64URL.encode(entropy.bytes::<16>());
    Ok(format!(r#"{{"specversion":"1.0",{attributes},"recordedby":"{by}","blinding":"{blinding}","#))
}

fn text(value: &impl serde::Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "an event cannot be written as JSON");
        Refusal::Store
    })
}

/// What the store must know of an event.
pub(crate) fn mark(event_type: EventType, data: &Map<String, Value>) -> Mark {
    match event_type {
        EventType::SubjectRegistered => Mark::Registration,
        EventType::ErasureDecided => match Fact::read(event_type, &Value::Object(data.clone())) {
            Ok(Fact::ErasureDecided(decided))
                if decided.decision == ErasureDecision::Approved
                    && decided.scope == ErasureScope::Subject =>
            {
                Mark::Fence
            }
            _ => Mark::None,
        },
        _ => Mark::None,
    }
}

/// Whether the public part of what was sent is that of a stored event, in the form of RFC 8785.
pub(super) fn same_public(event: &NewEvent, stored: &StoredEvent) -> bool {
    let mut data = stored.data.clone();
    if let Some(members) = data.as_object_mut() {
        members.remove("_sd_alg");
        members.remove("personal");
    }
    let is_type = stored.event_type().is_ok_and(|t: EventType| t == event.event_type);
    is_type
        && stored.attributes == event.attributes
        && canonical(&Value::Object(event.data.clone())) == canonical(&data)
}

/// Whether the personal part of what was sent is what was sealed.
pub(super) fn same_personal(event: &NewEvent, sealed: impl Iterator<Item = (String, Value)>) -> bool {
    let sealed: Map<String, Value> = sealed.collect();
    let sent = event.personal.clone().unwrap_or_default();
    canonical(&Value::Object(sent)) == canonical(&Value::Object(sealed))
}

/// RFC 8785.
fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    serde_json_canonicalizer::to_vec(value).map_err(|_| NotCanonical)
}

/// A value that has no canonical form. Equal to nothing.
struct NotCanonical;

impl PartialEq for NotCanonical {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}
