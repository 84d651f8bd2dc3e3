//! Invented people: names, numbers, addresses.
//!
//! No number can be a living person's: birth dates of IINs lie in the nineteenth century or from 2080 on, BINs
//! were registered from 2080 on, serials are low, phones begin with +7700000, e-mail ends in `example.kz`.

use chrono::{Datelike, Days, NaiveDate};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};
use subject_record_schemas::vocabulary::{Language, SubjectKind};

use super::names::{
    KAZAKH_FAMILIES, KAZAKH_FATHERS, KAZAKH_MEN, KAZAKH_WOMEN, RUSSIAN_FAMILIES, RUSSIAN_MEN,
    RUSSIAN_PATRONYMICS, RUSSIAN_WOMEN, STREETS, TOWNS,
};

/// An invented person, or the contact of an invented business.
#[derive(Clone, Debug)]
pub(super) struct Human {
    /// The platform's opaque id.
    pub(super) subject: String,
    /// What references about this person are made of.
    pub(super) tag: String,
    /// Person, entity or proprietor.
    pub(super) kind: SubjectKind,
    /// Language the person uses.
    pub(super) language: Language,
    /// Full name, as it is sent.
    pub(super) full_name: Value,
    /// IIN with its check digit.
    pub(super) iin: String,
    /// BIN, for when the person is the contact of an entity.
    pub(super) bin: String,
    /// Birth date that the IIN spells.
    pub(super) birth_date: NaiveDate,
    /// E-mail address.
    pub(super) email: String,
    /// Phone number.
    pub(super) phone: String,
    /// Registered address.
    pub(super) address: String,
    /// Delivery address.
    pub(super) address_delivery: String,
}

