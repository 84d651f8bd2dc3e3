//! Finding a person by IIN, BIN, phone number or e-mail address, in any usual spelling, without keeping the value.
//!
//! - [`values`] reads which values an event brought, from its box.
//! - [`follower`] keeps the blind index of the vault behind the log.
//! - this file answers who bears a value.
//!
//! The index follows the log rather than being written with it: an append pays no second sync for it, an index that was
//! lost or needs another key is made again by reading from the start, and a crash between an event and its entry loses
//! nothing. What it costs is that the index may lag, so a question first waits until what was recorded before it is
//! indexed. Nobody is found "sometimes".

mod follower;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use subject_record_schemas::identifiers::{Bin, Email, EmailError, Iin, NationalIdError, Phone, PhoneError};
use subject_record_schemas::vocabulary::LookupKind;
use subject_record_schemas::{Position, StreamName, SubjectId};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use self::follower::Follower;
use crate::intake::Intake;
use crate::store::{EventStore, StoreError};
use crate::vault::{Vault, VaultError};

/// People that one answer names at most. Each is a record of a look.
const FOUND_MAX: u32 = 100;

/// Pauses between two looks at how far another instance has come.
const ASK_FIRST: Duration = Duration::from_millis(20);
const ASK_PAUSE_MAX: Duration = Duration::from_millis(160);

/// What somebody is looked for by, in its one spelling. Wiped when it is let go.
#[derive(Clone)]
pub struct Wanted {
    kind: LookupKind,
    value: Zeroizing<String>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wanted({}, …)", self.kind)
    }
}

/// A value that nobody can bear. Never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// No IIN or BIN.
    #[error(transparent)]
    NationalId(#[from] NationalIdError),
    /// No phone number.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// No e-mail address.
    #[error(transparent)]
    Email(#[from] EmailError),
}

impl Wanted {
    /// Reads a value in any usual spelling.
    ///
    /// # Errors
    /// [`WantedError`], which says what the form is.
    pub fn parse(kind: LookupKind, text: &str) -> Result<Self, WantedError> {
        let value = match kind {
            LookupKind::Iin => Iin::parse(text)?.as_str().to_owned(),
            LookupKind::Bin => Bin::parse(text)?.as_str().to_owned(),
            LookupKind::Phone => Phone::parse(text)?.as_str().to_owned(),
            LookupKind::Email => Email::parse(text)?.folded(),
        };
        Ok(Self { kind, value: Zeroizing::new(value) })
    }

    /// What kind of value it is.
    #[must_use]
    pub fn kind(&self) -> LookupKind {
        self.kind
    }
}

/// Somebody who was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundSubject {
    /// The platform's id.
    pub subject: SubjectId,
    /// Whether another value has replaced this one since.
    pub former: bool,
}

/// Who was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those who bear the value before those who bore it.
    pub subjects: Vec<FoundSubject>,
    /// Whether there are more than one answer names.
    pub more: bool,
}

/// Why nobody was looked for.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The index lags behind what was recorded before the question.
    #[error("the index has come to position {indexed} and the log to {recorded}")]
    Behind {
        /// Last position that is indexed.
        indexed: Position,
        /// Last position of the log.
        recorded: Position,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Finds people. The index follows the log for as long as this is held.
#[derive(Debug)]
pub struct Lookup {
    store: Arc<dyn EventStore>,
    vault: Arc<Vault>,
    wait_max: Duration,
    indexed: watch::Receiver<Position>,
    hurry: Arc<Notify>,
    following: JoinHandle<()>,
}

impl Lookup {
    /// Starts to follow the log of this id. A question waits up to `wait_max` for the index.
    #[must_use]
    pub fn start(
        store: Arc<dyn EventStore>,
        vault: Arc<Vault>,
        intake: Arc<Intake>,
        log_id: String,
        wait_max: Duration,
    ) -> Self {
        let (sender, indexed) = watch::channel(Position::START);
        let hurry = Arc::new(Notify::new());
        let follower =
            Follower::new(Arc::clone(&store), Arc::clone(&vault), intake, log_id, sender, Arc::clone(&hurry));
        Self { store, vault, wait_max, indexed, hurry, following: tokio::spawn(follower.run()) }
    }

    /// Who bears or bore a value, by all that was recorded before the question.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn find(&self, wanted: &Wanted) -> Result<Found, LookupError> {
        self.caught_up().await?;
        let mut bearers = self.vault.bearers(wanted.kind, &wanted.value, FOUND_MAX + 1).await?;
        let more = bearers.len() > FOUND_MAX as usize;
        bearers.truncate(FOUND_MAX as usize);
        let subjects = bearers.into_iter().filter_map(|bearer| match bearer.owner {
            StreamName::Subject(subject) => Some(FoundSubject { subject, former: bearer.former }),
            StreamName::Access(_) | StreamName::Policy | StreamName::Office => None,
        });
        Ok(Found { subjects: subjects.collect(), more })
    }

    /// Waits until the index has come to where the log ends now.
    ///
    /// # Errors
    /// [`LookupError::Behind`] when that takes too long.
    pub async fn caught_up(&self) -> Result<(), LookupError> {
        let recorded = self.store.last_position().await?;
        self.hurry.notify_one();
        let mut indexed = self.indexed.clone();
        let reached = async {
            if !self.vault.is_shared() {
                return Ok(indexed.wait_for(|at| *at >= recorded).await.is_ok());
            }
            // Whichever instance keeps the index.
            let mut pause = ASK_FIRST;
            while self.vault.index_position().await? < recorded {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ASK_PAUSE_MAX);
            }
            Ok::<_, LookupError>(true)
        };
        match tokio::time::timeout(self.wait_max, reached).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(error),
            Ok(Ok(false)) | Err(_) => Err(LookupError::Behind { indexed: self.position().await?, recorded }),
        }
    }

    async fn position(&self) -> Result<Position, LookupError> {
        if self.vault.is_shared() {
            return Ok(self.vault.index_position().await?);
        }
        Ok(*self.indexed.borrow())
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.following.abort();
    }
}
