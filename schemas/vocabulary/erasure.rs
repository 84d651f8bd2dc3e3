//! Words of erasure and of moving due dates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::Reference;
use crate::vocabulary::{DataCategory, Purpose};

open_ended_list! {
    /// Why a person's data is to be erased (Art. 18, 24).
    ErasureBasis {
        /// Request of the person.
        SubjectRequest,
        /// The storage term ended.
        TermEnded,
        /// The relations with the person ended.
        RelationsEnded,
        /// Act of a court.
        CourtAct,
        /// The processing was unlawful.
        UnlawfulProcessing,
        /// Another case in law.
        Law,
    }
}

/// How much is to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline)]
pub enum ErasureScope {
    /// Everything about the person.
    Subject,
    /// Values of these categories.
    Categories(#[schemars(length(min = 1, max = 50))] Vec<DataCategory>),
    /// One document (E11).
    Document(Reference),
    /// What is held for one purpose only.
    Purpose(Purpose),
}

closed_list! {
    /// What was decided on an erasure.
    ErasureDecision {
        /// Approved. For a whole person this is the fence: no box is stored after it.
        Approved,
        /// Refused.
        Refused,
        /// Approved once what stands in its way has ended.
        Queued,
    }
}

closed_list! {
    /// What stands in the way of an erasure.
    ErasureObstacle {
        /// A legal hold.
        LegalHold,
        /// A block, which freezes destruction too (Art. 1).
        Block,
        /// An obligation is unfulfilled (Art. 8(2)).
        OpenObligation,
        /// An agreement is in force.
        LiveAgreement,
        /// A claim or dispute is open (clause 5.2).
        OpenDispute,
        /// A request of the person is open.
        OpenRequest,
        /// A retention term runs.
        Retention,
        /// A court ordered to keep the data.
        CourtOrder,
        /// The basis that was given does not hold.
        NoBasis,
    }
}

closed_list! {
    /// What has a due date.
    DeadlineKind {
        /// Answer to a person's request (E34).
        SubjectRequest,
        /// Answer to a state body (E30).
        StateRequest,
        /// Telling the person of a disclosure (Art. 19).
        DisclosureNotice,
        /// Destruction (Art. 18, 25).
        Destruction,
        /// Effect of a withdrawal.
        Withdrawal,
        /// Lifting a block (Art. 25).
        Unblocking,
        /// Telling the authorised body of a breach (Art. 25).
        BreachNotice,
        /// Written claim (clause 5.2).
        Claim,
    }
}

open_ended_list! {
    /// Why a due date moves.
    DeadlineReason {
        /// The data is blocked.
        Block,
        /// A legal hold stands.
        LegalHold,
        /// Act of a court.
        CourtAct,
        /// Documents or an identity check are awaited.
        AwaitingSubject,
        /// An answer of a state body is awaited.
        AwaitingStateBody,
        /// A law provides for it.
        Law,
        /// The working days of the calendar changed.
        CalendarChanged,
        /// What paused it has ended.
        PauseEnded,
    }
}
