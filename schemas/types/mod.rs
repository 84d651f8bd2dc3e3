//! The data of each event type, public part and personal part, by group of the catalogue.
//!
//! Conventions: a struct is named as its wire name in camel case; its personal members, if it has any, are
//! the struct of the same name with `Personal` at the end, and stand under `data.personal` when sent. Every
//! personal member is optional, so that a fact about an erased person can still be recorded.

pub mod consent;
pub mod disclosure;
pub mod governance;
pub mod policy;
pub mod subject;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalogue::EventType;

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
