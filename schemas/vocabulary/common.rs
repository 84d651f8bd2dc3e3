//! Lists that several groups of types share: purposes, categories, channels, languages.

open_ended_list! {
    /// Why data is used: the closed list of clause 2.2.
    Purpose {
        /// Giving services (2.2.1).
        Service,
        /// Identifying the user for the agreement (2.2.2).
        Identify,
        /// Notices and requests (2.2.3).
        Notify,
        /// Advertising, news, promotions (2.2.4).
        Advertising,
        /// Statistics and research (2.2.5).
        Research,
    }
}

open_ended_list! {
    /// What kind of data: the list of clause 2.3, and what clauses 1.5 and 1.6 add to it in fact.
    DataCategory {
        /// Full name (2.3.1).
        FullName,
        /// Individual identification number (2.3.2).
        Iin,
        /// Registered address (2.3.3).
        AddressRegistered,
        /// Delivery address (2.3.3).
        AddressDelivery,
        /// E-mail address (2.3.4).
        Email,
        /// Phone number (2.3.5).
        Phone,
        /// Actions on the site and technical data, which clause 1.5 calls non-personal.
        Technical,
        /// Scanned documents (1.6).
        Document,
    }
}

open_ended_list! {
    /// What ends the need for data, and so starts its retention term (Art. 12(2), 18).
    EndTrigger {
        /// The purpose was achieved.
        PurposeAchieved,
        /// The agreement ended (clause 1.8).
        AgreementEnded,
        /// The consent was withdrawn.
        ConsentWithdrawn,
        /// The consent ran out.
        ConsentEnded,
        /// An open obligation was fulfilled (Art. 8(2)).
        ObligationFulfilled,
        /// A dispute was closed (clause 5.2).
        DisputeClosed,
        /// A term set by law ran out.
        LegalTermEnded,
    }
}

closed_list! {
    /// Through which channel (clause 1.1), or by whom, a thing came.
    Channel {
        /// The web site.
        Site,
        /// The mobile app.
        App,
        /// In person, at the operator's office.
        Office,
        /// A letter.
        Post,
        /// An e-mail.
        Email,
        /// A call.
        Phone,
        /// The state's own service for consents and requests.
        StateService,
        /// A partner's or the platform's interface.
        Api,
    }
}

closed_list! {
    /// By which way a message reached a person.
    MessageChannel {
        /// E-mail.
        Email,
        /// Text message.
        Sms,
        /// Picture message.
        Mms,
        /// Push notice of the app.
        Push,
        /// Message shown within the account.
        Account,
        /// Messenger of a third party.
        Messenger,
        /// Call.
        Call,
        /// Letter.
        Post,
        /// In person.
        InPerson,
    }
}

closed_list! {
    /// Language of a text or of a person.
    Language {
        /// Kazakh.
        Kk,
        /// Russian.
        Ru,
        /// English.
        En,
    }
}
