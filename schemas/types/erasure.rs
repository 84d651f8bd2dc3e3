//! Erasure and its due dates: asked, decided, paused. Written by the service.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::Reference;
use crate::types::EventKey;
use crate::vocabulary::{
    DeadlineKind, DeadlineReason, ErasureBasis, ErasureDecision, ErasureObstacle, ErasureScope,
};

/// The erasure of a person, or of part of a person, was asked for (Art. 18, 24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureRequested {
    /// How much.
    pub scope: ErasureScope,
    /// Why.
    pub basis: ErasureBasis,
    /// The request, act or article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis_ref: Option<Reference>,
    /// Token that asked for it.
    pub requested_by: Reference,
}

/// An erasure was approved, refused, or queued until what stands in its way has ended (Art. 1, 8(2), 18).
///
/// Approval for a whole person is the fence: from this revision on no box of that person is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureDecided {
    /// The event that asked for it.
    pub request: EventKey,
    /// How much, as asked.
    pub scope: ErasureScope,
    /// What was decided.
    pub decision: ErasureDecision,
    /// Each thing that stands in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub reasons: Vec<ErasureReason>,
    /// Token that decided.
    pub decided_by: Reference,
}

/// One thing that stands in the way of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ErasureReason {
    /// What it is.
    pub obstacle: ErasureObstacle,
    /// Which restriction, dispute, agreement or rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// A due date was paused: time does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlinePaused {
    /// What is due.
    pub what: DeadlineKind,
    /// The request, incident, dispute or erasure.
    pub reference: Reference,
    /// Why.
    pub reason: DeadlineReason,
    /// The restriction, act or article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_ref: Option<Reference>,
    /// Last day of the pause, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// A paused due date runs again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlineResumed {
    /// What is due.
    pub what: DeadlineKind,
    /// The request, incident, dispute or erasure.
    pub reference: Reference,
    /// Why.
    pub reason: DeadlineReason,
    /// New due date, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// A due date was put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlineExtended {
    /// What is due.
    pub what: DeadlineKind,
    /// The request, incident, dispute or erasure.
    pub reference: Reference,
    /// Why.
    pub reason: DeadlineReason,
    /// The act or article that allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_ref: Option<Reference>,
    /// New due date.
    pub until: NaiveDate,
}
