//! In which stream an entry stands, by its own bytes.

use subject_record_schemas::catalogue::StreamRule;
use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::{StoredEvent, StreamName};

/// The streams that an entry can stand in.
///
/// One for most types: the type and the attribute `subject` say it. Two for a type that follows another event
/// wherever that stands; of those its `sequence` and `previous` leave one. None when the type is about one person and
/// the entry names nobody, or the other way round.
///
/// # Errors
/// [`StoredEventError::UnknownType`], for a type that this build does not know.
pub fn streams_of(event: &StoredEvent) -> Result<Vec<StreamName>, StoredEventError> {
    let event_type = event.event_type()?;
    let subject = event.attributes.subject.as_ref();
    Ok(match (event_type.stream_rule(), subject) {
        (StreamRule::Any, Some(id)) => vec![StreamName::Subject(id.clone()), StreamName::Access(id.clone())],
        (StreamRule::Any, None) => vec![StreamName::Policy, StreamName::Office],
        _ => event_type.stream(subject).into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use subject_record_schemas::EventType;
    use subject_record_schemas::examples::Examples;

    use super::*;

    fn stored(wire_name: &str, subject: Option<&str>) -> StoredEvent {
        let mut document = json!({
            "specversion": "1.0", "id": "a-1", "source": "platform/a", "type": wire_name,
            "time": "2026-02-02T00:00:00Z", "recordedby": "service", "blinding": "A".repeat(22),
            "recordedtime": "2026-02-02T00:00:00Z", "sequence": "000000000000", "data": {}
        });
        if let (Some(id), Some(members)) = (subject, document.as_object_mut()) {
            members.insert("subject".into(), json!(id));
        }
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn every_type_stands_somewhere() {
        for event_type in EventType::ALL {
            let examples = Examples::of(*event_type).unwrap();
            let subject = examples.valid.get("subject").and_then(Value::as_str);
            let streams = streams_of(&stored(event_type.wire_name(), subject)).unwrap();
            let follows = event_type.stream_rule() == StreamRule::Any;
            assert_eq!(streams.len(), if follows { 2 } else { 1 }, "{event_type}");
        }
    }

    #[test]
    fn an_entry_about_nobody_stands_in_no_persons_stream() {
        assert_eq!(streams_of(&stored("consent.given.v1", None)).unwrap(), []);
        assert_eq!(streams_of(&stored("recipient.registered.v1", Some("p-invented-1"))).unwrap(), []);
        assert!(streams_of(&stored("no_such.type.v1", None)).is_err());
    }
}
