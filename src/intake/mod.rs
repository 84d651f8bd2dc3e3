//! Intake: from what an emitter sent to what is stored.
//!
//! Order of checks: schema, name, fence, revision. Refused is only what is malformed, what is not the caller's
//! to write, or what would put personal data where it cannot be erased. Nothing is refused for being unlawful.
//!
//! - [`check`] reads and checks one document, without waiting for anything.
//! - [`form`] turns it into the stored form and its sealed box.
//! - this file asks the vault and the store; [`compare`] answers what is sent twice.

pub mod check;
mod compare;
mod form;
mod identifiers;
mod json;
pub mod own;
mod refusal;

use std::collections::HashMap;
use std::sync::Arc;

use subject_record_schemas::{Revision, StreamName};

pub use self::check::{NewEvent, Validators};
pub(crate) use self::form::mark;
pub use self::refusal::{Fault, Refusal};
use crate::caller::TokenId;
use crate::clock::{Clock, Entropy};
use crate::store::{
    Append, AppendError, Appended, EventKey, EventStore, ExpectedRevision, Names, Outcome, Receipt,
    SealedEvent,
};
use crate::vault::{KeyOwner, KeyState, LiveDek, Vault, VaultError};

/// What became of an event that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where it stands.
    pub receipt: Receipt,
    /// Whether the same event was recorded before.
    pub seen_before: bool,
    /// Where its stream ends now.
    pub head: Revision,
}

/// What recording would answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// The event would be recorded.
    WouldRecord,
    /// The event is recorded already.
    SeenBefore(Recorded),
}

/// Intake.
#[derive(Debug)]
pub struct Intake {
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    validators: Validators,
    log_id: String,
}

/// An event on its way, with the key its box needs, if it has one.
struct Prepared<'a> {
    event: &'a NewEvent,
    dek: Option<LiveDek>,
}

impl Intake {
    /// Intake into a store and a vault, for the log of this id.
    #[must_use]
    pub fn new(
        store: Arc<dyn EventStore>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        log_id: String,
    ) -> Self {
        Self { store, vault, clock, entropy, validators: Validators::new(), log_id }
    }

    /// The schemas it checks against.
    #[must_use]
    pub fn validators(&self) -> &Validators {
        &self.validators
    }

    /// The clock it checks times by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Records each event by itself, in order, and answers each.
    pub async fn record_each(
        &self,
        by: &TokenId,
        events: &[NewEvent],
        expected: ExpectedRevision,
    ) -> Vec<Result<Recorded, Refusal>> {
        let prepared = match self.prepare(events).await {
            Ok(prepared) => prepared,
            Err(refusal) => return events.iter().map(|_| Err(refusal.clone())).collect(),
        };
        let mut appends = Vec::with_capacity(events.len());
        let mut answers: Vec<Option<Result<Recorded, Refusal>>> = Vec::with_capacity(events.len());
        for (event, prepared) in events.iter().zip(prepared) {
            match prepared.and_then(|prepared| self.sealed(by, &prepared)) {
                Ok(events) => {
                    let (stream, names) = (event.stream.clone(), Names::MayStand);
                    appends.push(Append { stream, expected, names, events });
                    answers.push(None);
                }
                Err(refusal) => answers.push(Some(self.name_before_fence(event, refusal).await)),
            }
        }
        let mut appended =
            if appends.is_empty() { Vec::new() } else { self.store.append_each(appends).await }.into_iter();
        let mut results = Vec::with_capacity(events.len());
        for (event, answer) in events.iter().zip(answers) {
            results.push(match answer {
                Some(answer) => answer,
                None => match appended.next() {
                    Some(result) => self.answer(event, result).await,
                    None => Err(Refusal::Store),
                },
            });
        }
        results
    }

    /// Records events about one stream all or nothing, with one answer.
    ///
    /// # Errors
    /// The first refusal; then nothing was written.
    pub async fn record_atomically(
        &self,
        by: &TokenId,
        events: &[NewEvent],
        expected: ExpectedRevision,
    ) -> Result<Vec<Recorded>, Refusal> {
        let Some(first) = events.first() else { return Ok(Vec::new()) };
        if events.iter().any(|event| event.stream != first.stream) {
            return Err(Refusal::SeveralStreams);
        }
        let mut answers: HashMap<EventKey, Recorded> = HashMap::new();
        // What is new is appended only if all of it is; a name that turns out to stand is compared first.
        for _ in 0..ATOMIC_TRIES_MAX {
            let new = new_events(events, &answers)?;
            if new.is_empty() {
                break;
            }
            match self.append_new(by, &new, expected).await {
                Ok(recorded) => answers.extend(recorded),
                Err(refusal @ (Refusal::NameTaken | Refusal::Erased)) => {
                    let known = answers.len();
                    for event in &new {
                        if let Some(stored) = self.store.find(&event.key()).await? {
                            let head = self
                                .store
                                .head(&stored.stream)
                                .await?
                                .map_or(stored.revision, |h| h.revision);
                            answers.insert(event.key(), self.seen_before(event, &stored, head).await?);
                        }
                    }
                    if answers.len() == known {
                        return Err(refusal);
                    }
                }
                Err(refusal) => return Err(refusal),
            }
        }
        // An event that stands twice in the batch was seen before when it comes the second time.
        let answer = |event: &NewEvent| {
            let recorded = answers.get_mut(&event.key()).ok_or(Refusal::Store)?;
            let answer = recorded.clone();
            recorded.seen_before = true;
            Ok(answer)
        };
        events.iter().map(answer).collect()
    }

