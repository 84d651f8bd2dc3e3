//! One document as sent: read, checked against the published schema of its type, and against its sender.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeDelta};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::error::Category;
use serde_json::{Map, Value};
use subject_record_schemas::attributes::{Attributes, SPEC_VERSION};
use subject_record_schemas::catalogue::{Writer, escape_pointer};
use subject_record_schemas::publish::sent_schema;
use subject_record_schemas::{EventType, Fact, StreamName};

use super::{Fault, Refusal, json};
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
        if event_type.writer() == Writer::Service {
            return Err(Refusal::ReservedType);
        }
        let event = self.parse(event_type, document)?;
        if !caller.role.may_append(event_type, &event.stream) {
            return Err(Refusal::RoleForbids(caller.role));
        }
        if !caller.owns(&event.attributes.source) {
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
                validator.iter_errors(&document).flat_map(|e| faults(&e)).take(FAULTS_MAX).collect(),
            ));
        }
        let one = |pointer: &str, detail: &str| {
            Refusal::Invalid(vec![Fault { pointer: pointer.into(), detail: detail.into() }])
        };
        let data = document.as_object_mut().and_then(|members| members.remove("data"));
        let Some(Value::Object(mut data)) = data else {
            return Err(one("/data", "must be an object"));
        };
        // What serde says of a misfit repeats the value: only the place is told.
        let attributes: Attributes = serde_path_to_error::deserialize(document)
            .map_err(|error| one(&pointer_of(error.path()), "this attribute does not read"))?;
        if !(1..=9999).contains(&attributes.time.year()) {
            return Err(one("/time", "must lie in the years 1 to 9999 in UTC"));
        }
        let personal = match data.remove("personal") {
            Some(Value::Object(members)) if !members.is_empty() => {
                let kept = event_type.normalise_personal(Value::Object(members));
                let kept =
                    kept.map_err(|error| one(&format!("/data/personal{}", error.pointer), &error.reason))?;
                kept.as_object().cloned()
            }
            _ => None,
        };
        // The schema and the type say the same; where they should ever differ, what cannot be read back is
        // not stored.
        let data = Value::Object(data);
        Fact::read(event_type, &data).map_err(|_| one("/data", "does not have the shape of the type"))?;
        let Value::Object(data) = data else { return Err(one("/data", "must be an object")) };
        let stream = event_type.stream(attributes.subject.as_ref());
        let stream = stream.ok_or_else(|| one("/subject", "this type is about one person, or about none"))?;
        Ok(NewEvent { attributes, event_type, stream, data, personal })
    }
}

/// Reads JSON in which no object bears a member name twice.
///
/// # Errors
/// [`Refusal::NotJson`], saying where it stops being such JSON.
pub fn read_json(bytes: &[u8]) -> Result<Value, Refusal> {
    json::read(bytes).map_err(|error| {
        let what = match error.classify() {
            Category::Data => "an object bears a member name twice (RFC 7493, section 2.3)",
            Category::Eof => "it ends too early",
            Category::Syntax | Category::Io => "syntax",
        };
        Refusal::NotJson(format!("{what}, at line {} column {}", error.line(), error.column()))
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

/// A schema fault without the value, which may be personal: one for each member that does not belong.
fn faults(error: &ValidationError<'_>) -> Vec<Fault> {
    let pointer = error.instance_path().to_string();
    let pointer = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|name| unexpected_member(&pointer, name)).collect();
        }
        ValidationErrorKind::Required { property: Value::String(name) } => {
            format!("{pointer}/{}", escape_pointer(name))
        }
        _ => pointer,
    };
    vec![Fault { pointer, detail: error.masked().to_string() }]
}

/// A member's name is the sender's own word and may be long or personal: only a plain one is shown.
fn unexpected_member(parent: &str, name: &str) -> Fault {
    let plain = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let (pointer, detail) = match plain {
        true => (format!("{parent}/{name}"), "no such member here"),
        false => (parent.to_owned(), "a member that does not belong here"),
    };
    Fault { pointer, detail: detail.into() }
}

/// A path as a JSON pointer (RFC 6901).
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    path.iter().map(|segment| format!("/{}", escape_pointer(&segment.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use subject_record_schemas::examples::Examples;

    use super::*;
    use crate::caller::{Role, SourcePattern, TokenId};
    use crate::clock::SetClock;

    fn caller(role: Role) -> Caller {
        let sources = vec![SourcePattern::parse("*").unwrap()];
        Caller { token: TokenId::parse("platform-1").unwrap(), role, sources }
    }

    /// An example document with members of it replaced.
    fn document(wire_name: &str, changes: Value) -> Value {
        let event_type: EventType = wire_name.parse().unwrap();
        let mut document = Examples::of(event_type).unwrap().valid;
        document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        document
    }

    fn faults_of(document: Value) -> Vec<(String, String)> {
        let clock = SetClock::at("2026-12-20T10:00:00Z".parse().unwrap());
        match Validators::new().check_value(&caller(Role::Emitter), document, &clock) {
            Err(Refusal::Invalid(faults)) => faults.into_iter().map(|f| (f.pointer, f.detail)).collect(),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn each_member_that_does_not_belong_is_a_fault_and_only_a_plain_name_is_repeated() {
        let changes = json!({ "partitionkey": "7", "Айгерим": 1, "comment": "x", "a/b": 1 });
        let mut faults = faults_of(document("subject.registered.v1", changes));
        faults.sort();
        let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["", "", "/comment", "/partitionkey"]);
        assert!(faults.iter().all(|(_, detail)| !detail.contains("Айгерим") && !detail.contains("a/b")));
    }

    #[test]
    fn a_time_outside_the_years_1_to_9999_in_utc_is_refused() {
        for time in ["0001-01-01T04:59:59+05:00", "0000-06-01T00:00:00Z"] {
            let faults = faults_of(document("subject.registered.v1", json!({ "time": time })));
            assert_eq!(faults[0].0, "/time", "{time}");
        }
    }

    #[test]
    fn an_officer_may_not_write_of_an_incident_into_a_persons_stream() {
        let clock = SetClock::at("2026-12-20T10:00:00Z".parse().unwrap());
        let mut document = document("incident.recorded.v1", json!({}));
        let validators = Validators::new();
        let refused = validators.check_value(&caller(Role::Officer), document.clone(), &clock);
        assert_eq!(refused, Err(Refusal::RoleForbids(Role::Officer)));
        document.as_object_mut().unwrap().remove("subject");
        assert!(validators.check_value(&caller(Role::Officer), document, &clock).is_ok());
    }

    #[test]
    fn a_repeated_member_name_is_told_as_such() {
        let refused = read_json(b"{\"id\":1,\n\"id\":2}").unwrap_err().to_string();
        assert!(refused.contains("twice") && refused.contains("line 2"), "{refused}");
    }
}
