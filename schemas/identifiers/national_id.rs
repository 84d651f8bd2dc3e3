//! Twelve-digit national numbers of Kazakhstan: IIN of a natural person, BIN of a business.
//!
//! Parsing looks at the shape alone. Whether the last digit agrees with the others is data about the
//! number ([`CheckDigit`]), because a wrong number that a platform did store is a fact to be recorded.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text_identifier;

/// Canonical spelling of an [`Iin`].
pub const IIN_PATTERN: &str = "^[0-9]{12}$";

/// Canonical spelling of a [`Bin`]. The fifth digit of a number formed from a birth date is the tens of a
/// day, hence 0 to 3: such a number never fits here.
pub const BIN_PATTERN: &str = "^[0-9]{4}[456][0-9]{7}$";

const DIGITS: usize = 12;

/// Why a text is no national number. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NationalIdError {
    /// Something else than 12 ASCII digits (spaces aside).
    #[error("a national number has exactly 12 digits")]
    NotTwelveDigits,
    /// The fifth digit is not one of a business.
    #[error("the fifth digit of a BIN is 4, 5 or 6")]
    NotABusiness,
}

/// Individual identification number of a natural person: 12 digits, leading zeros kept. Personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iin(String);

text_identifier!(
    Iin,
    NationalIdError,
    "Individual identification number (IIN): 12 digits as a string.",
    IIN_PATTERN,
    DIGITS
);

impl Iin {
    /// Takes 12 ASCII digits, with spaces anywhere.
    ///
    /// # Errors
    /// If anything but 12 digits remains once the spaces are gone.
    pub fn parse(text: &str) -> Result<Self, NationalIdError> {
        twelve_digits(text).map(Self)
    }

    /// The 12 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Judges the check digit, and points out an odd date or seventh digit as of `today`.
    ///
    /// Since Decree No. 853 of 26 August 2013 the digits need not agree with birth date and sex, so these
    /// oddities are warnings only.
    #[must_use]
    pub fn check(&self, today: NaiveDate) -> IdentifierCheck {
        IdentifierCheck { check_digit: CheckDigit::of(&self.0), warnings: self.warnings(today) }
    }

    fn warnings(&self, today: NaiveDate) -> Vec<IdentifierWarning> {
        let mut warnings = Vec::new();
        let centuries: &[i32] = match self.0.as_bytes().get(6) {
            Some(b'1' | b'2') => &[1800],
            Some(b'3' | b'4') => &[1900],
            Some(b'5' | b'6') => &[2000],
            _ => {
                warnings.push(IdentifierWarning::CenturyDigitUnusual);
                &[1800, 1900, 2000]
            }
        };
        let birth_dates: Vec<NaiveDate> = centuries
            .iter()
            .filter_map(|century| {
                NaiveDate::from_ymd_opt(
                    century + i32::from(two_digits(&self.0, 0)),
                    u32::from(two_digits(&self.0, 2)),
                    u32::from(two_digits(&self.0, 4)),
                )
            })
            .collect();
        if birth_dates.is_empty() {
            warnings.push(IdentifierWarning::BirthDateInvalid);
        } else if birth_dates.iter().all(|date| *date > today) {
            warnings.push(IdentifierWarning::BirthDateInFuture);
        }
        warnings
    }
}

impl fmt::Debug for Iin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Iin(…)")
    }
}

/// Business identification number: 12 digits, the fifth of which tells the [`BinKind`]. Public data.
///
/// A sole proprietor has no BIN but trades under the owner's [`Iin`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bin {
    digits: String,
    kind: BinKind,
}

text_identifier!(
    Bin,
    NationalIdError,
    "Business identification number (BIN): 12 digits as a string, the fifth being 4, 5 or 6.",
    BIN_PATTERN,
    DIGITS
);

