//! An instance that does not sign looks on: it publishes what the one that does has written to the tables.
//!
//! It takes nobody's word for it. A checkpoint is published here once it is signed by the log's key, the tables lead to
//! its root and to that of the one before, and it is kept beside this instance's key: so that this instance signs
//! nothing that does not extend it, should it ever be its turn, and says so if the tables are rolled back below it.

use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::Position;

use super::checkpoint::SignedCheckpoint;
use super::follower::{Fault, Follower};
use super::{Refusal, State};

/// How often the tables are asked.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What an onlooker has seen.
#[derive(Debug, Default)]
struct Seen {
    /// The newest checkpoint that is kept here.
    held: Option<SignedCheckpoint>,
    /// What was found fault with the last time.
    told: Option<Refusal>,
}

impl Follower {
    /// Looks on for as long as it is polled, whenever this instance does not sign.
    pub(super) async fn look_on(self: Arc<Self>) {
        let (mut seen, leads) = (Seen::default(), self.tables.session.leads());
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let fault = if *leads.borrow() {
                seen.held = None;
                None
            } else {
                match self.look(&mut seen).await {
                    Ok(refusal) => refusal,
                    Err(Fault::Refused(refusal)) => Some(refusal),
                    Err(fault) => {
                        if seen.told.is_none() {
                            let error = &fault as &dyn std::error::Error;
                            tracing::warn!(error, "what another instance signs is not seen; tried again");
                        }
                        Some(Refusal::Failed)
                    }
                }
            };
            self.tell(&mut seen, fault);
        }
    }

    /// Says what is wrong, unless the follower of this instance said something itself.
    fn tell(&self, seen: &mut Seen, fault: Option<Refusal>) {
        if fault != seen.told
            && let Some(refusal) = fault.as_ref().filter(|refusal| **refusal != Refusal::Failed)
        {
            tracing::error!(%refusal, "no checkpoint is signed any more, or what is signed does not hold");
        }
        self.state.send_if_modified(|state| {
            let is_ours = state.refusal.is_none() || state.refusal == seen.told;
            let changes = is_ours && state.refusal != fault;
            if changes {
                state.refusal.clone_from(&fault);
            }
            changes
        });
        seen.told = fault;
    }

    async fn look(&self, seen: &mut Seen) -> Result<Option<Refusal>, Fault> {
        let (why, note) = self.tables.news().await?;
        if seen.held.is_none() {
            seen.held = self.kept.of_log(&self.key)?;
        }
        if let Some(note) = note {
            self.look_at(seen, &note).await?;
        }
        Ok(why.map(Refusal::Elsewhere))
    }

    async fn look_at(&self, seen: &mut Seen, note: &str) -> Result<(), Fault> {
        let published = self.state.borrow().checkpoint.clone();
        if published.as_ref().is_some_and(|published| published.note.to_string() == note) {
            return Ok(());
        }
        let signed = SignedCheckpoint::parse(note)?;
        signed.verify(self.key.verifier_key())?;
        let newest = &signed.checkpoint;
        for checkpoint in
            [seen.held.as_ref().map(|held| &held.checkpoint), Some(newest)].into_iter().flatten()
        {
            let (size, position) =
                self.tables.progress().await?.map_or((0, Position::START), |(size, at, _)| (size, at));
            if checkpoint.size > size {
                return Err(Refusal::RolledBack { signed: checkpoint.size, position }.into());
            }
            if self.tables.root(checkpoint.size).await? != checkpoint.root {
                return Err(Refusal::OtherRoot { size: checkpoint.size }.into());
            }
        }
        let position = self.tables.position_before(newest.size).await?;
        if seen.held.as_ref().is_none_or(|held| held.checkpoint.size < newest.size) {
            self.kept.keep(&signed).await?;
            seen.held = Some(signed.clone());
        }
        self.state.send_if_modified(|state| show(state, signed, position));
        Ok(())
    }
}

/// Publishes a checkpoint unless a newer one is, or the same with more signatures.
fn show(state: &mut State, signed: SignedCheckpoint, position: Position) -> bool {
    let weight = |signed: &SignedCheckpoint| (signed.checkpoint.size, signed.note.to_string().len());
    let is_newer = state.checkpoint.as_ref().is_none_or(|shown| weight(shown) < weight(&signed));
    if is_newer {
        state.position = position;
        state.checkpoint = Some(Arc::new(signed));
    }
    is_newer
}
