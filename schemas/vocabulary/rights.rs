//! Words of requests, restrictions, destruction, incidents and disputes (E34 to E38, E40).

open_ended_list! {
    /// What a person asks for (Art. 10, 24).
    RequestKind {
        /// What data there is, and what was done with it.
        Access,
        /// A change or supplement.
        Correct,
        /// A block.
        Block,
        /// Destruction.
        Destroy,
        /// Withdrawal of a consent.
        Withdraw,
        /// To whom data was passed.
        Disclosures,
        /// Removal from public sources.
        PublicRemoval,
        /// Review of an automated decision by a human.
        HumanReview,
        /// A complaint.
        Complaint,
    }
}

closed_list! {
    /// How a request ended.
    RequestOutcome {
        /// Done in full.
        Done,
        /// Done in part.
        Partly,
        /// Refused.
        Refused,
    }
}

open_ended_list! {
    /// Why a request was refused, in full or in part (Art. 25).
    RefusalReason {
        /// The asker's identity was not proven.
        IdentityNotProven,
        /// The representative has no authority.
        NoAuthority,
        /// There is no such data.
        NoSuchData,
        /// No document supports the change.
        NoDocument,
        /// A law forbids it.
        Law,
        /// An obligation is unfulfilled (Art. 8(2)).
        UnfulfilledObligation,
        /// The data is blocked.
        Blocked,
        /// A legal hold stands.
        LegalHold,
        /// Secrecy protected by law.
        Secrecy,
    }
}

closed_list! {
    /// Kind of restriction. Both freeze destruction.
    RestrictionKind {
        /// Blocking (Art. 1): use, change and passing on stop too.
        Block,
        /// Legal hold: kept as evidence.
        LegalHold,
    }
}

open_ended_list! {
    /// Why a restriction was set or lifted.
    RestrictionGround {
        /// Demand of the person (Art. 24).
        SubjectDemand,
        /// Information about a violation (Art. 25).
        ViolationReported,
        /// The violation was not confirmed: lift within one working day.
        ViolationNotConfirmed,
        /// A claim or dispute (clause 5.2).
        Dispute,
        /// The dispute was closed.
        DisputeClosed,
        /// Act of a court.
        CourtAct,
        /// Demand of a state body.
        StateBody,
        /// No ground at all.
        None,
    }
}

closed_list! {
    /// How much was destroyed.
    DestructionScope {
        /// One value.
        Field,
        /// One document.
        Document,
        /// One copy in one place.
        Copy,
        /// Everything about the person.
        Subject,
    }
}

open_ended_list! {
    /// What made destruction due (Art. 18).
    DestructionTrigger {
        /// The storage term ended.
        TermEnded,
        /// The relations with the person ended.
        RelationsEnded,
        /// Act of a court.
        CourtAct,
        /// The processing was unlawful.
        UnlawfulProcessing,
        /// Request of the person.
        SubjectRequest,
        /// Another case in law.
        Law,
    }
}

open_ended_list! {
    /// How data was destroyed.
    DestructionMethod {
        /// Every copy of its key was destroyed.
        KeyDestroyed,
        /// It was overwritten.
        Overwritten,
        /// The paper was shredded.
        PaperShredded,
    }
}

closed_list! {
    /// How far an incident has come.
    IncidentStage {
        /// Detected: the clock starts (Art. 25).
        Detected,
        /// Confirmed as a breach.
        BreachConfirmed,
        /// The authorised body was told.
        AuthorityTold,
        /// The people were told.
        SubjectsTold,
        /// Closed.
        Closed,
    }
}

open_ended_list! {
    /// What went wrong.
    IncidentKind {
        /// Unauthorised access.
        UnauthorisedAccess,
        /// Unlawful dissemination.
        UnlawfulDissemination,
        /// Unlawful change.
        UnlawfulChange,
        /// Unlawful destruction.
        UnlawfulDestruction,
        /// Loss.
        Loss,
    }
}

open_ended_list! {
    /// What was done about an incident.
    IncidentMeasure {
        /// Access was closed.
        AccessClosed,
        /// Passwords, keys or tokens were changed.
        CredentialsChanged,
        /// The hole was mended.
        FlawMended,
        /// Data was blocked.
        DataBlocked,
        /// Data was restored.
        DataRestored,
        /// Leaked data was taken down.
        TakenDown,
        /// The police was told.
        PoliceTold,
    }
}

closed_list! {
    /// How far a dispute has come (clause 5.2).
    DisputeStage {
        /// It arose.
        Arisen,
        /// The written claim came in.
        ClaimReceived,
        /// The claim was answered.
        ClaimAnswered,
        /// A suit was filed.
        Suit,
        /// A court decided.
        CourtAct,
        /// Closed.
        Closed,
    }
}

open_ended_list! {
    /// What a court ordered.
    CourtOrder {
        /// Destroy data.
        Destroy,
        /// Block data.
        Block,
        /// Keep data as evidence.
        Preserve,
        /// Correct data.
        Correct,
        /// Hand data over.
        Disclose,
        /// Take data out of public sources.
        RemoveFromPublic,
        /// Compensate.
        Compensate,
        /// Dismissed.
        Dismiss,
    }
}
