//! Keeps personal numbers out of public fields.
//!
//! What stands in a public field of an event can never be erased. So a text that reads like an IIN, a phone
//! number or an e-mail address is refused there, at the price of refusing now and then a harmless one. The
//! rule is written twice: as code, for the error, and as patterns, for the published JSON Schemas. A test
//! holds them together. Fields that are meant for a BIN have the type [`Bin`](super::Bin) instead.

use uuid::Uuid;

/// What a text in a public field looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookalike {
    /// An IIN (or a BIN, which cannot be told from it with certainty).
    NationalId,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

impl std::fmt::Display for Lookalike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NationalId => "an IIN or BIN",
            Self::Phone => "a phone number",
            Self::Email => "an e-mail address",
        })
    }
}

/// A whole text that fits is exempt: a UUID in either case.
pub const UUID_PATTERN: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";

/// A whole text that fits is exempt: a SHA-256 in lower-case hexadecimal.
pub const SHA256_HEX_PATTERN: &str = "^[0-9a-f]{64}$";

/// The rule of [`personal_lookalike`] as ECMA-262 patterns without look-around: a text that fits any of them
/// is refused, unless it fits [`UUID_PATTERN`] or [`SHA256_HEX_PATTERN`].
///
/// In order: an e-mail address; a national number; one split after its date of birth; a phone number of
/// Kazakhstan with its 7 or 8, in one run or spaced with an area code of 3, 4 or 5 digits; the same without 7 or
/// 8, in one run; any after a plus.
pub const LOOKALIKE_PATTERNS: &[&str] = &[
    "@",
    "(^|[^0-9])[0-9]{12}([^0-9]|$)",
    concat!(
        "(^|[^0-9])[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
        r"[ ._:/#\-][0-6][0-9]{5}([^0-9]|$)",
    ),
    concat!(
        r"(^|[^0-9])[78][ ._:/#\(\)\-]*[67][0-9]{2}",
        r"([ ._:/#\(\)\-]*[0-9]{3}|[0-9][ ._:/#\(\)\-]*[0-9]{2}|[0-9]{2}[ ._:/#\(\)\-]*[0-9])",
        r"[ ._:/#\(\)\-]*[0-9]{2}[ ._:/#\(\)\-]*[0-9]{2}([^0-9]|$)",
    ),
    "(^|[^0-9])7[0-8][0-9]{8}([^0-9]|$)",
    r"\+([ ._:/#\(\)\-]*[0-9]){10,15}([^0-9]|$)",
];

/// Ways to group the 11 digits of a number of Kazakhstan: trunk digit, area code, subscriber.
const GROUPINGS: [[usize; 5]; 3] = [[1, 3, 3, 2, 2], [1, 4, 2, 2, 2], [1, 5, 1, 2, 2]];

/// Says what personal number a text in a public field looks like, if any.
///
/// Only whole runs of digits count, so that timestamps of 13 and 14 digits pass.
#[must_use]
pub fn personal_lookalike(text: &str) -> Option<Lookalike> {
    if is_uuid(text) || is_sha256_hex(text) {
        return None;
    }
    let bytes = text.as_bytes();
    if bytes.contains(&b'@') {
        Some(Lookalike::Email)
    } else if digit_runs(bytes).any(|tail| run_length(tail) == 12 || is_split_iin(tail)) {
        Some(Lookalike::NationalId)
    } else if digit_runs(bytes).any(starts_with_phone) || follows_a_plus(bytes) {
        Some(Lookalike::Phone)
    } else {
        None
    }
}

fn is_uuid(text: &str) -> bool {
    // Of the spellings that the crate reads, only the hyphenated one has 36 characters.
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

fn is_sha256_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// For each run of digits, the text from its first digit on.
fn digit_runs(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..text.len()).filter_map(move |start| {
        let (before, tail) = text.split_at(start);
        let is_start = !before.last().is_some_and(u8::is_ascii_digit);
        (is_start && tail.first().is_some_and(u8::is_ascii_digit)).then_some(tail)
    })
}

