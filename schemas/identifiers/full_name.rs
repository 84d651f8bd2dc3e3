//! A person's name as the identity document spells it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What each part of a [`FullName`] fits, in ECMA-262 with the `u` flag, before white space is tidied.
pub const NAME_PART_PATTERN: &str =
    r"^[\p{Alphabetic}\p{M}\s.'‘’‐‑\-]*\p{Alphabetic}[\p{Alphabetic}\p{M}\s.'‘’‐‑\-]*$";

/// Longest part of a name in characters (Unicode scalar values, in NFC).
const CHARACTERS_MAX: usize = 100;

/// Which part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamePart {
    /// Family name.
    Family,
    /// Given name.
    Given,
    /// Patronymic.
    Patronymic,
}

impl fmt::Display for NamePart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Family => "family name",
            Self::Given => "given name",
            Self::Patronymic => "patronymic",
        })
    }
}

/// What is wrong with a part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// No letter in it.
    #[error("holds no letter")]
    NoLetter,
    /// More than 100 characters.
    #[error("is longer than 100 characters")]
    TooLong,
    /// Something else than letters, spaces, hyphens, apostrophes and dots.
    #[error("holds something else than letters, spaces, hyphens, apostrophes and dots")]
    ForbiddenCharacter,
}

/// Why something is no name. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {part} {fault}")]
pub struct FullNameError {
    /// The part at fault.
    pub part: NamePart,
    /// What is wrong with it.
    pub fault: NameFault,
}

/// Family name, given name and, where the identity document shows one, patronymic. Personal data.
///
/// Each part has 1 to 100 characters of any script, in NFC, without white space around and with single
/// spaces inside, so that Kazakh letters typed on different systems compare equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unparsed")]
pub struct FullName {
    family: String,
    given: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    patronymic: Option<String>,
}

impl FullName {
    /// Tidies and checks the parts.
    ///
    /// # Errors
    /// If a part holds no letter, is too long or holds a character that no name has. An absent patronymic
    /// is `None`, never an empty text.
    pub fn parse(family: &str, given: &str, patronymic: Option<&str>) -> Result<Self, FullNameError> {
        let part = |part, text| tidy(text).map_err(|fault| FullNameError { part, fault });
        Ok(Self {
            family: part(NamePart::Family, family)?,
            given: part(NamePart::Given, given)?,
            patronymic: patronymic.map(|text| part(NamePart::Patronymic, text)).transpose()?,
        })
    }

    /// Family name.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Given name.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// Patronymic, if the identity document shows one.
    #[must_use]
    pub fn patronymic(&self) -> Option<&str> {
        self.patronymic.as_deref()
    }

