//! The event store: streams of immutable events, and the sealed boxes beside them.
//!
//! [`EventStore`] is the contract; the conformance suite (`tests/conformance`) is its test, and the memory
//! engine ([`memory`]) its readable reference. What the contract promises of every engine:
//!
//! - An append that was answered is durable, at one position, once.
//! - Positions follow commit order: a reader that has seen `n` never meets a new event below `n`.
//! - An append is all or nothing, and its boxes are durable no later than its events.
//! - `source` + `id` are recorded at most once, for ever.
//! - No box is stored behind a fence.
//!
//! What an engine can do beyond that, it declares ([`Capabilities`]).
//!
//! A store knows nothing of keys, of HTTP, or of what an event means, except two marks: a registration
//! happens once a stream, and a fence ends the storing of boxes.

pub mod append;
mod group;
pub mod kurrent;
pub mod memory;
pub mod place;
mod plan;
pub mod postgres;
mod reader;
pub mod sql;
pub mod sqlite;
mod times;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use subject_record_projections::event::Kept;
use subject_record_schemas::{EventId, LeafHash, Position, Revision, Source, StreamName};
use tokio::sync::watch;

pub use append::{
    Append, AppendError, Appended, ExpectedRevision, Mark, Names, Outcome, Receipt, SealedBox, SealedEvent,
};

/// What names an event for ever: the emitter's source and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// Who emitted it.
    pub source: Source,
    /// The emitter's name for it.
    pub id: EventId,
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Place in the store.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Place in its stream.
    pub revision: Revision,
    /// Its leaf hash.
    pub leaf_hash: LeafHash,
    /// When it was stored.
    pub recorded_at: DateTime<Utc>,
    /// The exact stored bytes: the evidence.
    pub bytes: Arc<str>,
}

impl RecordedEvent {
    /// What the store says of it, its bytes hashed again.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let intact = append::leaf_hash(self.bytes.as_bytes()) == self.leaf_hash;
        Kept { position: self.position, leaf_hash: self.leaf_hash, intact }
    }
}

/// An event of another store, to be taken over as it is.
#[derive(Clone, Debug)]
pub struct TakenOver {
    /// The event there.
    pub event: RecordedEvent,
    /// Its name.
    pub key: EventKey,
    /// What the store must know of it.
    pub mark: Mark,
    /// Its box, unless it has none or none any more.
    pub sealed_box: Option<SealedBox>,
}

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// Revision of its last event.
    pub revision: Revision,
    /// Leaf hash of its last event.
    pub leaf_hash: LeafHash,
    /// Whether it holds a registration.
    pub registered: bool,
    /// Whether it is fenced: no box may be stored in it any more.
    pub fenced: bool,
}

/// A fault of a store: it could not do what it was asked, and nobody is to blame but the engine or the disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed.
    #[error("the event store failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row does not read as what it should be.
    #[error("the event store holds a row that does not read: {0}")]
    Row(String),
    /// What is to be taken over does not go on where this store ends.
    #[error("the event at position {0} there does not go on where its stream ends here")]
    DoesNotFollow(Position),
    /// Content of destroyed boxes still lies in the write-ahead log, because a reader held it.
    #[error("destroyed boxes still lie in the write-ahead log; try again")]
    NotScrubbed,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// Something that weakens what the store promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreWarning {
    /// A standby is behind, and none is waited for.
    #[error(
        "the database has standbys and waits for none of them: if one takes over, acknowledged events can be lost; set synchronous_standby_names"
    )]
    AsynchronousStandby,
    /// The server does not wait for its disk.
    #[error("the database runs with fsync off: a power failure can lose acknowledged events")]
    NotSynced,
}

/// What an engine can do that not every engine can. Whoever needs one asks for it before relying on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Positions are 1, 2, 3 and so on; elsewhere they only increase.
    pub gapless_positions: bool,
    /// Appends of one call become durable together; elsewhere a crash can come between two of them.
    pub appends_in_one_commit: bool,
    /// Several processes may append to the same log at the same time.
    pub several_instances: bool,
}

