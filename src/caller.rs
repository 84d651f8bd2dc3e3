//! Who asks: a token, its role and what it may see.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use subject_record_schemas::catalogue::{StreamRule, Writer};
pub use subject_record_schemas::vocabulary::Role;
use subject_record_schemas::{EventType, Source};

/// What a role may do. Deny by default: a role that is not named by a rule may not.
pub trait Powers {
    /// Whether the role may append events of a type.
    fn may_append(self, event_type: EventType) -> bool;

    /// Members of the profile that the role sees without asking for each; `None` for every personal value.
    fn sees_at_once(self) -> Option<&'static [&'static str]>;
}

impl Powers for Role {
    fn may_append(self, event_type: EventType) -> bool {
        if event_type.writer() == Writer::Service {
            return false;
        }
        match self {
            Self::Emitter => true,
            Self::Officer => {
                let governs = !matches!(event_type.stream_rule(), StreamRule::Subject | StreamRule::Access);
                // Requests of people (E34, E35) and restrictions (E36) are the officer's work too.
                governs || matches!(event_type.code(), "E34" | "E35" | "E36")
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

    /// Parses 1 to 64 of `a-z0-9-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(fits)).then(|| Self(text.to_owned()))
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
    /// Whether the token owns a source.
    #[must_use]
    pub fn owns(&self, source: &Source) -> bool {
        self.sources.iter().any(|pattern| pattern.matches(source))
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
                assert!(!role.may_append(*event_type), "{role} {event_type}");
            }
        }
    }
}
