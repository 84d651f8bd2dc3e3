//! E16 to E21: consent asked, given, refused, withdrawn, limited, ended.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::FullName;
use crate::reference::{Reference, TextHash};
use crate::types::PersonalFileHash;
use crate::vocabulary::{
    Channel, ConsentEndReason, ConsentForm, Country, DataCategory, EndTrigger, EvidenceStrength, GivenBy,
    LimitationGround, Purpose, Term, WithdrawalScope,
};

/// E16: a consent was asked for (Art. 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRequested {
    /// Consent text that was shown.
    pub text_id: Reference,
    /// Version of that text.
    pub version: Reference,
    /// SHA-256 of that text.
    pub text_hash: TextHash,
    /// Purposes it was asked for.
    #[schemars(length(min = 1, max = 50))]
    pub purposes: Vec<Purpose>,
    /// Where it was asked.
    pub channel: Channel,
}

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

/// E18: a consent was refused, in full or for some purposes (preamble; Art. 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentRefused {
    /// Consent text that was shown.
    pub text_id: Reference,
    /// Version of that text.
    pub version: Reference,
    /// Purposes refused.
    #[schemars(length(min = 1, max = 50))]
    pub purposes: Vec<Purpose>,
}

/// E19: a consent was withdrawn (Art. 8(1), 24).
///
/// It is recorded also where the law limits it; what limits it is an event of its own (E20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentWithdrawn {
    /// The consent (E17).
    pub consent_id: Reference,
    /// Purposes it is withdrawn for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub purposes: Vec<Purpose>,
    /// How much of it.
    pub scope: WithdrawalScope,
    /// Form of the withdrawal.
    pub form: ConsentForm,
    /// From when, if not from the time of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<DateTime<Utc>>,
}

/// E20: part of a withdrawal waits, since a law or an unfulfilled obligation bars it (Art. 8(2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithdrawalLimited {
    /// The consent (E17).
    pub consent_id: Reference,
    /// Purposes that go on meanwhile.
    #[schemars(length(min = 1, max = 50))]
    pub purposes_kept: Vec<Purpose>,
    /// What bars the rest.
    pub ground: LimitationGround,
    /// The law's article, or the obligation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_ref: Option<Reference>,
    /// What ends the wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_trigger: Option<EndTrigger>,
}

/// E21: a consent ended without being withdrawn (Art. 8(4), 12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentEnded {
    /// The consent (E17).
    pub consent_id: Reference,
    /// Why.
    pub reason: ConsentEndReason,
    /// Act or event that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_ref: Option<Reference>,
}
