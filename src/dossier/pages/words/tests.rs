use std::collections::BTreeSet;

use super::*;

fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

#[test]
fn every_word_is_said_in_every_language() {
    for language in Language::ALL {
        for (name, text) in Words::of(*language).all() {
            assert!(!text.trim().is_empty(), "{language}: {name} is empty");
            assert_eq!(text.trim(), text, "{language}: {name} has space around it");
        }
    }
}

#[test]
fn the_languages_have_the_same_places_to_fill() {
    let english = Words::of(Language::En).all();
    for language in [Language::Ru, Language::Kk] {
        for ((name, text), (_, other)) in english.iter().zip(Words::of(language).all()) {
            assert_eq!(places(text), places(other), "{language}: {name}");
        }
    }
}

#[test]
fn no_sentence_was_left_in_another_language() {
    let english = Words::of(Language::En).all();
    for language in [Language::Ru, Language::Kk] {
        for ((name, text), (_, other)) in english.iter().zip(Words::of(language).all()) {
            assert!(text != &other || ["hash", "nothing"].contains(name), "{language}: {name} is English");
        }
    }
    let (russian, kazakh) = (Words::of(Language::Ru).all(), Words::of(Language::Kk).all());
    let shared =
        ["hash", "nothing", "operator", "version", "for_audit", "revision", "timeline", "log", "as_of"];
    for ((name, text), (_, other)) in russian.iter().zip(kazakh) {
        assert!(text != &other || text.chars().count() < 12 || shared.contains(name), "{name} is Russian");
    }
}

#[test]
fn the_languages_know_the_same_keys() {
    let keys = |table: &[(&'static str, &'static str)]| table.iter().map(|(key, _)| *key).collect::<Vec<_>>();
    assert_eq!(keys(en::KEYS), keys(ru::KEYS));
    assert_eq!(keys(en::KEYS), keys(kk::KEYS));
    assert_eq!(keys(en::STATES), keys(ru::STATES));
    assert_eq!(keys(en::STATES), keys(kk::STATES));
    assert_eq!(keys(en::KEYS).iter().collect::<BTreeSet<_>>().len(), en::KEYS.len(), "a key twice");
}

#[test]
fn places_are_filled_by_name() {
    assert_eq!(filled("{n} of {m}, {n}", &[("n", "1"), ("m", "2")]), "1 of 2, 1");
    assert_eq!(filled("{n}", &[("m", "2")]), "{n}");
}
