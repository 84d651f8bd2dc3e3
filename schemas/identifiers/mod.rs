//! Names and numbers that point at one person or one business.
//!
//! Each is parsed once into a type of its own and keeps one canonical spelling, so that two spellings of
//! the same thing compare equal. The types that hold personal data neither implement `Display` nor print
//! their value under `Debug`, and no error of this module repeats what was given to it.

mod email;
mod full_name;
mod lookalike;
mod national_id;
mod phone;

pub use email::{EMAIL_PATTERN, Email, EmailError};
pub use full_name::{FullName, FullNameError, NAME_PART_PATTERN, NameFault, NamePart};
pub use lookalike::{LOOKALIKE_PATTERNS, Lookalike, SHA256_HEX_PATTERN, UUID_PATTERN, personal_lookalike};
pub use national_id::{
    BIN_PATTERN, Bin, BinKind, CheckDigit, IIN_PATTERN, IdentifierCheck, IdentifierWarning, Iin,
    NationalIdError,
};
pub use phone::{PHONE_SPELLING_PATTERN, Phone, PhoneError};

/// Gives a type that is parsed from text and kept as text its conversions and its JSON Schema.
///
/// The type needs `parse(&str) -> Result<Self, Error>` and `as_str(&self) -> &str`.
macro_rules! text_identifier {
    ($name:ident, $error:ty, $description:literal, $pattern:expr, $length_max:expr) => {
        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.as_str().to_owned()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": $description,
                    "type": "string",
                    "pattern": $pattern,
                    "maxLength": $length_max,
                })
            }
        }
    };
}
use text_identifier;

/// Characters that a reader cannot see and a search would not find: zero-width and direction marks, the
/// byte-order mark, the soft hyphen. They come along when text is pasted.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}
