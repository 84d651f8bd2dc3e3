//! Words of people, their representatives, documents and profile (E08 to E14).

closed_list! {
    /// Kind of user (clause 1.2).
    SubjectKind {
        /// A natural person.
        Person,
        /// A legal entity. Its contact's data is personal.
        Entity,
        /// A sole proprietor: a person with an IIN.
        Proprietor,
    }
}

open_ended_list! {
    /// By what someone acts for another (clauses 1.2, 2.4; Art. 8).
    RepresentationKind {
        /// Parent of a minor.
        Parent,
        /// Guardian or trustee.
        Guardian,
        /// Power of attorney.
        PowerOfAttorney,
        /// Head of a legal entity.
        Director,
        /// Appointed by a court.
        Court,
    }
}

closed_list! {
    /// What a representative may do.
    AuthorityScope {
        /// Register the person and change the profile.
        Profile,
        /// Hand over the person's data.
        SubmitData,
        /// Give consents.
        Consent,
        /// Withdraw consents.
        Withdraw,
        /// Make requests and receive the answers.
        Requests,
        /// Enter into agreements.
        Agreements,
        /// Act in claims and disputes.
        Disputes,
    }
}

open_ended_list! {
    /// How an identity was checked (2.2.2).
    IdentityMethod {
        /// A document was looked at.
        DocumentInspection,
        /// The person came in.
        InPerson,
        /// A video call.
        Video,
        /// A qualified electronic signature.
        Eds,
        /// A one-time code.
        Otp,
        /// A register of the state.
        StateRegister,
        /// Biometrics.
        Biometrics,
    }
}

closed_list! {
    /// How much a check of identity assures.
    Assurance {
        /// Little: the person's own word, or a code.
        Low,
        /// Fair: a document or a register.
        Substantial,
        /// Strong: a qualified signature, or in person.
        High,
    }
}

closed_list! {
    /// How a check of identity ended.
    IdentityResult {
        /// It is this person.
        Confirmed,
        /// It is not, or the data differ.
        Mismatch,
        /// It could not be told.
        Inconclusive,
    }
}

open_ended_list! {
    /// Kind of document (1.6).
    DocumentKind {
        /// Identity card.
        IdentityCard,
        /// Passport.
        Passport,
        /// Residence permit.
        ResidencePermit,
        /// Birth certificate.
        BirthCertificate,
        /// Power of attorney.
        PowerOfAttorney,
        /// Act on guardianship.
        GuardianshipAct,
        /// Act of a court.
        CourtAct,
        /// Registration papers of a business.
        BusinessRegistration,
        /// Agreement.
        Agreement,
    }
}

closed_list! {
    /// On what a document came.
    Medium {
        /// As a file.
        Electronic,
        /// On paper. Of identity documents banned, with exceptions (Art. 7).
        Paper,
    }
}

open_ended_list! {
    /// Exception under which a paper copy of an identity document was taken (Art. 7).
    PaperGround {
        /// No integration with the state's systems.
        NoIntegration,
        /// No technical means to identify the person.
        NoTechnicalMeans,
        /// Another case in law.
        Law,
        /// No ground at all.
        None,
    }
}

open_ended_list! {
    /// Why two subject ids are held to be one person.
    DuplicateReason {
        /// They share an IIN.
        SameIin,
        /// They share a document.
        SameDocument,
        /// They share contacts.
        SameContacts,
        /// The person says so.
        SubjectStatement,
    }
}

closed_list! {
    /// Whether a third person's data was taken.
    Acceptance {
        /// Taken.
        Accepted,
        /// Turned away.
        Rejected,
    }
}

open_ended_list! {
    /// Why a third person's data was taken or turned away (2.4).
    ThirdPersonReason {
        /// A document of authority was shown.
        AuthorityShown,
        /// A law provides for it.
        Law,
        /// No authority was shown.
        NoAuthority,
        /// The authority had run out.
        AuthorityExpired,
        /// The authority did not cover it.
        OutOfScope,
        /// The data was not needed.
        NotNeeded,
    }
}

closed_list! {
    /// A value of the profile (2.3).
    ProfileField {
        /// Full name (2.3.1).
        FullName,
        /// IIN (2.3.2).
        Iin,
        /// BIN of a legal entity.
        Bin,
        /// Registered address (2.3.3).
        AddressRegistered,
        /// Delivery address (2.3.3).
        AddressDelivery,
        /// E-mail address (2.3.4).
        Email,
        /// Phone number (2.3.5).
        Phone,
    }
}

closed_list! {
    /// What led to a change of the profile (Art. 13, 25).
    ProfileChangeCause {
        /// The person changed it.
        Subject,
        /// A request to correct (E34).
        CorrectionRequest,
        /// A check of identity (E10).
        Verification,
    }
}
