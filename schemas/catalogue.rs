//! The catalogue: every event type there is, where it goes, who may write it, and its data.

use std::fmt;
use std::str::FromStr;

use schemars::SchemaGenerator;
use serde_json::Value;

use crate::ids::{StreamName, SubjectId};
use crate::types::{self, EventData};

/// Into which stream an event of a type goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamRule {
    /// `subject-<id>`: the attribute `subject` is required.
    Subject,
    /// `access-<id>`: the attribute `subject` is required.
    Access,
    /// `policy`: the attribute `subject` is refused.
    Policy,
    /// `office`: the attribute `subject` is refused.
    Office,
    /// `subject-<id>` with a `subject`, `office` without.
    SubjectOrOffice,
    /// Follows another event; only the service writes it.
    Any,
}

/// Who may write a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The platform, through its door.
    Platform,
    /// The service alone: a reserved type.
    Service,
}

macro_rules! catalogue {
    ($($code:literal $variant:ident $wire:literal $stream:ident $writer:ident $module:ident $personal:ty;)+) => {
        /// A type of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $(#[doc = concat!($code, ", `", $wire, "`.")] $variant),+ }

        impl EventType {
            /// Every type, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Code in the catalogue, `E01` to `E40`, or `system`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Name on the wire: `noun.past_tense.vN`.
            #[must_use]
            pub const fn wire_name(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }

            /// Into which stream it goes.
            #[must_use]
            pub const fn stream_rule(self) -> StreamRule {
                match self { $(Self::$variant => StreamRule::$stream),+ }
            }

            /// Who may write it.
            #[must_use]
            pub const fn writer(self) -> Writer {
                match self { $(Self::$variant => Writer::$writer),+ }
            }

            /// Text of its checked-in example documents.
            pub(crate) const fn examples_text(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("examples/", $wire, ".json"))),+ }
            }

            /// Schemas of the public and of the personal part of its data.
            pub(crate) fn data_schemas(self, generator: &mut SchemaGenerator) -> (schemars::Schema, schemars::Schema) {
                match self {
                    $(Self::$variant => (
                        generator.root_schema_for::<types::$module::$variant>(),
                        generator.root_schema_for::<$personal>(),
                    )),+
                }
            }

            /// The personal part in its kept form: identifiers parsed once, names in NFC, phones as E.164.
            ///
            /// # Errors
            /// [`PersonalError`], naming the member at fault and never its value.
            pub fn normalise_personal(self, personal: Value) -> Result<Value, PersonalError> {
                match self { $(Self::$variant => normalise::<$personal>(personal)),+ }
            }
        }

        /// What an event says: the public part of its data, typed. Written without a tag, as `data` is.
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        pub enum Fact { $(#[doc = concat!("Data of `", $wire, "`.")] $variant(types::$module::$variant)),+ }

        impl Fact {
            /// Reads the public part of an event's data, as sent or as stored.
            ///
            /// # Errors
            /// When `data` does not have the shape of the type.
            pub fn read(event_type: EventType, data: &Value) -> Result<Self, serde_json::Error> {
                match event_type {
                    $(EventType::$variant => serde::Deserialize::deserialize(data).map(Self::$variant)),+
                }
            }

            /// The same, from the text of `data`.
            ///
            /// # Errors
            /// When `data` does not have the shape of the type.
            pub fn parse(event_type: EventType, data: &str) -> Result<Self, serde_json::Error> {
                match event_type {
                    $(EventType::$variant => serde_json::from_str(data).map(Self::$variant)),+
                }
            }

            /// Its type.
            #[must_use]
            pub const fn event_type(&self) -> EventType {
                match self { $(Self::$variant(_) => EventType::$variant),+ }
            }
        }

        $(
            impl EventData for types::$module::$variant {
                const TYPE: EventType = EventType::$variant;
                type Personal = $personal;
            }

            impl From<types::$module::$variant> for Fact {
                fn from(data: types::$module::$variant) -> Self {
                    Self::$variant(data)
                }
            }
        )+
    };
}

