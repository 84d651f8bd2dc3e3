//! The data of each event type, public part and personal part, by group of the catalogue.
//!
//! Conventions: a struct is named as its wire name in camel case; its personal members, if it has any, are
//! the struct of the same name with `Personal` at the end (types that carry profile values share
//! [`subject::ProfilePersonal`]), and stand under `data.personal` when sent. Every personal member is
//! optional, so that a fact about an erased person can still be recorded. Optional lists are left out when
//! empty. People are named by subject id; staff and tokens by opaque reference.

pub mod access;
pub mod consent;
pub mod disclosure;
pub mod erasure;
pub mod governance;
pub mod hex;
pub mod incident;
pub mod log;
pub mod policy;
pub mod processing;
pub mod representation;
pub mod rights;
pub mod subject;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalogue::EventType;
use crate::ids::{EventId, Position, Source};

/// Largest whole number that every JSON reader keeps exact: 2^53 - 1 (RFC 8785, section 3.2.2.3).
pub const EXACT_INTEGER_MAX: u64 = 9_007_199_254_740_991;

/// The data of one event type.
pub trait EventData: Serialize + DeserializeOwned + JsonSchema {
    /// Which type.
    const TYPE: EventType;
    /// Its members under `data.personal`.
    type Personal: Serialize + DeserializeOwned + JsonSchema;
}

/// For types that carry no personal member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct NoPersonal {}

/// Names another event: `source` and `id` together do so for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct EventKey {
    /// Its `source`.
    pub source: Source,
    /// Its `id`.
    pub id: EventId,
}

impl JsonSchema for Position {
    fn schema_name() -> Cow<'static, str> {
        "Position".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{16,20}$", "maxLength": 20 })
    }
}

/// Free text, which is always personal: 1 to 8,000 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct FreeText(#[schemars(length(min = 1, max = 8000))] pub String);

/// A postal address as one line or several: 1 to 500 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct PostalAddress(#[schemars(length(min = 1, max = 500))] pub String);

/// The name of an organisation: 1 to 300 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct OrganisationName(#[schemars(length(min = 1, max = 300))] pub String);

/// Salted or plain SHA-256 of a personal file, which is itself personal: 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct PersonalFileHash(#[schemars(regex(pattern = r"^[0-9a-f]{64}$"))] pub String);

/// The number of a document: 1 to 64 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct DocumentNumber(#[schemars(length(min = 1, max = 64))] pub String);
