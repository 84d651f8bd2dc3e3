//! E22 to E24, E26 to E28: agreements, processing, messages, copies, automated decisions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{Email, Phone};
use crate::reference::Reference;
use crate::types::{EXACT_INTEGER_MAX, PostalAddress};
use crate::vocabulary::{
    AgreementState, AnonymisationMethod, BasisKind, CopyKind, CrossBorderGround, DataCategory, LocalTime,
    MessageChannel, MessageClass, ProcessingAction, Purpose, ReviewOutcome, RiskMeasure,
};

/// E22: an agreement was offered, entered into, suspended or ended (clauses 1.8, 3.5.2; Art. 18).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgreementChanged {
    /// The platform's name for the agreement.
    pub agreement_ref: Reference,
    /// Its state from now on.
    pub state: AgreementState,
    /// Service it is about.
    pub service: Reference,
    /// Obligations that are unfulfilled at this moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub obligations_open: Vec<Reference>,
}

/// E23: data was processed (clauses 2.2, 3.1, 3.6; Art. 7, 14). In `office` if it touched no single person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessingPerformed {
    /// What was done.
    pub action: ProcessingAction,
    /// What for.
    pub purpose: Purpose,
    /// Categories of data.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// What it rests on.
    pub basis: Basis,
    /// Whether no human took part (clause 3.6).
    pub automated: bool,
    /// System that did it.
    pub system: Reference,
    /// People it touched, if more than the one it is recorded for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub subjects_count: Option<u64>,
}

/// What a processing rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Basis {
    /// Kind of ground.
    pub kind: BasisKind,
    /// The consent, agreement, or act and article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// E24: a message was sent (clauses 2.2.3, 2.2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSent {
    /// Class it was sent as.
    pub class: MessageClass,
    /// Way it went.
    pub channel: MessageChannel,
    /// Template.
    pub template_id: Reference,
    /// Version of the template.
    pub template_version: Reference,
    /// Class the template was approved for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_class: Option<MessageClass>,
    /// Consent it rests on, for advertising.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<Reference>,
    /// Time of day where the person is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_time: Option<LocalTime>,
}

/// Personal members of E24: the address that was used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct MessageSentPersonal {
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_used: Option<Email>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_used: Option<Phone>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_address_used: Option<PostalAddress>,
}

/// E26: a data set was anonymised for statistics or research (clause 2.2.5; Art. 17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetAnonymised {
    /// The platform's name for the data set.
    pub dataset_id: Reference,
    /// What it is for.
    pub purpose: Purpose,
    /// How.
    pub method: AnonymisationMethod,
    /// People whose data went in.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub subjects_count: u64,
    /// What a check for re-identification found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_measure: Option<RiskMeasure>,
    /// Who checked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<Reference>,
}

/// E27: a decision was made without a human, or a human reviewed it (clause 3.6; Digital Code).
///
/// A review is a second event of the same `decision_id`, with `reviewed_by` and `review_outcome`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AutomatedDecisionMade {
    /// The platform's name for the decision.
    pub decision_id: Reference,
    /// What was decided on.
    pub decision_kind: Reference,
    /// What decided.
    pub model_version: Reference,
    /// Categories of data that went in.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// What was decided.
    pub outcome_code: Reference,
    /// Whether a review by a human was offered.
    pub reviewable: bool,
    /// Who reviewed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<Reference>,
    /// What the review made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_outcome: Option<ReviewOutcome>,
}

/// E28: a copy of the person's data was placed somewhere (clause 3.3; Art. 12, 16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyPlaced {
    /// Storage place (E06), also if never registered.
    pub place_id: Reference,
    /// Kind of copy.
    pub copy_kind: CopyKind,
    /// Categories of data.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// Ground of Art. 16, if the place is abroad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_border_ground: Option<CrossBorderGround>,
    /// Consent it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<Reference>,
}
