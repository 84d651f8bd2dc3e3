//! An event as stored: what is hashed, served and folded.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::attributes::Attributes;
use crate::catalogue::{EventType, Fact, UnknownType};
use crate::ids::{LeafHash, Revision};

/// A parsed view of an event's exact stored bytes. The bytes themselves stay the evidence.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredEvent {
    /// What the emitter set.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// When the service stored it.
    pub recordedtime: DateTime<Utc>,
    /// Id of the token that sent it, or `service`.
    pub recordedby: String,
    /// Revision in its stream, as text.
    pub sequence: String,
    /// Leaf hash of the stream's event before.
    #[serde(default)]
    pub previous: Option<LeafHash>,
    /// 128 random bits, base64url.
    pub blinding: String,
    /// Public part of the data, with `personal._sd` for the personal part.
    pub data: Value,
}

/// Stored bytes that do not read as an event.
#[derive(Debug, thiserror::Error)]
pub enum StoredEventError {
    /// Not JSON, or not of the stored form.
    #[error("stored bytes are no event: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A type this build does not know.
    #[error("stored event has the unknown type {0}")]
    UnknownType(String),
    /// The sequence is no number.
    #[error("stored event has the sequence {0:?}, which is no number")]
    Sequence(String),
}

impl StoredEvent {
    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`StoredEventError::Malformed`] when they are not of the stored form.
    pub fn read(bytes: &[u8]) -> Result<Self, StoredEventError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Its type.
    ///
    /// # Errors
    /// [`StoredEventError::UnknownType`] when this build does not know it.
    pub fn event_type(&self) -> Result<EventType, StoredEventError> {
        let wire_name = &self.attributes.wire_name;
        wire_name.parse().map_err(|UnknownType| StoredEventError::UnknownType(wire_name.clone()))
    }

    /// What it says, typed.
    ///
    /// # Errors
    /// When the type is unknown or its data has another shape.
    pub fn fact(&self) -> Result<Fact, StoredEventError> {
        Ok(Fact::read(self.event_type()?, &self.data)?)
    }

    /// Its revision.
    ///
    /// # Errors
    /// [`StoredEventError::Sequence`] when `sequence` is no number.
    pub fn revision(&self) -> Result<Revision, StoredEventError> {
        let number = self.sequence.parse().map_err(|_| StoredEventError::Sequence(self.sequence.clone()));
        number.map(Revision::new)
    }

    /// Digests of its personal members, in the order in which they stand.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        let digests = self.data.pointer("/personal/_sd").and_then(Value::as_array);
        digests.into_iter().flatten().filter_map(Value::as_str)
    }
}
