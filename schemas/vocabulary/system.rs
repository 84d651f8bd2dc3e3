//! Words of the log itself: engines, keys, identifiers, annotations, backups.

closed_list! {
    /// Where the events lie.
    Engine {
        /// In memory, for tests and trials.
        Memory,
        /// SQLite.
        Sqlite,
        /// PostgreSQL.
        Postgres,
        /// KurrentDB (EventStoreDB).
        Kurrentdb,
    }
}

closed_list! {
    /// What a key is for.
    KeyKind {
        /// Wraps the keys of people (KEK).
        KeyEncryption,
        /// Finds people by identifier.
        Lookup,
        /// Signs checkpoints.
        Signing,
    }
}

closed_list! {
    /// Which national number.
    NationalIdKind {
        /// IIN, of a person.
        Iin,
        /// BIN, of a business.
        Bin,
    }
}

closed_list! {
    /// By which identifier a person can be found.
    LookupKind {
        /// IIN.
        Iin,
        /// BIN.
        Bin,
        /// Phone number.
        Phone,
        /// E-mail address.
        Email,
    }
}

closed_list! {
    /// Why an event is explained by a later one.
    AnnotationReason {
        /// It never happened.
        DidNotHappen,
        /// It happened otherwise.
        WrongContent,
        /// It happened at another time.
        WrongTime,
        /// It belongs to another person.
        WrongSubject,
        /// It was reported twice under two ids.
        ReportedTwice,
        /// It is right, and needs explaining.
        Explanation,
    }
}

closed_list! {
    /// Why the bytes of an event were withdrawn.
    EventWithdrawalReason {
        /// Personal data slipped into its public part.
        PersonalData,
        /// Other content that no one may keep.
        UnlawfulContent,
        /// Act of a court.
        CourtAct,
    }
}

closed_list! {
    /// A store of the service that was restored from a backup.
    RestoredStore {
        /// Events, boxes and texts.
        Events,
        /// Tiles, checkpoints and heads.
        Log,
        /// Keys.
        Keys,
        /// Read models.
        ReadModels,
    }
}
