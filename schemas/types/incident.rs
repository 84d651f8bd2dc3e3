//! E38, E40: incidents and disputes.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::Reference;
use crate::types::{EXACT_INTEGER_MAX, FreeText};
use crate::vocabulary::{
    CourtOrder, DataCategory, DisputeStage, IncidentKind, IncidentMeasure, IncidentStage, ResponsibilityRole,
};

/// E38: an incident reached a stage (clause 4.1; Art. 25; order 481/НҚ).
///
/// In `office`, and once in the stream of each person affected, all with one `correlationid`: so no list of
/// people is needed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentRecorded {
    /// The platform's name for the incident.
    pub incident_id: Reference,
    /// Stage it reached.
    pub stage: IncidentStage,
    /// When it reached it.
    pub at: DateTime<Utc>,
    /// What went wrong.
    pub kind: IncidentKind,
    /// Categories of data affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories: Vec<DataCategory>,
    /// People affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub subjects_count: Option<u64>,
    /// What was done about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub measures: Vec<IncidentMeasure>,
    /// Whom the notice names as contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_role: Option<ResponsibilityRole>,
    /// Whether the notice lists the people affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects_listed: Option<bool>,
    /// Last day for the next stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<NaiveDate>,
    /// Calendar that day was counted by (E07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_version: Option<Reference>,
    /// Rule that day was counted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Reference>,
}

/// Personal members of E38.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct IncidentRecordedPersonal {
    /// What happened, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<FreeText>,
}

/// E40: a dispute reached a stage (clauses 5.1, 5.2; Art. 18).
///
/// The parties may differ on the day it arose, so each has its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisputeChanged {
    /// The platform's name for the dispute.
    pub dispute_id: Reference,
    /// Stage it reached.
    pub stage: DisputeStage,
    /// Day it arose, by the person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arose_on_per_subject: Option<NaiveDate>,
    /// Day it arose, by the operator's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arose_on_per_operator: Option<NaiveDate>,
    /// When the claim, suit or act came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<DateTime<Utc>>,
    /// Last day for the written claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<NaiveDate>,
    /// Calendar that day was counted by (E07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_version: Option<Reference>,
    /// Rule that day was counted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Reference>,
    /// Act of the court.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_ref: Option<Reference>,
    /// What the court ordered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub orders: Vec<CourtOrder>,
}

/// Personal members of E40.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct DisputeChangedPersonal {
    /// The claim or answer in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<FreeText>,
}
