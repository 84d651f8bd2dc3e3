//! Groups of the catalogue, by which a dossier may be narrowed.

use std::fmt;
use std::str::FromStr;

use subject_record_schemas::EventType;

/// What events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Registration, identity, documents, changes of the profile (E08-E14).
    Registration,
    /// Answers to policy versions (E15).
    Policy,
    /// Consents and agreements (E16-E22).
    Consents,
    /// Processing, messages, copies, automated decisions (E23, E24, E26-E29).
    Processing,
    /// Looks at the person's data (E25).
    Looks,
    /// Requests of state bodies, and disclosures (E30-E33).
    Disclosures,
    /// The person's requests, restrictions, erasure, due dates moved (E34-E37).
    Rights,
    /// Incidents (E38).
    Incidents,
    /// Disputes (E40).
    Disputes,
    /// What the service noted about other events.
    Notes,
}

/// A text that names no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a group is registration, policy, consents, processing, looks, disclosures, rights, incidents, disputes or notes"
)]
pub struct UnknownGroup;

impl Group {
    /// All groups.
    pub const ALL: [Self; 10] = [
        Self::Registration,
        Self::Policy,
        Self::Consents,
        Self::Processing,
        Self::Looks,
        Self::Disclosures,
        Self::Rights,
        Self::Incidents,
        Self::Disputes,
        Self::Notes,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Policy => "policy",
            Self::Consents => "consents",
            Self::Processing => "processing",
            Self::Looks => "looks",
            Self::Disclosures => "disclosures",
            Self::Rights => "rights",
            Self::Incidents => "incidents",
            Self::Disputes => "disputes",
            Self::Notes => "notes",
        }
    }

    /// The group of a type.
    #[must_use]
    pub fn of(event_type: EventType) -> Self {
        match event_type {
            EventType::ErasureRequested
            | EventType::ErasureDecided
            | EventType::DeadlinePaused
            | EventType::DeadlineResumed
            | EventType::DeadlineExtended => Self::Rights,
            EventType::RecipientNotified | EventType::RecipientNoticeAcknowledged => Self::Disclosures,
            _ => match event_type.code().strip_prefix('E').and_then(|number| number.parse().ok()) {
                Some(8_u8..=14) => Self::Registration,
                Some(15) => Self::Policy,
                Some(16..=22) => Self::Consents,
                Some(23 | 24 | 26..=29) => Self::Processing,
                Some(25) => Self::Looks,
                Some(30..=33) => Self::Disclosures,
                Some(34..=37) => Self::Rights,
                Some(38) => Self::Incidents,
                Some(40) => Self::Disputes,
                _ => Self::Notes,
            },
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Group {
    type Err = UnknownGroup;

    fn from_str(text: &str) -> Result<Self, UnknownGroup> {
        Self::ALL.into_iter().find(|group| group.word() == text).ok_or(UnknownGroup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_reads_back_and_has_a_type() {
        for group in Group::ALL {
            assert_eq!(group.word().parse(), Ok(group));
            assert!(EventType::ALL.iter().any(|event_type| Group::of(*event_type) == group), "{group}");
        }
        assert_eq!("letters".parse::<Group>(), Err(UnknownGroup));
    }
}
