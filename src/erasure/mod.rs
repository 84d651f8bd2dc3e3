//! Erasure of a person: asked, decided, done. One door.
//!
//! `erasure.decided.v1` (approved) in the person's stream is the fence: the store refuses any box behind it, in
//! the transaction that would store it. Only then are boxes and keys destroyed, and `data.destroyed.v1` says
//! so. Every step can be done twice, and [`Erasure::resume`] goes on with what a crash cut short.

mod error;
pub mod unfinished;

use std::collections::HashSet;
use std::sync::Arc;

use subject_record_schemas::types::EventKey as NamedEvent;
use subject_record_schemas::types::erasure::{ErasureDecided, ErasureRequested};
use subject_record_schemas::types::rights::DataDestroyed;
use subject_record_schemas::vocabulary::{
    DestructionMethod, DestructionScope, DestructionTrigger, ErasureBasis, ErasureDecision, ErasureScope,
};
use subject_record_schemas::{EventId, Fact, Position, Reference, StreamName, SubjectId};
use tokio::sync::Mutex;

pub use self::error::EraseError;
use crate::caller::{OWN_SOURCE, TokenId};
use crate::intake::{Intake, NewEvent, Refusal};
use crate::store::{EventKey, EventStore, ExpectedRevision};
use crate::timeline::{Entry, Question, Timelines};
use crate::vault::{KeyOwner, Vault};

/// What an erasure did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Erased {
    /// The person.
    pub subject: SubjectId,
    /// Position of the decision, which is the fence.
    pub decided: Position,
    /// Position of the event that says it is done.
    pub destroyed: Position,
    /// Events whose personal part is gone.
    pub boxes_destroyed: u64,
    /// Generations of the person's key that are gone.
    pub key_generations: Vec<u32>,
    /// Whether the person had been erased before.
    pub seen_before: bool,
}

/// Erases people, one at a time.
#[derive(Clone, Debug)]
pub struct Erasure {
    intake: Arc<Intake>,
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    timelines: Arc<Timelines>,
    /// Those that this process has seen done. Whoever asks while another erasure runs waits, and then finds it done.
    finished: Arc<Mutex<HashSet<StreamName>>>,
}

/// An erasure as its person's stream tells it.
struct Decided {
    stream: StreamName,
    /// Where the decision stands, which is the fence.
    at: Position,
    trigger: DestructionTrigger,
    trigger_ref: Option<Reference>,
    /// Events that had a personal part.
    boxes: u64,
    /// Id of the event that says it is done, and where that stands, if it is there.
    done_id: EventId,
    done_at: Option<Position>,
}

impl Erasure {
    /// Over intake, store and vault.
    #[must_use]
    pub fn new(
        intake: Arc<Intake>,
        store: Arc<dyn EventStore>,
        vault: Arc<Vault>,
        timelines: Arc<Timelines>,
    ) -> Self {
        Self { intake, store, vault, timelines, finished: Arc::default() }
    }

    /// Erases a person for good. Asked again, it finishes what is unfinished and answers the same.
    ///
    /// A caller that goes away does not stop it.
    ///
    /// # Errors
    /// [`EraseError`]; once the decision is recorded, asking again goes on from there.
    pub async fn erase(
        &self,
        by: &TokenId,
        subject: &SubjectId,
        basis: ErasureBasis,
        basis_ref: Option<Reference>,
    ) -> Result<Erased, EraseError> {
        let (erasure, by, subject) = (self.clone(), by.clone(), subject.clone());
        // In a task of its own: a caller that let go of the lock between the append of the decision and its
        // end would let the next one decide again.
        let running = tokio::spawn(async move {
            let mut finished = erasure.finished.lock().await;
            let stream = Timelines::stream_of(&subject);
            loop {
                let head = erasure.store.head(&stream).await?.ok_or(EraseError::Unknown)?;
                if head.fenced {
                    break;
                }
                let here = ExpectedRevision::Exactly(head.revision);
                match erasure.decide(&by, &stream, basis.clone(), basis_ref.clone(), here).await {
                    // Something was appended since: another instance may have decided.
                    Err(EraseError::Append(Refusal::WrongRevision { .. })) => {}
                    decided => break decided?,
                }
            }
            let (erased, _) = erasure.carry_out(&subject).await?;
            finished.insert(stream);
            Ok(erased)
        });
        running.await.unwrap_or(Err(EraseError::Append(Refusal::Closing)))
    }

