//! The published JSON Schemas: one document per type in the form that is sent, and the stored form.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::attributes::attribute_schemas;
use crate::catalogue::{EventType, StreamRule};
use crate::reference::reference_definition;

/// JSON Schema (2020-12) of an event of this type as an emitter sends it.
///
/// This is the schema intake enforces, so what is published is what is checked.
#[must_use]
pub fn sent_schema(event_type: EventType) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator();
    let (public, personal) = event_type.data_schemas(&mut generator);
    let mut data = public.to_value();
    let description = data.get("description").cloned().unwrap_or(Value::Null);
    let mut personal = personal.to_value();
    for schema in [&mut data, &mut personal] {
        forbid_null(schema);
        limit_dates(schema);
        if let Some(object) = schema.as_object_mut() {
            object.remove("title");
            object.insert("additionalProperties".into(), Value::Bool(false));
            // Even when empty: with it validators name each superfluous member.
            object.entry("properties").or_insert_with(|| json!({}));
        }
    }
    if let Some(object) = data.as_object_mut() {
        object.remove("description");
        if let Some(Value::Object(properties)) = object.get_mut("properties") {
            properties.insert("personal".into(), personal);
        }
    }

    let mut properties = Map::new();
    for (name, schema) in attribute_schemas(&mut generator) {
        properties.insert(name.into(), schema);
    }
    properties.insert("type".into(), json!({ "const": event_type.wire_name() }));
    properties.insert("data".into(), data);

    let mut required = vec!["specversion", "id", "source", "type", "time", "data"];
    match event_type.stream_rule() {
        StreamRule::Subject | StreamRule::Access => required.push("subject"),
        StreamRule::Policy | StreamRule::Office => {
            properties.remove("subject");
        }
        StreamRule::SubjectOrOffice | StreamRule::Any => {}
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:subject-record:schema:{}", event_type.wire_name()),
        "title": event_type.wire_name(),
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "$defs": { "Reference": reference_definition() },
    })
}

/// JSON Schema (2020-12) of an event as stored: what the service adds, and digests for personal members.
#[must_use]
pub fn stored_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).into_generator();
    let mut properties = Map::new();
    for (name, schema) in attribute_schemas(&mut generator) {
        properties.insert(name.into(), schema);
    }
    let wire_names: Vec<_> = EventType::ALL.iter().map(|t| t.wire_name()).collect();
    properties.insert("type".into(), json!({ "enum": wire_names }));
    properties.insert(
        "recordedtime".into(),
        json!({ "type": "string", "format": "date-time", "maxLength": 40,
        "description": "When the service stored it, UTC; never goes back from one position to the next." }),
    );
    properties.insert(
        "recordedby".into(),
        json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "maxLength": 64,
        "description": "Id of the token that sent it, or `service`." }),
    );
    properties.insert(
        "sequence".into(),
        json!({ "type": "string", "pattern": "^[0-9]{12}$", "maxLength": 12,
        "description": "Revision in the stream, from 0, padded so that it sorts." }),
    );
    properties.insert(
        "previous".into(),
        json!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "maxLength": 64,
        "description": "Leaf hash of the stream's event before; absent on the first." }),
    );
    properties.insert(
        "blinding".into(),
        json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{22}$", "maxLength": 22,
        "description": "128 random bits, so that a leaf cannot be confirmed by guessing its content." }),
    );
    properties.insert("data".into(), json!({
        "type": "object",
        "description": "The public part as sent.",
        "properties": {
            "personal": {
                "type": "object",
                "description": "Digests of the openings of the personal members (RFC 9901, section 4.2).",
                "properties": { "_sd": { "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "maxLength": 43 } } },
                "required": ["_sd"],
                "additionalProperties": false
            },
            "_sd_alg": { "const": "sha-256" }
        },
        "dependentRequired": { "personal": ["_sd_alg"] }
    }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:subject-record:schema:stored-event",
        "title": "stored-event",
        "description": "An event as stored and hashed: leaf = SHA-256(0x00 || exact bytes), RFC 6962 section 2.1.",
        "type": "object",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", "time", "recordedtime", "recordedby", "sequence", "blinding", "data"],
        "additionalProperties": false,
        "$defs": { "Reference": reference_definition() },
    })
}

/// Optional members are left out, never null: one way to say nothing keeps comparing two sendings simple.
fn forbid_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
                branches.retain(|branch| branch != &json!({ "type": "null" }));
                if let [only] = branches.as_slice()
                    && let Value::Object(only) = only.clone()
                {
                    object.remove("anyOf");
                    object.extend(only);
                }
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            object.values_mut().for_each(forbid_null);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        _ => {}
    }
}

