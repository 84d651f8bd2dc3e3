//! Words of agreements, processing, messages, copies and automated decisions (E22 to E28).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

closed_list! {
    /// State of an agreement (clause 1.8).
    AgreementState {
        /// Offered, not yet entered into.
        Offered,
        /// In force.
        Live,
        /// In force and at rest.
        Suspended,
        /// Ended: Art. 18 asks for destruction.
        Ended,
    }
}

open_ended_list! {
    /// Ground for processing. Kazakh law has no six bases: consent, or a case of Art. 9.
    BasisKind {
        /// Consent (Art. 7, 8).
        Consent,
        /// A case of Art. 9 or another law.
        Article9,
        /// The operator's own legal duty.
        OperatorDuty,
        /// The agreement (a ground of the policy only).
        Agreement,
        /// No ground at all.
        None,
    }
}

open_ended_list! {
    /// The nine actions that are processing (Art. 1).
    ProcessingAction {
        /// Accumulation.
        Accumulate,
        /// Storage.
        Store,
        /// Change.
        Change,
        /// Supplementing.
        Supplement,
        /// Use.
        Use,
        /// Dissemination.
        Disseminate,
        /// Anonymisation.
        Anonymise,
        /// Blocking.
        Block,
        /// Destruction.
        Destroy,
    }
}

closed_list! {
    /// Class of a message. One that mixes both is advertising.
    MessageClass {
        /// A notice or request for the service (2.2.3).
        Service,
        /// Advertising, news, promotions (2.2.4).
        Advertising,
    }
}

open_ended_list! {
    /// How a data set was anonymised (Art. 17).
    AnonymisationMethod {
        /// Sums and counts only.
        Aggregation,
        /// Values left out.
        Suppression,
        /// Values made coarser.
        Generalisation,
        /// Noise added.
        Perturbation,
        /// Made-up records with the same statistics.
        Synthetic,
    }
}

/// What a check for re-identification measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline)]
pub enum RiskMeasure {
    /// Size of the smallest group of people that cannot be told apart.
    KAnonymity(#[schemars(range(max = 1_000_000))] u32),
    /// Records that a test re-identified, in a million.
    ReidentifiedPerMillion(#[schemars(range(max = 1_000_000))] u32),
}

closed_list! {
    /// What a human review made of an automated decision.
    ReviewOutcome {
        /// It stands.
        Upheld,
        /// It was changed.
        Changed,
        /// It was revoked.
        Revoked,
    }
}

closed_list! {
    /// Kind of copy (clause 3.3).
    CopyKind {
        /// Kept in step with the base.
        Replica,
        /// Kept for long.
        Archive,
        /// Kept against loss.
        Backup,
        /// Taken out for a purpose.
        Export,
    }
}
