//! What the double keeps, and the rules it keeps it by: as strict as the server about revisions and positions.

use std::collections::HashMap;

use prost::bytes::Bytes;

use super::wire::{
    ActualRevision, Expected, ExpectedRevision, Halves, LogPosition, Proposed, ReadEvent, Recorded,
    StreamIdentifier, Uuid, UuidValue, WrongRevision,
};

/// Bytes of an append at most, as servers are set up by default.
const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// An event of the log.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: (i64, i64),
    pub(crate) stream: String,
    pub(crate) revision: u64,
    /// Commit and prepare position alike.
    pub(crate) position: u64,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) custom_metadata: Bytes,
    pub(crate) data: Bytes,
}

/// An append that was not written.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The stream ends elsewhere.
    Wrong(WrongRevision),
    /// The request breaks a rule.
    Invalid(&'static str),
}

/// Where an append ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) revision: u64,
    pub(crate) position: u64,
}

#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) events: Vec<Event>,
    /// What the server takes in one append.
    pub(crate) append_bytes_max: usize,
    /// Where the next record begins.
    end: u64,
    appends: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self { events: Vec::new(), append_bytes_max: APPEND_BYTES_MAX, end: 0, appends: 0 }
    }
}

impl Log {
    /// The last revision of a stream.
    pub(crate) fn head(&self, stream: &str) -> Option<u64> {
        self.events.iter().rev().find(|event| event.stream == stream).map(|event| event.revision)
    }

    /// An event of the server itself, which fills its log too.
    pub(crate) fn system_event(&mut self, stream: &str) {
        let revision = self.head(stream).map_or(0, |head| head + 1);
        let proposed = Proposed { data: Bytes::from_static(b"{}"), ..Proposed::default() };
        self.write(stream, revision, (0, i64::try_from(self.end).unwrap()), proposed);
    }

    /// Goes back to where it was before the last event, as a restored backup does.
    pub(crate) fn forget_last(&mut self) {
        if let Some(last) = self.events.pop() {
            self.end = last.position;
        }
    }

    fn write(&mut self, stream: &str, revision: u64, id: (i64, i64), proposed: Proposed) {
        let position = self.end;
        // A record is as long as what it holds, so that positions have gaps.
        self.end += 97 + proposed.data.len() as u64 + stream.len() as u64;
        let Proposed { metadata, custom_metadata, data, .. } = proposed;
        let stream = stream.to_owned();
        self.events.push(Event { id, stream, revision, position, metadata, custom_metadata, data });
    }

    /// Appends all or nothing, at the expected revision.
    pub(crate) fn append(
        &mut self,
        stream: &str,
        expected: Expected,
        events: Vec<Proposed>,
    ) -> Result<Written, Refusal> {
        let ids: Vec<_> = events
            .iter()
            .map(|event| id(event.id.as_ref()))
            .collect::<Option<_>>()
            .ok_or(Refusal::Invalid("an event without id"))?;
        check(stream, &events, self.append_bytes_max)?;
        let actual = self.head(stream);
        let needed = match expected {
            Expected::Revision(revision) => Some(revision),
            Expected::NoStream(()) => None,
            Expected::Any(()) | Expected::StreamExists(()) => {
                return Err(Refusal::Invalid("no exact revision"));
            }
        };
        let first = needed.map_or(0, |needed| needed + 1);
        let last = first + events.len() as u64 - 1;
        if actual != needed {
            // The same events at the same place are the same append, sent again.
            let there: Vec<_> =
                self.events.iter().filter(|e| e.stream == stream && e.revision >= first).collect();
            if there.len() >= ids.len() && there.iter().zip(&ids).all(|(event, id)| event.id == *id) {
                return Ok(Written { revision: last, position: there[ids.len() - 1].position });
            }
            return Err(Refusal::Wrong(wrong(actual, needed)));
        }
        self.appends += 1;
        if self.appends % 3 == 1 {
            self.system_event("$stats-0.0.0.0:2113");
        }
        for ((revision, id), event) in (first..).zip(ids).zip(events) {
            self.write(stream, revision, id, event);
        }
        Ok(Written { revision: last, position: self.events.last().unwrap().position })
    }

    /// Events of a stream from a revision on. `None`: there is no such stream.
    pub(crate) fn of_stream(&self, stream: &str, from: u64, count: u64) -> Option<Vec<ReadEvent>> {
        self.head(stream)?;
        let events = self.events.iter().filter(|event| event.stream == stream && event.revision >= from);
        // Servers may leave the position out when a single stream is read.
        Some(events.take(usize::try_from(count).unwrap()).map(|event| served(event, u64::MAX)).collect())
    }

    /// Events of all streams from a position on, which must be that of an event.
    pub(crate) fn all(
        &self,
        from: Option<LogPosition>,
        count: u64,
        prefixes: &[String],
    ) -> Option<Vec<ReadEvent>> {
        if let Some(from) = from {
            let is_boundary = self.events.iter().any(|event| event.position == from.commit);
            if from.commit != from.prepare || !is_boundary && from.commit < self.end {
                return None;
            }
        }
        let from = from.map_or(0, |from| from.commit);
        let matches = |event: &&Event| {
            event.position >= from && prefixes.iter().any(|prefix| event.stream.starts_with(prefix))
        };
        let events = self.events.iter().filter(matches).take(usize::try_from(count).unwrap());
        Some(events.map(|event| served(event, event.position)).collect())
    }
}

/// What the server takes from nobody.
fn check(stream: &str, events: &[Proposed], bytes_max: usize) -> Result<(), Refusal> {
    let invalid = |why| Err(Refusal::Invalid(why));
    if stream.is_empty() || stream.starts_with('$') {
        return invalid("a stream that is not the client's");
    }
    if events.is_empty() {
        return invalid("an append of nothing");
    }
    if events.iter().map(|event| event.data.len()).sum::<usize>() > bytes_max {
        return invalid("an append above the limit");
    }
    for event in events {
        if event.metadata.get("type").is_none_or(String::is_empty) {
            return invalid("an event without type");
        }
        if event.metadata.get("content-type").is_none_or(|kind| kind != "application/json") {
            return invalid("an event that is not declared as JSON");
        }
        if serde_json::from_slice::<serde_json::Value>(&event.data).is_err() {
            return invalid("an event that is no JSON");
        }
    }
    Ok(())
}

fn id(id: Option<&Uuid>) -> Option<(i64, i64)> {
    match id?.value.as_ref()? {
        UuidValue::Structured(Halves { high, low }) => Some((*high, *low)),
        UuidValue::Text(_) => None,
    }
}

pub(crate) fn wrong(actual: Option<u64>, needed: Option<u64>) -> WrongRevision {
    WrongRevision {
        actual: Some(actual.map_or(ActualRevision::NoStream(()), ActualRevision::Revision)),
        expected: Some(needed.map_or(ExpectedRevision::NoStream(()), ExpectedRevision::Revision)),
    }
}

fn served(event: &Event, position: u64) -> ReadEvent {
    let recorded = Recorded {
        id: Some(Uuid { value: Some(UuidValue::Structured(Halves { high: event.id.0, low: event.id.1 })) }),
        stream: Some(StreamIdentifier { name: event.stream.clone().into() }),
        revision: event.revision,
        prepare: position,
        commit: position,
        metadata: event.metadata.clone(),
        custom_metadata: event.custom_metadata.clone(),
        data: event.data.clone(),
    };
    ReadEvent { event: Some(recorded), commit: Some(position).filter(|position| *position != u64::MAX) }
}
