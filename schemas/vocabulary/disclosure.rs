//! Words of publicity, requests of state bodies, and data passed to third parties (E29 to E33).

open_ended_list! {
    /// The clause on which data was passed to a third party.
    DisclosureGround {
        /// Reasoned request of a state body (3.4.1).
        #[serde(rename = "3.4.1")]
        StateBodyRequest,
        /// Another case directly in law (3.4.2).
        #[serde(rename = "3.4.2")]
        Law,
        /// Consent of the person (3.5.1).
        #[serde(rename = "3.5.1")]
        Consent,
        /// Need of the agreement or the services (3.5.2).
        #[serde(rename = "3.5.2")]
        Agreement,
        /// No ground at all.
        None,
    }
}

open_ended_list! {
    /// Ground of Art. 16 for data leaving the country.
    CrossBorderGround {
        /// The state protects personal data (16(2)).
        ProtectingState,
        /// Consent to that transfer (16(3)1).
        Consent,
        /// A ratified treaty (16(3)2).
        Treaty,
        /// A law protecting public order, rights, health or morals (16(3)3).
        Law,
        /// Constitutional rights when consent cannot be had (16(3)4).
        ConstitutionalRights,
        /// No ground at all.
        None,
    }
}

closed_list! {
    /// Whether the person is told of a disclosure (Art. 19).
    NoticeDuty {
        /// Within ten working days.
        Required,
        /// Later, on a ground.
        Deferred,
        /// There is no such duty.
        None,
    }
}

closed_list! {
    /// Way by which data or a notice reached its recipient.
    DeliveryChannel {
        /// A protected interface.
        SecureApi,
        /// E-mail, encrypted.
        EncryptedEmail,
        /// E-mail in the clear.
        Email,
        /// Courier.
        Courier,
        /// Post.
        Post,
        /// Handed over in person.
        InPerson,
        /// The state's exchange of documents.
        StateExchange,
    }
}

open_ended_list! {
    /// Why data was made public, or taken out of public sources (clause 3.2; Art. 6, 15).
    PublicityGround {
        /// Consent of the person.
        Consent,
        /// A law.
        Law,
        /// Demand of the person or a representative.
        SubjectDemand,
        /// Act of a court.
        CourtAct,
        /// Decision of a state body.
        StateBodyDecision,
        /// No ground at all.
        None,
    }
}

closed_list! {
    /// What the operator decided on a request of a state body.
    StateRequestDecision {
        /// Answer it as asked.
        Comply,
        /// Answer less than asked.
        Narrow,
        /// Refuse it.
        Refuse,
        /// Ask for what it lacks.
        AskMore,
    }
}

open_ended_list! {
    /// Why a request of a state body was narrowed, refused or sent back (clause 3.4.1).
    StateRequestReason {
        /// It gives no reasons.
        NoReasons,
        /// It is unsigned.
        Unsigned,
        /// It was made orally.
        Oral,
        /// The sender is no state body.
        NotAStateBody,
        /// It cites no legal ground.
        NoLegalGround,
        /// It asks for more than its ground covers.
        TooWide,
        /// It reaches material of legal help, which is privileged.
        Privileged,
        /// There is no such data.
        NoSuchData,
    }
}

open_ended_list! {
    /// What a recipient of data has to be told afterwards.
    RecipientMatter {
        /// A consent was withdrawn: stop using the data.
        ConsentWithdrawn,
        /// The data was corrected.
        Corrected,
        /// The data is blocked.
        Blocked,
        /// The block was lifted.
        Unblocked,
        /// The data was destroyed: destroy it too.
        Destroyed,
    }
}

closed_list! {
    /// What a recipient answered to a notice.
    RecipientAnswer {
        /// Received, nothing more said.
        Received,
        /// Done as asked.
        Done,
        /// Refused.
        Refused,
    }
}
