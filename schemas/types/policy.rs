//! E15: what people answered to the policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::{Reference, TextHash};
use crate::vocabulary::{Channel, Language, PolicyAnswer};

/// E15: a person accepted, declined, or stopped using the site (preamble, clauses 5.4, 5.5).
///
/// It names what was shown, also when that version was superseded by then. Acceptance is not consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyVersionAnswered {
    /// Version that was shown.
    pub policy_version: Reference,
    /// SHA-256 of the text that was shown.
    pub text_hash: TextHash,
    /// Language in which it was shown.
    pub language: Language,
    /// What the person answered.
    pub answer: PolicyAnswer,
    /// Where the answer was given.
    pub channel: Channel,
    /// The platform's evidence of the screen, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_evidence_ref: Option<Reference>,
}
