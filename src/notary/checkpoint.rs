//! Checkpoints (C2SP `tlog-checkpoint`): a note that says how large a log is and what its root is.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use thiserror::Error;

use super::note::{Note, NoteError, SigningKey, VerifierKey};
use super::tree::Hash;

/// Bytes a checkpoint has at most. `tlog_tiles` reads no further, and would not say so.
const BODY_BYTES_MAX: usize = 1_000_000;

/// Why a checkpoint is no good.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// The body is not origin, size and root, each a line.
    #[error("malformed checkpoint")]
    Malformed,
    /// It is of another log than the key.
    #[error("the checkpoint is of the log {found}, the key of {expected}")]
    Origin {
        /// Name of the key.
        expected: String,
        /// Origin that the checkpoint gives.
        found: String,
    },
    /// The note around it is malformed, or not signed as it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// What a log says of itself: its tree at one size.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Name of the log, which is the name of its key.
    pub origin: String,
    /// Leaves of the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

impl Checkpoint {
    /// The note body: origin, size in decimal and root in base64, each with a newline.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    /// Reads a note body. Lines after the root are allowed and not kept.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse_body(text: &str) -> Result<Self, CheckpointError> {
        if text.len() >= BODY_BYTES_MAX {
            return Err(CheckpointError::Malformed);
        }
        let read =
            tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self { origin: read.origin().to_owned(), size: read.size(), root: read.hash().0 })
    }
}

/// A checkpoint with its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What the note's body says.
    pub checkpoint: Checkpoint,
    /// The note as it was published.
    pub note: Note,
}

impl SignedCheckpoint {
    /// Signs a checkpoint with the key of its log.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`], when the key is of another log.
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Result<Self, CheckpointError> {
        same_origin(&checkpoint, key.verifier_key())?;
        let note = Note::sign(&checkpoint.body(), key)?;
        Ok(Self { checkpoint, note })
    }

    /// Reads a signed checkpoint, and checks no signature.
    ///
    /// # Errors
    /// [`CheckpointError`], when it is malformed.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let note = Note::parse(text)?;
        let checkpoint = Checkpoint::parse_body(note.text())?;
        Ok(Self { checkpoint, note })
    }

    /// Checks that the log of this key signed it, and that it is that log's.
    ///
    /// # Errors
    /// [`CheckpointError`], when it is not so.
    pub fn verify(&self, log_key: &VerifierKey) -> Result<(), CheckpointError> {
        same_origin(&self.checkpoint, log_key)?;
        // The members are public: only what the note says is signed.
        if Checkpoint::parse_body(self.note.text())? != self.checkpoint {
            return Err(CheckpointError::Malformed);
        }
        self.note.verify(log_key)?;
        Ok(())
    }
}

fn same_origin(checkpoint: &Checkpoint, key: &VerifierKey) -> Result<(), CheckpointError> {
    if checkpoint.origin == key.name() {
        return Ok(());
    }
    Err(CheckpointError::Origin { expected: key.name().to_owned(), found: checkpoint.origin.clone() })
}

#[cfg(test)]
mod tests;
