//! An event on its way to KurrentDB and back: names, marks, and what its bytes say.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use eventstore::{EventData, RecordedEvent as Served};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use subject_record_schemas::{EventId, LeafHash, Position, Revision, Source, StreamName};
use uuid::Uuid;

use crate::store::append::leaf_hash;
use crate::store::{EventKey, Mark, StoreError};

/// Members of a stored event that an engine without columns reads from its bytes.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    recordedtime: DateTime<Utc>,
}

/// What stands in the metadata of an event: the mark is no part of the stored bytes.
#[derive(Default, Serialize, Deserialize)]
struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<MarkName>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MarkName {
    Registration,
    Fence,
}

/// An event as the server gave it, read.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) key: EventKey,
    pub(super) stream: StreamName,
    pub(super) revision: Revision,
    /// Commit position in `$all`, as the server counts it.
    pub(super) commit: u64,
    /// Prepare position in `$all`.
    pub(super) prepare: u64,
    pub(super) mark: Mark,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) leaf_hash: LeafHash,
    pub(super) text: Arc<str>,
}

/// The position of a commit position. One more, so that it never is [`Position::START`].
pub(super) const fn position(commit: u64) -> Position {
    Position::new(commit.saturating_add(1))
}

/// The event's id at the server: a UUID of version 8 (RFC 9562, section 5.8) made of `source` and `id`, so that
/// every attempt to append it has the same one.
pub(super) fn event_uuid(key: &EventKey) -> Uuid {
    let source = key.source.as_str().as_bytes();
    let digest = Sha256::new()
        .chain_update((source.len() as u64).to_be_bytes())
        .chain_update(source)
        .chain_update(key.id.as_str().as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, digest)| *byte = digest);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// An event as the client takes it, its data the stored bytes as they are.
pub(super) fn to_send(key: &EventKey, mark: Mark, text: &str) -> Result<EventData, StoreError> {
    let unsendable = |error: serde_json::Error| StoreError::Row(format!("an event is no JSON: {error}"));
    let members: Members<'_> = serde_json::from_str(text).map_err(unsendable)?;
    let raw: &RawValue = serde_json::from_str(text).map_err(unsendable)?;
    if raw.get().len() != text.len() {
        return Err(StoreError::Row("an event has space around its JSON".into()));
    }
    let data = EventData::json(&*members.kind, &raw).map_err(unsendable)?.id(event_uuid(key));
    let mark = match mark {
        Mark::None => return Ok(data),
        Mark::Registration => MarkName::Registration,
        Mark::Fence => MarkName::Fence,
    };
    data.metadata_as_json(&Metadata { mark: Some(mark) }).map_err(unsendable)
}

impl Seen {
    /// Reads an event of the stream that the server names without its prefix.
    ///
    /// # Errors
    /// When it does not read as an event of this service.
    pub(super) fn read(stream: StreamName, served: &Served) -> Result<Self, StoreError> {
        let revision = Revision::new(served.revision);
        let bad = |what: &str| {
            StoreError::Row(format!("KurrentDB: {what} at revision {revision} of stream {stream}"))
        };
        let text = str::from_utf8(&served.data).map_err(|_| bad("bytes that are no text"))?;
        let members: Members<'_> = serde_json::from_str(text).map_err(|_| bad("no stored event"))?;
        let metadata = match &served.custom_metadata[..] {
            [] => Metadata::default(),
            bytes => serde_json::from_slice(bytes).map_err(|_| bad("unknown metadata"))?,
        };
        let key = EventKey {
            source: Source::parse(&*members.source).map_err(|_| bad("a source that is none"))?,
            id: EventId::parse(&*members.id).map_err(|_| bad("an id that is none"))?,
        };
        Ok(Self {
            key,
            revision,
            commit: served.position.commit,
            prepare: served.position.prepare,
            mark: match metadata.mark {
                None => Mark::None,
                Some(MarkName::Registration) => Mark::Registration,
                Some(MarkName::Fence) => Mark::Fence,
            },
            recorded_at: members.recordedtime,
            leaf_hash: leaf_hash(text.as_bytes()),
            text: text.into(),
            stream,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: &str, id: &str) -> EventKey {
        EventKey { source: Source::parse(source).unwrap(), id: EventId::parse(id).unwrap() }
    }

    /// Computed apart with Python's hashlib and uuid.
    #[test]
    fn the_id_at_the_server_is_made_of_source_and_id_alone() {
        let id = event_uuid(&key("platform/tests", "e-1"));
        assert_eq!(id, event_uuid(&key("platform/tests", "e-1")));
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id.to_string(), "e99281ec-c27e-8bfb-9db1-b5c174722c48");
        // What one name has more of, another has not less of.
        assert_ne!(event_uuid(&key("platform/a", "b-1")), event_uuid(&key("platform/", "ab-1")));
    }

    #[test]
    fn the_data_sent_is_the_stored_text_to_the_byte() {
        let text = r#"{"specversion":"1.0","id":"e-1","source":"s","type":"consent.given.v1", "n":1.50e1,"recordedtime":"2026-02-02T02:40:00.000000Z","a":"\u0416"}"#;
        let data = format!("{:?}", to_send(&key("s", "e-1"), Mark::Fence, text).unwrap());
        let escaped = format!("{:?}", bytes::Bytes::copy_from_slice(text.as_bytes()));
        assert!(data.contains(&escaped), "{data}");
        assert!(data.contains("application/json") && data.contains("consent.given.v1"), "{data}");
        assert!(to_send(&key("s", "e-1"), Mark::None, &format!("{text} ")).is_err());
    }
}
