//! The three files against the catalogue: nothing missing, nothing that fits no schema, nothing untranslated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use subject_record_schemas::publish::sent_schema;

use super::template::{Condition, Path, Segment, Show};
use super::*;
use crate::finding::FindingCode;

mod rendered;

const LANGUAGES: [(Language, &str); 3] = [(Language::Ru, "ru"), (Language::Kk, "kk"), (Language::En, "en")];

/// Schemas of the members of an object schema, whichever branch they stand in.
fn members(schema: &Value) -> Vec<(&str, &Value)> {
    let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    own.map(|(name, inner)| (name.as_str(), inner)).chain(branches(schema).flat_map(members)).collect()
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"].into_iter().filter_map(|k| schema.get(k)?.as_array()).flatten()
}

/// The words that a value of this schema may be.
fn listed(schema: &Value) -> BTreeSet<&str> {
    let mut words: BTreeSet<_> = schema.get("const").and_then(Value::as_str).into_iter().collect();
    words
        .extend(schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
    words.extend(branches(schema).flat_map(listed));
    words
}

fn data_schema(event_type: EventType) -> Value {
    sent_schema(event_type)["properties"]["data"].clone()
}

/// A placeholder or section, the schema of its value, and whether a section makes sure that it is there.
struct Found<'a> {
    path: &'a Path,
    schema: Value,
    required: bool,
    guarded: bool,
    segment: &'a Segment,
}

/// Walks a template along a schema; panics at a path that the schema does not have.
fn walk<'a>(segments: &'a [Segment], data: &Value, guards: &mut Vec<&'a Path>, found: &mut Vec<Found<'a>>) {
    for segment in segments {
        let (Segment::Value { path, .. } | Segment::When { path, .. } | Segment::Each { path, .. }) = segment
        else {
            continue;
        };
        let (mut schema, mut required) = (data, true);
        for name in &path.0 {
            assert_ne!(name, "personal");
            let is_listed =
                schema["required"].as_array().is_some_and(|r| r.iter().any(|n| n == name.as_str()));
            required &= is_listed;
            schema = members(schema).into_iter().find(|(n, _)| n == name).expect("a path of the schema").1;
        }
        let guarded = guards.iter().any(|guard| path.0.starts_with(&guard.0));
        found.push(Found { path, schema: schema.clone(), required, guarded, segment });
        match segment {
            Segment::When { body, condition, .. } => {
                guards.extend((*condition == Condition::Holds).then_some(path));
                walk(body, data, guards, found);
                guards.truncate(guards.len() - usize::from(*condition == Condition::Holds));
            }
            Segment::Each { body, .. } => walk(body, &schema["items"], &mut Vec::new(), found),
            Segment::Value { .. } | Segment::Text(_) => {}
        }
    }
}