fn run_length(tail: &[u8]) -> usize {
    tail.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Whether the text starts with a date of birth as six digits, one separator, and the other six digits of an IIN,
/// of which the first tells century and sex.
fn is_split_iin(tail: &[u8]) -> bool {
    let [_, _, m1, m2, d1, d2, separator, rest @ ..] = tail else { return false };
    let month = matches!((m1, m2), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2'));
    let day = matches!((d1, d2), (b'0', b'1'..=b'9') | (b'1' | b'2', b'0'..=b'9') | (b'3', b'0' | b'1'));
    let splits = is_separator(*separator) && !matches!(separator, b'(' | b')');
    let rest_begins = rest.first().is_some_and(|digit| matches!(digit, b'0'..=b'6'));
    run_length(tail) == 6 && month && day && splits && rest_begins && run_length(rest) == 6
}

fn starts_with_phone(tail: &[u8]) -> bool {
    let without_trunk = run_length(tail) == 10 && matches!(tail, [b'7', b'0'..=b'8', ..]);
    let mut digits = tail.iter().filter(|byte| !is_separator(**byte));
    let trunk = matches!((digits.next(), digits.next()), (Some(b'7' | b'8'), Some(b'6' | b'7')));
    without_trunk || (trunk && GROUPINGS.iter().any(|groups| is_grouped(tail, groups)))
}

/// Whether the text starts with groups of digits of these lengths, with separators or nothing in between,
/// and no further digit.
fn is_grouped(mut tail: &[u8], groups: &[usize]) -> bool {
    for (index, length) in groups.iter().enumerate() {
        if index > 0 {
            tail = skip_separators(tail);
        }
        match tail.split_at_checked(*length) {
            Some((group, rest)) if group.iter().all(u8::is_ascii_digit) => tail = rest,
            _ => return false,
        }
    }
    !tail.first().is_some_and(u8::is_ascii_digit)
}

fn follows_a_plus(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'+').skip(1).any(|mut tail| {
        for digits in 1..=15 {
            tail = match skip_separators(tail) {
                [b'0'..=b'9', rest @ ..] => rest,
                _ => return false,
            };
            if digits >= 10 && !tail.first().is_some_and(u8::is_ascii_digit) {
                return true;
            }
        }
        false
    })
}

fn skip_separators(text: &[u8]) -> &[u8] {
    let count = text.iter().take_while(|byte| is_separator(**byte)).count();
    text.split_at(count).1
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'_' | b'/' | b':' | b'#' | b'(' | b')')
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn personal_numbers_are_recognised_in_any_company() {
        for (text, expected) in [
            ("880315100011", Lookalike::NationalId),
            ("REF-880315100011", Lookalike::NationalId),
            ("a880315100011b", Lookalike::NationalId),
            ("991240000013", Lookalike::NationalId),
            ("880315-100011", Lookalike::NationalId),
            ("c/880315/100011.pdf", Lookalike::NationalId),
            ("880315 100011", Lookalike::NationalId),
            ("77000000001", Lookalike::Phone),
            ("tel:87000000001", Lookalike::Phone),
            ("76000000001", Lookalike::Phone),
            ("+77000000001", Lookalike::Phone),
            ("+4930000002x", Lookalike::Phone),
            ("+998 90 000-00-02", Lookalike::Phone),
            ("7000000001", Lookalike::Phone),
            ("7780000001", Lookalike::Phone),
            ("8 (700) 000-00-01", Lookalike::Phone),
            ("8-700-000-00-01", Lookalike::Phone),
            ("7.700.000.00.01", Lookalike::Phone),
            ("8_700_000_00_01", Lookalike::Phone),
            ("7/700/000:00#01", Lookalike::Phone),
            ("+7:700:000:00:01", Lookalike::Phone),
            ("8 7172 00-00-02", Lookalike::Phone),
            ("8 (71234) 0-00-02", Lookalike::Phone),
            ("8 700 0000001", Lookalike::Phone),
            ("a@example.kz", Lookalike::Email),
            ("@aigerim", Lookalike::Email),
            ("880315100011@example.kz", Lookalike::Email),
        ] {
            assert_eq!(personal_lookalike(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn references_dates_and_hashes_pass() {
        for text in [
            "",
            "AGR-2026-000123",
            "2026-03-20T10:15:00+05:00",
            "20260320101500",
            "1774000000000",
            "1774000000",
            "8803151000110",
            "88031510001",
            "97000000001",
            "6000000001",
            "7900000001",
            "8-500-000-00-01",
            "8-700-000-00-011",
            "18-700-000-00-01",
            "7712-26-00-2/1234",
            "+770000000",
            "+7700000000123456",
            "10.5281/zenodo.3384",
            "202603-000123",
            "881315-100011",
            "880332-100011",
            "880315-700011",
            "880315--100011",
            "880315(100011",
            "1880315-100011",
            "880315-1000110",
        ] {
            assert_eq!(personal_lookalike(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_whole_uuid_or_sha_256_is_exempt() {
        let uuid = "01890000-0000-7000-8000-880315100011";
        let hash = format!("{}880315100011{}", "a".repeat(26), "b".repeat(26));
        for text in [uuid, &uuid.replace("0189", "ABcd"), &hash] {
            assert_eq!(personal_lookalike(text), None, "{text}");
        }
        let braced = format!("{{{uuid}}}");
        let prefixed = format!("sha256:{hash}");
        for text in [&braced, &prefixed, &hash.to_uppercase(), &hash[1..], &uuid.replace('-', "_")] {
            assert_eq!(personal_lookalike(text), Some(Lookalike::NationalId), "{text}");
        }
    }

    fn pattern(pattern: &str) -> Validator {
        jsonschema::validator_for(&json!({ "pattern": pattern })).unwrap()
    }

    /// The published rule, built as a schema author would.
    static PUBLIC_TEXT: LazyLock<Validator> = LazyLock::new(|| {
        let patterns: Vec<_> =
            LOOKALIKE_PATTERNS.iter().map(|pattern| json!({ "pattern": pattern })).collect();
        let exempt = [UUID_PATTERN, SHA256_HEX_PATTERN].map(|pattern| json!({ "pattern": pattern }));
        let rule = json!({ "anyOf": [exempt[0], exempt[1], { "not": { "anyOf": patterns } }] });
        jsonschema::validator_for(&rule).unwrap()
    });
    static PATTERNS: LazyLock<Vec<Validator>> =
        LazyLock::new(|| LOOKALIKE_PATTERNS.iter().map(|text| pattern(text)).collect());

    fn expected(text: &str) -> Option<Lookalike> {
        let value = json!(text);
        if PUBLIC_TEXT.is_valid(&value) {
            return None;
        }
        match PATTERNS.iter().position(|pattern| pattern.is_valid(&value))? {
            0 => Some(Lookalike::Email),
            1 | 2 => Some(Lookalike::NationalId),
            _ => Some(Lookalike::Phone),
        }
    }

    /// Texts close to the border: whole and broken numbers with neighbours of all sorts.
    fn near_number() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[0-9]{1,16}",
            "[0-9]{10,13}",
            "[78][67][0-9]{8,10}",
            "7[0-9]{9}",
            "[ ._:/#()-]{1,3}",
            "[0-9]{2}[01][0-9][0-3][0-9][ ._:/#()-]{1,2}[0-7][0-9]{4,6}",
            "[78][ ._#()-]{0,2}[5-8][0-9]{2,4}[ /:()-]{0,2}[0-9]{1,3}[ .()-]{0,2}[0-9]{2}[ .:()-]{0,2}[0-9]{1,3}",
            r"\+([ ._:/#()-]{0,2}[0-9]){9,16}",
            r"[+/_:a\né٣ ]",
            "@",
        ];
        prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn the_function_and_the_published_patterns_agree(
            text in prop_oneof![
                8 => near_number(),
                1 => "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{11,12}\n?",
                1 => "[0-9]{8}(-[0-9]{4}){2}[-_][0-9]{4}-[0-9g]{12}",
                1 => "[0-9a]{63,65}|[0-9a-fA-F]{64}|[0-9a]{50}b880315100011b",
                1 => r"\PC{0,20}",
            ],
        ) {
            prop_assert_eq!(personal_lookalike(&text), expected(&text), "{:?}", text);
        }
    }
}
