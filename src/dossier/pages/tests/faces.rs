//! The embedded faces hold every letter that the pages can say; what they lack is never dropped.

use std::collections::BTreeSet;

use proptest::prelude::*;
use subject_record_schemas::vocabulary::Language;

use crate::dossier::pages::ink::{Face, Ink, Span, Style};
use crate::dossier::pages::setter::{BOLD, Laid, MONO, REGULAR, Setter};
use crate::dossier::pages::words::Words;

const SENTENCES: [&str; 3] = [
    include_str!("../../../../projections/sentences/ru.toml"),
    include_str!("../../../../projections/sentences/kk.toml"),
    include_str!("../../../../projections/sentences/en.toml"),
];

fn set(text: &str, style: Style) -> Laid {
    Setter::new().expect("faces").set(&[Span::new(text, style)], 200.0)
}

fn inks(laid: &Laid) -> Vec<Ink> {
    laid.lines.iter().flat_map(|line| &line.runs).map(|run| run.ink).collect()
}

fn has_missing(laid: &Laid) -> bool {
    inks(laid).contains(&Ink::Missing)
}

#[test]
fn every_letter_of_the_words_and_sentences_is_there() {
    let mut letters: BTreeSet<char> = SENTENCES.iter().flat_map(|text| text.chars()).collect();
    for language in Language::ALL {
        letters.extend(Words::of(*language).all().iter().flat_map(|(_, text)| text.chars()));
    }
    letters.remove(&'\n');
    assert!(letters.len() > 150);
    for style in [Style::BODY, Style::BODY.bold(), Style::CODE] {
        for letter in &letters {
            assert!(!has_missing(&set(&letter.to_string(), style)), "{letter:?} in {:?}", style.face);
        }
    }
}

#[test]
fn kazakh_letters_and_signs_stand_in_the_face_itself() {
    let text = "ӘәҒғҚқҢңӨөҰұҮүҺһІіЁёЪъЭэЩщĞğŞş№₸₽€—–§•«»…";
    for style in [Style::BODY, Style::BODY.bold(), Style::CODE] {
        let laid = set(text, style);
        for run in laid.lines.iter().flat_map(|line| &line.runs) {
            assert_eq!(run.face, style.face);
            assert!(run.glyphs.iter().all(|glyph| glyph.id != 0));
        }
    }
}

#[test]
fn faces_are_small_enough_to_be_part_of_the_program() {
    for face in [REGULAR, BOLD, MONO] {
        assert!(face.len() < 200_000);
    }
}

#[test]
fn a_character_without_a_glyph_is_printed_as_its_code_point() {
    let laid = set("Имя: 中文 и 🙂", Style::BODY);
    assert_eq!(laid.text, "Имя: U+4E2D\u{2009}U+6587 и U+1F642");
    let missing = laid.lines.iter().flat_map(|line| &line.runs).filter(|run| run.ink == Ink::Missing);
    assert!(missing.clone().count() >= 3);
    assert!(missing.clone().all(|run| run.face == Face::Mono));
}

#[test]
fn what_nobody_could_see_is_printed_too() {
    let laid = set("a\u{202e}b\u{200b}c\u{0}d\u{feff}", Style::BODY);
    assert_eq!(laid.text, "aU+202EbU+200BcU+0000dU+FEFF");
}

#[test]
fn white_space_of_any_kind_is_a_space() {
    assert_eq!(set("a\tb\r\nc\u{2028}d", Style::BODY).text, "a b  c d");
}

#[test]
fn a_word_wider_than_the_column_is_broken_and_stays_whole() {
    let hash = "0123456789abcdef".repeat(8);
    for style in [Style::CODE, Style::BODY] {
        let laid = Setter::new().expect("faces").set(&[Span::new(&hash, style)], 100.0);
        assert!(laid.lines.len() > 3);
        let glyphs: usize = laid.lines.iter().flat_map(|line| &line.runs).map(|run| run.glyphs.len()).sum();
        assert_eq!(glyphs, hash.len());
        for run in laid.lines.iter().flat_map(|line| &line.runs) {
            assert!(run.x + run.width <= 100.5, "{}", run.x + run.width);
        }
    }
}

#[test]
fn lines_are_as_high_as_their_text_asks() {
    let laid = set("x", Style::BODY);
    assert!((laid.height - Style::BODY.size * 1.38).abs() < 0.2, "{}", laid.height);
    assert!(set("x", Style::NOTE).height < laid.height);
}

#[test]
fn an_accent_stands_above_its_letter() {
    let laid = set("Ж\u{301}", Style::BODY);
    let glyphs: Vec<_> = laid.lines.iter().flat_map(|line| &line.runs).flat_map(|run| &run.glyphs).collect();
    assert!(glyphs.iter().any(|glyph| glyph.shift.1 > 0.05), "{glyphs:?}");
    assert!(!has_missing(&laid));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_set_without_a_missing_glyph(text in any::<String>(), width in 1.0_f32..400.0) {
        let laid = Setter::new().unwrap().set(&[Span::new(text.clone(), Style::BODY)], width);
        let glyphs = laid.lines.iter().flat_map(|line| &line.runs).flat_map(|run| &run.glyphs);
        prop_assert!(glyphs.clone().all(|glyph| glyph.id != 0));
        let shown: BTreeSet<usize> = glyphs.flat_map(|glyph| glyph.text.clone()).collect();
        for (at, character) in laid.text.char_indices().filter(|(_, character)| !character.is_whitespace()) {
            prop_assert!(shown.contains(&at), "{character:?} of {:?} was dropped", laid.text);
        }
    }
}