    /// Appends events to their one stream if all their names are new.
    async fn append_new(
        &self,
        by: &TokenId,
        events: &[NewEvent],
        expected: ExpectedRevision,
    ) -> Result<Vec<(EventKey, Recorded)>, Refusal> {
        let Some(first) = events.first() else { return Ok(Vec::new()) };
        let mut sealed = Vec::with_capacity(events.len());
        for prepared in self.prepare(events).await? {
            sealed.extend(self.sealed(by, &prepared?)?);
        }
        let append =
            Append { stream: first.stream.clone(), expected, names: Names::MustBeNew, events: sealed };
        let appended =
            self.store.append_each(vec![append]).await.pop().unwrap_or(Err(AppendError::Closing))?;
        let head = appended.head;
        let answer = |(event, outcome): (&NewEvent, Outcome)| {
            let receipt = outcome.receipt().clone();
            let head = head.unwrap_or(receipt.revision);
            (event.key(), Recorded { receipt, seen_before: false, head })
        };
        Ok(events.iter().zip(appended.outcomes).map(answer).collect())
    }

    /// Asks the vault for the key of every event that has something to seal, and makes first keys.
    async fn prepare<'a>(
        &self,
        events: &'a [NewEvent],
    ) -> Result<Vec<Result<Prepared<'a>, Refusal>>, Refusal> {
        let mut owners: Vec<KeyOwner> = Vec::new();
        let mut streams: Vec<&StreamName> = Vec::new();
        let mut owner_of = vec![None; events.len()];
        let mut index = HashMap::new();
        for (event, place) in events.iter().zip(&mut owner_of) {
            if event.personal.is_some() {
                let owner = event.key_owner();
                let at = *index.entry(owner.clone()).or_insert_with(|| {
                    owners.push(owner);
                    streams.push(&event.stream);
                    owners.len() - 1
                });
                *place = Some(at);
            }
        }
        if owners.is_empty() {
            return Ok(events.iter().map(|event| Ok(Prepared { event, dek: None })).collect());
        }
        let mut keys = self.keys_of(&owners).await?;
        let mut minting = Vec::new();
        for (at, key) in keys.iter_mut().enumerate() {
            let (Some(stream), Some(owner)) = (streams.get(at), owners.get(at)) else { continue };
            if !matches!(key, Err(Refusal::KeyLost)) {
                continue;
            }
            // A person with sealed data and no key has lost the key: a new one would hide that. Unless the first
            // key and the first box came to be since the vault was asked.
            if stream.subject().is_some() && self.store.has_box(stream).await? {
                if let Some(again) = self.keys_of(std::slice::from_ref(owner)).await?.pop() {
                    *key = again;
                }
            } else {
                minting.push((at, owner.clone()));
            }
        }
        if !minting.is_empty() {
            let owners: Vec<_> = minting.iter().map(|(_, owner)| owner.clone()).collect();
            let minted = self.vault.mint(&owners).await?.into_iter().map(key_of);
            for ((at, _), minted) in minting.into_iter().zip(minted) {
                if let Some(key) = keys.get_mut(at) {
                    *key = minted;
                }
            }
        }
        let prepared = events.iter().zip(owner_of).map(|(event, owner)| {
            let dek = owner.and_then(|at| keys.get(at)).cloned().transpose()?;
            Ok(Prepared { event, dek })
        });
        Ok(prepared.collect())
    }

    /// What the vault has of owners; [`Refusal::KeyLost`] where it has nothing.
    async fn keys_of(&self, owners: &[KeyOwner]) -> Result<Vec<Result<LiveDek, Refusal>>, Refusal> {
        Ok(self.vault.find(owners).await?.into_iter().map(key_of).collect())
    }

    /// The event in its stored form, and what the service itself has to say about it.
    fn sealed(&self, by: &TokenId, prepared: &Prepared<'_>) -> Result<Vec<SealedEvent>, Refusal> {
        let event = prepared.event;
        let seal = form::Seal { log_id: &self.log_id, entropy: &*self.entropy };
        let mut sealed = vec![seal.event(event, by, prepared.dek.as_ref())?];
        for noticed in self.identifiers_checked(event)? {
            sealed.push(SealedEvent { follows: true, ..seal.event(&noticed, &TokenId::service(), None)? });
        }
        Ok(sealed)
    }

    async fn answer(
        &self,
        event: &NewEvent,
        result: Result<Appended, AppendError>,
    ) -> Result<Recorded, Refusal> {
        let appended = result.map_err(Refusal::from)?;
        let Some(outcome) = appended.outcomes.first() else { return Err(Refusal::Store) };
        self.settled(event, outcome, appended.head).await
    }

    async fn settled(
        &self,
        event: &NewEvent,
        outcome: &Outcome,
        head: Option<Revision>,
    ) -> Result<Recorded, Refusal> {
        let head = head.unwrap_or(outcome.receipt().revision);
        match outcome {
            Outcome::Appended(receipt) => Ok(Recorded { receipt: receipt.clone(), seen_before: false, head }),
            Outcome::AlreadyRecorded(receipt) => {
                let stored = self.store.event_at(receipt.position).await?.ok_or(Refusal::Store)?;
                self.seen_before(event, &stored, head).await
            }
        }
    }

    /// A person that was erased still has the events that were recorded before: the name is asked first.
    async fn name_before_fence(&self, event: &NewEvent, refusal: Refusal) -> Result<Recorded, Refusal> {
        if refusal != Refusal::Erased {
            return Err(refusal);
        }
        match self.store.find(&event.key()).await? {
            Some(stored) => {
                let head =
                    self.store.head(&stored.stream).await?.map_or(stored.revision, |head| head.revision);
                self.seen_before(event, &stored, head).await
            }
            None => Err(refusal),
        }
    }

    /// What recording would answer for each event, without writing anything or making any key.
    pub async fn dry_run_each(
        &self,
        events: &[NewEvent],
        expected: ExpectedRevision,
    ) -> Vec<Result<DryRun, Refusal>> {
        let mut results = Vec::with_capacity(events.len());
        for event in events {
            results.push(self.dry_run(event, expected).await);
        }
        results
    }

    async fn dry_run(&self, event: &NewEvent, expected: ExpectedRevision) -> Result<DryRun, Refusal> {
        let head = self.store.head(&event.stream).await?;
        if let Some(stored) = self.store.find(&event.key()).await? {
            let revision = head.map_or(stored.revision, |head| head.revision);
            return self.seen_before(event, &stored, revision).await.map(DryRun::SeenBefore);
        }
        if head.is_some_and(|head| head.fenced) && event.personal.is_some() {
            return Err(Refusal::Erased);
        }
        if head.is_some_and(|head| head.registered) && event.registers() {
            return Err(Refusal::AlreadyRegistered);
        }
        let actual = head.map(|head| head.revision);
        if expected.holds(actual) { Ok(DryRun::WouldRecord) } else { Err(Refusal::WrongRevision { actual }) }
    }
}

