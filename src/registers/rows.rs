//! Rows as they are shown: what the read models keep, and what the events themselves say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use subject_record_projections::accesses::ACCESSES;
use subject_record_projections::sentences::Sentences;
use subject_record_projections::table::Table;
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{Position, StoredEvent};

use crate::projector::{EventRead, VersionRead};
use crate::store::append::instant_text;
use crate::store::{EventStore, RecordedEvent, StoreError};
use crate::timeline::TimelineError;

/// Versioned rows: the body, whose it is, since when it holds, and since which event that is known. Findings name
/// their evidence by source, id, type and time too.
pub(super) async fn versions(
    store: &dyn EventStore,
    read: Vec<VersionRead>,
) -> Result<Vec<Value>, TimelineError> {
    let rows: Vec<_> = read.into_iter().map(version).collect();
    let wanted: BTreeSet<_> = rows.iter().flat_map(evidence).collect();
    let wanted: Vec<_> = wanted.into_iter().collect();
    let mut names = BTreeMap::new();
    for recorded in store.events_at(&wanted).await?.into_iter().flatten() {
        names.insert(recorded.position, named(&recorded)?);
    }
    let with_names = |mut row: Map<String, Value>| {
        let events: Vec<_> = evidence(&row).filter_map(|position| names.get(&position).cloned()).collect();
        if row.contains_key(FINDINGS_KEY) {
            row.insert("evidence_events".into(), events.into());
        }
        Value::Object(row)
    };
    Ok(rows.into_iter().map(with_names).collect())
}

/// Positions of the events that show a finding; none for any other row.
fn evidence(row: &Map<String, Value>) -> impl Iterator<Item = Position> {
    let shown = row.contains_key(FINDINGS_KEY).then(|| row.get("evidence")).flatten();
    let positions = shown.and_then(Value::as_array).into_iter().flatten();
    positions.filter_map(|position| position.as_str()?.parse().ok())
}

fn version(row: VersionRead) -> Map<String, Value> {
    let mut members: Map<String, Value> = serde_json::from_str(&row.body).unwrap_or_default();
    members.insert("subject".into(), row.subject.into());
    members.insert("holds_from".into(), instant(row.valid_from_us));
    members.insert("holds_until".into(), row.valid_until_us.map_or(Value::Null, instant));
    members.insert("known_from".into(), json!(row.known_from));
    members.insert("judged_at".into(), json!(row.judged_at));
    members
}

/// Member by which the row of a finding is known.
const FINDINGS_KEY: &str = "finding";

fn instant(micros: i64) -> Value {
    DateTime::<Utc>::from_timestamp_micros(micros).map_or(Value::Null, |instant| instant_text(instant).into())
}

/// A person without an answer.
pub(super) fn person(row: &VersionRead) -> Value {
    let body: Map<String, Value> = serde_json::from_str(&row.body).unwrap_or_default();
    let member = |name: &str| body.get(name).cloned().unwrap_or_default();
    json!({
        "subject": row.subject,
        "at": instant(row.at_us),
        "kind": member("kind"),
        "language": member("language"),
        "registered_at": member("registered_at"),
    })
}

/// Rows of events: read from the store, since a read model does not repeat what an event says.
pub(super) async fn events(
    store: &dyn EventStore,
    table: &'static Table,
    read: Vec<EventRead>,
    language: Language,
) -> Result<Vec<Value>, TimelineError> {
    let positions: Vec<_> = read.iter().map(|row| row.position).collect();
    let recorded = store.events_at(&positions).await?;
    let row = |(row, recorded): (EventRead, Option<RecordedEvent>)| {
        let lost = || StoreError::Row(format!("there is no event at position {}", row.position));
        let recorded = recorded.ok_or_else(lost)?;
        if table == &ACCESSES { look(&recorded, &row.subject) } else { event(&recorded, language) }
    };
    read.into_iter().zip(recorded).map(row).collect()
}

fn parsed(recorded: &RecordedEvent) -> Result<StoredEvent, TimelineError> {
    let unreadable = |source| TimelineError::Unreadable { position: recorded.position, source };
    StoredEvent::read(recorded.bytes.as_bytes()).map_err(unreadable)
}

/// What names an event, and when it happened.
fn named(recorded: &RecordedEvent) -> Result<Value, TimelineError> {
    let stored = parsed(recorded)?;
    let attributes = &stored.attributes;
    Ok(json!({
        "position": recorded.position,
        "source": attributes.source,
        "id": attributes.id,
        "type": attributes.wire_name,
        "time": instant_text(attributes.time),
    }))
}

/// An event as history shows it: all that is public, in a sentence too.
fn event(recorded: &RecordedEvent, language: Language) -> Result<Value, TimelineError> {
    let stored = parsed(recorded)?;
    let unreadable = |source| TimelineError::Unreadable { position: recorded.position, source };
    let event_type = stored.event_type().map_err(unreadable)?;
    let has_personal = stored.digests().next().is_some();
    let sentences = Sentences::of(language);
    let attributes = &stored.attributes;
    let mut data = stored.data.clone();
    if let Some(members) = data.as_object_mut() {
        members.remove("personal");
        members.remove("_sd_alg");
    }
    let mut row = json!({
        "position": recorded.position,
        "stream": recorded.stream.to_string(),
        "revision": recorded.revision.to_string(),
        "leaf_hash": recorded.leaf_hash,
        "subject": recorded.stream.subject(),
        "type": event_type.wire_name(),
        "title": sentences.title(event_type),
        "sentence": sentences.sentence(event_type, &stored.data),
        "time": instant_text(attributes.time),
        "recorded_at": instant_text(recorded.recorded_at),
        "source": attributes.source,
        "id": attributes.id,
        "data": data,
        "has_personal": has_personal,
    });
    if let Some(members) = row.as_object_mut() {
        for (name, reference) in [("actor", &attributes.actor), ("correlationid", &attributes.correlationid)]
        {
            if let Some(reference) = reference {
                members.insert(name.into(), json!(reference));
            }
        }
    }
    Ok(row)
}

/// A look at a person.
fn look(recorded: &RecordedEvent, subject: &str) -> Result<Value, TimelineError> {
    let stored = parsed(recorded)?;
    let mut members = stored.data.as_object().cloned().unwrap_or_default();
    members.insert("position".into(), json!(recorded.position));
    members.insert("subject".into(), subject.into());
    members.insert("time".into(), instant_text(stored.attributes.time).into());
    members.insert("recorded_at".into(), instant_text(recorded.recorded_at).into());
    members.insert("leaf_hash".into(), json!(recorded.leaf_hash));
    Ok(Value::Object(members))
}
