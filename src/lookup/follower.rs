//! Keeps the blind index behind the log, and tells when two people share an IIN. Of several instances one does: whoever
//! holds the lease writes through it, and the others wait until it is free.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::types::log::IdentifierMatched;
use subject_record_schemas::vocabulary::LookupKind;
use subject_record_schemas::{EventId, Position, StreamName};
use tokio::sync::{Notify, watch};

use super::values::{Brought, brought};
use crate::caller::TokenId;
use crate::db::lease;
use crate::intake::{Intake, NewEvent, Refusal};
use crate::store::{EventStore, ExpectedRevision, RecordedEvent, StoreError};
use crate::vault::index_lead::IndexLead;
use crate::vault::kek::KekError;
use crate::vault::lookup::{Holder, IndexEntry, IndexState, Tag};
use crate::vault::{Vault, VaultError};

/// Events read from the store at a time, and so of one transaction at most.
const READ_EVENTS: u32 = 1_000;
/// How long new events gather before they are indexed together, unless somebody asks meanwhile: under load a sync of
/// the key file is shared by all that came in that time.
const GATHER: Duration = Duration::from_millis(100);
/// Events without any value after which progress is written down all the same, so that a start reads no more again.
const UNWRITTEN_EVENTS_MAX: usize = 10_000;
/// Pause after a failure; it doubles up to [`PAUSE_MAX`] while failures go on.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// People who share one IIN that are looked at to find the first of them.
const HOLDERS_MAX: u32 = 16;

/// Why the index does not go on. It is tried again from where it stopped; no event is passed over.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A shared identifier could not be recorded.
    #[error("a shared identifier could not be recorded")]
    Record(#[from] Refusal),
    /// A stored event does not read.
    #[error("the event at position {at} does not read")]
    Unreadable {
        /// Where it stands.
        at: Position,
        /// Why.
        #[source]
        source: StoredEventError,
    },
}

/// Follows the log.
#[derive(Debug)]
pub(super) struct Follower {
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    intake: Arc<Intake>,
    log_id: String,
    indexed: watch::Sender<Position>,
    hurry: Arc<Notify>,
    /// Where the index has come to, once that is known.
    at: Option<Position>,
    /// Events since progress was written down.
    unwritten: usize,
}

/// Why an instance no longer keeps the index.
enum Ended {
    /// Another may keep it.
    Lost,
    /// The service ends.
    Closed,
}

impl Follower {
    pub(super) fn new(
        store: Arc<dyn EventStore>,
        vault: Arc<Vault>,
        intake: Arc<Intake>,
        log_id: String,
        indexed: watch::Sender<Position>,
        hurry: Arc<Notify>,
    ) -> Self {
        Self { store, vault, intake, log_id, indexed, hurry, at: None, unwritten: 0 }
    }

    /// Follows until the store is gone, whenever it is this instance that keeps the index.
    pub(super) async fn run(mut self) {
        loop {
            match self.vault.lead_index().await {
                Ok(Some(lead)) => {
                    // Another instance may have gone on, or begun anew.
                    (self.at, self.unwritten) = (None, 0);
                    if let Ended::Closed = self.lead(&lead).await {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "nobody knows who keeps the index"
                    );
                }
            }
            tokio::time::sleep(lease::TRY_EVERY).await;
        }
    }

