//! E25, E39, and refused requests: who looked, who was turned away, and what left as evidence.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Position;
use crate::reference::{Reference, TextHash};
use crate::types::{EXACT_INTEGER_MAX, PersonalFileHash};
use crate::vocabulary::{AccessPurpose, DataCategory, EvidenceAsker, EvidenceScope, Role, ViewedThing};

/// E25: someone looked at the person's data (clauses 3.2, 4.1; Art. 11, 22). Stream `access-<id>`.
///
/// Written before the first byte is answered. No record, no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordViewed {
    /// Id of the token.
    pub viewer: Reference,
    /// Role of the token.
    pub role: Role,
    /// Categories that were opened; empty if none was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories: Vec<DataCategory>,
    /// What was looked at.
    pub what: ViewedThing,
    /// Why.
    pub purpose: AccessPurpose,
    /// Case it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_ref: Option<Reference>,
}

/// E39: a dossier was made (clauses 4.2, 5.2). It is a plain copy, so it is recorded like a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceExported {
    /// Name of the dossier.
    pub bundle_id: Reference,
    /// Who asked for it.
    pub asked_by: EvidenceAsker,
    /// Request, ruling or article it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_ref: Option<Reference>,
    /// What it covers.
    pub scope: EvidenceScope,
    /// Moment whose state it shows, if not the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Last position it takes into account.
    pub known_at: Position,
    /// Entries under the checkpoint inside.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub checkpoint_size: u64,
    /// Root hash of that checkpoint (RFC 6962).
    pub checkpoint_root: TextHash,
}

/// Personal members of E39.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct EvidenceExportedPersonal {
    /// Hash of the dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_hash: Option<PersonalFileHash>,
}

/// Requests were turned away within a minute: counted, so that a flood of them stays one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessRefused {
    /// Start of the minute.
    pub minute: DateTime<Utc>,
    /// How many, by error code.
    #[schemars(length(min = 1, max = 100))]
    pub refusals: Vec<RefusalCount>,
}

/// Refusals of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RefusalCount {
    /// Error code that was answered.
    pub code: Reference,
    /// How often.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub count: u64,
}
