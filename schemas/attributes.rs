//! The context attributes of an event as an emitter sends it (CloudEvents 1.0).

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::{EventId, Source, SubjectId};
use crate::reference::Reference;

/// The only CloudEvents version there is.
pub const SPEC_VERSION: &str = "1.0";

/// Attributes of an event as sent. Any other attribute is refused: a public field cannot be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// The emitter's name for the event.
    pub id: EventId,
    /// Which part of the platform emitted it.
    pub source: Source,
    /// Wire name of the type, such as `consent.given.v1`.
    #[serde(rename = "type")]
    pub wire_name: String,
    /// The person it is about; absent for what belongs to no single person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectId>,
    /// When it happened, by the emitter's word. Kept in UTC with microseconds.
    #[serde(with = "micros")]
    pub time: DateTime<Utc>,
    /// Who acted: the platform's own opaque name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Reference>,
    /// Ties events of one doing together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<Reference>,
    /// The event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Reference>,
    /// Always `application/json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// Where the schema of `data` is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataschema: Option<Reference>,
}

/// Instants in stored bytes: RFC 3339 in UTC with microseconds, one spelling for one instant.
mod micros {
    use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        Ok(DateTime::<Utc>::deserialize(deserializer)?.trunc_subsecs(6))
    }
}

/// JSON Schema of each attribute but `type` and `data`, as properties of the sent document.
#[must_use]
pub fn attribute_schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Value)> {
    let of = |schema: schemars::Schema| schema.to_value();
    vec![
        ("specversion", json!({ "const": SPEC_VERSION })),
        ("id", of(EventId::json_schema(generator))),
        ("source", of(Source::json_schema(generator))),
        ("subject", of(SubjectId::json_schema(generator))),
        ("time", json!({ "type": "string", "format": "date-time", "maxLength": 35 })),
        ("actor", of(Reference::json_schema(generator))),
        ("correlationid", of(Reference::json_schema(generator))),
        ("causationid", of(Reference::json_schema(generator))),
        ("datacontenttype", json!({ "const": "application/json" })),
        ("dataschema", of(Reference::json_schema(generator))),
    ]
}
