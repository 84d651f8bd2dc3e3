//! The log as projections follow it. Whoever puts the parts together implements it over the event store.

use async_trait::async_trait;
use std::sync::Arc;
use subject_record_projections::event::Kept;
use subject_record_schemas::{Position, StreamName};
use tokio::sync::watch;

/// An event as the log holds it.
#[derive(Clone, Debug)]
pub struct LogEvent {
    /// Its stream.
    pub stream: StreamName,
    /// Its place and leaf hash, and whether its bytes have that hash.
    pub kept: Kept,
    /// Its exact bytes.
    pub bytes: Arc<str>,
}

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be read")]
pub struct LogError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What projections follow.
#[async_trait]
pub trait Log: Send + Sync + std::fmt::Debug {
    /// Up to `limit` events after a position, in order.
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<LogEvent>, LogError>;

    /// A stream's events up to and including a position, in order.
    async fn stream(&self, stream: &StreamName, until: Position) -> Result<Vec<LogEvent>, LogError>;

    /// A published text by the hash that events name it by.
    async fn text(&self, hash: &str) -> Result<Option<String>, LogError>;

    /// The last position, as it moves.
    fn head(&self) -> watch::Receiver<Position>;
}
