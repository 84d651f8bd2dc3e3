//! Words of looks at data and of dossiers (E25, E39).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::SubjectId;

closed_list! {
    /// What a token may do.
    Role {
        /// Sends events of its own sources.
        Emitter,
        /// Helps one person at a time.
        Support,
        /// Searches everything pseudonymous.
        Auditor,
        /// Data-protection officer.
        Officer,
        /// Runs the service; sees no personal data.
        Operator,
    }
}

closed_list! {
    /// Why someone looks at a person's data.
    AccessPurpose {
        /// Helping the person.
        Support,
        /// Answering the person's request.
        SubjectRequest,
        /// A claim or dispute.
        Claim,
        /// An audit.
        Audit,
        /// The regulator asks.
        Regulator,
        /// A court asks.
        Court,
        /// An incident.
        Incident,
        /// Checking an identity.
        Verification,
    }
}

closed_list! {
    /// What was looked at.
    ViewedThing {
        /// The timeline.
        Timeline,
        /// The profile.
        Profile,
        /// One event.
        Event,
        /// A search by IIN, BIN, phone or e-mail.
        Lookup,
        /// A dossier or another export.
        Export,
        /// A page of the console.
        Console,
    }
}

closed_list! {
    /// Who asked for a dossier.
    EvidenceAsker {
        /// The person, or a representative.
        Subject,
        /// The authorised body.
        Regulator,
        /// A court.
        Court,
        /// The prosecutor.
        Prosecutor,
        /// The operator, for its own case.
        Operator,
    }
}

/// What a dossier covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline)]
pub enum EvidenceScope {
    /// One person's streams.
    Subject(SubjectId),
    /// The stream `policy`.
    Policy,
    /// The stream `office`.
    Office,
    /// The whole log.
    Log,
}