    /// The parts that there are, in the order of identity documents: family, given, patronymic.
    #[must_use]
    pub fn display(&self) -> String {
        [Some(self.family()), Some(self.given()), self.patronymic()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl fmt::Debug for FullName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FullName(…)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unparsed {
    family: String,
    given: String,
    patronymic: Option<String>,
}

impl TryFrom<Unparsed> for FullName {
    type Error = FullNameError;

    fn try_from(unparsed: Unparsed) -> Result<Self, Self::Error> {
        Self::parse(&unparsed.family, &unparsed.given, unparsed.patronymic.as_deref())
    }
}

impl JsonSchema for FullName {
    fn schema_name() -> Cow<'static, str> {
        "FullName".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::FullName").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let part = |description: &str| {
            json_schema!({
                "description": description,
                "type": "string",
                "pattern": NAME_PART_PATTERN,
                "maxLength": CHARACTERS_MAX,
            })
        };
        json_schema!({
            "description": "A person's name as the identity document spells it.",
            "type": "object",
            "properties": {
                "family": part("Family name."),
                "given": part("Given name."),
                "patronymic": part("Patronymic; left out where the identity document shows none."),
            },
            "required": ["family", "given"],
            "additionalProperties": false,
        })
    }
}

fn tidy(text: &str) -> Result<String, NameFault> {
    let composed: String = text.nfc().collect();
    let tidied = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    if tidied.chars().count() > CHARACTERS_MAX {
        Err(NameFault::TooLong)
    } else if !tidied.chars().all(is_name_character) {
        Err(NameFault::ForbiddenCharacter)
    } else if !tidied.chars().any(char::is_alphabetic) {
        Err(NameFault::NoLetter)
    } else {
        Ok(tidied)
    }
}

fn is_name_character(character: char) -> bool {
    character.is_alphabetic()
        || is_combining_mark(character)
        || matches!(character, ' ' | '.' | '-' | '\u{2010}' | '\u{2011}' | '\'' | '\u{2018}' | '\u{2019}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fault(text: &str) -> NameFault {
        FullName::parse(text, "Әлия", None).unwrap_err().fault
    }

    #[test]
    fn kazakh_names_are_kept_letter_by_letter() {
        let name = FullName::parse("Әміреқызы", "Гүлнұр-Ғазиза", Some("Іңкәрбекқызы")).unwrap();
        assert_eq!(name.display(), "Әміреқызы Гүлнұр-Ғазиза Іңкәрбекқызы");
        for letter in "әғқңөұүһіӘҒҚҢӨҰҮҺІ".chars() {
            assert!(FullName::parse(&letter.to_string(), "Әлия", None).is_ok(), "{letter}");
        }
    }

    #[test]
    fn the_patronymic_is_optional() {
        let name = FullName::parse("Серікова", "Әлия", None).unwrap();
        assert_eq!(name.patronymic(), None);
        assert_eq!(name.display(), "Серікова Әлия");
    }

    #[test]
    fn composed_and_decomposed_spellings_are_equal() {
        let composed = FullName::parse("Байме\u{0439}", "\u{0401}лка", Some("Андре\u{0439}ұлы")).unwrap();
        let decomposed =
            FullName::parse("Байме\u{0438}\u{0306}", "\u{0415}\u{0308}лка", Some("Андре\u{0438}\u{0306}ұлы"))
                .unwrap();
        assert_eq!(composed, decomposed);
        assert_eq!(decomposed.family(), "Байме\u{0439}");
    }

    #[test]
    fn white_space_is_trimmed_and_collapsed() {
        let name = FullName::parse("  оглы\u{a0} \tАлиев\n", " Әлия ", None).unwrap();
        assert_eq!((name.family(), name.given()), ("оглы Алиев", "Әлия"));
    }

    #[test]
    fn names_of_other_scripts_with_hyphens_apostrophes_and_dots_are_taken() {
        for text in
            ["O'Neil", "д’Артаньян", "Петрова-Водкина", "Mary Jr.", "Müller", "王", "محمد", "शर्मा", "N̈guyen"]
        {
            assert!(FullName::parse(text, "Әлия", None).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_no_name_holds_is_refused() {
        for text in
            ["Әлия1", "a@example.kz", "Әлия_", "Серікова (Ахметова)", "Әлия\u{200b}", "Әлия\u{0}", "<b>"]
        {
            assert_eq!(fault(text), NameFault::ForbiddenCharacter, "{text:?}");
        }
        for text in ["", "   ", "-", "' .", "\u{301}"] {
            assert_eq!(fault(text), NameFault::NoLetter, "{text:?}");
        }
    }

    #[test]
    fn a_part_has_at_most_a_hundred_characters_once_tidied() {
        assert!(FullName::parse(&"ә".repeat(100), "Әлия", None).is_ok());
        assert!(FullName::parse(&"\u{0438}\u{0306}".repeat(100), "Әлия", None).is_ok());
        assert!(FullName::parse(&format!("  {}  ", "ә".repeat(100)), "Әлия", None).is_ok());
        assert_eq!(fault(&"ә".repeat(101)), NameFault::TooLong);
    }

    #[test]
    fn an_error_names_the_part_and_hides_the_value() {
        let error = FullName::parse("Серікова", "Әлия", Some("")).unwrap_err();
        assert_eq!(error.to_string(), "the patronymic holds no letter");
        let json = json!({"family": "Серікова", "given": "Әлия7"});
        let refusal = serde_json::from_value::<FullName>(json).unwrap_err().to_string();
        assert!(refusal.starts_with("the given name holds something else") && !refusal.contains("Әлия"));
        assert_eq!(format!("{:?}", FullName::parse("Серікова", "Әлия", None).unwrap()), "FullName(…)");
    }

    #[test]
    fn json_is_an_object_and_is_tidied_on_the_way_in() {
        let name: FullName =
            serde_json::from_value(json!({"family": " Серікова", "given": "Әлия", "patronymic": null}))
                .unwrap();
        assert_eq!(serde_json::to_value(&name).unwrap(), json!({"family": "Серікова", "given": "Әлия"}));
        assert!(
            serde_json::from_value::<FullName>(json!({"family": "С", "given": "Ә", "middle": "А"})).is_err(),
            "an unknown member must not be lost in silence"
        );
    }

    proptest! {
        #[test]
        fn parse_and_published_schema_agree_and_parsing_is_idempotent(
            text in r"[ -~\xA0-\x{24F}\x{370}-\x{52F}‐-‟]{0,4}|[А-ԯ'’. -]{0,8}|[a-zи\x{306}e\x{301} \t\n\xA0]{0,6}",
        ) {
            let schema = schemars::schema_for!(FullName);
            let validator = jsonschema::validator_for(schema.as_value()).unwrap();
            let sent = json!({"family": text, "given": "Әлия"});
            let parsed = FullName::parse(&text, "Әлия", None);
            prop_assert_eq!(parsed.is_ok(), validator.is_valid(&sent));
            if let Ok(name) = parsed {
                prop_assert!(unicode_normalization::is_nfc(name.family()));
                prop_assert_eq!(FullName::parse(name.family(), name.given(), None), Ok(name));
            }
        }
    }
}
