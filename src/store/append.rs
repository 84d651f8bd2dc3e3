//! What goes into an append and what comes back.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use subject_record_schemas::{LeafHash, Position, Revision, StreamName};

use super::{EventKey, StoreError, TakenOver};

/// Largest stored form of an event, in bytes: what a C2SP tlog-tiles entry can hold.
pub const STORED_BYTES_MAX: usize = 65_535;

/// Bytes that the store itself adds to an event at most: recorded time, sequence, previous leaf hash.
pub const STORE_MEMBERS_BYTES_MAX: usize = 180;

/// What a store must know of an event beyond its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    None,
    /// It registers a person: once a stream.
    Registration,
    /// It is the approved erasure of a person: from here on no box is stored in this stream.
    Fence,
}

impl Mark {
    /// As the tables hold it.
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Registration => 1,
            Self::Fence => 2,
        }
    }
}

/// An event that is checked and sealed, but has no place yet.
#[derive(Clone, Debug)]
pub struct SealedEvent {
    /// Its name.
    pub key: EventKey,
    /// What the store must know of it.
    pub mark: Mark,
    /// The stored form up to where the store's own members go: `{…,`.
    pub text_before: String,
    /// The stored form after them: `"data":{…}}`.
    pub text_after: String,
    /// Its personal part, sealed.
    pub sealed_box: Option<SealedBox>,
    /// Whether it says something of the event before it in the append: then it is recorded together with that
    /// one, and never when that one was recorded before.
    pub follows: bool,
}

/// The openings of an event's personal members under a person's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBox {
    /// Generation of the key.
    pub generation: u32,
    /// Format version, nonce and ciphertext.
    pub sealed: Vec<u8>,
}

/// Which end of the stream the caller expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedRevision {
    /// Whatever it is.
    Any,
    /// The stream has no event.
    NoStream,
    /// The stream has an event.
    StreamExists,
    /// The stream ends here.
    Exactly(Revision),
}

impl ExpectedRevision {
    /// Whether a stream that ends at `actual` is as expected.
    #[must_use]
    pub fn holds(self, actual: Option<Revision>) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual.is_none(),
            Self::StreamExists => actual.is_some(),
            Self::Exactly(revision) => actual == Some(revision),
        }
    }
}

/// Events for one stream, all or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// Where they go.
    pub stream: StreamName,
    /// Where the stream must end. Checked after names: events that are all recorded already never conflict.
    pub expected: ExpectedRevision,
    /// Whether names of it may stand already.
    pub names: Names,
    /// The events, in order.
    pub events: Vec<SealedEvent>,
}

/// Whether names of an append may stand already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// An event whose name stands is answered with its receipt, and the rest is appended.
    MayStand,
    /// One name that stands refuses the whole append: the caller compares first.
    MustBeNew,
}

impl Append {
    /// Which of the events are to be recorded, when `stands` says which names stand already.
    ///
    /// A name that stands twice in one append is one event.
    ///
    /// # Errors
    /// [`AppendError::NameTaken`] when a name stands and none may.
    pub(super) fn fresh(&self, stands: impl Fn(&EventKey) -> bool) -> Result<Vec<bool>, AppendError> {
        let mut names = HashSet::with_capacity(self.events.len());
        let mut lead_is_fresh = false;
        let mut fresh = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let taken = stands(&event.key);
            if !event.follows && taken && self.names == Names::MustBeNew {
                return Err(AppendError::NameTaken);
            }
            // What follows nothing new takes no name.
            let is_fresh = (lead_is_fresh || !event.follows) && !taken && names.insert(&event.key);
            if !event.follows {
                lead_is_fresh = is_fresh;
            }
            fresh.push(is_fresh);
        }
        Ok(fresh)
    }
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its stream.
    pub stream: StreamName,
    /// Its place in the stream.
    pub revision: Revision,
    /// Its place in the store.
    pub position: Position,
    /// Its leaf hash.
    pub leaf_hash: LeafHash,
    /// When it was stored.
    pub recorded_at: DateTime<Utc>,
}

/// What became of one event of an append that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was appended now.
    Appended(Receipt),
    /// An event of this name was recorded before, with this content or another: the caller compares.
    AlreadyRecorded(Receipt),
}

impl Outcome {
    /// The receipt, new or old.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::Appended(receipt) | Self::AlreadyRecorded(receipt) => receipt,
        }
    }
}

