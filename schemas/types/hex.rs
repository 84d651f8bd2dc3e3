//! Ids and keys of a log, as hexadecimal digits.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Id of a log: 128 random bits as 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogId(String);

/// An Ed25519 public key (RFC 8032) as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKeyHex(String);

/// A text that is not so many lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} lower-case hexadecimal digits")]
pub struct HexError(usize);

macro_rules! hex_text {
    ($name:ident, $digits:literal, $pattern:literal) => {
        impl $name {
            /// Parses the hexadecimal digits.
            ///
            /// # Errors
            /// [`HexError`] for anything else.
            pub fn parse(text: impl Into<String>) -> Result<Self, HexError> {
                let text = text.into();
                let lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
                if text.len() == $digits && text.bytes().all(lower_hex) {
                    Ok(Self(text))
                } else {
                    Err(HexError($digits))
                }
            }

            /// The hexadecimal digits.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = HexError;
            fn try_from(text: String) -> Result<Self, HexError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(hex: $name) -> Self {
                hex.0
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
                json_schema!({ "type": "string", "pattern": $pattern, "maxLength": $digits })
            }
        }
    };
}

hex_text!(LogId, 32, "^[0-9a-f]{32}$");
hex_text!(PublicKeyHex, 64, "^[0-9a-f]{64}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_its_length_and_is_lower_case() {
        assert!(LogId::parse("0f".repeat(16)).is_ok());
        assert!(PublicKeyHex::parse("0f".repeat(32)).is_ok());
        for wrong in ["0F".repeat(16), "0f".repeat(15), "0g".repeat(16)] {
            assert_eq!(LogId::parse(wrong), Err(HexError(32)));
        }
    }
}