/// The contract of every engine. Object-safe, so that the engine is a setting.
#[async_trait]
pub trait EventStore: Send + Sync + std::fmt::Debug {
    /// Appends each of `appends`, each all or nothing by itself, in this order, and answers each.
    ///
    /// Answered means durable. A caller that is dropped while it waits does not undo its appends.
    async fn append_each(&self, appends: Vec<Append>) -> Vec<Result<Appended, AppendError>>;

    /// Up to `limit` events of a stream, from a revision on, in order.
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Up to `limit` events of all streams after a position, in order.
    async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<RecordedEvent>, StoreError>;

    /// The event at a position, if there is one.
    async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, StoreError>;

    /// The events at these positions, in the same order; `None` where there is none.
    async fn events_at(&self, positions: &[Position]) -> Result<Vec<Option<RecordedEvent>>, StoreError>;

    /// The event of a name, if it was recorded.
    async fn find(&self, key: &EventKey) -> Result<Option<RecordedEvent>, StoreError>;

    /// The end of a stream, or `None` if it has no event.
    async fn head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError>;

    /// The last position, or [`Position::START`] in an empty store.
    async fn last_position(&self) -> Result<Position, StoreError>;

    /// The last position that was recorded at or before an instant: what was known then.
    async fn position_at(&self, known_at: DateTime<Utc>) -> Result<Position, StoreError>;

    /// The boxes of these positions, in the same order; `None` where there is none.
    async fn boxes(&self, positions: &[Position]) -> Result<Vec<Option<SealedBox>>, StoreError>;

    /// Whether any box exists at all.
    async fn has_any_box(&self) -> Result<bool, StoreError>;

    /// Whether events can be appended now.
    ///
    /// # Errors
    /// Why they cannot.
    async fn ready(&self) -> Result<(), AppendError>;

    /// What whoever runs the service should know of how safe it is.
    ///
    /// # Errors
    /// When the engine failed.
    async fn warnings(&self) -> Result<Vec<StoreWarning>, StoreError> {
        Ok(Vec::new())
    }

    /// Whether any box of a stream exists.
    async fn has_box(&self, stream: &StreamName) -> Result<bool, StoreError>;

    /// Destroys the boxes of a stream and says how many there were. Done twice, it does nothing the second time.
    ///
    /// # Errors
    /// [`StoreError::NotScrubbed`] when the boxes are gone but their bytes may still lie in a file.
    async fn destroy_boxes(&self, stream: &StreamName) -> Result<u64, StoreError>;

    /// Takes over events of another store in their order: the very bytes, in the same streams at the same revisions,
    /// recorded when they were, at the next positions here, whatever those were there. Durable when it answers, and all or
    /// nothing where appends of one call are ([`Capabilities::appends_in_one_commit`]); elsewhere asked again, it goes on. Nobody else may append meanwhile.
    ///
    /// # Errors
    /// When a stream does not end before its event, a name stands already, or the engine failed.
    async fn take_over(&self, events: Vec<TakenOver>) -> Result<(), StoreError>;

    /// Streams that are fenced, by name.
    async fn fenced_streams(&self) -> Result<Vec<StreamName>, StoreError>;

    /// The last position, as it moves. A follower that wakes reads on from its own progress.
    fn subscribe(&self) -> watch::Receiver<Position>;

    /// What this engine can do beyond the contract.
    fn capabilities(&self) -> Capabilities;
}

/// Published texts by the SHA-256 of their bytes. Never personal.
#[async_trait]
pub trait TextStore: Send + Sync + std::fmt::Debug {
    /// Keeps a text under the hash of its bytes.
    async fn put_text(&self, hash: &str, body: &[u8]) -> Result<(), StoreError>;

    /// The text of a hash, if it is kept.
    async fn text(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Hashes of all texts, in order.
    async fn text_hashes(&self) -> Result<Vec<String>, StoreError>;
}