    /// Carries out every decided erasure that is not done, or that a backup has undone, and says how many
    /// there were. Those that this process has seen done are passed over, so that it is cheap to ask again.
    ///
    /// # Errors
    /// The first that fails, after all were tried.
    pub async fn resume(&self) -> Result<usize, EraseError> {
        let mut finished = self.finished.lock().await;
        let (mut done, mut failed) = (0, None);
        for stream in self.store.fenced_streams().await? {
            let Some(subject) = stream.subject().filter(|_| !finished.contains(&stream)) else { continue };
            match self.carry_out(subject).await {
                Ok((_, acted)) => {
                    done += usize::from(acted);
                    finished.insert(stream);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(done), Err)
    }

    async fn decide(
        &self,
        by: &TokenId,
        stream: &StreamName,
        basis: ErasureBasis,
        basis_ref: Option<Reference>,
        expected: ExpectedRevision,
    ) -> Result<(), EraseError> {
        let now = self.intake.clock().now();
        let who = Reference::parse(by.as_str()).map_err(|_| Refusal::Store)?;
        let requested =
            ErasureRequested { scope: ErasureScope::Subject, basis, basis_ref, requested_by: who.clone() };
        let requested =
            self.intake.own_event(self.intake.own_id()?, stream.clone(), now, Some(by), &requested)?;
        let decided = ErasureDecided {
            request: name_of(&requested),
            scope: ErasureScope::Subject,
            decision: ErasureDecision::Approved,
            reasons: Vec::new(),
            decided_by: who,
        };
        let id = Intake::derived_id("decided", &requested.key())?;
        let decided = self.intake.own_event(id, stream.clone(), now, Some(by), &decided)?;
        self.intake.record_atomically(&TokenId::service(), &[requested, decided], expected).await?;
        Ok(())
    }

    /// Destroys boxes and keys behind a fence and records it, and says whether anything was left to destroy.
    async fn carry_out(&self, subject: &SubjectId) -> Result<(Erased, bool), EraseError> {
        let decided = self.decided(Timelines::stream_of(subject)).await?;
        let acted = self.destroy(&decided).await?;
        let key_generations = self.vault.shredded(&KeyOwner::person(&decided.stream)).await?;
        let destroyed = match decided.done_at {
            Some(position) => position,
            None => match self.record(&decided, &key_generations).await {
                Ok(position) => position,
                // Another instance may have finished it meanwhile.
                Err(error) => self.decided(decided.stream.clone()).await?.done_at.ok_or(error)?,
            },
        };
        let erased = Erased {
            subject: subject.clone(),
            decided: decided.at,
            destroyed,
            boxes_destroyed: decided.boxes,
            key_generations,
            seen_before: decided.done_at.is_some(),
        };
        Ok((erased, acted))
    }

    /// Reads what a fenced stream says of its erasure.
    async fn decided(&self, stream: StreamName) -> Result<Decided, EraseError> {
        let entries = self.timelines.entries(&stream, &Question::default()).await?;
        let fences = entries.iter().filter_map(|entry| match &entry.event.fact {
            Fact::ErasureDecided(decided)
                if decided.decision == ErasureDecision::Approved
                    && decided.scope == ErasureScope::Subject =>
            {
                Some((entry, decided))
            }
            _ => None,
        });
        let fence = fences.min_by_key(|(entry, _)| entry.event.position);
        let (fence, decided) = fence.ok_or(EraseError::Unknown)?;
        let asked = EventKey { source: decided.request.source.clone(), id: decided.request.id.clone() };
        let requested = entries.iter().find_map(|entry| match &entry.event.fact {
            Fact::ErasureRequested(requested) if entry.key() == asked => Some(requested),
            _ => None,
        });
        let done_id = Intake::derived_id("destroyed", &fence.key())?;
        // A platform reports destructions of its own: nobody else's event is the service's word.
        let is_done = |entry: &&Entry| {
            let attributes = &entry.stored.attributes;
            attributes.source.as_str() == OWN_SOURCE && attributes.id == done_id
        };
        Ok(Decided {
            at: fence.event.position,
            trigger: requested.map_or(DestructionTrigger::Law, |requested| trigger_of(&requested.basis)),
            trigger_ref: requested.and_then(|requested| requested.basis_ref.clone()),
            boxes: entries.iter().filter(|entry| entry.event.has_personal).count() as u64,
            done_at: entries.iter().find(is_done).map(|entry| entry.event.position),
            done_id,
            stream,
        })
    }

    /// Destroys what is left behind a fence, and says whether there was anything to do.
    async fn destroy(&self, decided: &Decided) -> Result<bool, EraseError> {
        let (stream, owner) = (&decided.stream, KeyOwner::person(&decided.stream));
        // A backup that was put back may hold keys or boxes of somebody erased long ago.
        if decided.done_at.is_some()
            && !self.store.has_box(stream).await?
            && self.vault.is_fenced(&owner).await?
        {
            return Ok(false);
        }
        // Keys go also when boxes do not: without them a box is noise.
        let boxes = self.store.destroy_boxes(stream).await;
        let keys = self.vault.shred(&owner).await;
        boxes?;
        keys?;
        Ok(true)
    }

    /// Records that everything is destroyed, and answers where that stands.
    async fn record(&self, decided: &Decided, key_generations: &[u32]) -> Result<Position, EraseError> {
        let data = DataDestroyed {
            scope: DestructionScope::Subject,
            scope_ref: None,
            categories: Vec::new(),
            trigger: decided.trigger.clone(),
            trigger_ref: decided.trigger_ref.clone(),
            method: DestructionMethod::KeyDestroyed,
            boxes_destroyed: Some(decided.boxes),
            key_generations: key_generations.to_vec(),
            places_done: Vec::new(),
            places_left: Vec::new(),
            witness: None,
        };
        let now = self.intake.clock().now();
        let event =
            self.intake.own_event(decided.done_id.clone(), decided.stream.clone(), now, None, &data)?;
        let recorded = self.intake.record_own(event, ExpectedRevision::Any).await?;
        Ok(recorded.receipt.position)
    }
}

fn name_of(event: &NewEvent) -> NamedEvent {
    NamedEvent { source: event.attributes.source.clone(), id: event.attributes.id.clone() }
}

fn trigger_of(basis: &ErasureBasis) -> DestructionTrigger {
    match basis {
        ErasureBasis::SubjectRequest => DestructionTrigger::SubjectRequest,
        ErasureBasis::TermEnded => DestructionTrigger::TermEnded,
        ErasureBasis::RelationsEnded => DestructionTrigger::RelationsEnded,
        ErasureBasis::CourtAct => DestructionTrigger::CourtAct,
        ErasureBasis::UnlawfulProcessing => DestructionTrigger::UnlawfulProcessing,
        ErasureBasis::Law => DestructionTrigger::Law,
        ErasureBasis::Unlisted(reference) => DestructionTrigger::Unlisted(reference.clone()),
    }
}

#[cfg(test)]
mod tests;
