//! E09, E13: who acts for whom, and data that one person gives about another.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::SubjectId;
use crate::reference::Reference;
use crate::vocabulary::{Acceptance, AuthorityScope, DataCategory, RepresentationKind, ThirdPersonReason};

/// E09: an authority to act for the person was recorded, changed or revoked (clauses 1.2, 2.4; Art. 8).
///
/// It stands in the stream of the person represented, whom `subject` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepresentationRecorded {
    /// The platform's name for the representation.
    pub representation_id: Reference,
    /// Who acts for the person.
    pub representative: SubjectId,
    /// By what.
    pub kind: RepresentationKind,
    /// Document that shows the authority (E11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_ref: Option<Reference>,
    /// What the representative may do.
    #[schemars(length(min = 1, max = 20))]
    pub scope: Vec<AuthorityScope>,
    /// First day of the authority.
    pub valid_from: NaiveDate,
    /// Last day, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// E13: someone handed over another person's data (clause 2.4; Art. 8).
///
/// It stands in the stream of that other person, whom `subject` names. What was handed over has the members
/// of the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThirdPersonDataSubmitted {
    /// Who handed it over.
    pub submitter: SubjectId,
    /// Categories of data.
    #[schemars(length(min = 1, max = 50))]
    pub categories: Vec<DataCategory>,
    /// Document that shows the submitter's authority (E11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_doc_ref: Option<Reference>,
    /// What that document allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub authority_scope: Vec<AuthorityScope>,
    /// Whether the data was taken.
    pub decision: Acceptance,
    /// Why.
    pub reason: ThirdPersonReason,
}
