//! E16 to E21: consent asked, given, refused, withdrawn, limited, ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::FullName;
use crate::reference::{Reference, TextHash};
use crate::types::PersonalFileHash;
use crate::vocabulary::{ConsentForm, Country, DataCategory, EvidenceStrength, GivenBy, Purpose, Term};

/// E17: a consent was given (preamble, clauses 2.2, 3.5.1; Art. 7 and 8, content by Art. 8(4)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentGiven {
    /// The platform's name for this consent.
    pub consent_id: Reference,
    /// Consent text that was shown.
    pub text_id: Reference,
    /// Version of that text.
    pub version: Reference,
    /// SHA-256 of that text.
    pub text_hash: TextHash,
    /// Purposes consented to.
    #[schemars(length(min = 1, max = 50))]
    pub purposes: Vec<Purpose>,
    /// Categories of data consented to.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// Recipients named in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub recipients: Vec<Reference>,
    /// Whether the operator may pass data to third parties.
    pub third_party: bool,
    /// Whether data may leave the country.
    pub cross_border: bool,
    /// To which countries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub countries: Vec<Country>,
    /// Whether data may appear in public sources.
    pub public: bool,
    /// How long it runs.
    pub term: Term,
    /// Form (Art. 8(1)).
    pub form: ConsentForm,
    /// How strongly it is tied to the person.
    pub strength: EvidenceStrength,
    /// Who gave it.
    pub by: GivenBy,
    /// Receipt handed to the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<Reference>,
}

/// Personal members of E17.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ConsentGivenPersonal {
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<FullName>,
    /// Hash of the signed form, which the platform keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<PersonalFileHash>,
}
