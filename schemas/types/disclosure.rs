//! E29 to E33: publicity, requests of state bodies, data passed to third parties, and what they are told later.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::FullName;
use crate::reference::Reference;
use crate::types::{FreeText, PersonalFileHash};
use crate::vocabulary::{
    Country, CrossBorderGround, DataCategory, DeliveryChannel, DisclosureGround, MessageChannel, NoticeDuty,
    PublicityGround, Purpose, RecipientAnswer, RecipientMatter, StateRequestDecision, StateRequestReason,
};

/// E29: data became public, or ceased to be (clause 3.2; Art. 6, 15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicFlagChanged {
    /// Categories of data.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// Whether it is public from now on.
    pub public: bool,
    /// What that rests on.
    pub ground: PublicityGround,
    /// Consent it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<Reference>,
    /// Demand, act or decision it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand_ref: Option<Reference>,
}

/// E30: a state body asked for data (clause 3.4.1; Art. 9). In `office` if it names no single person.
///
/// An oral request has neither number nor date; it is recorded all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateRequestReceived {
    /// The platform's name for the request.
    pub request_id: Reference,
    /// Who asks (E05), also if never registered.
    pub recipient_id: Reference,
    /// Number of the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Reference>,
    /// Date of the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<NaiveDate>,
    /// Act and article that it cites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_ground_cited: Option<Reference>,
    /// Whether it gives reasons.
    pub reasons_given: bool,
    /// Whether it is signed.
    pub signed: bool,
    /// Categories it asks for; empty if it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub scope_categories: Vec<DataCategory>,
    /// Period it asks about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Whether the person may not be told.
    pub secrecy: bool,
    /// Day by which it wants an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_due: Option<NaiveDate>,
}

/// Personal members of E30.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct StateRequestReceivedPersonal {
    /// Officer who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<FullName>,
    /// Whom it asks about, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_query: Option<FreeText>,
}

/// Days from first to last, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
}

/// E31: the operator decided on a request of a state body (clause 3.4.1). In the stream of its E30.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateRequestDecided {
    /// The request (E30).
    pub request_id: Reference,
    /// What was decided.
    pub decision: StateRequestDecision,
    /// Why it was not answered as asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub reasons: Vec<StateRequestReason>,
    /// Lawyer who looked for privileged material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege_checked_by: Option<Reference>,
    /// Categories that may be passed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories_allowed: Vec<DataCategory>,
    /// Period that may be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_allowed: Option<Period>,
}

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

/// E33: the person was told of a disclosure (clause 3.5; Art. 19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisclosureNotified {
    /// The disclosure (E32).
    pub disclosure_id: Reference,
    /// When the person was told.
    pub sent_at: DateTime<Utc>,
    /// How.
    pub channel: MessageChannel,
}

/// A recipient of the person's data was told of what happened to it later, such as a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientNotified {
    /// Name of the notice.
    pub notice_id: Reference,
    /// Who was told (E05).
    pub recipient_id: Reference,
    /// What it was told.
    pub matter: RecipientMatter,
    /// The consent, request or disclosure it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// How.
    pub channel: DeliveryChannel,
}

/// A recipient answered such a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientNoticeAcknowledged {
    /// The notice.
    pub notice_id: Reference,
    /// Who answered (E05).
    pub recipient_id: Reference,
    /// What it answered.
    pub answer: RecipientAnswer,
    /// When.
    pub acknowledged_at: DateTime<Utc>,
}
