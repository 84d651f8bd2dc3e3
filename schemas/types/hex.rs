//! Ids and keys of a log, as hexadecimal digits.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::ids::text_id;
use crate::reference::lower_hex;

text_id!(
    /// Id of a log: 128 random bits as 32 lower-case hexadecimal digits.
    LogId,
    |t| lower_hex(t, 32),
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$", "maxLength": 32 }),
    "a log id is 32 lower-case hexadecimal digits"
);

text_id!(
    /// An Ed25519 public key (RFC 8032) as 64 lower-case hexadecimal digits.
    PublicKeyHex,
    |t| lower_hex(t, 64),
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "maxLength": 64 }),
    "an Ed25519 public key is 64 lower-case hexadecimal digits"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_its_length_and_is_lower_case() {
        assert!(LogId::parse("0f".repeat(16)).is_ok());
        assert!(PublicKeyHex::parse("0f".repeat(32)).is_ok());
        for wrong in ["0F".repeat(16), "0f".repeat(15), "0g".repeat(16)] {
            assert!(LogId::parse(wrong).is_err());
        }
    }
}