catalogue! {
    "E01" PolicyVersionPublished "policy_version.published.v1" Policy Platform governance types::NoPersonal;
    "E02" ConsentTextPublished "consent_text.published.v1" Policy Platform governance types::governance::ConsentTextPublishedPersonal;
    "E03" DataListApproved "data_list.approved.v1" Policy Platform governance types::NoPersonal;
    "E04" ResponsibilityAssigned "responsibility.assigned.v1" Policy Platform governance types::governance::ResponsibilityAssignedPersonal;
    "E05" RecipientRegistered "recipient.registered.v1" Policy Platform governance types::governance::RecipientRegisteredPersonal;
    "E06" StoragePlaceRegistered "storage_place.registered.v1" Policy Platform governance types::NoPersonal;
    "E07" WorkCalendarPublished "work_calendar.published.v1" Policy Platform governance types::NoPersonal;
    "E08" SubjectRegistered "subject.registered.v1" Subject Platform subject types::subject::ProfilePersonal;
    "E09" RepresentationRecorded "representation.recorded.v1" Subject Platform representation types::NoPersonal;
    "E10" IdentityChecked "identity.checked.v1" Subject Platform subject types::NoPersonal;
    "E11" DocumentReceived "document.received.v1" Subject Platform subject types::subject::DocumentReceivedPersonal;
    "E12" DuplicateLinked "duplicate.linked.v1" Subject Platform subject types::NoPersonal;
    "E13" ThirdPersonDataSubmitted "third_person_data.submitted.v1" Subject Platform representation types::subject::ProfilePersonal;
    "E14" ProfileChanged "profile.changed.v1" Subject Platform subject types::subject::ProfilePersonal;
    "E15" PolicyVersionAnswered "policy_version.answered.v1" Subject Platform policy types::NoPersonal;
    "E16" ConsentRequested "consent.requested.v1" Subject Platform consent types::NoPersonal;
    "E17" ConsentGiven "consent.given.v1" Subject Platform consent types::consent::ConsentGivenPersonal;
    "E18" ConsentRefused "consent.refused.v1" Subject Platform consent types::NoPersonal;
    "E19" ConsentWithdrawn "consent.withdrawn.v1" Subject Platform consent types::NoPersonal;
    "E20" WithdrawalLimited "withdrawal.limited.v1" Subject Platform consent types::NoPersonal;
    "E21" ConsentEnded "consent.ended.v1" Subject Platform consent types::NoPersonal;
    "E22" AgreementChanged "agreement.changed.v1" Subject Platform processing types::NoPersonal;
    "E23" ProcessingPerformed "processing.performed.v1" SubjectOrOffice Platform processing types::NoPersonal;
    "E24" MessageSent "message.sent.v1" Subject Platform processing types::processing::MessageSentPersonal;
    "E25" RecordViewed "record.viewed.v1" Access Service access types::NoPersonal;
    "E26" DatasetAnonymised "dataset.anonymised.v1" Office Platform processing types::NoPersonal;
    "E27" AutomatedDecisionMade "automated_decision.made.v1" Subject Platform processing types::NoPersonal;
    "E28" CopyPlaced "copy.placed.v1" Subject Platform processing types::NoPersonal;
    "E29" PublicFlagChanged "public_flag.changed.v1" Subject Platform disclosure types::NoPersonal;
    "E30" StateRequestReceived "state_request.received.v1" SubjectOrOffice Platform disclosure types::disclosure::StateRequestReceivedPersonal;
    "E31" StateRequestDecided "state_request.decided.v1" SubjectOrOffice Platform disclosure types::NoPersonal;
    "E32" DisclosureMade "disclosure.made.v1" Subject Platform disclosure types::disclosure::DisclosureMadePersonal;
    "E33" DisclosureNotified "disclosure.notified.v1" Subject Platform disclosure types::NoPersonal;
    "E34" SubjectRequestReceived "subject_request.received.v1" Subject Platform rights types::rights::SubjectRequestReceivedPersonal;
    "E35" SubjectRequestClosed "subject_request.closed.v1" Subject Platform rights types::rights::SubjectRequestClosedPersonal;
    "E36" RestrictionChanged "restriction.changed.v1" Subject Platform rights types::NoPersonal;
    "E37" DataDestroyed "data.destroyed.v1" Subject Platform rights types::NoPersonal;
    "E38" IncidentRecorded "incident.recorded.v1" SubjectOrOffice Platform incident types::incident::IncidentRecordedPersonal;
    "E39" EvidenceExported "evidence.exported.v1" Office Service access types::access::EvidenceExportedPersonal;
    "E40" DisputeChanged "dispute.changed.v1" Subject Platform incident types::incident::DisputeChangedPersonal;
    "system" LogOpened "log.opened.v1" Office Service log types::log::LogOpenedPersonal;
    "system" KeyRotated "key.rotated.v1" Office Service log types::NoPersonal;
    "system" KeyDestroyed "key.destroyed.v1" Office Service log types::NoPersonal;
    "system" StreamHeadsCommitted "stream_heads.committed.v1" Office Service log types::NoPersonal;
    "system" TimestampObtained "timestamp.obtained.v1" Office Service log types::NoPersonal;
    "system" IdentifierChecked "identifier.checked.v1" Subject Service log types::NoPersonal;
    "system" IdentifierMatched "identifier.matched.v1" Subject Service log types::NoPersonal;
    "system" EventAnnotated "event.annotated.v1" Any Service log types::log::EventAnnotatedPersonal;
    "system" EventWithdrawn "event.withdrawn.v1" Any Service log types::NoPersonal;
    "system" RulePackPublished "rule_pack.published.v1" Policy Service governance types::NoPersonal;
    "system" ErasureRequested "erasure.requested.v1" Subject Service erasure types::NoPersonal;
    "system" ErasureDecided "erasure.decided.v1" Subject Service erasure types::NoPersonal;
    "system" DeadlinePaused "deadline.paused.v1" Any Service erasure types::NoPersonal;
    "system" DeadlineResumed "deadline.resumed.v1" Any Service erasure types::NoPersonal;
    "system" DeadlineExtended "deadline.extended.v1" Any Service erasure types::NoPersonal;
    "system" RecipientNotified "recipient.notified.v1" Subject Service disclosure types::NoPersonal;
    "system" RecipientNoticeAcknowledged "recipient_notice.acknowledged.v1" Subject Service disclosure types::NoPersonal;
    "system" AccessRefused "access.refused.v1" Office Service access types::NoPersonal;
    "system" BackupRestored "backup.restored.v1" Office Service log types::NoPersonal;
}

