//! Entries without bytes: who says that they were withdrawn, and in which stream they stood.

use std::collections::HashMap;

use subject_record_schemas::{EventType, Fact, StoredEvent, StreamName};

use super::place::streams_of;
use crate::notary::tree::Hash;

/// What entries say of withdrawn ones, read ahead of the audit: an entry is withdrawn by a later one.
#[derive(Debug, Default)]
pub(super) struct Withdrawals {
    /// Streams in which the entry at a place can stand, by the event that withdrew it.
    said: HashMap<u64, Vec<StreamName>>,
    /// Of an entry without bytes, by its leaf hash: streams in which the entry after it can stand, and its revision.
    after: HashMap<Hash, Option<(Vec<StreamName>, u64)>>,
}

impl Withdrawals {
    /// An entry without bytes.
    pub(super) fn note_missing(&mut self, leaf: Hash) {
        self.after.entry(leaf).or_default();
    }

    /// An entry, for what it says of others. One that does not read says nothing; the audit will refuse it.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        let Ok(event) = StoredEvent::read(bytes) else { return };
        let Ok(streams) = streams_of(&event) else { return };
        if event.event_type().is_ok_and(|event_type| event_type == EventType::EventWithdrawn)
            && let Ok(Fact::EventWithdrawn(withdrawn)) = event.fact()
            && let Some(index) = withdrawn.position.number().checked_sub(1)
        {
            self.said.entry(index).or_insert_with(|| streams.clone());
        }
        let follows = event.previous.and_then(|previous| self.after.get_mut(previous.bytes()));
        if let (Some(after), Ok(revision)) = (follows, event.revision()) {
            *after = Some((streams, revision.number()));
        }
    }

    /// The stream of the entry without bytes at `index`, given the revision that comes next in a stream.
    ///
    /// The event that withdrew it leaves two; the entry after it in its stream leaves one of those.
    pub(super) fn stream_of(
        &self,
        index: u64,
        leaf: &Hash,
        next_revision: impl Fn(&StreamName) -> u64,
    ) -> Option<StreamName> {
        let said = self.said.get(&index)?;
        let after = self.after.get(leaf).and_then(Option::as_ref);
        let fits = |stream: &&StreamName| {
            after.is_none_or(|(streams, revision)| {
                streams.contains(stream) && next_revision(stream).checked_add(1) == Some(*revision)
            })
        };
        said.iter().find(fits).or(said.first()).cloned()
    }
}
