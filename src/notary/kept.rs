//! The newest signed checkpoint, kept beside the signing key.
//!
//! Among several instances each keeps what it signed and what it saw others publish, beside its own copy of the key.
//! It is written before a checkpoint is published, and nothing is signed that does not extend it: so a log that was
//! rolled back, its tiles included, is noticed by whoever still has the key.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tokio::sync::Mutex;

use super::Refusal;
use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::follower::Fault;
use super::note::SigningKey;

/// What is put behind the name of the signing key's file.
const ENDING: &str = "checkpoint";

/// Why the kept checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file cannot be read or written.
    #[error("{path} cannot be read or written")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It holds no checkpoint.
    #[error(
        "{path} holds no checkpoint: put back a copy of it, or of the newest checkpoint that was published"
    )]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CheckpointError,
    },
}

/// Where the newest signed checkpoint is kept.
#[derive(Clone, Debug)]
pub struct KeptCheckpoint {
    path: PathBuf,
}

impl KeptCheckpoint {
    /// Beside a signing key.
    #[must_use]
    pub fn beside(signing_key: &Path) -> Self {
        let mut name = signing_key.as_os_str().to_owned();
        name.push(".");
        name.push(ENDING);
        Self { path: name.into() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept, or `None` before anything was signed.
    ///
    /// # Errors
    /// [`KeptError`], naming the file.
    pub fn read(&self) -> Result<Option<SignedCheckpoint>, KeptError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.file_error(source)),
        };
        let parsed = SignedCheckpoint::parse(&text);
        parsed.map(Some).map_err(|source| KeptError::Malformed { path: self.path.clone(), source })
    }

    /// Keeps a checkpoint in the place of the one before. Durable when it answers, and never half written.
    ///
    /// # Errors
    /// [`KeptError::File`].
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), KeptError> {
        self.replace(checkpoint.note.to_string().as_bytes()).map_err(|source| self.file_error(source))
    }

    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn file_error(&self, source: std::io::Error) -> KeptError {
        KeptError::File { path: self.path.clone(), source }
    }
}

/// The kept checkpoint of a running notary, which only moves forward.
#[derive(Debug)]
pub(super) struct Keeper {
    file: KeptCheckpoint,
    /// Size of what is kept; `None` before it was read.
    size: Mutex<Option<u64>>,
}

impl Keeper {
    pub(super) fn new(file: KeptCheckpoint) -> Self {
        Self { file, size: Mutex::new(None) }
    }

    /// What is kept, if it is of the log that this key signs for.
    pub(super) fn of_log(&self, key: &SigningKey) -> Result<Option<SignedCheckpoint>, Fault> {
        let Some(kept) = self.file.read()? else { return Ok(None) };
        let path = || self.file.path().to_owned();
        if kept.checkpoint.origin != key.verifier_key().name() {
            return Err(Refusal::OtherOrigin { path: path(), origin: kept.checkpoint.origin }.into());
        }
        if kept.verify(key.verifier_key()).is_err() {
            return Err(Refusal::KeptNotSigned { path: path() }.into());
        }
        Ok(Some(kept))
    }

    /// Keeps a checkpoint, unless a newer one is kept. Durable when it answers.
    pub(super) async fn keep(&self, signed: &SignedCheckpoint) -> Result<(), Fault> {
        let mut size = self.size.lock().await;
        let kept = match *size {
            Some(size) => size,
            None => self.file.read()?.map_or(0, |kept| kept.checkpoint.size),
        };
        if kept < signed.checkpoint.size {
            let (file, to_keep) = (self.file.clone(), signed.clone());
            let written = tokio::task::spawn_blocking(move || file.write(&to_keep)).await;
            written.map_err(|_| Refusal::Failed)??;
        }
        *size = Some(kept.max(signed.checkpoint.size));
        Ok(())
    }
}
