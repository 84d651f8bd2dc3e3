//! What the record says of itself, written into it: the ends of all streams.
//!
//! The root over all heads is recorded at most once in a while and only after other events, and afresh whenever a
//! dossier asks.

use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::log::StreamHeadsCommitted;
use subject_record_schemas::{EventType, Position, StoredEvent, StreamName};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config;
use crate::intake::{Intake, Refusal};
use crate::notary::{HeadsCommitment, Notary, NotaryError};
use crate::store::{EventStore, ExpectedRevision, RecordedEvent, StoreError};

/// Why the ends of all streams could not be committed to.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The notary does not answer.
    #[error(transparent)]
    Notary(#[from] NotaryError),
    /// The event could not be recorded.
    #[error("the root over the ends of all streams could not be recorded: {0}")]
    Record(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The root over the ends of all streams, as it is recorded.
#[derive(Clone, Debug)]
pub struct CommittedHeads {
    /// What was committed to, with proofs.
    pub commitment: HeadsCommitment,
    /// Where the event stands.
    pub position: Position,
}

/// Writes what the record says of itself.
#[derive(Debug)]
pub struct Proofs {
    notary: Arc<Notary>,
    intake: Arc<Intake>,
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    /// Up to here the record has said all of itself; `None` before the log was looked at.
    settled: Mutex<Option<Position>>,
    task: std::sync::OnceLock<JoinHandle<()>>,
}

impl Drop for Proofs {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Proofs {
    /// Commits to the ends of all streams every so often.
    #[must_use]
    pub fn start(
        notary: Arc<Notary>,
        intake: Arc<Intake>,
        store: Arc<dyn EventStore>,
        clock: Arc<dyn Clock>,
        settings: &config::Notary,
    ) -> Arc<Self> {
        let settled = Mutex::new(None);
        let task = std::sync::OnceLock::new();
        let proofs = Arc::new(Self { notary, intake, store, clock, settled, task });
        let every = Duration::from_secs(settings.heads_seconds.max(1));
        let weak = Arc::downgrade(&proofs);
        let running = tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(proofs) = weak.upgrade() else { return };
                // Of several instances one says it.
                if !*proofs.notary.leads().borrow() {
                    continue;
                }
                if let Err(error) = proofs.commit_if_due().await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the ends of all streams are not committed to; tried again later");
                }
            }
        });
        let _ = proofs.task.set(running);
        proofs
    }

    /// Commits to the ends of all streams now, with proofs for some of them.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn commit_heads(&self, streams: Vec<StreamName>) -> Result<CommittedHeads, CommitError> {
        let mut settled = self.settled.lock().await;
        let commitment = self.notary.commit_heads(streams).await?;
        let data = StreamHeadsCommitted {
            root: TextHash::parse(hex::encode(commitment.root)).map_err(|_| Refusal::Store)?,
            streams: commitment.streams,
            at_position: commitment.at_position,
        };
        let id = self.intake.own_id()?;
        let event = self.intake.own_event(id, StreamName::Office, self.clock.now(), None, &data)?;
        let recorded = self.intake.record_own(event, ExpectedRevision::Any).await?;
        let position = recorded.receipt.position;
        // Whatever came in between waits for the next time.
        let came_between = self.store.read_all(commitment.at_position, 1).await?;
        let only_this = came_between.first().is_some_and(|first| first.position == position);
        *settled = Some(if only_this { position } else { commitment.at_position });
        Ok(CommittedHeads { commitment, position })
    }

    async fn commit_if_due(&self) -> Result<(), CommitError> {
        let last = self.store.last_position().await?;
        let settled = *self.settled.lock().await;
        let has_news = match settled {
            Some(settled) => last > settled,
            None => !self.ends_with_own(last).await?,
        };
        if !has_news {
            return Ok(());
        }
        self.commit_heads(Vec::new()).await.map(drop)
    }

    /// Whether the last event is one that says nothing but this.
    async fn ends_with_own(&self, last: Position) -> Result<bool, StoreError> {
        let Some(event) = self.store.event_at(last).await? else { return Ok(true) };
        Ok(is_of_the_record_itself(&event))
    }
}

/// Whether an event says nothing but what the record says of itself. Such an event is no reason for another one.
pub(crate) fn is_of_the_record_itself(event: &RecordedEvent) -> bool {
    let own = [EventType::StreamHeadsCommitted, EventType::TimestampObtained];
    let stored = StoredEvent::read(event.bytes.as_bytes());
    stored.is_ok_and(|stored| own.iter().any(|own| own.wire_name() == stored.attributes.wire_name))
}