/// Letters of opaque ids: no vowels, so that no words come up; no digits, so that none looks like a number.
const TAG_LETTERS: [char; 20] =
    ['b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'z'];

/// Streams of one seed's generator: two a person, one for who they are and one for what happens to them.
fn generator(seed: u64, stream: u64) -> ChaCha20Rng {
    let mut generator = ChaCha20Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

/// Whose fate is drawn: each has a stream of the generator to itself.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// The office in the opening weeks.
    Opening,
    /// The showcase.
    Showcase,
    /// The person of an index.
    Person(u32),
    /// The office in the year.
    Office,
}

impl Fate {
    /// Randomness of what happens.
    pub(super) fn draw(self, seed: u64) -> ChaCha20Rng {
        generator(
            seed,
            match self {
                Self::Opening => 0,
                Self::Showcase => 1,
                Self::Person(index) => 2 * u64::from(index) + 3,
                Self::Office => u64::MAX,
            },
        )
    }
}

impl Human {
    /// The person of an index.
    pub(super) fn of(seed: u64, index: u32) -> Self {
        let mut rng = generator(seed, 2 * u64::from(index) + 2);
        let female = rng.random_ratio(1, 2);
        let kazakh = rng.random_ratio(7, 10);
        let language = if kazakh && rng.random_ratio(7, 10) { Language::Kk } else { Language::Ru };
        let (full_name, latin) = name(&mut rng, female, kazakh);
        let (birth_date, iin) = iin(index, female);
        let tag: String = (0..12).map(|_| pick(&mut rng, TAG_LETTERS)).collect();
        let kind = match rng.random_range(0..100) {
            0..72 => SubjectKind::Person,
            72..86 => SubjectKind::Proprietor,
            _ => SubjectKind::Entity,
        };
        Self {
            subject: format!("p-{tag}"),
            tag,
            kind,
            language,
            full_name,
            iin,
            bin: bin(index),
            birth_date,
            email: format!("{latin}{index}@example.kz"),
            phone: phone(index + 2),
            address: address(&mut rng, language),
            address_delivery: address(&mut rng, language),
        }
    }

    /// The person that a demonstration shows first.
    pub(super) fn showcase() -> Self {
        Self {
            subject: "p-showcase-0001".into(),
            tag: "showcase-0001".into(),
            kind: SubjectKind::Person,
            language: Language::Kk,
            full_name: json!({ "family": "Самалбекова", "given": "Еңлік", "patronymic": "Нұржанқызы" }),
            iin: "910708200012".into(),
            bin: super::texts::OPERATOR_BIN.into(),
            birth_date: NaiveDate::from_ymd_opt(1891, 7, 8).unwrap_or_default(),
            email: "enlik.samalbekova@example.kz".into(),
            phone: phone(1),
            address: "Алматы қ., Сынақ көшесі, 12-үй, 34-пәтер".into(),
            address_delivery: "Алматы қ., Үлгі даңғылы, 5-үй".into(),
        }
    }

    /// The person who keeps the operator's own papers.
    pub(super) fn officer() -> Self {
        Self {
            subject: "staff-dpo-1".into(),
            tag: "office".into(),
            full_name: json!({ "family": "Көктөбекова", "given": "Назерке", "patronymic": "Асқарқызы" }),
            email: "dpo@example.kz".into(),
            phone: phone(0),
            ..Self::showcase()
        }
    }

    /// The same person as a natural person, whatever business they had.
    pub(super) fn into_person(self) -> Self {
        Self { kind: SubjectKind::Person, ..self }
    }

    /// The same person as the contact of an entity.
    pub(super) fn into_entity(self) -> Self {
        Self { kind: SubjectKind::Entity, ..self }
    }
}

fn pick<T: Copy, const N: usize>(rng: &mut ChaCha20Rng, from: [T; N]) -> T {
    from[rng.random_range(0..N)]
}

fn name(rng: &mut ChaCha20Rng, female: bool, kazakh: bool) -> (Value, String) {
    let (family, given) = match (kazakh, female) {
        (true, true) => (pick(rng, KAZAKH_FAMILIES), pick(rng, KAZAKH_WOMEN)),
        (true, false) => (pick(rng, KAZAKH_FAMILIES), pick(rng, KAZAKH_MEN)),
        (false, true) => (pick(rng, RUSSIAN_FAMILIES), pick(rng, RUSSIAN_WOMEN)),
        (false, false) => (pick(rng, RUSSIAN_FAMILIES), pick(rng, RUSSIAN_MEN)),
    };
    let ending = if female { "а" } else { "" };
    let mut full_name = json!({ "family": format!("{}{ending}", family.0), "given": given.0 });
    // An identity document need not show a patronymic.
    if rng.random_ratio(4, 5) {
        let patronymic = if kazakh {
            format!("{}{}", pick(rng, KAZAKH_FATHERS), if female { "қызы" } else { "ұлы" })
        } else {
            let (his, hers) = pick(rng, RUSSIAN_PATRONYMICS);
            (if female { hers } else { his }).to_owned()
        };
        full_name["patronymic"] = json!(patronymic);
    }
    (full_name, format!("{}.{}", given.1, family.1))
}

fn address(rng: &mut ChaCha20Rng, language: Language) -> String {
    let (town, street) = (pick(rng, TOWNS), pick(rng, STREETS));
    let (house, flat) = (rng.random_range(1..=99_u32), rng.random_range(1..=120_u32));
    match language {
        Language::Kk => format!("{}, {}, {house}-үй, {flat}-пәтер", town.0, street.0),
        Language::Ru | Language::En => format!("{}, {}, д. {house}, кв. {flat}", town.1, street.1),
    }
}

/// +7 700 000 0000 to 9999, and on into +7 700 001 if there are more people than that.
fn phone(number: u32) -> String {
    format!("+7700{number:07}")
}

/// First years of the two spans from which birth dates are taken, with the days in them.
const BIRTHS: [(i32, u64); 2] = [(1870, 10_957), (2080, 7_305)];
/// A step that meets every day of both spans before it meets one twice: prime, so without a common divisor.
const STEP: u64 = 7_919;

/// An IIN of one's own for each index: another day for each, and a higher serial once all days are used.
fn iin(index: u32, female: bool) -> (NaiveDate, String) {
    let days: u64 = BIRTHS.iter().map(|(_, days)| days).sum();
    let place = u64::from(index) * STEP % days;
    let [(early, early_days), (late, _)] = BIRTHS;
    let (first_year, day) = if place < early_days { (early, place) } else { (late, place - early_days) };
    let born = NaiveDate::from_ymd_opt(first_year, 1, 1).unwrap_or_default() + Days::new(day);
    let century = if born.year() < 1900 { 1 } else { 5 } + u32::from(female);
    // The showcase has serial 1 of her day, and some eleven digits have no check digit: then another serial.
    let serial = 2 + u64::from(index) / days;
    let numbers = (0..).map(|more| format!("{}{century}{:04}", born.format("%y%m%d"), serial + 30 * more));
    let number = numbers.into_iter().find_map(|eleven| with_check_digit(&eleven)).unwrap_or_default();
    (born, number)
}

/// A BIN of one's own for each index: a resident entity's head office, registered from 2080 on.
fn bin(index: u32) -> String {
    let (month, year) = (1 + index % 12, 80 + index / 12 % 20);
    let serial = 2 + index / 240;
    let numbers = (0..).map(|more| format!("{year}{month:02}40{:05}", serial + 1_000 * more));
    numbers.into_iter().find_map(|eleven| with_check_digit(&eleven)).unwrap_or_default()
}

/// Eleven digits with their check digit, if they can have one.
fn with_check_digit(eleven: &str) -> Option<String> {
    let weighted = |first: u32| -> u32 {
        let weights = (0..11).map(|place| (first - 1 + place) % 11 + 1);
        eleven.chars().filter_map(|digit| digit.to_digit(10)).zip(weights).map(|(d, w)| d * w).sum::<u32>()
            % 11
    };
    let check = Some(weighted(1)).filter(|k| *k < 10).or_else(|| Some(weighted(3)).filter(|k| *k < 10))?;
    Some(format!("{eleven}{check}"))
}

/// The number with another last digit: mistyped.
pub(super) fn mistyped(number: &str) -> String {
    let (rest, last) = number.split_at(number.len().saturating_sub(1));
    let wrong = (last.parse::<u32>().unwrap_or(0) + 3) % 10;
    format!("{rest}{wrong}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use subject_record_schemas::identifiers::{Bin, CheckDigit, Iin};

    #[test]
    fn check_digits_are_those_of_the_published_examples() {
        for number in ["880315100011", "910708200304", "880315100200", "991240000013", "991240000402"] {
            assert_eq!(with_check_digit(&number[..11]).as_deref(), Some(number));
        }
        assert_eq!(with_check_digit("88031510025"), None);
    }

    #[test]
    fn numbers_are_nobodys_and_everyone_has_their_own() {
        let mut numbers = BTreeSet::new();
        let mut second_pass = 0;
        for index in 0..40_000 {
            let (born, number) = iin(index, index % 3 == 0);
            let check = Iin::parse(&number).unwrap().check(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
            assert!(check.check_digit.passes(), "{number}");
            second_pass += usize::from(check.check_digit == CheckDigit::PassesSecond);
            assert!(born.year() < 1900 || born.year() >= 2080, "{number}");
            let serial: u32 = number[7..11].parse().unwrap();
            assert!(serial < 200, "{number}");
            assert!(numbers.insert(number));
        }
        assert!(second_pass > 1_000);
        for index in 0..2_000 {
            let number = bin(index);
            assert!(Bin::parse(&number).unwrap().check().check_digit.passes());
            assert!(number.starts_with(['8', '9']) && numbers.insert(number));
        }
    }

    #[test]
    fn a_mistyped_number_fails_its_check() {
        let number = mistyped("880315100011");
        let today = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        assert_eq!(Iin::parse(&number).unwrap().check(today).check_digit, CheckDigit::Fails);
    }
}
