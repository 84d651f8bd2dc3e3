//! Derives a log again from its entries: tree, chains of streams, heads. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record_schemas::types::log::{LogOpened, StreamHeadsCommitted};
use subject_record_schemas::vocabulary::Engine;
use subject_record_schemas::{EventType, Fact, Revision, StoredEvent, StreamName};

use super::fault::Fault;
use super::place::streams_of;
use super::withdrawn::Withdrawals;
use crate::notary::heads::{HeadsMap, StreamEnd};
use crate::notary::tree::{Frontier, Hash, leaf_hash};

/// An entry whose stream's end the map of heads does not know yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// Place in the tree.
    pub(super) index: u64,
    pub(super) stream: Arc<str>,
    pub(super) end: StreamEnd,
}

/// What was derived of the first entries of a log.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// The tree.
    pub(super) edge: Frontier,
    /// Where each stream ends.
    ends: HashMap<Arc<str>, StreamEnd>,
    /// The heads of the first `heads_at` entries: the log writes them down a little behind its end.
    heads: HeadsMap,
    pub(super) heads_at: u64,
    /// Entries since then, in order.
    pub(super) waiting: VecDeque<Waiting>,
    /// Heads that changed since [`Self::saved`].
    pub(super) changed: HashMap<Arc<str>, StreamEnd>,
    /// Recorded time of the newest entry.
    pub(super) recorded: Option<DateTime<Utc>>,
    /// Entries whose bytes were withdrawn.
    pub(super) withdrawn: u64,
    /// Written-down heads that were found right.
    pub(super) commitments: u64,
}

impl Audit {
    /// Entries so far.
    pub(super) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Streams so far.
    pub(super) fn streams(&self) -> usize {
        self.ends.len()
    }

    /// Takes over where a stream ended when its heads were last written down.
    pub(super) fn restore_head(&mut self, stream: Arc<str>, end: StreamEnd) {
        self.heads.note(&stream, &end);
        self.ends.insert(stream, end);
    }

    /// Takes over an entry since then.
    pub(super) fn restore_entry(&mut self, waiting: Waiting) {
        self.ends.insert(Arc::clone(&waiting.stream), waiting.end);
        self.waiting.push_back(waiting);
    }

    /// What changed was made durable.
    pub(super) fn saved(&mut self) {
        self.changed.clear();
    }

    /// Takes in the next entry: its exact bytes, and the hash that stands for it in the log's tree.
    pub(super) fn take(&mut self, bytes: &[u8], leaf: &Hash, origin: &str) -> Result<(), Fault> {
        let index = self.size();
        if leaf_hash(bytes) != *leaf {
            return Err(Fault::Altered { index });
        }
        let event = StoredEvent::read(bytes).map_err(|_| Fault::Unreadable { index })?;
        let (stream, revision) = self.chained(index, &event)?;
        if self.recorded.is_some_and(|last| event.recordedtime < last) {
            return Err(Fault::TimeBack { index });
        }
        let event_type = event.event_type().map_err(|_| Fault::unknown_type(index, &event))?;
        if (index == 0) != (event_type == EventType::LogOpened) {
            return Err(Fault::Opening { index });
        }
        // What other entries say is not read: only where they stand.
        if matches!(event_type, EventType::LogOpened | EventType::StreamHeadsCommitted) {
            match event.fact() {
                Ok(Fact::LogOpened(opened)) => opens(&opened, origin)?,
                Ok(Fact::StreamHeadsCommitted(heads)) => self.check_heads(index, &heads)?,
                _ => return Err(Fault::Unreadable { index }),
            }
        }
        self.recorded = Some(event.recordedtime);
        self.place(&stream, StreamEnd { revision: revision.number(), leaf_hash: *leaf });
        Ok(())
    }

    /// Takes in an entry whose bytes were withdrawn, in the stream that the event says which withdrew it.
    pub(super) fn take_withdrawn(&mut self, leaf: &Hash, withdrawals: &Withdrawals) -> Result<(), Fault> {
        let index = self.size();
        if index == 0 {
            return Err(Fault::Opening { index });
        }
        let stream = withdrawals.stream_of(index, leaf, |stream| self.next_revision(stream));
        let stream = stream.ok_or(Fault::Unexplained { index })?;
        let revision = self.next_revision(&stream);
        self.withdrawn += 1;
        self.place(&stream, StreamEnd { revision, leaf_hash: *leaf });
        Ok(())
    }

    fn next_revision(&self, stream: &StreamName) -> u64 {
        self.ends.get(stream.to_string().as_str()).map_or(0, |end| end.revision + 1)
    }

    /// The stream whose end this entry follows.
    fn chained(&self, index: u64, event: &StoredEvent) -> Result<(StreamName, Revision), Fault> {
        let streams = streams_of(event).map_err(|_| Fault::unknown_type(index, event))?;
        let revision = event.revision().map_err(|_| Fault::Unreadable { index })?;
        if streams.is_empty() || revision.sequence() != event.sequence {
            return Err(Fault::Unreadable { index });
        }
        // What follows another event wherever it stands is never the first of a stream.
        let may_be_first = streams.len() == 1;
        let follows = |stream: &StreamName| match self.ends.get(stream.to_string().as_str()) {
            Some(end) => {
                revision.number() == end.revision + 1
                    && event.previous.is_some_and(|previous| *previous.bytes() == end.leaf_hash)
            }
            None => may_be_first && revision == Revision::FIRST && event.previous.is_none(),
        };
        let stream = streams.into_iter().find(follows).ok_or(Fault::Chain { index })?;
        Ok((stream, revision))
    }

    fn place(&mut self, stream: &StreamName, end: StreamEnd) {
        let name = stream.to_string();
        let name =
            self.ends.get_key_value(name.as_str()).map_or_else(|| name.into(), |(kept, _)| Arc::clone(kept));
        self.ends.insert(Arc::clone(&name), end);
        self.waiting.push_back(Waiting { index: self.size(), stream: name, end });
        self.edge.push(end.leaf_hash);
    }

    /// Compares heads that the log wrote down with those derived here.
    fn check_heads(&mut self, index: u64, written: &StreamHeadsCommitted) -> Result<(), Fault> {
        // On an engine without gaps the entry at `index` has the position `index + 1`.
        let entries = written.at_position.number();
        if entries > index || entries < self.heads_at {
            return Err(Fault::HeadsPlace { index, at: entries });
        }
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.index < entries) {
            self.heads.note(&waiting.stream, &waiting.end);
            self.changed.insert(waiting.stream, waiting.end);
        }
        self.heads_at = entries;
        let root = hex::encode(self.heads.root());
        if root != written.root.as_str() || self.heads.streams() != written.streams {
            return Err(Fault::Heads { index, at: entries });
        }
        self.commitments += 1;
        Ok(())
    }
}

/// What the first entry says must be the log that this is about, on an engine whose positions have no gaps.
fn opens(opened: &LogOpened, origin: &str) -> Result<(), Fault> {
    if opened.verifier_key_name.as_str() != origin {
        return Err(Fault::OtherLog);
    }
    match opened.engine {
        Engine::Memory | Engine::Sqlite | Engine::Postgres => Ok(()),
        Engine::Kurrentdb => Err(Fault::Engine),
    }
}
