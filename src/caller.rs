//! Who asks: a token, its role and what it may see.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use subject_record_schemas::catalogue::{StreamRule, Writer};
pub use subject_record_schemas::vocabulary::Role;
use subject_record_schemas::{EventType, Reference, Source, StreamName};

/// The source of the service's own events. No token owns it, whatever its patterns say.
pub const OWN_SOURCE: &str = "subject-record";

/// What a role may do. Deny by default: a role that is not named by a rule may not.
pub trait Powers {
    /// Whether the role may append events of a type to a stream.
    fn may_append(self, event_type: EventType, stream: &StreamName) -> bool;

    /// Whether there is any stream to which the role may append events of a type.
    fn may_append_somewhere(self, event_type: EventType) -> bool;

    /// Members of the profile that the role sees without asking for each; `None` for every personal value.
    fn sees_at_once(self) -> Option<&'static [&'static str]>;
}

impl Powers for Role {
    fn may_append(self, event_type: EventType, stream: &StreamName) -> bool {
        let governs = matches!(stream, StreamName::Policy | StreamName::Office);
        self.may_append_somewhere(event_type)
            && (self != Self::Officer || governs || is_work_on_requests(event_type))
    }

    fn may_append_somewhere(self, event_type: EventType) -> bool {
        if event_type.writer() == Writer::Service {
            return false;
        }
        match self {
            Self::Emitter => true,
            Self::Officer => {
                let governs = !matches!(event_type.stream_rule(), StreamRule::Subject | StreamRule::Access);
                governs || is_work_on_requests(event_type)
            }
            Self::Support | Self::Auditor | Self::Operator => false,
        }
    }

    fn sees_at_once(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Auditor | Self::Officer => None,
            Self::Support => Some(&["full_name", "email", "phone"]),
            Self::Emitter | Self::Operator => Some(&[]),
        }
    }
}

/// Requests of people (E34, E35) and restrictions (E36): the officer's work in the streams of people.
fn is_work_on_requests(event_type: EventType) -> bool {
    matches!(event_type.code(), "E34" | "E35" | "E36")
}

/// Id of a token: public, and written into every event the token sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(String);

impl TokenId {
    /// The id under which the service itself appends.
    #[must_use]
    pub fn service() -> Self {
        Self("service".into())
    }

    /// Parses 1 to 64 of `a-z0-9-` that are a [`Reference`] as well: events bear the id as their actor, so it
    /// begins with a letter or digit and looks like no personal number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let plain = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        (plain && Reference::parse(text).is_ok()).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token.
    pub token: TokenId,
    /// What it may do.
    pub role: Role,
    /// Sources whose events it may append. A source ending in `*` stands for all that begin so.
    pub sources: Vec<SourcePattern>,
}

impl Caller {
    /// Whether the token owns a source. Nobody owns [`OWN_SOURCE`].
    #[must_use]
    pub fn owns(&self, source: &Source) -> bool {
        source.as_str() != OWN_SOURCE && self.sources.iter().any(|pattern| pattern.matches(source))
    }
}

/// A source, or all sources with a beginning: `platform/consents`, `platform/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourcePattern(String);

impl SourcePattern {
    /// Parses a source, or the beginning of one and `*`.
    ///
    /// # Errors
    /// When what stands before the star is no source.
    pub fn parse(text: impl Into<String>) -> Result<Self, subject_record_schemas::ids::IdError> {
        let text = text.into();
        let beginning = text.strip_suffix('*').unwrap_or(&text);
        if !beginning.is_empty() || text.is_empty() {
            Source::parse(beginning)?;
        }
        Ok(Self(text))
    }

    fn matches(&self, source: &Source) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => source.as_str().starts_with(beginning),
            None => source.as_str() == self.0,
        }
    }
}

impl TryFrom<String> for SourcePattern {
    type Error = subject_record_schemas::ids::IdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl From<SourcePattern> for String {
    fn from(pattern: SourcePattern) -> Self {
        pattern.0
    }
}

impl FromStr for SourcePattern {
    type Err = subject_record_schemas::ids::IdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use subject_record_schemas::SubjectId;

    use super::*;

    #[test]
    fn a_star_stands_for_every_source_that_begins_so() {
        let source = |text| Source::parse(text).unwrap();
        let pattern = SourcePattern::parse("platform/*").unwrap();
        assert!(pattern.matches(&source("platform/consents")));
        assert!(!pattern.matches(&source("other/consents")));
        let exact = SourcePattern::parse("platform").unwrap();
        assert!(!exact.matches(&source("platform/consents")));
        assert!(SourcePattern::parse("").is_err());
    }

    #[test]
    fn nobody_appends_a_reserved_type() {
        for role in Role::ALL {
            for event_type in EventType::ALL.iter().filter(|t| t.writer() == Writer::Service) {
                assert!(!role.may_append_somewhere(*event_type), "{role} {event_type}");
                assert!(!role.may_append(*event_type, &StreamName::Office), "{role} {event_type}");
            }
        }
    }

    #[test]
    fn an_officer_writes_into_a_persons_stream_only_about_requests() {
        let person = StreamName::Subject(SubjectId::parse("p-0192a1b2").unwrap());
        let written = |stream: &StreamName| -> Vec<_> {
            let types = EventType::ALL.iter().filter(|t| Role::Officer.may_append(**t, stream));
            types.map(|t| t.code()).collect()
        };
        assert_eq!(written(&person), ["E34", "E35", "E36"]);
        assert!(written(&StreamName::Office).contains(&"E38"));
        assert!(Role::Emitter.may_append(EventType::IncidentRecorded, &person));
    }

    #[test]
    fn the_id_of_a_token_can_stand_in_an_event() {
        for good in ["emitter-1", "service", "7"] {
            assert!(TokenId::parse(good).is_some(), "{good}");
        }
        for bad in ["", "-x", "77010000001", "Emitter", "a_b", &"a".repeat(65)] {
            assert!(TokenId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn nobody_owns_the_source_of_the_service() {
        let everything = vec![SourcePattern::parse("*").unwrap()];
        let token = TokenId::parse("emitter-1").unwrap();
        let caller = Caller { token, role: Role::Emitter, sources: everything };
        assert!(!caller.owns(&Source::parse(OWN_SOURCE).unwrap()));
        assert!(caller.owns(&Source::parse("subject-record-2").unwrap()));
    }
}