    /// Keeps the index for as long as it may.
    async fn lead(&mut self, lead: &IndexLead) -> Ended {
        let mut news = self.store.subscribe();
        let mut pause = PAUSE;
        loop {
            news.borrow_and_update();
            let done = tokio::select! {
                done = self.catch_up(lead) => done,
                () = lead.lost() => return Ended::Lost,
            };
            match done {
                Ok(()) => pause = PAUSE,
                Err(FollowError::Record(Refusal::Closing)) => return Ended::Closed,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the lookup index does not go on; nobody can be looked for"
                    );
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = lead.lost() => return Ended::Lost,
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                    continue;
                }
            }
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return Ended::Closed },
                () = lead.lost() => return Ended::Lost,
            }
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = self.hurry.notified() => {}
            }
        }
    }

    /// Indexes everything up to the end of the log.
    pub(super) async fn catch_up(&mut self, lead: &IndexLead) -> Result<(), FollowError> {
        let mut at = match self.at {
            Some(at) => at,
            None => self.begin(lead).await?,
        };
        loop {
            self.at = Some(at);
            self.indexed.send_replace(at);
            let events = self.store.read_all(at, READ_EVENTS).await?;
            let Some(last) = events.last() else { return Ok(()) };
            self.take(lead, &events, last).await?;
            at = last.position;
        }
    }

    /// Where the index has come to. One under a key that does not unwrap, or of another log than this one, is made
    /// anew: it is derived, and whoever puts back an older log must find people in it.
    async fn begin(&self, lead: &IndexLead) -> Result<Position, FollowError> {
        match self.vault.index().await {
            Ok(Some(state)) if self.is_of_this_log(&state).await? => return Ok(state.position),
            Ok(Some(_)) => tracing::error!("the lookup index is of another log; it is made anew"),
            Ok(None) => {}
            Err(VaultError::Kek(KekError::OtherKek(_) | KekError::Altered)) => {
                tracing::warn!("the key of the lookup index does not unwrap; the index is made anew");
            }
            Err(error) => return Err(error.into()),
        }
        self.vault.begin_index(lead).await?;
        Ok(Position::START)
    }

    async fn is_of_this_log(&self, state: &IndexState) -> Result<bool, StoreError> {
        if state.position == Position::START {
            return Ok(true);
        }
        let there = self.store.event_at(state.position).await?;
        Ok(there.map(|event| event.leaf_hash) == state.leaf_hash)
    }

    /// Indexes events that follow on where the index has come to.
    async fn take(
        &mut self,
        lead: &IndexLead,
        events: &[RecordedEvent],
        last: &RecordedEvent,
    ) -> Result<(), FollowError> {
        let brought = brought(&*self.store, &self.vault, &self.log_id, events).await?;
        self.unwritten += events.len();
        // Other instances go by what is written.
        if brought.is_empty() && self.unwritten < UNWRITTEN_EVENTS_MAX && !lead.is_shared() {
            return Ok(());
        }
        let entries = self.entries(&brought).await?;
        // Before the entries: a crash in between finds the same again, under the same names.
        let shared = self.shared(&brought, &entries).await?;
        let recorded = self.intake.record_each(&TokenId::service(), &shared, ExpectedRevision::Any).await;
        recorded.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.vault.add_to_index(lead, &entries, last.position, last.leaf_hash).await?;
        self.unwritten = 0;
        Ok(())
    }

    /// What stands in the index for values, one entry each.
    async fn entries(&self, brought: &[Brought<'_>]) -> Result<Vec<IndexEntry>, FollowError> {
        if brought.is_empty() {
            return Ok(Vec::new());
        }
        // Unwrapped for each batch: the key stays in memory no longer than it is needed.
        let Some(IndexState { key, .. }) = self.vault.index().await? else {
            return Err(VaultError::from(sqlx::Error::RowNotFound).into());
        };
        let entry = |brought: &Brought<'_>| IndexEntry {
            kind: brought.kind,
            tag: brought.value.as_ref().map(|wanted| key.tag(wanted.kind, &wanted.value)),
            position: brought.event.position,
            owner: brought.event.stream.clone(),
            occurred_us: brought.occurred_us,
        };
        Ok(brought.iter().map(entry).collect())
    }

    /// An `identifier.matched.v1` for everybody who comes with an IIN that somebody else bears.
    ///
    /// Only an IIN is one person's alone: families share a phone, an office its e-mail address, users an entity's BIN.
    async fn shared(
        &self,
        brought: &[Brought<'_>],
        entries: &[IndexEntry],
    ) -> Result<Vec<NewEvent>, FollowError> {
        let iins: Vec<_> =
            brought.iter().zip(entries).filter(|(brought, _)| brought.kind == LookupKind::Iin).collect();
        let mut tags: Vec<Tag> = iins.iter().filter_map(|(_, entry)| entry.tag).collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let holders = self.vault.holders(LookupKind::Iin, &tags, HOLDERS_MAX).await?;
        let mut held: HashMap<Tag, Vec<Holder>> = tags.into_iter().zip(holders).collect();
        let mut events = Vec::new();
        for (brought, entry) in iins {
            // Whoever comes with another number no longer bears the one before it.
            for (_, holders) in held.iter_mut().filter(|(tag, _)| Some(**tag) != entry.tag) {
                holders.retain(|holder| holder.owner != entry.owner);
            }
            let Some(holders) = entry.tag.and_then(|tag| held.get_mut(&tag)) else { continue };
            if holders.iter().any(|holder| holder.owner == entry.owner) {
                continue;
            }
            if let Some(first) = holders.first() {
                events.extend(self.matched(first, brought.event)?);
            }
            holders.push(Holder { owner: entry.owner.clone(), position: entry.position });
        }
        Ok(events)
    }

    /// The event in the stream of whoever came later. Its name and time follow from the two events, so that told again
    /// it is the same event.
    fn matched(&self, first: &Holder, second: &RecordedEvent) -> Result<Option<NewEvent>, Refusal> {
        let StreamName::Subject(other) = &first.owner else { return Ok(None) };
        let data = IdentifierMatched { kind: LookupKind::Iin, other_subject: other.clone() };
        let id = format!("iin-match-{}-{}", letters(first.position), letters(second.position));
        let id = EventId::parse(id).map_err(|_| Refusal::Store)?;
        self.intake.own_event(id, second.stream.clone(), second.recorded_at, None, &data).map(Some)
    }
}

/// A position in letters, so that no run of digits looks like an IIN.
fn letters(position: Position) -> String {
    let letter =
        |digit: char| match digit.to_digit(10).and_then(|digit| char::from_u32(u32::from('g') + digit)) {
            Some(letter) => letter,
            None => digit,
        };
    format!("{:x}", position.number()).chars().map(letter).collect()
}
