//! E29 to E33: publicity, requests of state bodies, and data passed to third parties.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::Reference;
use crate::types::PersonalFileHash;
use crate::vocabulary::{
    Country, CrossBorderGround, DataCategory, DeliveryChannel, DisclosureGround, NoticeDuty, Purpose,
};

/// E32: data was passed to a third party (clauses 3.4, 3.5; Art. 9, 10, 15, 16, 19).
///
/// It is recorded whatever its ground, `none` included: an unlawful disclosure that happened is a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisclosureMade {
    /// The platform's name for this disclosure.
    pub disclosure_id: Reference,
    /// Who received the data (E05), also if never registered.
    pub recipient_id: Reference,
    /// Clause it rests on.
    pub ground: DisclosureGround,
    /// The consent, agreement or request it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_ref: Option<Reference>,
    /// Act and article, for clause 3.4.2, such as `94-V/9`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law_article: Option<Reference>,
    /// Categories of data passed on.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// Purpose of the disclosure.
    pub purpose: Purpose,
    /// Country of the recipient.
    pub country: Country,
    /// Ground of Art. 16, if the data left the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_border_ground: Option<CrossBorderGround>,
    /// Way by which the data went.
    pub channel: DeliveryChannel,
    /// Whether the person is told (Art. 19).
    pub subject_notice: NoticeDuty,
    /// Ground for telling late or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_ground: Option<Reference>,
}

/// Personal members of E32.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct DisclosureMadePersonal {
    /// Hash of the package that was passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_commitment: Option<PersonalFileHash>,
}
