//! The log as the notary follows it. Whoever puts the parts together implements it over the event store.

use std::sync::Arc;

use async_trait::async_trait;
use subject_record_schemas::{Position, StreamName};
use tokio::sync::watch;

use super::tree::Hash;

/// An entry of the log: an event as it is stored.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the store.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its place in the stream.
    pub revision: u64,
    /// Its leaf hash, as the store says.
    pub leaf_hash: Hash,
    /// Its exact bytes.
    pub bytes: Arc<str>,
}

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be read")]
pub struct EntriesError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What the notary follows.
#[async_trait]
pub trait Entries: Send + Sync + std::fmt::Debug {
    /// Up to `limit` entries after a position, in order.
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<Entry>, EntriesError>;

    /// The entries at these positions, in the same order; `None` where there is none.
    async fn at(&self, positions: &[Position]) -> Result<Vec<Option<Entry>>, EntriesError>;

    /// The last position.
    async fn last(&self) -> Result<Position, EntriesError>;

    /// The last position, as it moves.
    fn head(&self) -> watch::Receiver<Position>;
}
