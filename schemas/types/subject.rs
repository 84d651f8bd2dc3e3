//! E08 to E14: a person, their representatives, documents and profile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{Bin, Email, FullName, Iin, Phone};
use crate::reference::Reference;
use crate::types::PostalAddress;
use crate::vocabulary::{Channel, Language, SubjectKind};

/// E08: a user registered (clauses 1.2, 1.6, 1.7, 2.3). A stream has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRegistered {
    /// Person, legal entity or sole proprietor.
    pub kind: SubjectKind,
    /// Site or app (clause 1.1), or another way in.
    pub channel: Channel,
    /// Version of the registration form (clause 1.7).
    pub form_version: Reference,
    /// Language in which the form was shown.
    pub language: Language,
    /// BIN of a legal entity. A sole proprietor uses the IIN, which is personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<Bin>,
}

/// Personal members of E08: the list of clause 2.3.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SubjectRegisteredPersonal {
    /// Full name; the patronymic is optional (2.3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<FullName>,
    /// IIN (2.3.2). A failed check digit is recorded and judged, not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iin: Option<Iin>,
    /// Registered address (2.3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_registered: Option<PostalAddress>,
    /// Delivery address (2.3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_delivery: Option<PostalAddress>,
    /// E-mail address (2.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Phone number, kept as E.164 (2.3.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}
