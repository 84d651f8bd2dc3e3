//! Events that the service itself writes.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subject_record_schemas::attributes::Attributes;
use subject_record_schemas::types::EventData;
use subject_record_schemas::{EventId, Reference, Source, StreamName};

use super::{Intake, NewEvent, Recorded, Refusal};
use crate::caller::{OWN_SOURCE, TokenId};
use crate::store::{EventKey, ExpectedRevision};

impl Intake {
    /// An event of the service, happening at `time`.
    ///
    /// # Errors
    /// [`Refusal::Store`] when the service's own words do not fit the schema, which is a mistake in this build.
    pub fn own_event<D: EventData>(
        &self,
        id: EventId,
        stream: StreamName,
        time: DateTime<Utc>,
        actor: Option<&TokenId>,
        data: &D,
    ) -> Result<NewEvent, Refusal> {
        let mistake = |what: String| {
            tracing::error!(event_type = %D::TYPE, what, "the service cannot write its own event");
            Refusal::Store
        };
        let source = Source::parse(OWN_SOURCE).map_err(|error| mistake(error.to_string()))?;
        let data = match serde_json::to_value(data) {
            Ok(Value::Object(data)) => data,
            Ok(_) => return Err(mistake("data is no object".into())),
            Err(error) => return Err(mistake(error.to_string())),
        };
        let attributes = Attributes {
            id,
            source,
            wire_name: D::TYPE.wire_name().to_owned(),
            subject: stream.subject().cloned(),
            time,
            actor: actor.and_then(|token| Reference::parse(token.as_str()).ok()),
            correlationid: None,
            causationid: None,
            datacontenttype: None,
            dataschema: None,
        };
        Ok(NewEvent { attributes, event_type: D::TYPE, stream, data, personal: None })
    }

    /// A new id for an event of the service.
    ///
    /// # Errors
    /// Never in practice: a UUID is an event id.
    pub fn own_id(&self) -> Result<EventId, Refusal> {
        let uuid = self.entropy.uuid_v7(self.clock.now());
        EventId::parse(uuid.to_string()).map_err(|_| Refusal::Store)
    }

    /// The id of what follows from another event, always the same: appended twice, it is recorded once.
    ///
    /// # Errors
    /// Never in practice: hexadecimal digits are an event id.
    pub fn derived_id(what: &str, from: &EventKey) -> Result<EventId, Refusal> {
        let hash =
            Sha256::new().chain_update(from.source.as_str()).chain_update([0]).chain_update(from.id.as_str());
        let hash = hex::encode(hash.finalize());
        // Letters between the digits, so that no run of them looks like an IIN.
        let letters: String = hash.chars().take(32).map(as_letter).collect();
        EventId::parse(format!("{what}-{letters}")).map_err(|_| Refusal::Store)
    }

    /// Appends an event of the service.
    ///
    /// # Errors
    /// As for any event.
    pub async fn record_own(&self, event: NewEvent, expected: ExpectedRevision) -> Result<Recorded, Refusal> {
        let results = self.record_each(&TokenId::service(), &[event], expected).await;
        results.into_iter().next().unwrap_or(Err(Refusal::Store))
    }
}

impl NewEvent {
    /// The same event with a personal part.
    ///
    /// # Errors
    /// [`Refusal::Store`] when the part is no object, which is a mistake in this build.
    pub fn with_personal(mut self, personal: &impl serde::Serialize) -> Result<Self, Refusal> {
        match serde_json::to_value(personal) {
            Ok(Value::Object(members)) => {
                self.personal = (!members.is_empty()).then_some(members);
                Ok(self)
            }
            _ => Err(Refusal::Store),
        }
    }
}

/// Hexadecimal digits as the letters `a` to `p`.
fn as_letter(digit: char) -> char {
    let value = digit.to_digit(16).unwrap_or(0);
    char::from_u32(u32::from(b'a') + value).unwrap_or('a')
}
