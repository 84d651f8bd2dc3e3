//! E-mail addresses: enough of RFC 5321 and RFC 6531 to tell an address from a slip.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{is_invisible, text_identifier};

/// What every [`Email`] fits. [`Email::parse`] is stricter.
pub const EMAIL_PATTERN: &str = r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$";

/// Longest address in octets (RFC 5321, 4.5.3.1.3, less the angle brackets).
const OCTETS_MAX: usize = 254;
/// Longest local part in octets (RFC 5321, 4.5.3.1.1).
const LOCAL_OCTETS_MAX: usize = 64;
/// Longest label of a domain in octets (RFC 1035, 2.3.4).
const LABEL_OCTETS_MAX: usize = 63;

/// Why a text is no e-mail address. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// No `@`, or several.
    #[error("an e-mail address has exactly one @")]
    NotOneAt,
    /// The part before the `@` is empty, too long or holds a character that needs quoting.
    #[error("the part before the @ has 1 to 64 octets, and neither spaces nor quotes nor brackets")]
    Local,
    /// The part after the `@` is no domain name.
    #[error(
        "the part after the @ is a domain name with a dot, each label of 1 to 63 letters, digits or hyphens"
    )]
    Domain,
    /// More than 254 octets.
    #[error("an e-mail address has at most 254 octets")]
    TooLong,
}

/// An e-mail address. Personal data.
///
/// The domain is kept in lower case and NFC, as punycode or in its own script, whichever was given. The
/// part before the `@` is kept as it was written, since only its host may say which spellings are the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

text_identifier!(Email, EmailError, "E-mail address.", EMAIL_PATTERN, OCTETS_MAX);

impl Email {
    /// Takes an unquoted address; spaces around it are dropped.
    ///
    /// # Errors
    /// If there is not exactly one `@`, or a part is empty, too long or holds a forbidden character.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let (local, domain) = text.trim().split_once('@').ok_or(EmailError::NotOneAt)?;
        if domain.contains('@') {
            return Err(EmailError::NotOneAt);
        }
        if !is_local(local) {
            return Err(EmailError::Local);
        }
        let domain: String = domain.to_lowercase().nfc().collect();
        if !domain.contains('.') || !domain.split('.').all(is_label) {
            return Err(EmailError::Domain);
        }
        let address = format!("{local}@{domain}");
        if address.len() > OCTETS_MAX {
            return Err(EmailError::TooLong);
        }
        Ok(Self(address))
    }

    /// The address, its domain in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as people who look for it are understood: in lower case throughout, NFC. A host that tells
    /// `A@` from `a@` is rare, a person who types either is not.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email(…)")
    }
}

fn is_local(local: &str) -> bool {
    // RFC 5322, 3.2.3 (atext) and the dot; RFC 6531 adds what lies beyond ASCII.
    let allowed = |character: char| {
        character.is_ascii_alphanumeric()
            || ".!#$%&'*+-/=?^_`{|}~".contains(character)
            || is_printed(character)
    };
    (1..=LOCAL_OCTETS_MAX).contains(&local.len()) && local.chars().all(allowed)
}