impl Bin {
    /// Takes 12 ASCII digits, with spaces anywhere, of which the fifth is 4, 5 or 6.
    ///
    /// # Errors
    /// If anything but 12 digits remains once the spaces are gone, or the fifth digit is not one of a
    /// business. So an IIN cannot pass for a BIN in a public field.
    pub fn parse(text: &str) -> Result<Self, NationalIdError> {
        let digits = twelve_digits(text)?;
        let kind = match digits.as_bytes().get(4) {
            Some(b'4') => BinKind::ResidentEntity,
            Some(b'5') => BinKind::NonResidentEntity,
            Some(b'6') => BinKind::JointProprietors,
            _ => return Err(NationalIdError::NotABusiness),
        };
        Ok(Self { digits, kind })
    }

    /// The 12 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// What kind of business the number was given to.
    #[must_use]
    pub fn kind(&self) -> BinKind {
        self.kind
    }

    /// Judges the check digit, and points out a month of registration outside 1 to 12.
    #[must_use]
    pub fn check(&self) -> IdentifierCheck {
        let warnings = match two_digits(&self.digits, 2) {
            1..=12 => Vec::new(),
            _ => vec![IdentifierWarning::RegistrationMonthInvalid],
        };
        IdentifierCheck { check_digit: CheckDigit::of(&self.digits), warnings }
    }
}

impl fmt::Display for Bin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.digits)
    }
}

/// Kind of business, by the fifth digit of its BIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinKind {
    /// 4: a legal entity resident in Kazakhstan.
    ResidentEntity,
    /// 5: a legal entity that is not resident.
    NonResidentEntity,
    /// 6: sole proprietors who trade jointly.
    JointProprietors,
}

/// What can be said of a national number by looking at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierCheck {
    /// Whether the twelfth digit follows from the eleven before it.
    pub check_digit: CheckDigit,
    /// Oddities that do not make the number wrong.
    pub warnings: Vec<IdentifierWarning>,
}

/// An oddity of a national number that does not make it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierWarning {
    /// IIN: the first six digits are no date (in no century, where the seventh digit names none).
    BirthDateInvalid,
    /// IIN: the date that the first seven digits spell is still to come.
    BirthDateInFuture,
    /// IIN: the seventh digit is not 1 to 6 and so names no century. 0 has been given to some foreigners.
    CenturyDigitUnusual,
    /// BIN: the third and fourth digits are no month.
    RegistrationMonthInvalid,
}

/// How the twelfth digit stands to the eleven before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigit {
    /// It agrees, under the first weights.
    PassesFirst,
    /// The first weights give ten; it agrees under the second.
    PassesSecond,
    /// It disagrees.
    Fails,
    /// Both weights give ten: with these eleven digits no number is ever issued.
    NeverIssued,
}

impl CheckDigit {
    const FIRST_WEIGHTS: [u32; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    const SECOND_WEIGHTS: [u32; 11] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2];

    /// Whether the number can have been issued.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::PassesFirst | Self::PassesSecond)
    }

    fn of(digits: &str) -> Self {
        let remainder = |weights: [u32; 11]| -> u32 {
            let weighted = weights.into_iter().zip(digits.chars());
            weighted.map(|(weight, digit)| weight * digit.to_digit(10).unwrap_or(0)).sum::<u32>() % 11
        };
        let (expected, pass) = match remainder(Self::FIRST_WEIGHTS) {
            10 => (remainder(Self::SECOND_WEIGHTS), Self::PassesSecond),
            first => (first, Self::PassesFirst),
        };
        if expected == 10 {
            Self::NeverIssued
        } else if digits.chars().next_back().and_then(|digit| digit.to_digit(10)) == Some(expected) {
            pass
        } else {
            Self::Fails
        }
    }
}

fn twelve_digits(text: &str) -> Result<String, NationalIdError> {
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    if compact.len() == DIGITS && compact.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(compact)
    } else {
        Err(NationalIdError::NotTwelveDigits)
    }
}

