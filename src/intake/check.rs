//! One document as sent: read, checked against the published schema of its type, and against its sender.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};
use subject_record_schemas::attributes::{Attributes, SPEC_VERSION};
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::publish::sent_schema;
use subject_record_schemas::{EventType, Fact, StreamName};

use super::own::OWN_SOURCE;
use super::{Fault, Refusal};
use crate::caller::{Caller, Powers};
use crate::clock::Clock;

/// How far ahead of this service's clock an event's time may lie, in seconds: emitters' clocks differ.
pub const TIME_AHEAD_SECONDS_MAX: i64 = 300;

/// Faults of one document that are listed at most.
pub const FAULTS_MAX: usize = 50;

/// A document that passed every check that needs no store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Context attributes.
    pub attributes: Attributes,
    /// Its type.
    pub event_type: EventType,
    /// Where it goes.
    pub stream: StreamName,
    /// The public part of its data.
    pub data: Map<String, Value>,
    /// The personal part in its kept form, if there is any.
    pub personal: Option<Map<String, Value>>,
}

impl NewEvent {
    /// Whether it registers a person.
    #[must_use]
    pub fn registers(&self) -> bool {
        self.event_type == EventType::SubjectRegistered
    }
}

/// The published schemas, compiled.
#[derive(Debug)]
pub struct Validators(BTreeMap<EventType, Validator>);

impl Default for Validators {
    fn default() -> Self {
        Self::new()
    }
}

impl Validators {
    /// Compiles the schema of every type. A schema that does not compile is a mistake in this build, which a
    /// test finds; its type is refused as unknown.
    #[must_use]
    pub fn new() -> Self {
        let compile = |event_type: &EventType| {
            let schema = sent_schema(*event_type);
            let validator = jsonschema::options().should_validate_formats(true).build(&schema);
            validator.ok().map(|validator| (*event_type, validator))
        };
        Self(EventType::ALL.iter().filter_map(compile).collect())
    }

    /// Reads and checks a document from a caller.
    ///
    /// # Errors
    /// The first refusal that applies; schema faults are all listed.
    pub fn check(&self, caller: &Caller, bytes: &[u8], clock: &dyn Clock) -> Result<NewEvent, Refusal> {
        self.check_value(caller, read_json(bytes)?, clock)
    }

    /// Checks a document that was read as JSON.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_value(
        &self,
        caller: &Caller,
        document: Value,
        clock: &dyn Clock,
    ) -> Result<NewEvent, Refusal> {
        let event_type = event_type_of(&document)?;
        let event = self.parse(event_type, document)?;
        if event_type.writer() == Writer::Service {
            return Err(Refusal::ReservedType);
        }
        if !caller.role.may_append(event_type) {
            return Err(Refusal::RoleForbids(caller.role));
        }
        let source = &event.attributes.source;
        if source.as_str() == OWN_SOURCE || !caller.owns(source) {
            return Err(Refusal::ForeignSource);
        }
        if event.attributes.time - clock.now() > TimeDelta::seconds(TIME_AHEAD_SECONDS_MAX) {
            return Err(Refusal::FromTheFuture);
        }
        Ok(event)
    }

    /// Parses a document of a type against its schema, whoever sent it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every fault.
    pub fn parse(&self, event_type: EventType, mut document: Value) -> Result<NewEvent, Refusal> {
        let validator = self.0.get(&event_type).ok_or(Refusal::UnknownType)?;
        if !validator.is_valid(&document) {
            return Err(Refusal::Invalid(
                validator.iter_errors(&document).map(|e| fault(&e)).take(FAULTS_MAX).collect(),
            ));
        }
        let one =
            |pointer: &str, detail: String| Refusal::Invalid(vec![Fault { pointer: pointer.into(), detail }]);
        let data = document.as_object_mut().and_then(|members| members.remove("data"));
        let Some(Value::Object(mut data)) = data else {
            return Err(one("/data", "must be an object".into()));
        };
        let attributes: Attributes = serde_json::from_value(document)
            .map_err(|error| one("", format!("an attribute does not read: {error}")))?;
        let personal = match data.remove("personal") {
            Some(Value::Object(members)) if !members.is_empty() => {
                let kept = event_type.normalise_personal(Value::Object(members));
                let kept =
                    kept.map_err(|error| one(&format!("/data/personal{}", error.pointer), error.reason))?;
                kept.as_object().cloned()
            }
            _ => None,
        };
        // The schema and the type say the same; where they should ever differ, what cannot be read back is
        // not stored.
        let data = Value::Object(data);
        Fact::read(event_type, &data).map_err(|error| one("/data", error.to_string()))?;
        let Value::Object(data) = data else { return Err(one("/data", "must be an object".into())) };
        let stream = event_type.stream(attributes.subject.as_ref());
        let stream =
            stream.ok_or_else(|| one("/subject", "this type is about one person, or about none".into()))?;
        Ok(NewEvent { attributes, event_type, stream, data, personal })
    }
}

/// Reads JSON.
///
/// # Errors
/// [`Refusal::NotJson`], saying where it stops being JSON.
pub fn read_json(bytes: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        Refusal::NotJson(format!("{:?} at line {} column {}", error.classify(), error.line(), error.column()))
    })
}

/// The type of a document, once it is clear that it is a CloudEvent at all.
fn event_type_of(document: &Value) -> Result<EventType, Refusal> {
    let members = document.as_object().ok_or(Refusal::NotCloudEvent("it is not an object"))?;
    match members.get("specversion").map(Value::as_str) {
        Some(Some(SPEC_VERSION)) => {}
        Some(_) => return Err(Refusal::NotCloudEvent("specversion is not \"1.0\"")),
        None => return Err(Refusal::NotCloudEvent("specversion is missing")),
    }
    for (name, what) in [("id", "id is missing or no text"), ("source", "source is missing or no text")] {
        if !members.get(name).is_some_and(Value::is_string) {
            return Err(Refusal::NotCloudEvent(what));
        }
    }
    let wire_name = members.get("type").and_then(Value::as_str);
    let wire_name = wire_name.ok_or(Refusal::NotCloudEvent("type is missing or no text"))?;
    wire_name.parse().map_err(|_| Refusal::UnknownType)
}

/// A schema fault without the value, which may be personal.
fn fault(error: &ValidationError<'_>) -> Fault {
    let pointer = error.instance_path().to_string();
    let member = match error.kind() {
        ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let detail = format!("no such member here: {}", unexpected.join(", "));
            let first = unexpected.first().cloned().unwrap_or_default();
            // A member's name is the sender's own word and may be long or personal: only a plain one is shown.
            let plain =
                |name: &String| name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            return if unexpected.iter().all(plain) {
                Fault { pointer: format!("{pointer}/{first}"), detail }
            } else {
                Fault { pointer, detail: "a member that does not belong here".into() }
            };
        }
        _ => None,
    };
    let pointer = member.map_or_else(|| pointer.clone(), |member| format!("{pointer}/{member}"));
    Fault { pointer, detail: error.masked().to_string() }
}