/// Times an atomic batch is tried again, since twins of its events may overtake it one by one.
const ATOMIC_TRIES_MAX: usize = 8;

/// Events that have no answer yet, each name once.
fn new_events(events: &[NewEvent], answers: &HashMap<EventKey, Recorded>) -> Result<Vec<NewEvent>, Refusal> {
    let mut named: HashMap<EventKey, &NewEvent> = HashMap::new();
    let mut new = Vec::with_capacity(events.len());
    for event in events {
        match named.insert(event.key(), event) {
            Some(first) if first != event => return Err(Refusal::OtherContent),
            Some(_) => {}
            None if answers.contains_key(&event.key()) => {}
            None => new.push(event.clone()),
        }
    }
    Ok(new)
}

/// A key to seal with, or why there is none.
fn key_of(state: Result<KeyState, VaultError>) -> Result<LiveDek, Refusal> {
    match state? {
        KeyState::Ready(dek) => Ok(dek),
        KeyState::Fenced => Err(Refusal::Erased),
        KeyState::Absent => Err(Refusal::KeyLost),
    }
}

impl NewEvent {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> EventKey {
        EventKey { source: self.attributes.source.clone(), id: self.attributes.id.clone() }
    }

    fn key_owner(&self) -> KeyOwner {
        KeyOwner::of(&self.stream, self.attributes.source.as_str(), self.attributes.id.as_str())
    }
}
