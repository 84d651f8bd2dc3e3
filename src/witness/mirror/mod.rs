//! A mirror witness: it reads every entry of a log, derives tree, chains and heads again, and only then cosigns.
//!
//! What it derived is kept in its own file as of the newest checkpoint that it cosigned, durable before it answers.
//! What it finds wrong is kept too, with the checkpoint that the log signed over it: from then on it cosigns nothing
//! larger. A log that cannot be read, or whose newest type it does not know, is a different matter: it tries again.

mod audit;
mod fault;
mod log;
mod place;
mod reading;
mod state;
mod status;
mod withdrawn;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use self::audit::Audit;
pub use self::fault::Fault;
pub use self::log::{LogReader, ReadError};
pub use self::place::streams_of;
use self::state::StateFile;
pub use self::state::{Refused, StateError};
pub use self::status::{Failure, Newest, Status};
use super::wire::{AddCheckpoint, MalformedRequest};
use crate::clock::Clock;
use crate::db::{FolderLock, FolderLockError};
use crate::notary::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::notary::note::{CosigningKey, NoteError, VerifierKey};
use crate::notary::tree::{check_consistency, empty_root};

/// Name of the file in the mirror's folder.
const FILE_NAME: &str = "witness.db";
/// How long a request waits for another one; a long first reading is not waited for.
const TURN_SECONDS_MAX: u64 = 2;

/// A mirror that does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has its folder, or nobody can.
    #[error(transparent)]
    Folder(#[from] FolderLockError),
    /// Its file does not serve.
    #[error(transparent)]
    State(#[from] StateError),
    /// The folder is of another log.
    #[error(
        "{folder} is of the log {found}, and the log's key is of {expected}: give each log a folder of its own"
    )]
    OtherLog {
        /// The folder.
        folder: PathBuf,
        /// Origin in it.
        found: String,
        /// Name of the key.
        expected: String,
    },
}

