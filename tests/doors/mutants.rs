//! Documents that are nearly events: valid examples, changed a little, and JSON of any shape.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use subject_record_schemas::EventType;
use subject_record_schemas::examples::Examples;

/// A valid document of every type.
pub(crate) static VALID: LazyLock<Vec<(EventType, Value)>> =
    LazyLock::new(|| EventType::ALL.iter().map(|t| (*t, Examples::of(*t).unwrap().valid)).collect());

/// JSON of any shape, with texts that tend to make trouble.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    let known: Vec<_> = [
        "",
        "\0",
        "\u{feff}",
        "\u{202e}",
        "910708200012",
        "880315100012",
        "+77000000001",
        "a@b.kz",
        "unlisted",
        "personal",
        "data",
        "_sd",
        "...",
        "_sd_alg",
        "2026-02-30",
        "2026-06-30T23:59:60Z",
        "9999-12-31T23:59:59.999999999+23:59",
        "-271821-04-20T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "p-0192a1b2",
        "1e999",
        "п\u{301}",
        "\u{1F9FE}",
    ]
    .map(String::from)
    .into();
    prop_oneof![3 => prop::sample::select(known), 2 => ".{0,40}", 1 => "[ -~]{0,80}", 1 => "x{65,9000}"]
}

/// One change of a document.
#[derive(Clone, Debug)]
enum Change {
    Remove(Index),
    Replace(Index, Value),
    Add(Index, String, Value),
    Move(Index, Index),
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), any_json()).prop_map(|(at, value)| Change::Replace(at, value)),
        (any::<Index>(), any_text().prop_map(Value::from)).prop_map(|(at, value)| Change::Replace(at, value)),
        (any::<Index>(), any_text(), any_json()).prop_map(|(at, name, value)| Change::Add(at, name, value)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Move(from, to)),
    ]
}

/// Pointers to everything in a document.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            pointers(value, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| pointers(item, &format!("{here}/{at}"), found));
        }
        _ => {}
    }
}

fn change(document: &mut Value, change: &Change) {
    let mut all = Vec::new();
    pointers(document, "", &mut all);
    let at = |index: &Index| index.get(&all).as_str();
    match change {
        Change::Remove(index) => {
            let (parent, name) = at(index).rsplit_once('/').unwrap_or_default();
            if let Some(members) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
                members.remove(name);
            }
        }
        Change::Replace(index, value) => {
            if let Some(place) = document.pointer_mut(at(index)) {
                *place = value.clone();
            }
        }
        Change::Add(index, name, value) => match document.pointer_mut(at(index)) {
            Some(Value::Object(members)) => drop(members.insert(name.clone(), value.clone())),
            Some(Value::Array(items)) => items.push(value.clone()),
            _ => {}
        },
        Change::Move(from, to) => {
            let moved = document.pointer(at(from)).cloned();
            if let (Some(place), Some(moved)) = (document.pointer_mut(at(to)), moved) {
                *place = moved;
            }
        }
    }
}

/// A valid document of some type, changed a little.
pub(crate) fn mutated(changes: std::ops::Range<usize>) -> impl Strategy<Value = Value> {
    let of_type = any::<Index>().prop_map(|index| index.get(&VALID).1.clone());
    (of_type, prop::collection::vec(any_change(), changes)).prop_map(|(mut document, changes)| {
        changes.iter().for_each(|one| change(&mut document, one));
        document
    })
}
