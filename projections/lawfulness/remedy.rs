//! What would make a use lawful.

use serde::Serialize;
use subject_record_schemas::Reference;
use subject_record_schemas::ids::SubjectId;
use subject_record_schemas::vocabulary::{Country, DataCategory, Purpose};

/// What would make a use lawful, as far as one objection goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Remedy {
    /// Ask the person for a consent that covers this (Art. 7, 8).
    AskConsent {
        /// What for.
        purpose: Purpose,
        /// Which categories of data.
        categories: Vec<DataCategory>,
        /// Who has to be named as recipient.
        #[serde(skip_serializing_if = "Option::is_none")]
        recipient: Option<Reference>,
        /// Which country has to be named.
        #[serde(skip_serializing_if = "Option::is_none")]
        country: Option<Country>,
    },
    /// Name the consent that carries it.
    NameConsent,
    /// Name the act and article, if a law provides for the use (Art. 9, clause 3.4.2).
    NameArticle,
    /// Use it for a purpose that the policy lists (clause 2.2), or have the policy changed.
    KeepToPolicy,
    /// Have the consent given again by the person, or by somebody with authority for it (Art. 8).
    ShowAuthority {
        /// Who gave it without authority.
        representative: SubjectId,
    },
    /// Enter into an agreement first (clause 1.8).
    EnterAgreement,
    /// Treat the message as the advertising that its template is (clause 2.2.4).
    SendAsAdvertising,
    /// Wait until the block is lifted (Art. 1).
    LiftBlock {
        /// The restriction.
        restriction: Reference,
    },
    /// Record the request, and name it (clause 3.4.1).
    NameRequest,
    /// Decide on the request first (clause 3.4.1).
    DecideRequest {
        /// The request.
        request: Reference,
    },
    /// Leave out what was neither asked for nor allowed.
    LeaveOut {
        /// Categories of data.
        categories: Vec<DataCategory>,
    },
    /// Have a lawyer look for privileged content first (clause 3.4.1).
    CheckPrivilege {
        /// The request.
        request: Reference,
    },
    /// Register the recipient first (clauses 3.4, 3.5).
    RegisterRecipient {
        /// Who.
        recipient: Reference,
    },
    /// Have the recipient take on the duty of confidentiality first (Art. 10, 11).
    HaveDutiesAccepted {
        /// Who.
        recipient: Reference,
    },
    /// Name the ground of Art. 16 on which data may leave the country.
    NameCrossBorderGround {
        /// Where to.
        country: Country,
    },
    /// Refuse the request, or ask for what it lacks (clause 3.4.1).
    RefuseRequest {
        /// The request.
        request: Reference,
    },
    /// Register the storage place first (clause 3.3).
    RegisterPlace,
    /// Nothing: the data is gone or has to go.
    Nothing,
}