/// Dates and instants get an upper length: a fraction of a second could otherwise hold any number.
fn limit_dates(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let characters_max = match object.get("format").and_then(Value::as_str) {
                Some("date") => Some(10),
                // Nanoseconds and an offset.
                Some("date-time") => Some(35),
                _ => None,
            };
            if let Some(characters_max) = characters_max {
                object.insert("maxLength".into(), json!(characters_max));
            }
            object.values_mut().for_each(limit_dates);
        }
        Value::Array(items) => items.iter_mut().for_each(limit_dates),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::Examples;
    use crate::faults;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn validator(schema: &Value) -> jsonschema::Validator {
        jsonschema::options().should_validate_formats(true).build(schema).unwrap()
    }

    fn published(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("published").join(format!("{name}.json"))
    }

    /// With `UPDATE_PUBLISHED=1` in the environment the files are written anew instead.
    fn matches_published(name: &str, schema: &Value) {
        let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
        if std::env::var_os("UPDATE_PUBLISHED").is_some() {
            std::fs::write(published(name), &text).unwrap();
        }
        let kept = std::fs::read_to_string(published(name)).unwrap_or_default();
        assert_eq!(
            kept, text,
            "schemas/published/{name}.json differs; UPDATE_PUBLISHED=1 cargo test writes it anew"
        );
    }

    #[test]
    fn every_type_has_its_published_schema_and_there_is_no_other_file() {
        for event_type in EventType::ALL {
            matches_published(event_type.wire_name(), &sent_schema(*event_type));
        }
        matches_published("stored-event", &stored_schema());
        let files = std::fs::read_dir(published("x").parent().unwrap()).unwrap().count();
        assert_eq!(files, EventType::ALL.len() + 1);
    }

    #[test]
    fn every_valid_example_passes_and_every_invalid_one_fails_where_it_says_and_nowhere_else() {
        let mut wrong = Vec::new();
        for event_type in EventType::ALL {
            let validator = validator(&sent_schema(*event_type));
            let examples = Examples::of(*event_type).unwrap();
            for error in validator.iter_errors(&examples.valid) {
                wrong.push(format!("{event_type}: {}: {error}", error.instance_path()));
            }
            if examples.invalid.len() < 3 {
                wrong.push(format!("{event_type} has too few invalid examples"));
            }
            for (example, document) in examples.invalid_documents() {
                let found = faults::pointers(&validator, &document);
                if found != BTreeSet::from([example.pointer.clone()]) {
                    wrong.push(format!(
                        "{event_type}: {}: at {found:?}, not {}",
                        example.why, example.pointer
                    ));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn every_valid_example_reads_as_its_type_and_its_personal_part_parses() {
        for event_type in EventType::ALL {
            let mut valid = Examples::of(*event_type).unwrap().valid;
            let personal = valid["data"].as_object_mut().unwrap().remove("personal");
            crate::Fact::read(*event_type, &valid["data"]).unwrap();
            if let Some(personal) = personal {
                event_type.normalise_personal(personal).unwrap();
            }
        }
    }

    #[test]
    fn what_is_written_from_a_fact_passes_its_schema_and_reads_as_the_same_fact() {
        for event_type in EventType::ALL {
            let mut document = Examples::of(*event_type).unwrap().valid;
            let fact = crate::Fact::read(*event_type, &document["data"]).unwrap();
            document["data"] = serde_json::to_value(&fact).unwrap();
            assert_eq!(faults::pointers(&validator(&sent_schema(*event_type)), &document), BTreeSet::new());
            assert_eq!(crate::Fact::read(*event_type, &document["data"]).unwrap(), fact);
        }
    }

    /// Walks a schema outside `data.personal` and reports every string that is not closed, every number
    /// and list without an upper limit, and every object that takes any member.
    fn open_ends(schema: &Value, path: &str, found: &mut Vec<String>) {
        match schema {
            Value::Object(object) => {
                let has = |keyword: &str| object.contains_key(keyword);
                let short = object.get("maxLength").and_then(Value::as_u64).is_some_and(|max| max <= 64);
                let closed = match object.get("type").and_then(Value::as_str) {
                    Some("string") => {
                        has("enum") || has("const") || (short && (has("format") || has("pattern")))
                    }
                    Some("integer") => has("maximum"),
                    Some("number") => false,
                    Some("array") => has("maxItems"),
                    Some("object") => object.get("additionalProperties") == Some(&json!(false)),
                    _ => true,
                };
                if !closed {
                    found.push(path.to_owned());
                }
                for (name, inner) in object.iter().filter(|(name, _)| *name != "personal") {
                    open_ends(inner, &format!("{path}/{name}"), found);
                }
            }
            Value::Array(items) => items.iter().for_each(|inner| open_ends(inner, path, found)),
            _ => {}
        }
    }

    #[test]
    fn no_public_field_is_an_open_string_or_without_limit() {
        let mut found = Vec::new();
        for event_type in EventType::ALL {
            open_ends(&sent_schema(*event_type), event_type.wire_name(), &mut found);
        }
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn the_walk_finds_each_sort_of_open_end() {
        let mut found = Vec::new();
        let schema = json!({ "properties": {
            "note": { "type": "string" }, "count": { "type": "integer", "minimum": 0 }, "share": { "type": "number" },
            "list": { "type": "array" }, "any": { "type": "object" },
            "personal": { "type": "string" },
        } });
        open_ends(&schema, "", &mut found);
        found.sort();
        assert_eq!(
            found,
            ["any", "count", "list", "note", "share"].map(|name| format!("/properties/{name}"))
        );
    }

    #[test]
    fn no_personal_member_is_required() {
        for event_type in EventType::ALL {
            let schema = sent_schema(*event_type);
            let personal = schema.pointer("/properties/data/properties/personal").unwrap();
            assert_eq!(personal.get("required"), None, "{event_type}");
        }
    }
}
