//! Kinds of events, by which the timeline is coloured.

use subject_record_schemas::EventType;

/// Kind of an event, by which the timeline is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// The person, their papers and profile.
    Registration,
    /// Consents.
    Consent,
    /// Policy versions, texts and rules.
    Policy,
    /// Agreements, processing and messages.
    Processing,
    /// Data passed on, published or asked for.
    Disclosure,
    /// Requests, restrictions, erasure, incidents and disputes.
    Rights,
    /// The record's own housekeeping.
    System,
}

impl EntryKind {
    /// The kind of a type.
    #[must_use]
    pub(super) const fn of(event_type: EventType) -> Self {
        use EventType as T;
        match event_type {
            T::SubjectRegistered
            | T::RepresentationRecorded
            | T::IdentityChecked
            | T::DocumentReceived
            | T::DuplicateLinked
            | T::ThirdPersonDataSubmitted
            | T::ProfileChanged => Self::Registration,
            T::ConsentRequested
            | T::ConsentGiven
            | T::ConsentRefused
            | T::ConsentWithdrawn
            | T::WithdrawalLimited
            | T::ConsentEnded => Self::Consent,
            T::PolicyVersionPublished
            | T::ConsentTextPublished
            | T::DataListApproved
            | T::ResponsibilityAssigned
            | T::RecipientRegistered
            | T::StoragePlaceRegistered
            | T::WorkCalendarPublished
            | T::PolicyVersionAnswered
            | T::RulePackPublished => Self::Policy,
            T::AgreementChanged
            | T::ProcessingPerformed
            | T::MessageSent
            | T::DatasetAnonymised
            | T::AutomatedDecisionMade
            | T::CopyPlaced => Self::Processing,
            T::PublicFlagChanged
            | T::StateRequestReceived
            | T::StateRequestDecided
            | T::DisclosureMade
            | T::DisclosureNotified
            | T::RecipientNotified
            | T::RecipientNoticeAcknowledged => Self::Disclosure,
            T::SubjectRequestReceived
            | T::SubjectRequestClosed
            | T::RestrictionChanged
            | T::DataDestroyed
            | T::IncidentRecorded
            | T::DisputeChanged
            | T::ErasureRequested
            | T::ErasureDecided
            | T::DeadlinePaused
            | T::DeadlineResumed
            | T::DeadlineExtended => Self::Rights,
            T::RecordViewed
            | T::EvidenceExported
            | T::LogOpened
            | T::KeyRotated
            | T::KeyDestroyed
            | T::StreamHeadsCommitted
            | T::TimestampObtained
            | T::IdentifierChecked
            | T::IdentifierMatched
            | T::EventAnnotated
            | T::EventWithdrawn
            | T::AccessRefused
            | T::BackupRestored => Self::System,
        }
    }
}