fn two_digits(digits: &str, start: usize) -> u8 {
    digits.bytes().skip(start).take(2).fold(0, |number, byte| number * 10 + (byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierWarning::{
        BirthDateInFuture, BirthDateInvalid, CenturyDigitUnusual, RegistrationMonthInvalid,
    };

    fn checked(number: &str) -> IdentifierCheck {
        let today = NaiveDate::from_ymd_opt(2026, 3, 20).unwrap();
        Iin::parse(number).unwrap().check(today)
    }

    fn checked_bin(number: &str) -> IdentifierCheck {
        Bin::parse(number).unwrap().check()
    }

    #[test]
    fn numbers_of_the_nineteenth_century_pass_without_a_warning() {
        for (number, expected) in [
            ("880315100011", CheckDigit::PassesFirst),
            ("910708200012", CheckDigit::PassesFirst),
            ("910708200304", CheckDigit::PassesSecond),
            ("880315100200", CheckDigit::PassesSecond),
        ] {
            assert_eq!(
                checked(number),
                IdentifierCheck { check_digit: expected, warnings: vec![] },
                "{number}"
            );
        }
    }

    #[test]
    fn a_birth_date_in_the_future_is_a_warning_only() {
        for number in ["991231500016", "960229600013"] {
            let check = checked(number);
            assert_eq!(check.check_digit, CheckDigit::PassesFirst, "{number}");
            assert_eq!(check.warnings, [BirthDateInFuture], "{number}");
        }
    }

    #[test]
    fn a_birth_date_is_not_in_the_future_on_the_day_itself() {
        let birth_date = NaiveDate::from_ymd_opt(2099, 12, 31).unwrap();
        let iin = Iin::parse("991231500016").unwrap();
        assert_eq!(iin.check(birth_date).warnings, []);
        assert_eq!(iin.check(birth_date.pred_opt().unwrap()).warnings, [BirthDateInFuture]);
    }

    #[test]
    fn a_wrong_check_digit_is_data_and_no_parse_error() {
        assert_eq!(checked("880315100012").check_digit, CheckDigit::Fails);
        for last in 1..=9 {
            let number = format!("88031510020{last}");
            assert_eq!(checked(&number).check_digit, CheckDigit::Fails, "{number}");
        }
    }

    #[test]
    fn numbers_for_which_both_passes_give_ten_are_never_issued() {
        for eleven in ["88031510025", "99123150077"] {
            for last in 0..=9 {
                let number = format!("{eleven}{last}");
                let check_digit = checked(&number).check_digit;
                assert_eq!(check_digit, CheckDigit::NeverIssued, "{number}");
                assert!(!check_digit.passes());
            }
        }
    }

    #[test]
    fn exactly_one_last_digit_passes_unless_the_number_is_never_issued() {
        for serial in 0..2_000 {
            let verdicts: Vec<CheckDigit> =
                (0..10).map(|last| checked(&format!("8803151{serial:04}{last}")).check_digit).collect();
            let passing = verdicts.iter().filter(|verdict| verdict.passes()).count();
            let never = verdicts.iter().filter(|verdict| **verdict == CheckDigit::NeverIssued).count();
            assert!(matches!((passing, never), (1, 0) | (0, 10)), "serial {serial}: {verdicts:?}");
        }
    }

    #[test]
    fn the_leap_day_is_judged_in_the_century_that_the_seventh_digit_names() {
        assert_eq!(checked("000229100000").warnings, [BirthDateInvalid], "1800 and 1900 were no leap years");
        assert_eq!(checked("000229300000").warnings, [BirthDateInvalid]);
        assert_eq!(checked("000229500000").warnings, []);
    }

    #[test]
    fn an_unusual_seventh_digit_is_a_warning_and_leaves_the_century_open() {
        for seventh in [0, 7, 8, 9] {
            assert_eq!(checked(&format!("000229{seventh}00000")).warnings, [CenturyDigitUnusual]);
            assert_eq!(
                checked(&format!("001350{seventh}00000")).warnings,
                [CenturyDigitUnusual, BirthDateInvalid]
            );
        }
    }

    #[test]
    fn every_kind_of_bin_passes() {
        for (number, expected, kind) in [
            ("991240000013", CheckDigit::PassesFirst, BinKind::ResidentEntity),
            ("991240000402", CheckDigit::PassesSecond, BinKind::ResidentEntity),
            ("991241000019", CheckDigit::PassesFirst, BinKind::ResidentEntity),
            ("991250000018", CheckDigit::PassesFirst, BinKind::NonResidentEntity),
            ("991260000012", CheckDigit::PassesFirst, BinKind::JointProprietors),
        ] {
            let bin = Bin::parse(number).unwrap();
            assert_eq!(bin.kind(), kind, "{number}");
            assert_eq!(bin.check(), IdentifierCheck { check_digit: expected, warnings: vec![] }, "{number}");
            assert_eq!(bin.to_string(), number);
        }
    }

    #[test]
    fn a_bin_with_a_wrong_check_digit_or_month_is_kept_and_said_so() {
        assert_eq!(checked_bin("991240000014").check_digit, CheckDigit::Fails);
        assert_eq!(checked_bin("991340000000").warnings, [RegistrationMonthInvalid]);
        assert_eq!(checked_bin("990040000000").warnings, [RegistrationMonthInvalid]);
    }

    #[test]
    fn an_iin_cannot_stand_in_for_a_bin() {
        for number in ["880315100011", "910708200012", "991231500016", "960229600013", "910708200304"] {
            assert_eq!(Bin::parse(number), Err(NationalIdError::NotABusiness), "{number}");
        }
    }

    #[test]
    fn spaces_are_dropped_and_leading_zeros_kept() {
        assert_eq!(Iin::parse("  880315 100 011\u{a0}").unwrap(), Iin::parse("880315100011").unwrap());
        assert_eq!(Iin::parse("000229500000").unwrap().as_str(), "000229500000");
        assert_eq!(Bin::parse(" 991240 000013 ").unwrap().as_str(), "991240000013");
    }

    #[test]
    fn anything_but_twelve_ascii_digits_is_refused() {
        for text in [
            "",
            "88031510001",
            "8803151000111",
            "88031510001a",
            "880315-100011",
            "٨٨٠٣١٥١٠٠٠١١",
            "88031510001é",
        ] {
            assert_eq!(Iin::parse(text), Err(NationalIdError::NotTwelveDigits), "{text}");
            assert_eq!(Bin::parse(text), Err(NationalIdError::NotTwelveDigits), "{text}");
        }
    }

    #[test]
    fn debug_hides_an_iin_and_shows_a_bin() {
        assert_eq!(format!("{:?}", Iin::parse("880315100011").unwrap()), "Iin(…)");
        assert!(format!("{:?}", Bin::parse("991240000013").unwrap()).contains("991240000013"));
    }

    #[test]
    fn json_goes_through_the_parse() {
        let iin: Iin = serde_json::from_str("\"880315100012\"").unwrap();
        assert_eq!(serde_json::to_string(&iin).unwrap(), "\"880315100012\"");
        let refusal = serde_json::from_str::<Iin>("\"8803151000\"").unwrap_err().to_string();
        assert!(refusal.contains("12 digits") && !refusal.contains("8803"), "{refusal}");
        assert!(serde_json::from_str::<Bin>("\"880315100011\"").is_err());
        assert_eq!(
            serde_json::to_value(checked("991231500016")).unwrap(),
            serde_json::json!({"check_digit": "passes_first", "warnings": ["birth_date_in_future"]})
        );
    }

    #[test]
    fn the_published_schemas_carry_the_patterns() {
        assert_eq!(schemars::schema_for!(Iin).get("pattern").unwrap(), IIN_PATTERN);
        let bin = schemars::schema_for!(Bin);
        let validator = jsonschema::validator_for(bin.as_value()).unwrap();
        assert!(validator.is_valid(&serde_json::json!("991240000013")));
        assert!(!validator.is_valid(&serde_json::json!("880315100011")));
        assert!(!validator.is_valid(&serde_json::json!(991_240_000_013_u64)));
    }
}
