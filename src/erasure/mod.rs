//! Erasure of a person: asked, decided, done. One door.
//!
//! `erasure.decided.v1` (approved) in the person's stream is the fence: the store refuses any box behind it, in
//! the transaction that would store it. Only then are boxes and keys destroyed, and `data.destroyed.v1` says
//! so. Every step can be done twice, and [`Erasure::resume`] goes on with what a crash cut short.

use std::sync::Arc;

use subject_record_schemas::types::EventKey as NamedEvent;
use subject_record_schemas::types::erasure::{ErasureDecided, ErasureRequested};
use subject_record_schemas::types::rights::DataDestroyed;
use subject_record_schemas::vocabulary::{
    DestructionMethod, DestructionScope, DestructionTrigger, ErasureBasis, ErasureDecision, ErasureScope,
};
use subject_record_schemas::{Fact, Position, Reference, StreamName, SubjectId};

use crate::caller::TokenId;
use crate::error::{self, Code};
use crate::intake::{Intake, NewEvent, Refusal};
use crate::store::{EventStore, ExpectedRevision, StoreError};
use crate::timeline::{Question, TimelineError, Timelines};
use crate::vault::{KeyOwner, Vault, VaultError};

/// Why a person was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// No event names this person.
    #[error("no event names this person")]
    Unknown,
    /// An event of the erasure could not be appended.
    #[error(transparent)]
    Append(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The stream does not read.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

impl EraseError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown => error::NOT_FOUND,
            Self::Append(refusal) => refusal.code(),
            Self::Store(StoreError::NotScrubbed) | Self::Vault(VaultError::NotScrubbed) => {
                error::NOT_SCRUBBED
            }
            Self::Store(_) | Self::Timeline(_) => error::STORE_FAULT,
            Self::Vault(_) => error::VAULT_FAULT,
        }
    }
}

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

/// Erases people.
#[derive(Debug)]
pub struct Erasure {
    intake: Arc<Intake>,
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    timelines: Arc<Timelines>,
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
        Self { intake, store, vault, timelines }
    }

    /// Erases a person for good. Asked again, it finishes what is unfinished and answers the same.
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
        let stream = Timelines::stream_of(subject);
        let head = self.store.head(&stream).await?.ok_or(EraseError::Unknown)?;
        if !head.fenced {
            self.decide(by, &stream, basis, basis_ref).await?;
        }
        self.carry_out(subject, head.fenced).await
    }

    /// Carries out every decided erasure that is not done, and says how many there were.
    ///
    /// # Errors
    /// The first that fails.
    pub async fn resume(&self) -> Result<usize, EraseError> {
        let mut done = 0;
        for stream in self.store.fenced_streams().await? {
            let Some(subject) = stream.subject() else { continue };
            done += usize::from(!self.carry_out(subject, true).await?.seen_before);
        }
        Ok(done)
    }

    async fn decide(
        &self,
        by: &TokenId,
        stream: &StreamName,
        basis: ErasureBasis,
        basis_ref: Option<Reference>,
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
        self.intake
            .record_atomically(&TokenId::service(), &[requested, decided], ExpectedRevision::Any)
            .await?;
        Ok(())
    }

    /// Destroys boxes and keys behind a fence, and records it.
    async fn carry_out(&self, subject: &SubjectId, fenced_before: bool) -> Result<Erased, EraseError> {
        let stream = Timelines::stream_of(subject);
        let entries = self.timelines.entries(&stream, &Question::default()).await?;
        let fence = entries.iter().find_map(|entry| match &entry.event.fact {
            Fact::ErasureDecided(decided) if decided.decision == ErasureDecision::Approved => {
                Some((entry, decided))
            }
            _ => None,
        });
        let (fence, decided) = fence.ok_or(EraseError::Unknown)?;
        let requested = entries.iter().find_map(|entry| match &entry.event.fact {
            Fact::ErasureRequested(requested) if entry.event.id == decided.request.id => Some(requested),
            _ => None,
        });
        let destroyed_by = |position: Position, id: &str| {
            entries.iter().find(|entry| entry.event.id.as_str() == id && entry.event.position > position)
        };
        let id = Intake::derived_id("destroyed", &fence.key())?;
        let boxes = entries.iter().filter(|entry| entry.event.has_personal).count() as u64;
        let owner = KeyOwner::person(&stream);
        let recorded = destroyed_by(fence.event.position, id.as_str());
        // A backup that was put back may hold keys or boxes of somebody erased long ago.
        let nothing_left = recorded.is_some() && !self.store.has_box(&stream).await?;
        if !(nothing_left && self.vault.is_fenced(&owner).await?) {
            self.store.destroy_boxes(&stream).await?;
            self.vault.shred(&owner).await?;
        }
        let key_generations = self.vault.shredded(&owner).await?;
        let done = |destroyed, seen_before| Erased {
            subject: subject.clone(),
            decided: fence.event.position,
            destroyed,
            boxes_destroyed: boxes,
            key_generations: key_generations.clone(),
            seen_before,
        };
        if let Some(entry) = recorded {
            return Ok(done(entry.event.position, true));
        }
        let data = DataDestroyed {
            scope: DestructionScope::Subject,
            scope_ref: None,
            categories: Vec::new(),
            trigger: requested.map_or(DestructionTrigger::Law, |requested| trigger_of(&requested.basis)),
            trigger_ref: requested.and_then(|requested| requested.basis_ref.clone()),
            method: DestructionMethod::KeyDestroyed,
            boxes_destroyed: Some(boxes),
            key_generations: key_generations.clone(),
            places_done: Vec::new(),
            places_left: Vec::new(),
            witness: None,
        };
        let event = self.intake.own_event(id, stream.clone(), self.intake.clock().now(), None, &data)?;
        let recorded = self.intake.record_own(event, ExpectedRevision::Any).await?;
        Ok(done(recorded.receipt.position, fenced_before && recorded.seen_before))
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
