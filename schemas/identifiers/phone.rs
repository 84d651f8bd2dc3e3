//! Phone numbers, kept as ITU-T E.164 with the leading plus.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text_identifier;

/// What may be sent: any spelling, since people type at least three. [`Phone::parse`] has the last word, and
/// what is kept is E.164.
pub const PHONE_SPELLING_PATTERN: &str = "^[^A-Za-z@]{8,40}$";

/// Longest spelling that may be sent, in characters.
const SPELLING_CHARACTERS_MAX: usize = 40;

/// Digits of an E.164 number without the plus.
const DIGITS_MAX: usize = 15;
/// Shortest number that is still taken for a whole one, country code included.
const DIGITS_MIN: usize = 8;
/// Digits of a number under country code 7 (Kazakhstan and Russia), the code included.
const CODE_7_DIGITS: usize = 11;

/// Why a text is no phone number. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// A character that belongs to no phone number, or a plus that is not in front.
    #[error("a phone number holds digits, spaces, dashes, dots, brackets and one plus in front")]
    ForbiddenCharacter,
    /// Country code 7 (Kazakhstan and Russia), yet too short or too long.
    #[error("a number under +7 has 10 digits after the country code")]
    NotCode7,
    /// No plus, and none of the spellings that are usual within Kazakhstan.
    #[error("without a plus, a number has 11 digits and starts with 76, 77, 86 or 87")]
    NoCountryCode,
    /// Too short or too long for E.164, or starting with zero.
    #[error("an international number has 8 to 15 digits and does not start with 0")]
    NotInternational,
}

/// A phone number in E.164. Personal data.
///
/// Operator and area codes are not looked up: numbers move between operators, and new codes appear.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

text_identifier!(
    Phone,
    PhoneError,
    "Phone number in any usual spelling; kept as E.164.",
    PHONE_SPELLING_PATTERN,
    SPELLING_CHARACTERS_MAX
);

impl Phone {
    /// Takes `8 (7xx) …`, `7 7xx …`, `+7 7xx …`, and any other country's number with its plus. Spaces,
    /// dashes, dots and round brackets may stand anywhere.
    ///
    /// # Errors
    /// If the text holds something else, or the digits make no whole number.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let compact: String = text.chars().filter(|character| !is_separator(*character)).collect();
        let international = compact.strip_prefix('+');
        let digits = international.unwrap_or(&compact);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneError::ForbiddenCharacter);
        }
        let code_7 = digits.len() == CODE_7_DIGITS;
        let kazakh = code_7 && matches!(digits.as_bytes().get(1), Some(b'6' | b'7'));
        match (international.is_some(), digits.as_bytes().first()) {
            (true, Some(b'7')) if !code_7 => Err(PhoneError::NotCode7),
            (true, None | Some(b'0')) => Err(PhoneError::NotInternational),
            (true, _) if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) => {
                Err(PhoneError::NotInternational)
            }
            (true, _) => Ok(Self(format!("+{digits}"))),
            (false, Some(b'7' | b'8')) if kazakh => Ok(Self(format!("+7{}", digits.split_at(1).1))),
            (false, _) => Err(PhoneError::NoCountryCode),
        }
    }

    /// The number in E.164, plus included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Phone(…)")
    }
}

/// Besides the ASCII ones, the dashes (U+2010 to U+2015, U+2212) that word processors put in.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || super::is_invisible(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> String {
        Phone::parse(text).expect(text).as_str().to_owned()
    }

    #[test]
    fn every_usual_spelling_becomes_the_same_number() {
        for text in [
            "+77000000001",
            "77000000001",
            "87000000001",
            "8 (700) 000-00-01",
            "8(700)0000001",
            "8-700-000-00-01",
            "8.700.000.00.01",
            "7 700 000 00 01",
            "+7 700 000 00 01",
            "+7 (700) 000 00 01",
            "(+7) 700 0000001",
            " +7\u{a0}700\u{a0}000\u{2011}00\u{2013}01\t",
            "\u{202a}+77000000001\u{202c}",
        ] {
            assert_eq!(parsed(text), "+77000000001", "{text}");
        }
    }

    #[test]
    fn landlines_and_unknown_operator_codes_are_kept() {
        assert_eq!(parsed("8 (7172) 00-00-02"), "+77172000002");
        assert_eq!(parsed("8 (71234) 0-00-02"), "+77123400002");
        assert_eq!(parsed("8 799 000 00 02"), "+77990000002");
        assert_eq!(parsed("+7 600 000 00 02"), "+76000000002");
    }

    #[test]
    fn numbers_of_other_countries_need_their_plus() {
        assert_eq!(parsed("+998 90 000 00 02"), "+998900000002");
        assert_eq!(parsed("+49 (30) 000002"), "+4930000002");
        assert_eq!(parsed("+7 900 000 00 01"), "+79000000001", "a Russian number");
        assert_eq!(Phone::parse("998 90 000 00 02"), Err(PhoneError::NoCountryCode));
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for (text, expected) in [
            ("", PhoneError::NoCountryCode),
            ("700 000 00 01", PhoneError::NoCountryCode),
            ("8 500 000 00 01", PhoneError::NoCountryCode),
            ("9 700 000 00 01", PhoneError::NoCountryCode),
            ("8 700 000 00 011", PhoneError::NoCountryCode),
            ("+7 700 000 00 0", PhoneError::NotCode7),
            ("+7 700 000 00 011", PhoneError::NotCode7),
            ("+", PhoneError::NotInternational),
            ("+0 700 000 00 01", PhoneError::NotInternational),
            ("+1234567", PhoneError::NotInternational),
            ("+1234567890123456", PhoneError::NotInternational),
            ("8 700 000 00 0l", PhoneError::ForbiddenCharacter),
            ("8+7000000001", PhoneError::ForbiddenCharacter),
            ("++77000000001", PhoneError::ForbiddenCharacter),
            ("+7 700 000 00 01, доб. 5", PhoneError::ForbiddenCharacter),
            ("+٧٧٠٠٠٠٠٠٠٠١", PhoneError::ForbiddenCharacter),
        ] {
            assert_eq!(Phone::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn debug_and_json_errors_hide_the_number() {
        assert_eq!(format!("{:?}", Phone::parse("87000000001").unwrap()), "Phone(…)");
        let refusal = serde_json::from_str::<Phone>("\"8700000000\"").unwrap_err().to_string();
        assert!(!refusal.contains("8700"), "{refusal}");
    }

    proptest! {
        #[test]
        fn every_phone_fits_the_published_schema_and_parses_to_itself(
            text in r"(\+|)[0-9 ()-]{7,18}|[78] \([67][0-9]{2}\) [0-9]{3}-[0-9]{2}-[0-9]{2}|\+[1-9][0-9]{6,15}",
        ) {
            let schema = schemars::schema_for!(Phone);
            let validator = jsonschema::validator_for(schema.as_value()).unwrap();
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert!(validator.is_valid(&serde_json::json!(phone)));
                prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone));
            }
        }
    }
}
