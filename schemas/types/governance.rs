//! E01 to E07: what the operator publishes, approves and registers. Stream `policy`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::{Reference, TextHash};
use crate::vocabulary::{Country, DataCategory, Language, Purpose};

/// E01: a version of the policy was posted (clauses 5.3, 5.4, 5.5; Art. 25).
///
/// Clause 5.4: in force on posting unless the text says otherwise, so `effective_at` is `posted_at` when
/// absent. One event per language; `text_hash` names the text kept in `texts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyVersionPublished {
    /// The operator's name for the version, such as `2026-01`.
    pub version: Reference,
    /// Language of this text.
    pub language: Language,
    /// SHA-256 of the text's bytes.
    pub text_hash: TextHash,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// When it takes effect, if not on posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<DateTime<Utc>>,
    /// The version it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Reference>,
    /// Ids of its clauses, so that one can be marked invalid without the rest (clause 5.3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub clause_ids: Vec<Reference>,
    /// Purposes that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub new_purposes: Vec<Purpose>,
    /// Categories of data that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub new_categories: Vec<DataCategory>,
    /// Recipients that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub new_recipients: Vec<Reference>,
    /// Countries that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub new_countries: Vec<Country>,
    /// When it was taken down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<DateTime<Utc>>,
}