/// A member of `data.personal` that does not parse. Carries no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PersonalError {
    /// JSON pointer below `/data/personal`.
    pub pointer: String,
    /// What the member should look like.
    pub reason: String,
}

fn normalise<P: serde::Serialize + serde::de::DeserializeOwned>(
    personal: Value,
) -> Result<Value, PersonalError> {
    let parsed: P = serde_path_to_error::deserialize(personal).map_err(|error| {
        let segments = error.path().iter().map(ToString::to_string);
        let pointer = segments.map(|name| format!("/{}", escape_pointer(&name))).collect();
        PersonalError { pointer, reason: without_value(error.inner().to_string()) }
    })?;
    serde_json::to_value(parsed)
        .map_err(|error| PersonalError { pointer: String::new(), reason: error.to_string() })
}

/// What serde itself says of a misfit repeats what was sent; what the types here say never does.
fn without_value(reason: String) -> String {
    let repeats = ["invalid type", "invalid value", "unknown field", "unknown variant"];
    if repeats.iter().any(|beginning| reason.starts_with(beginning)) {
        "does not have the shape of this member".into()
    } else {
        reason
    }
}

/// A member's name as a step of a JSON pointer (RFC 6901, section 3).
#[must_use]
pub fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A wire name that is not in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such event type")]
pub struct UnknownType;

impl FromStr for EventType {
    type Err = UnknownType;
    fn from_str(wire_name: &str) -> Result<Self, UnknownType> {
        Self::ALL.iter().copied().find(|t| t.wire_name() == wire_name).ok_or(UnknownType)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wire_name())
    }
}

impl EventType {
    /// The stream for an event of this type about `subject`, or `None` when the subject is missing or one too many.
    ///
    /// Types that follow another event ([`StreamRule::Any`]) have no stream of their own to name here.
    #[must_use]
    pub fn stream(self, subject: Option<&SubjectId>) -> Option<StreamName> {
        match (self.stream_rule(), subject) {
            (StreamRule::Subject | StreamRule::SubjectOrOffice, Some(id)) => {
                Some(StreamName::Subject(id.clone()))
            }
            (StreamRule::Access, Some(id)) => Some(StreamName::Access(id.clone())),
            (StreamRule::Policy, None) => Some(StreamName::Policy),
            (StreamRule::Office | StreamRule::SubjectOrOffice, None) => Some(StreamName::Office),
            (StreamRule::Any, _)
            | (StreamRule::Subject | StreamRule::Access, None)
            | (StreamRule::Policy | StreamRule::Office, Some(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misfit_of_the_personal_part_is_told_by_its_place_and_without_its_value() {
        for (personal, pointer) in [
            (json!({ "email": { "a": "Айгерим" } }), "/email"),
            (json!({ "full_name": { "family": 880315100011_u64 } }), "/full_name/family"),
        ] {
            let error = EventType::SubjectRegistered.normalise_personal(personal).unwrap_err();
            assert_eq!(error.pointer, pointer);
            assert!(!error.reason.contains("Айгерим") && !error.reason.contains("8803"), "{}", error.reason);
        }
    }

    #[test]
    fn a_pointer_escapes_the_tilde_first() {
        assert_eq!(escape_pointer("a/b~1"), "a~1b~01");
    }

    #[test]
    fn a_wire_name_is_noun_dot_past_tense_dot_version_and_the_rust_name_in_camel_case() {
        for event_type in EventType::ALL {
            let wire = event_type.wire_name();
            let (words, version) = wire.rsplit_once(".v").unwrap();
            assert!(version.parse::<u32>().is_ok(), "{wire}");
            let camel: String =
                words.split(['.', '_']).map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            assert_eq!(format!("{event_type:?}"), camel);
            assert_eq!(wire.parse(), Ok(*event_type));
        }
    }
}