fn for_each_found(mut check: impl FnMut(&Sentences, EventType, &Found<'_>)) {
    for (language, _) in LANGUAGES {
        let sentences = Sentences::of(language);
        for event_type in EventType::ALL {
            let words = &sentences.table.events[event_type.wire_name()];
            let mut found = Vec::new();
            walk(&words.sentence.0, &data_schema(*event_type), &mut Vec::new(), &mut found);
            found.iter().for_each(|found| check(sentences, *event_type, found));
        }
    }
}

#[test]
fn every_type_has_its_title_and_sentence_in_every_language_and_no_other_has() {
    for (language, name) in LANGUAGES {
        let table: Table = toml::from_str(file(language)).expect(name);
        let expected: BTreeSet<_> = EventType::ALL.iter().map(|t| t.wire_name()).collect();
        assert_eq!(table.events.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{name}");
        for (wire_name, words) in &table.events {
            assert!(!words.title.is_empty() && !words.sentence.0.is_empty(), "{name}: {wire_name}");
            assert!(!words.title.ends_with('.'), "{name}: {wire_name}");
        }
    }
}

#[test]
fn a_language_without_sentences_shows_wire_names() {
    let empty = Sentences { language: Language::En, table: Table::default() };
    let event_type = EventType::ConsentGiven;
    assert_eq!(empty.title(event_type), "consent.given.v1");
    assert_eq!(empty.sentence(event_type, &Value::Null), "consent.given.v1");
    assert_eq!((empty.word("iin"), empty.member("iin")), ("iin", "iin"));
}

#[test]
fn the_three_files_have_the_same_keys() {
    fn keys(table: &toml::Table, path: &str, found: &mut BTreeSet<String>) {
        for (key, value) in table {
            let path = format!("{path}/{key}");
            match value {
                toml::Value::Table(inner) => keys(inner, &path, found),
                _ => assert!(found.insert(path)),
            }
        }
    }
    let [ru, kk, en] = LANGUAGES.map(|(language, _)| {
        let mut found = BTreeSet::new();
        keys(&file(language).parse().unwrap(), "", &mut found);
        found
    });
    assert_eq!(ru, en);
    assert_eq!(kk, en);
}

#[test]
fn a_type_says_the_same_members_in_every_language() {
    let mut said: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for_each_found(|sentences, event_type, found| {
        let key = (event_type.to_string(), format!("{:?}", sentences.language));
        said.entry(key).or_default().insert(match found.segment {
            Segment::Value { show, .. } => format!("{:?} {show:?}", found.path),
            Segment::When { condition, .. } => format!("{:?} {condition:?}", found.path),
            _ => format!("{:?}", found.path),
        });
    });
    for event_type in EventType::ALL {
        let of = |language: &str| &said[&(event_type.to_string(), language.to_owned())];
        assert_eq!(of("Ru"), of("En"), "{event_type}");
        assert_eq!(of("Kk"), of("En"), "{event_type}");
    }
}

#[test]
fn every_placeholder_names_a_public_member_and_says_it_as_what_it_is() {
    for_each_found(|_, event_type, found| {
        let Segment::Value { show, .. } = found.segment else { return };
        let list = found.schema.get("items");
        let item = list.unwrap_or(&found.schema);
        let is = |key: &str, value: &str| item.get(key).is_some_and(|v| v == value);
        let fits = match show {
            Show::Word => !listed(item).is_empty() || !members(item).is_empty(),
            Show::Form(form) if form == "country" => is("pattern", "^[A-Z]{2}$"),
            Show::Form(_) => !listed(item).is_empty(),
            Show::Day => is("format", "date"),
            Show::Instant => is("format", "date-time"),
            Show::Number => is("pattern", "^[0-9]{16,20}$"),
            Show::Count => list.is_some(),
            Show::Plain => {
                listed(item).is_empty()
                    && members(item).is_empty()
                    && item.get("format").is_none_or(|format| format != "date" && format != "date-time")
                    && !is("type", "boolean")
            }
        };
        assert!(fits, "{event_type}: {:?} {show:?}", found.path);
        assert!(found.required || found.guarded, "{event_type}: {:?} may be absent", found.path);
    });
}

#[test]
fn a_section_that_asks_for_a_word_asks_for_one_that_can_be() {
    for_each_found(|_, event_type, found| {
        if let Segment::When { condition: Condition::Is(word), .. } = found.segment {
            let of_flag = found.schema["type"] == "boolean" && ["true", "false"].contains(&word.as_str());
            assert!(of_flag || listed(&found.schema).contains(word.as_str()), "{event_type}: {word}");
        }
    });
}

#[test]
fn a_form_has_every_value_of_the_lists_it_is_used_for_and_no_other() {
    let mut used: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for_each_found(|sentences, _, found| {
        if let Segment::Value { show: Show::Form(form), .. } = found.segment
            && form != "country"
        {
            let values = listed(found.schema.get("items").unwrap_or(&found.schema));
            let name = LANGUAGES.iter().find(|(l, _)| *l == sentences.language).unwrap().1;
            used.entry((name, form.clone())).or_default().extend(values.into_iter().map(str::to_owned));
        }
    });
    for (language, name) in LANGUAGES {
        for (form, words) in Sentences::of(language).table.forms.iter().filter(|(form, _)| *form != "country")
        {
            let values = used.get(&(name, form.clone())).expect("a form that is used");
            assert_eq!(&words.keys().cloned().collect::<BTreeSet<_>>(), values, "{name}: {form}");
        }
    }
}

#[test]
fn every_closed_value_tag_and_personal_member_has_its_label_in_every_language_and_no_other_has() {
    fn walk(schema: &Value, words: &mut BTreeSet<String>, tags: &mut BTreeSet<String>) {
        words.extend(listed(schema).into_iter().map(str::to_owned));
        for branch in branches(schema) {
            tags.extend(members(branch).into_iter().map(|(name, _)| name.to_owned()));
        }
        let inner =
            members(schema).into_iter().filter(|(name, _)| *name != "personal").map(|(_, inner)| inner);
        inner.chain(schema.get("items")).for_each(|inner| walk(inner, words, tags));
    }
    let (mut words, mut tags, mut personal) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for event_type in EventType::ALL {
        let data = data_schema(*event_type);
        walk(&data, &mut words, &mut tags);
        for (name, schema) in members(&data["properties"]["personal"]) {
            personal.insert(name.to_owned());
            personal.extend(members(schema).into_iter().map(|(part, _)| part.to_owned()));
        }
    }
    assert!(words.len() > 200 && tags.contains("unlisted") && personal.contains("full_name"));
    for (language, name) in LANGUAGES {
        let table = &Sentences::of(language).table;
        assert_eq!(table.words.keys().cloned().collect::<BTreeSet<_>>(), words, "{name}");
        assert_eq!(table.tagged.keys().cloned().collect::<BTreeSet<_>>(), tags, "{name}");
        assert_eq!(table.members.keys().cloned().collect::<BTreeSet<_>>(), personal, "{name}");
    }
}

#[test]
fn kazakh_is_written_with_its_own_letters() {
    assert!("әғқңөұүһі".chars().filter(|letter| file(Language::Kk).contains(*letter)).count() >= 8);
}

#[test]
fn every_finding_is_said_in_three_languages_and_nothing_else_is() {
    let codes: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    for (language, _) in LANGUAGES {
        let findings = &Sentences::of(language).table.findings;
        assert_eq!(findings.keys().map(String::as_str).collect::<BTreeSet<_>>(), codes);
        let said: BTreeSet<_> = findings.values().collect();
        assert_eq!(said.len(), codes.len(), "two findings read alike in {language}");
    }
}
