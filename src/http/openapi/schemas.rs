//! Schemas of the OpenAPI document: the published ones of events, made one with the rest.

use serde_json::{Map, Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::{StreamRule, Writer};
use subject_record_schemas::examples::Examples;
use subject_record_schemas::publish::{sent_schema, stored_schema};
use subject_record_schemas::vocabulary::Role;

use super::bodies;
use crate::caller::Powers;

/// All schemas by name; an event type's is its wire name.
pub(super) fn all() -> Map<String, Value> {
    let mut schemas = Map::new();
    let sent: Vec<_> = EventType::ALL.iter().copied().filter(|t| t.writer() == Writer::Platform).collect();
    for event_type in &sent {
        let mut schema = sent_schema(*event_type);
        if let Some(reference) = schema.pointer("/$defs/Reference") {
            schemas.entry("Reference").or_insert(reference.clone());
        }
        settle(&mut schema);
        if let Some(members) = schema.as_object_mut() {
            members.insert("x-code".into(), json!(event_type.code()));
            members.insert("x-stream".into(), json!(stream_text(*event_type)));
            members.insert("x-roles".into(), json!(writers(*event_type)));
            let refused = Examples::of(*event_type).map_or(0, |examples| examples.invalid.len());
            let refused = (0..refused).map(
                |at| json!({ "$ref": format!("#/components/examples/{}", refused_name(*event_type, at)) }),
            );
            members.insert("x-refused-examples".into(), refused.collect());
        }
        schemas.insert(event_type.wire_name().into(), schema);
    }
    let mut stored = stored_schema();
    settle(&mut stored);
    schemas.insert("StoredEvent".into(), stored);
    let target = |event_type: &EventType| format!("#/components/schemas/{}", event_type.wire_name());
    let mapping: Map<_, _> =
        sent.iter().map(|t| (t.wire_name().to_owned(), Value::from(target(t)))).collect();
    schemas.insert(
        "Event".into(),
        json!({
            "description": "An event that the platform may send: the member `type` says which.",
            "oneOf": sent.iter().map(|t| json!({ "$ref": target(t) })).collect::<Value>(),
            "discriminator": { "propertyName": "type", "mapping": mapping },
        }),
    );
    for (name, mut schema) in bodies::all() {
        settle(&mut schema);
        schemas.insert(name.into(), schema);
    }
    schemas
}

/// Name of the example that shows how an event of a type is refused.
pub(super) fn refused_name(event_type: EventType, at: usize) -> String {
    format!("{}-refused-{}", event_type.wire_name(), at + 1)
}

/// Into which stream a type goes, for readers.
pub(super) const fn stream_text(event_type: EventType) -> &'static str {
    match event_type.stream_rule() {
        StreamRule::Subject => "subject-<id>",
        StreamRule::Access => "access-<id>",
        StreamRule::Policy => "policy",
        StreamRule::Office => "office",
        StreamRule::SubjectOrOffice => "subject-<id>, or office without a subject",
        StreamRule::Any => "that of the event it follows",
    }
}

/// Roles that may send a type.
pub(super) fn writers(event_type: EventType) -> Vec<Role> {
    Role::ALL.iter().copied().filter(|role| role.may_append_somewhere(event_type)).collect()
}

/// Makes a schema document one of this document's: shared definitions move to its components.
fn settle(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        // A base address of its own would bend the references below it.
        for own in ["$schema", "$id", "$defs"] {
            members.remove(own);
        }
    }
    point(schema);
}

fn point(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref") {
                *target = target.replace("#/$defs/", "#/components/schemas/");
            }
            members.values_mut().for_each(point);
        }
        Value::Array(items) => items.iter_mut().for_each(point),
        _ => {}
    }
}