/// What became of an append that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// One outcome an event, in order, those that follow another left out.
    pub outcomes: Vec<Outcome>,
    /// Where the stream ends now; `None` when it has no event, as when all names stand in other streams.
    pub head: Option<Revision>,
}

/// Why an append wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The stream does not end where the caller expected.
    #[error("the stream ends at {}, not where it was expected", .actual.map_or_else(|| "nothing".into(), |r| r.to_string()))]
    Conflict {
        /// Where it ends.
        actual: Option<Revision>,
    },
    /// A name stands already, and the append allows none.
    #[error("an event of the append is recorded already")]
    NameTaken,
    /// The stream holds a registration already.
    #[error("the stream holds a registration already")]
    AlreadyRegistered,
    /// The stream is fenced, and an event carried a box.
    #[error("the person was erased: no personal data can be stored any more")]
    Fenced,
    /// The stored form of an event is longer than [`STORED_BYTES_MAX`].
    #[error("the stored form has {bytes} bytes, more than {STORED_BYTES_MAX}")]
    TooLarge {
        /// Bytes of the stored form.
        bytes: usize,
    },
    /// More events than one commit takes.
    #[error("{events} events at once, and at most {max} fit into one commit")]
    TooMany {
        /// Events of the append.
        events: usize,
        /// Events of one commit.
        max: usize,
    },
    /// More bytes than the engine takes in one commit.
    #[error("{bytes} bytes at once, and at most {max} fit into one commit")]
    TooLargeTogether {
        /// Bytes of the append.
        bytes: usize,
        /// Bytes of one commit.
        max: usize,
    },
    /// The clock leapt by more than a minute.
    #[error("the clock leapt: recorded times would be wrong")]
    ClockLeapt,
    /// The queue is full.
    #[error("the queue of the event store is full")]
    QueueFull,
    /// The store is closing and takes no more.
    #[error("the event store is closing")]
    Closing,
    /// The engine failed. Whether the events were written is unknown until they are asked for by name.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether events of another store go on where streams end here, each after the one before it.
///
/// # Errors
/// [`StoreError::DoesNotFollow`], naming the first that does not.
pub(super) fn follow_on(
    events: &[TakenOver],
    head: impl Fn(&StreamName) -> Option<(Revision, LeafHash)>,
) -> Result<(), StoreError> {
    let mut ends: HashMap<&StreamName, Option<(Revision, LeafHash)>> = HashMap::new();
    for TakenOver { event, .. } in events {
        let end = ends.entry(&event.stream).or_insert_with(|| head(&event.stream));
        let next = end.map_or(Revision::FIRST, |(revision, _)| revision.next());
        if event.revision != next || leaf_hash(event.bytes.as_bytes()) != event.leaf_hash {
            return Err(StoreError::DoesNotFollow(event.position));
        }
        *end = Some((event.revision, event.leaf_hash));
    }
    Ok(())
}

/// RFC 3339 in UTC with microseconds: the one spelling of an instant in stored bytes.
#[must_use]
pub fn instant_text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What a store adds to an event by giving it a place.
pub(super) fn store_members(
    recorded_at: DateTime<Utc>,
    revision: Revision,
    previous: Option<LeafHash>,
) -> String {
    let mut members = String::with_capacity(STORE_MEMBERS_BYTES_MAX);
    // Writing to a String cannot fail.
    let _ = write!(
        members,
        r#""recordedtime":"{}","sequence":"{}","#,
        instant_text(recorded_at),
        revision.sequence()
    );
    if let Some(previous) = previous {
        let _ = write!(members, r#""previous":"{previous}","#);
    }
    members
}

/// Leaf hash of stored bytes: `SHA-256(0x00 ‖ bytes)` (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> LeafHash {
    LeafHash::new(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
}

impl SealedEvent {
    /// The exact bytes to store, now that the event has a place.
    #[must_use]
    pub fn stored_text(
        &self,
        recorded_at: DateTime<Utc>,
        revision: Revision,
        previous: Option<LeafHash>,
    ) -> String {
        let members = store_members(recorded_at, revision, previous);
        [self.text_before.as_str(), &members, &self.text_after].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LAW of the format: `SHA-256(0x00 ‖ "")` and `SHA-256(0x00 ‖ "a")`, computed apart.
    #[test]
    fn leaves_are_hashed_as_rfc_6962_says() {
        assert_eq!(
            leaf_hash(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            leaf_hash(b"a").to_string(),
            "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c"
        );
    }
}
