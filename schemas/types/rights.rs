//! E34 to E37: requests of people, restrictions, destruction.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::SubjectId;
use crate::reference::Reference;
use crate::types::{EXACT_INTEGER_MAX, FreeText, PersonalFileHash};
use crate::vocabulary::{
    DataCategory, DestructionMethod, DestructionScope, DestructionTrigger, RefusalReason, RequestKind,
    RequestOutcome, RestrictionGround, RestrictionKind,
};

/// E34: the person, or a representative, asked for something (Art. 10, 24).
///
/// `due_at` is what the platform counted, if it counts; the record counts by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRequestReceived {
    /// The platform's name for the request.
    pub request_id: Reference,
    /// What is asked for.
    pub kind: RequestKind,
    /// When it came in: the clock starts.
    pub received_at: DateTime<Utc>,
    /// Whether the asker's identity was checked.
    pub identity_checked: bool,
    /// Who asks for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<SubjectId>,
    /// The consent, decision, disclosure or agreement it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concerns: Option<Reference>,
    /// Last day for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<NaiveDate>,
    /// Calendar that day was counted by (E07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_version: Option<Reference>,
    /// Rule that day was counted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Reference>,
}

/// Personal members of E34.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SubjectRequestReceivedPersonal {
    /// The request in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<FreeText>,
}

/// E35: a request was answered (Art. 24, 25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRequestClosed {
    /// The request (E34).
    pub request_id: Reference,
    /// What came of it.
    pub outcome: RequestOutcome,
    /// Why not in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub reasons: Vec<RefusalReason>,
    /// When the answer was sent, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime<Utc>>,
}

/// Personal members of E35.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SubjectRequestClosedPersonal {
    /// The answer in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<FreeText>,
    /// Hash of what was sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_commitment: Option<PersonalFileHash>,
}

/// E36: data was blocked or put on legal hold, or that was lifted (clauses 4.1, 5.2; Art. 1, 25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestrictionChanged {
    /// The platform's name for the restriction.
    pub restriction_id: Reference,
    /// Block or legal hold.
    pub kind: RestrictionKind,
    /// True when set, false when lifted.
    pub set: bool,
    /// Categories it covers; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories: Vec<DataCategory>,
    /// What it rests on.
    pub ground: RestrictionGround,
    /// The request, dispute or act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_ref: Option<Reference>,
    /// Day on which it is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_at: Option<NaiveDate>,
}

/// E37: data was destroyed (clause 3.3; Art. 12, 18).
///
/// Written by the platform for its own copies, and by the service for boxes and keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataDestroyed {
    /// How much.
    pub scope: DestructionScope,
    /// Which document or copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_ref: Option<Reference>,
    /// Which categories; empty for all within the scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories: Vec<DataCategory>,
    /// What made it due.
    pub trigger: DestructionTrigger,
    /// The request, act or event behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_ref: Option<Reference>,
    /// How.
    pub method: DestructionMethod,
    /// Sealed boxes destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub boxes_destroyed: Option<u64>,
    /// Generations of the person's key that were destroyed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(range(max = 4_294_967_295_u32)))]
    pub key_generations: Vec<u32>,
    /// Storage places where nothing is left (E06).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub places_done: Vec<Reference>,
    /// Storage places where a copy is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub places_left: Vec<Reference>,
    /// Who saw to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Reference>,
}
