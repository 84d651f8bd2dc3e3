//! The only strings a public field may hold: references of a closed pattern, and hashes of published texts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::identifiers::{
    LOOKALIKE_PATTERNS, Lookalike, SHA256_HEX_PATTERN, UUID_PATTERN, personal_lookalike,
};
use crate::ids::text_id;

/// Longest [`Reference`], in characters.
pub const REFERENCE_CHARACTERS_MAX: usize = 64;

/// Characters of a [`Reference`]: letters, digits and `. _ : / # -`, starting with a letter or digit.
pub const REFERENCE_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,63}$";

/// The platform's own name for a thing (an agreement, a case, a request): never a personal value.
///
/// 1 to 64 characters of [`REFERENCE_PATTERN`]. Anything that looks like an IIN, BIN, phone number or
/// e-mail address is refused, since a public field can never be erased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// Why a text is no [`Reference`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Wrong length or characters.
    #[error("a reference is 1 to 64 letters, digits or . _ : / # - and starts with a letter or digit")]
    Shape,
    /// Looks like personal data.
    #[error("it looks like {0}: personal values go under data.personal, where they can be erased")]
    Lookalike(Lookalike),
}

impl Reference {
    /// Parses a reference.
    ///
    /// # Errors
    /// [`ReferenceError`] when the shape is wrong or the text looks like a personal identifier.
    pub fn parse(text: impl Into<String>) -> Result<Self, ReferenceError> {
        let text = text.into();
        let inner = |c: char| c.is_ascii_alphanumeric() || "._:/#-".contains(c);
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !starts_well || text.len() > REFERENCE_CHARACTERS_MAX || !text.chars().all(inner) {
            return Err(ReferenceError::Shape);
        }
        match personal_lookalike(&text) {
            Some(kind) => Err(ReferenceError::Lookalike(kind)),
            None => Ok(Self(text)),
        }
    }

    /// The reference as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;
    fn try_from(text: String) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Schema of a text of `pattern` that is no look-alike of a personal identifier.
///
/// A whole UUID is let through: its last group is all digits once in about 280 ids.
#[must_use]
pub fn guarded_schema(pattern: &str, characters_max: usize) -> Schema {
    let lookalikes: Vec<_> = LOOKALIKE_PATTERNS.iter().map(|p| serde_json::json!({ "pattern": p })).collect();
    json_schema!({
        "type": "string",
        "pattern": pattern,
        "maxLength": characters_max,
        "anyOf": [{ "pattern": UUID_PATTERN }, { "not": { "anyOf": lookalikes } }],
    })
}

impl JsonSchema for Reference {
    fn schema_name() -> Cow<'static, str> {
        "Reference".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "$ref": "#/$defs/Reference" })
    }
}

/// What `#/$defs/Reference` stands for in every published schema.
#[must_use]
pub(crate) fn reference_definition() -> Schema {
    guarded_schema(REFERENCE_PATTERN, REFERENCE_CHARACTERS_MAX)
}

text_id!(
    /// SHA-256 of a published text, as 64 lower-case hexadecimal digits.
    TextHash,
    |t| lower_hex(t, 64),
    json_schema!({ "type": "string", "pattern": SHA256_HEX_PATTERN, "maxLength": 64 }),
    "a text hash is the SHA-256 of the text as 64 lower-case hexadecimal digits"
);

/// Whether a text is so many lower-case hexadecimal digits.
pub(crate) fn lower_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_holds_no_identifier() {
        assert!(Reference::parse("AGR-2026-000123").is_ok());
        assert!(Reference::parse("01926fd8-1c2b-7a11-8f00-880315100011").is_ok(), "a whole UUID passes");
        for hidden in ["880315100011", "case/880315100011", "8-701-000-00-01", "77010000001"] {
            assert!(matches!(Reference::parse(hidden), Err(ReferenceError::Lookalike(_))), "{hidden}");
        }
        assert_eq!(Reference::parse("a@b.kz"), Err(ReferenceError::Shape));
        assert_eq!(Reference::parse("free text"), Err(ReferenceError::Shape));
        assert_eq!(Reference::parse("x".repeat(65)), Err(ReferenceError::Shape));
    }
}