fn is_label(label: &str) -> bool {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || character == '-' || is_printed(character);
    (1..=LABEL_OCTETS_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(allowed)
}

/// A character beyond ASCII that leaves a trace on paper.
fn is_printed(character: char) -> bool {
    !(character.is_ascii() || character.is_whitespace() || character.is_control() || is_invisible(character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> String {
        Email::parse(text).expect(text).as_str().to_owned()
    }

    #[test]
    fn the_domain_is_lower_cased_and_the_local_part_kept() {
        assert_eq!(parsed("  Aigerim.S+claims@Example.KZ "), "Aigerim.S+claims@example.kz");
    }

    #[test]
    fn folded_an_address_is_the_same_in_whatever_case_it_was_typed() {
        let folded = |text| Email::parse(text).unwrap().folded();
        assert_eq!(folded("ӘЛИЯ.S@Example.KZ"), "әлия.s@example.kz");
        assert_eq!(folded("Йa@example.kz"), folded("И\u{306}A@example.kz"));
    }

    #[test]
    fn a_domain_in_its_own_script_and_in_punycode_are_both_taken() {
        assert_eq!(parsed("әлия@МЫСАЛ.ҚАЗ"), "әлия@мысал.қаз");
        assert_eq!(parsed("a@xn--80ak6aa92e.xn--80ao21a"), "a@xn--80ak6aa92e.xn--80ao21a");
    }

    #[test]
    fn composed_and_decomposed_domains_are_equal() {
        let (composed, decomposed) = ("a@м\u{0439}сал.example", "a@м\u{0438}\u{0306}сал.example");
        assert_ne!(composed, decomposed);
        assert_eq!(Email::parse(composed).unwrap(), Email::parse(decomposed).unwrap());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, expected) in [
            ("", EmailError::NotOneAt),
            ("example.kz", EmailError::NotOneAt),
            ("a@b@example.kz", EmailError::NotOneAt),
            ("@example.kz", EmailError::Local),
            ("a b@example.kz", EmailError::Local),
            ("<a@example.kz", EmailError::Local),
            ("\"a\"@example.kz", EmailError::Local),
            ("a\u{0}@example.kz", EmailError::Local),
            ("a\u{a0}@example.kz", EmailError::Local),
            ("a\u{200b}@example.kz", EmailError::Local),
            ("a@", EmailError::Domain),
            ("a@localhost", EmailError::Domain),
            ("a@.kz", EmailError::Domain),
            ("a@example.", EmailError::Domain),
            ("a@example..kz", EmailError::Domain),
            ("a@-example.kz", EmailError::Domain),
            ("a@example-.kz", EmailError::Domain),
            ("a@exam ple.kz", EmailError::Domain),
            ("a@example.kz>", EmailError::Domain),
            ("a@exam\u{feff}ple.kz", EmailError::Domain),
        ] {
            assert_eq!(Email::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_limits_are_counted_in_octets() {
        let local = "a".repeat(64);
        let labels = [vec!["b".repeat(63); 2], vec!["b".repeat(58), "kz".to_owned()]].concat();
        let longest = format!("{local}@{}", labels.join("."));
        assert_eq!(longest.len(), 254);
        assert!(Email::parse(&longest).is_ok());
        assert_eq!(Email::parse(&format!("{longest}z")), Err(EmailError::TooLong));
        assert_eq!(Email::parse(&format!("{local}a@example.kz")), Err(EmailError::Local));
        assert_eq!(Email::parse(&format!("{}@example.kz", "ә".repeat(33))), Err(EmailError::Local));
        assert_eq!(Email::parse(&format!("a@{}.kz", "b".repeat(64))), Err(EmailError::Domain));
    }

    #[test]
    fn debug_and_json_errors_hide_the_address() {
        assert_eq!(format!("{:?}", Email::parse("a@example.kz").unwrap()), "Email(…)");
        let refusal = serde_json::from_str::<Email>("\"aigerim@localhost\"").unwrap_err().to_string();
        assert!(!refusal.contains("aigerim") && !refusal.contains("localhost"), "{refusal}");
    }

    proptest! {
        #[test]
        fn every_address_fits_the_published_schema_and_parses_to_itself(
            text in r"[\PC]{1,6}@[\PC]{1,6}\.[\PC]{1,4}|[a-z.+]{1,8}@[A-ZӘҒҚИй̆İΣ-]{1,8}\.[a-zA-Z]{2,5}",
        ) {
            if let Ok(email) = Email::parse(&text) {
                let schema = schemars::schema_for!(Email);
                let validator = jsonschema::validator_for(schema.as_value()).unwrap();
                prop_assert!(validator.is_valid(&serde_json::json!(email)));
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
