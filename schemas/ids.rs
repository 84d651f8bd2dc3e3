//! Names of events, people, streams and places in them: one type each, so that none can stand for another.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::identifiers::personal_lookalike;
use crate::reference::guarded_schema;

/// A name that could not be parsed: what it should look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdError(pub(crate) &'static str);

/// On the wire a type is its text.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr, $schema:expr, $wrong:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the text form.
            ///
            /// # Errors
            /// [`IdError`], saying what the form is.
            pub fn parse(text: impl Into<String>) -> Result<Self, $crate::ids::IdError> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err($crate::ids::IdError($wrong)) }
            }

            /// The text form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::ids::IdError;
            fn try_from(text: String) -> Result<Self, $crate::ids::IdError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = $crate::ids::IdError;
            fn from_str(text: &str) -> Result<Self, $crate::ids::IdError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

pub(crate) use text_id;

text_id!(
    /// The platform's own opaque name for a person: 8 to 64 of `A-Za-z0-9_-`, at least one of them a letter,
    /// so that it can be no IIN, phone number or e-mail address.
    SubjectId,
    |t| (8..=64).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && t.bytes().any(|b| b.is_ascii_alphabetic()),
    json_schema!({
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*$",
        "minLength": 8,
        "maxLength": 64,
    }),
    "a subject id is 8 to 64 letters, digits, _ or -, with at least one letter"
);

text_id!(
    /// The emitter's name for an event: 1 to 64 printable ASCII characters without spaces, UUID version 7
    /// advised. Together with its [`Source`] it names the event for ever (CloudEvents 1.0, `id`).
    EventId,
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic()) && personal_lookalike(t).is_none(),
    guarded_schema("^[!-~]{1,64}$", 64),
    "an event id is 1 to 64 printable ASCII characters without spaces (UUID version 7 is advised) and no personal identifier"
);

text_id!(
    /// The part of the platform that emitted an event: a URI reference of 1 to 64 characters
    /// (CloudEvents 1.0, `source`). A token owns one or more sources.
    Source,
    |t| (1..=64).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:/-".contains(&b))
        && personal_lookalike(t).is_none(),
    guarded_schema("^[A-Za-z0-9._~:/-]{1,64}$", 64),
    "a source is 1 to 64 letters, digits or . _ ~ : / - and no personal identifier"
);

/// Place of an event in its stream, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

/// Revisions a stream may have. The stored `sequence` is padded to twelve digits, so that it sorts as text.
pub const REVISIONS_MAX: u64 = 1_000_000_000_000;

impl Revision {
    /// The first event of a stream.
    pub const FIRST: Self = Self(0);

    /// A revision by number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The form that stands in a stored event: twelve digits, so that it sorts as text.
    #[must_use]
    pub fn sequence(self) -> String {
        format!("{:012}", self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of an event in the whole store. Ordered; to callers an opaque text of sixteen digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// Before every event.
    pub const START: Self = Self(0);

    /// A position by its engine's number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The engine's number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016}", self.0)
    }
}

impl FromStr for Position {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError("a position is the text of digits that an append answered");
        if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong);
        }
        text.parse().map(Self).map_err(|_| wrong)
    }
}

serde_as_text!(Position);

/// SHA-256 of a stored event as a leaf of the log: `SHA-256(0x00 ‖ bytes)` (RFC 6962, section 2.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafHash([u8; 32]);

impl LeafHash {
    /// A leaf hash from its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LeafHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece: every append writes several, and formatting byte by byte shows in its cost.
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            }
        }
        f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for LeafHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeafHash({self})")
    }
}

impl FromStr for LeafHash {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError("a leaf hash is 64 lower-case hexadecimal digits");
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(wrong);
        }
        let nibble = |b: u8| match b {
            b'0'..=b'9' => Ok(b - b'0'),
            b'a'..=b'f' => Ok(b - b'a' + 10),
            _ => Err(wrong),
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

serde_as_text!(LeafHash);

/// A stream: the ordered events of one person, of looks at one person, of the policy, or of the office.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// What happened with one person's data.
    Subject(SubjectId),
    /// Who looked at one person's data: apart, so that a look never moves the revision an emitter expects.
    Access(SubjectId),
    /// Policy versions, consent texts, data lists, recipients, storage places, calendars, rule packs.
    Policy,
    /// What belongs to no single person.
    Office,
}

impl StreamName {
    /// The person whose stream this is, if it is a person's.
    #[must_use]
    pub fn subject(&self) -> Option<&SubjectId> {
        match self {
            Self::Subject(id) | Self::Access(id) => Some(id),
            Self::Policy | Self::Office => None,
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(id) => write!(f, "subject-{id}"),
            Self::Access(id) => write!(f, "access-{id}"),
            Self::Policy => f.write_str("policy"),
            Self::Office => f.write_str("office"),
        }
    }
}

impl FromStr for StreamName {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text {
            "policy" => Ok(Self::Policy),
            "office" => Ok(Self::Office),
            _ => match text.split_once('-') {
                Some(("subject", id)) => SubjectId::parse(id).map(Self::Subject),
                Some(("access", id)) => SubjectId::parse(id).map(Self::Access),
                _ => Err(IdError("a stream is policy, office, subject-<id> or access-<id>")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_id_cannot_be_an_iin_or_a_phone_number() {
        assert!(SubjectId::parse("880315100011").is_err());
        assert!(SubjectId::parse("77000000001").is_err());
        assert!(SubjectId::parse("short1").is_err());
        assert!(SubjectId::parse("p-0192a1b2").is_ok());
    }

    #[test]
    fn positions_and_sequences_sort_as_text() {
        assert!(Position::new(9).to_string() < Position::new(10).to_string());
        assert!(Revision::new(9).sequence() < Revision::new(10).sequence());
        assert_eq!("0000000000000042".parse(), Ok(Position::new(42)));
        assert!("+42".parse::<Position>().is_err());
    }

    #[test]
    fn a_stream_name_reads_back_as_written() {
        for text in ["policy", "office", "subject-p-0192a1b2", "access-p-0192a1b2"] {
            assert_eq!(text.parse::<StreamName>().map(|s| s.to_string()).as_deref(), Ok(text));
        }
        assert!("subject-1".parse::<StreamName>().is_err());
    }

    #[test]
    fn a_leaf_hash_reads_back_as_written() {
        let hash = LeafHash::new([0xa5; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }
}