/// Why a checkpoint is not cosigned (C2SP tlog-witness names most of these).
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request does not read.
    #[error(transparent)]
    Malformed(#[from] MalformedRequest),
    /// The log is not the one this witness knows.
    #[error("no log of this origin is known here")]
    UnknownOrigin,
    /// The log's key did not sign it.
    #[error("the checkpoint is not signed by the log's key")]
    NotSigned,
    /// The old size is larger than the checkpoint's.
    #[error("the old size is larger than the checkpoint's")]
    OldAboveNew,
    /// Another size is known here.
    #[error("the newest checkpoint cosigned here has {known} entries")]
    KnowsSize {
        /// That size.
        known: u64,
    },
    /// The proof does not lead from what was cosigned to the checkpoint.
    #[error("the checkpoint is not shown to extend the one cosigned before")]
    Proof,
    /// An entry or the tree is wrong, now or at an earlier checkpoint.
    #[error("{}: {}", .0.code, .0.reason)]
    Refused(Box<Refused>),
    /// An entry cannot be judged yet.
    #[error("{}: {}", .0.code(), .0)]
    NotYet(Fault),
    /// The log cannot be read now.
    #[error("the log cannot be read now: {0}")]
    Log(#[from] ReadError),
    /// Another checkpoint is being audited.
    #[error("another checkpoint is being audited")]
    Busy,
    /// The witness itself failed.
    #[error("the witness failed")]
    State(#[from] StateError),
    /// The witness's key cannot sign this.
    #[error("the checkpoint cannot be cosigned")]
    Cosign(#[from] CosignError),
}

/// A cosignature that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CosignError {
    /// The key could not sign, or its line not be added.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note does not read back.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The audit ended before it answered.
    #[error("the audit broke off")]
    BrokeOff,
}

/// What a mirror is opened with.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// The log's key; its name is the log's origin.
    pub log_key: VerifierKey,
    /// Where the log is read.
    pub log: LogReader,
    /// Its own key.
    pub key: CosigningKey,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Whether a refusal from before is forgotten, and the entries read once more.
    pub audit_again: bool,
}

/// A mirror of one log.
#[derive(Debug)]
pub struct Mirror {
    log_key: VerifierKey,
    log: LogReader,
    key: CosigningKey,
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Kept>>,
    status: watch::Sender<Status>,
    _lock: FolderLock,
}

/// What is kept from checkpoint to checkpoint.
#[derive(Debug)]
struct Kept {
    file: StateFile,
    cosigned: Option<SignedCheckpoint>,
    refused: Option<Refused>,
    /// As of `cosigned`. Absent after an audit that failed: it is read from the file again.
    audit: Option<Audit>,
}

impl Kept {
    fn size(&self) -> u64 {
        self.cosigned.as_ref().map_or(0, |cosigned| cosigned.checkpoint.size)
    }

    async fn audit(&mut self) -> Result<Audit, StateError> {
        match self.audit.take() {
            Some(audit) => Ok(audit),
            None => Ok(self.file.load().await?.1),
        }
    }
}

impl Mirror {
    /// Takes a folder and goes on from what is kept there.
    ///
    /// # Errors
    /// [`OpenError`], when another process has the folder or it is not this log's.
    pub async fn open(opening: Opening<'_>) -> Result<Self, OpenError> {
        let lock = FolderLock::take(opening.folder)?;
        let mut file = StateFile::open(&opening.folder.join(FILE_NAME)).await?;
        let (cosigned, audit) = file.load().await?;
        if let Some(other) = &cosigned
            && other.checkpoint.origin != opening.log_key.name()
        {
            return Err(OpenError::OtherLog {
                folder: opening.folder.to_owned(),
                found: other.checkpoint.origin.clone(),
                expected: opening.log_key.name().to_owned(),
            });
        }
        if opening.audit_again {
            file.forget_refusal().await?;
        }
        let refused = file.refused().await?;
        let mut status = Status::new(opening.key.verifier_key(), &opening.log_key);
        status.audited(&audit);
        status.cosigned(cosigned.as_ref(), opening.key.verifier_key());
        status.refused.clone_from(&refused);
        if let Some(refused) = &refused {
            tracing::error!(
                code = refused.code,
                reason = refused.reason,
                "nothing larger is cosigned any more"
            );
        }
        let kept = Arc::new(Mutex::new(Kept { file, cosigned, refused, audit: Some(audit) }));
        let Opening { log_key, log, key, clock, .. } = opening;
        Ok(Self { log_key, log, key, clock, kept, status: watch::Sender::new(status), _lock: lock })
    }

    /// What it is at.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The newest checkpoint that it cosigned, with its line.
    #[must_use]
    pub fn newest(&self) -> Option<SignedCheckpoint> {
        self.status.borrow().note.clone()
    }

    /// Origin of the log that it mirrors.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.log_key.name()
    }

    /// Takes a request of `add-checkpoint`, reads what the log gained, and answers the signature lines.
    ///
    /// What was begun goes on when nobody waits for the answer any more: the next request finds it done.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn add_checkpoint(self: &Arc<Self>, body: &[u8]) -> Result<Vec<String>, Refusal> {
        let request = AddCheckpoint::parse(body)?;
        match request.checkpoint.verify(&self.log_key) {
            Ok(()) => {}
            Err(CheckpointError::Origin { .. }) => return Err(Refusal::UnknownOrigin),
            Err(_) => return Err(Refusal::NotSigned),
        }
        if request.old_size > request.checkpoint.checkpoint.size {
            return Err(Refusal::OldAboveNew);
        }
        let turn = Arc::clone(&self.kept).lock_owned();
        let turn = tokio::time::timeout(Duration::from_secs(TURN_SECONDS_MAX), turn).await;
        let Ok(kept) = turn else { return Err(Refusal::Busy) };
        let mirror = Arc::clone(self);
        let decided = tokio::spawn(async move { mirror.decide(kept, request).await }).await;
        decided.unwrap_or(Err(Refusal::Cosign(CosignError::BrokeOff)))
    }

    async fn decide(
        &self,
        mut kept: OwnedMutexGuard<Kept>,
        request: AddCheckpoint,
    ) -> Result<Vec<String>, Refusal> {
        let known = kept.size();
        if request.old_size != known {
            return Err(Refusal::KnowsSize { known });
        }
        let wanted = &request.checkpoint.checkpoint;
        let old_root = kept.cosigned.as_ref().map_or_else(empty_root, |cosigned| cosigned.checkpoint.root);
        let extends = check_consistency(&request.proof, (known, &old_root), (wanted.size, &wanted.root));
        if extends.is_err() {
            if wanted.size == known && known > 0 && wanted.root != old_root {
                let fork = Fault::Fork { size: known };
                return Err(self.refuse(&mut kept, fork, &request.checkpoint).await);
            }
            tracing::warn!(known, size = wanted.size, "a checkpoint is not shown to extend the one before");
            return Err(Refusal::Proof);
        }
        if let Some(refused) = &kept.refused
            && wanted.size > known
        {
            return Err(Refusal::Refused(Box::new(refused.clone())));
        }
        let mut audit = kept.audit().await?;
        match self.read_to(&mut audit, &request.checkpoint).await {
            Ok(()) => {}
            Err(reading::Failed::Fault(fault)) if fault.is_final() => {
                return Err(self.refuse(&mut kept, fault, &request.checkpoint).await);
            }
            Err(reading::Failed::Fault(fault)) => {
                return Err(self.failed(Refusal::NotYet(fault)));
            }
            Err(reading::Failed::Log(error)) => return Err(self.failed(Refusal::Log(error))),
        }
        let (line, cosigned) = self.cosigned(&request.checkpoint)?;
        kept.file.save(known, &cosigned, &mut audit).await?;
        self.status.send_modify(|status| {
            status.audited(&audit);
            status.cosigned(Some(&cosigned), self.key.verifier_key());
            status.last_failure = None;
        });
        kept.cosigned = Some(cosigned);
        kept.audit = Some(audit);
        Ok(vec![line])
    }

    /// This witness's line, and the checkpoint with that line added.
    fn cosigned(&self, checkpoint: &SignedCheckpoint) -> Result<(String, SignedCheckpoint), CosignError> {
        let line = self.key.cosign(checkpoint.note.text(), self.clock.now().timestamp())?;
        let note = checkpoint.note.with_signature(&line)?;
        Ok((line, SignedCheckpoint { checkpoint: checkpoint.checkpoint.clone(), note }))
    }

    /// Keeps what is wrong, for good.
    async fn refuse(&self, kept: &mut Kept, fault: Fault, checkpoint: &SignedCheckpoint) -> Refusal {
        let refused = Refused {
            index: fault.index(),
            code: fault.code().to_owned(),
            reason: fault.to_string(),
            note: checkpoint.note.to_string(),
            at: self.clock.now(),
        };
        tracing::error!(
            index = refused.index,
            code = refused.code,
            reason = refused.reason,
            size = checkpoint.checkpoint.size,
            "the log is not as it should be: this checkpoint and larger ones are not cosigned"
        );
        kept.refused = Some(refused.clone());
        self.status.send_modify(|status| status.refused = Some(refused.clone()));
        match kept.file.refuse(&refused).await {
            Ok(()) => Refusal::Refused(Box::new(refused)),
            Err(error) => error.into(),
        }
    }

    /// Says what did not work this time.
    fn failed(&self, refusal: Refusal) -> Refusal {
        let failure = Failure { at: self.clock.now(), reason: refusal.to_string() };
        tracing::warn!(reason = failure.reason, "a checkpoint could not be audited");
        self.status.send_modify(|status| status.last_failure = Some(failure));
        refusal
    }
}
