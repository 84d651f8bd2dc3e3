//! The whole log as an auditor reads it, event by event, and checked while it is read.

use std::collections::HashMap;

use futures::StreamExt;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::client::{Answer, Client};

/// Requests under way at a time.
const AT_ONCE: usize = 8;

/// An event as served.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) position: String,
    pub(crate) stream: String,
    pub(crate) revision: String,
    pub(crate) leaf_hash: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) document: Value,
}

impl Served {
    /// What an answer to `GET /v1/events/…` holds; its bytes must have its leaf hash.
    pub(crate) fn of(answer: Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let hash = Sha256::new().chain_update([0]).chain_update(&answer.body).finalize();
        assert_eq!(header("record-leaf-hash"), hex::encode(hash), "the leaf hash is that of the bytes");
        Self {
            position: header("record-position"),
            stream: header("record-stream"),
            revision: header("record-revision"),
            leaf_hash: header("record-leaf-hash"),
            document: answer.json(),
            bytes: answer.body,
        }
    }

    /// `source` and `id`.
    pub(crate) fn name(&self) -> (String, String) {
        let text = |member: &str| self.document[member].as_str().unwrap().to_owned();
        (text("source"), text("id"))
    }

    pub(crate) fn wire_name(&self) -> &str {
        self.document["type"].as_str().unwrap()
    }

    /// Whether a receipt says the same of it.
    pub(crate) fn is_of(&self, receipt: &Value) -> bool {
        receipt["stream"] == self.stream.as_str()
            && receipt["revision"] == self.revision.as_str()
            && receipt["position"] == self.position.as_str()
            && receipt["leaf_hash"] == self.leaf_hash.as_str()
            && receipt["recorded_at"] == self.document["recordedtime"]
    }
}

/// A log that holds together as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Every event, by position from 1 on.
    pub(crate) events: Vec<Served>,
    places: HashMap<(String, String), usize>,
    heads: HashMap<String, (u64, String)>,
}

impl Log {
    /// Reads and checks the whole log.
    pub(crate) async fn read(auditor: &Client) -> Self {
        let mut log = Self::default();
        log.read_on(auditor).await;
        log
    }

    /// Reads and checks what has been appended since.
    pub(crate) async fn read_on(&mut self, auditor: &Client) {
        let first = self.events.len() as u64 + 1;
        let requests = (first..).map(|position| {
            let auditor = auditor.clone();
            async move { auditor.get(&format!("/v1/events/{position}")).await }
        });
        let mut answers = futures::stream::iter(requests).buffered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            if answer.status == 404 {
                return;
            }
            self.take(Served::of(answer));
        }
    }

    /// The event of a name.
    pub(crate) fn find(&self, source: &str, id: &str) -> Option<&Served> {
        self.events.get(*self.places.get(&(source.to_owned(), id.to_owned()))?)
    }

    /// The events of a stream, in order.
    pub(crate) fn stream(&self, stream: &str) -> Vec<&Served> {
        self.events.iter().filter(|event| event.stream == stream).collect()
    }

    fn take(&mut self, event: Served) {
        assert_eq!(event.position, format!("{:016}", self.events.len() + 1), "positions have no gap");
        let document = &event.document;
        let head = self.heads.get(&event.stream);
        let revision = head.map_or(0, |(revision, _)| revision + 1);
        assert_eq!(event.revision, revision.to_string(), "revisions have no gap: {event:?}");
        assert_eq!(document["sequence"], format!("{revision:012}"), "{event:?}");
        let previous = head.map(|(_, leaf_hash)| leaf_hash.as_str());
        assert_eq!(document.get("previous").and_then(Value::as_str), previous, "{event:?}");
        if let Some(last) = self.events.last() {
            let time = |event: &Served| event.document["recordedtime"].as_str().unwrap().to_owned();
            assert!(time(last) <= time(&event), "recorded time never goes back: {event:?}");
        }
        let twin = self.places.insert(event.name(), self.events.len());
        assert_eq!(twin, None, "a name stands twice: {event:?}");
        self.heads.insert(event.stream.clone(), (revision, event.leaf_hash.clone()));
        self.events.push(event);
    }
}
