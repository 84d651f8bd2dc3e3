//! What the examples of the catalogue read like.

use std::path::Path;

use serde_json::{Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::vocabulary::Language;

use super::super::Sentences;
use super::{LANGUAGES, data_schema};

/// The example of each type as sent, and as stored: with digests instead of personal values.
fn examples() -> impl Iterator<Item = (EventType, Value)> {
    EventType::ALL
        .iter()
        .map(|event_type| (*event_type, Examples::of(*event_type).unwrap().valid["data"].clone()))
}

/// The example, the same without anything optional, and both with every flag turned.
fn variants(event_type: EventType, data: Value) -> Vec<Value> {
    let schema = data_schema(event_type);
    let required = schema["required"].as_array().unwrap();
    let mut bare = data.clone();
    bare.as_object_mut().unwrap().retain(|name, _| required.iter().any(|r| r == name));
    let turned = [&data, &bare].map(|data| {
        let mut turned = data.clone();
        for value in turned.as_object_mut().unwrap().values_mut() {
            if let Value::Bool(flag) = value {
                *flag = !*flag;
            }
        }
        turned
    });
    turned.into_iter().chain([data, bare]).collect()
}

#[test]
fn no_wire_word_bracket_or_misplaced_space_is_left_in_a_rendered_example() {
    let wire_words = &Sentences::of(Language::En).table.words;
    let untranslated =
        |token: &&str| token.starts_with(|c: char| c.is_ascii_lowercase()) && wire_words.contains_key(*token);
    let marks = ["{", "}", "[", "]", "_", "  ", " .", " ,", " :", "..", ".,", ",.", "—"];
    for (event_type, data) in examples() {
        for (data, (language, name)) in variants(event_type, data)
            .into_iter()
            .flat_map(|data| LANGUAGES.map(|language| (data.clone(), language)))
        {
            let said = Sentences::of(language).sentence(event_type, &data);
            assert_eq!(
                marks.iter().filter(|mark| said.contains(**mark)).collect::<Vec<_>>(),
                [&""; 0],
                "{name}: {said}"
            );
            assert!(said.ends_with('.'), "{name}: {said}");
            if language != Language::En {
                let tokens = said.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
                assert_eq!(tokens.filter(untranslated).collect::<Vec<_>>(), [""; 0], "{name}: {said}");
            }
        }
    }
}

#[test]
fn a_sentence_says_nothing_of_personal_members() {
    for (event_type, mut data) in examples() {
        let sentences = Sentences::of(Language::En);
        let said = sentences.sentence(event_type, &data);
        let members = data.as_object_mut().unwrap();
        members.insert("personal".into(), json!({ "_sd": ["x"] }));
        members.insert("_sd_alg".into(), "sha-256".into());
        assert_eq!(sentences.sentence(event_type, &data), said);
    }
}

/// With `UPDATE_SENTENCES=1` in the environment the files are written anew instead.
#[test]
fn the_examples_read_as_in_the_golden_files() {
    for (language, name) in LANGUAGES {
        let sentences = Sentences::of(language);
        let lines: Vec<_> = examples()
            .map(|(event_type, data)| {
                let (title, said) = (sentences.title(event_type), sentences.sentence(event_type, &data));
                format!("{event_type}\n  {title}\n  {said}\n")
            })
            .collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sentences/golden.{name}.txt"));
        let text = lines.join("\n");
        if std::env::var_os("UPDATE_SENTENCES").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "golden.{name}.txt differs; UPDATE_SENTENCES=1 cargo test writes it anew");
    }
}
