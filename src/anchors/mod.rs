//! Anchors: folders outside that hold the newest checkpoint of a log and the register of erased people.
//!
//! `<folder>/<origin>/checkpoint` is the note with all its signatures; `<folder>/<origin>/erased` is a note signed by
//! the log's key: a format line, the origin, the size of the checkpoint it was made at, the number of ids, and the
//! ids, sorted, one a line. In the folder's name what is no plain letter, digit, dot or dash of the origin is a dash.
//!
//! `<folder>/<origin>/checkpoints/<size>` are checkpoints that dossiers rest on.
//!
//! An anchor never goes back: neither to a smaller or another tree, nor to fewer erased people.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use subject_record_schemas::SubjectId;

use crate::notary::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::notary::note::{Note, NoteError, SigningKey, VerifierKey};

/// First line of the register of erased people.
const ERASED_FORMAT: &str = "subject-record/erased@v1";
/// Folder of the checkpoints that are kept for good.
const KEPT_FOLDER: &str = "checkpoints";
/// Lines before the ids.
const HEADER_LINES: usize = 4;
/// Bytes of a file in an anchor at most: about a million erased people.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// An anchor that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// It is not there, or cannot be read or written.
    #[error("the anchor {path} cannot be read or written: is it mounted?")]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is too long to be what it should be.
    #[error("{path} in the anchor is too long to be what it should be")]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// It does not read, or the log's key did not sign it.
    #[error("{path} in the anchor is not signed by this log's key: {source}")]
    NotSigned {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// The register of erased people does not read though it is signed.
    #[error("{path} in the anchor is no register of erased people of this log")]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// There is a checkpoint and no register of erased people beside it.
    #[error("{path} is missing in the anchor, though a checkpoint is there: put it back from another copy")]
    RegisterMissing {
        /// Which file.
        path: PathBuf,
    },
    /// The anchor holds a larger tree than the one to be written, or another one of the same size.
    #[error(
        "the anchor {folder} holds a checkpoint over {anchored} entries, which that over {offered} does not extend: the log was rolled back or rewritten, or the anchor is another log's"
    )]
    WouldRollBack {
        /// Which anchor.
        folder: PathBuf,
        /// Entries under the anchored checkpoint.
        anchored: u64,
        /// Entries under the one to be written.
        offered: u64,
    },
    /// Somebody whose erasure is anchored is missing in what is to be written.
    #[error(
        "the anchor {folder} knows {missing} erased people whom this log does not: it was restored from an old copy"
    )]
    WouldForget {
        /// Which anchor.
        folder: PathBuf,
        /// How many.
        missing: usize,
    },
    /// The register cannot be signed.
    #[error("the register of erased people cannot be signed")]
    Sign(#[source] NoteError),
}

/// What an anchor holds, verified under the log's key.
#[derive(Clone, Debug, Default)]
pub struct Anchored {
    /// The newest checkpoint, or `None` before the first.
    pub checkpoint: Option<SignedCheckpoint>,
    /// Everybody who was erased.
    pub erased: BTreeSet<SubjectId>,
    /// Size of the checkpoint that the register was made at.
    pub erased_at: u64,
}

/// The place of one log in one folder outside.
#[derive(Clone, Debug)]
pub struct Anchor {
    outside: PathBuf,
    folder: PathBuf,
    log_key: VerifierKey,
}

impl Anchor {
    /// The place of a log, known by its key, in a folder outside. Nothing is opened yet.
    #[must_use]
    pub fn new(outside: &Path, log_key: VerifierKey) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '-' };
        let name: String = log_key.name().chars().map(plain).collect();
        // A name of dots alone would lead out of the folder.
        let name = if name.chars().all(|c| c == '.') { name.replace('.', "-") } else { name };
        Self { outside: outside.to_owned(), folder: outside.join(name), log_key }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it holds; nothing when this log was never anchored there.
    ///
    /// # Errors
    /// [`AnchorError`]: a folder that is not there is no empty anchor.
    pub fn read(&self) -> Result<Anchored, AnchorError> {
        std::fs::read_dir(&self.outside).map_err(unreadable(&self.outside))?;
        let checkpoint = self.read_checkpoint()?;
        let (erased, erased_at) = match self.read_erased()? {
            Some(read) => read,
            None if checkpoint.is_some() => {
                return Err(AnchorError::RegisterMissing { path: self.erased_path() });
            }
            None => Default::default(),
        };
        Ok(Anchored { checkpoint, erased, erased_at })
    }

    /// Writes the newest checkpoint and everybody who was erased. Durable when it answers, and never half written.
    ///
    /// `extends` says whether the new checkpoint extends an older one that the anchor holds; it is asked only about a
    /// smaller one.
    ///
    /// # Errors
    /// [`AnchorError::WouldRollBack`] and [`AnchorError::WouldForget`] leave the anchor as it is.
    pub fn write(
        &self,
        checkpoint: &SignedCheckpoint,
        erased: &BTreeSet<SubjectId>,
        key: &SigningKey,
        extends: impl FnOnce(&Checkpoint) -> bool,
    ) -> Result<(), AnchorError> {
        let path = self.checkpoint_path();
        checkpoint.verify(&self.log_key).map_err(|source| AnchorError::NotSigned { path, source })?;
        let anchored = self.read()?;
        let new = &checkpoint.checkpoint;
        if let Some(SignedCheckpoint { checkpoint: old, .. }) = &anchored.checkpoint {
            let goes_on = match old.size.cmp(&new.size) {
                std::cmp::Ordering::Less => extends(old),
                std::cmp::Ordering::Equal => old.root == new.root,
                std::cmp::Ordering::Greater => false,
            };
            if !goes_on {
                let (anchored, offered) = (old.size, new.size);
                return Err(AnchorError::WouldRollBack { folder: self.folder.clone(), anchored, offered });
            }
        }
        let missing = anchored.erased.difference(erased).count();
        if missing > 0 {
            return Err(AnchorError::WouldForget { folder: self.folder.clone(), missing });
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(unreadable(&self.folder))?;
        // The register first: a checkpoint in an anchor promises that the erasures under it are there.
        if anchored.checkpoint.is_none() || anchored.erased != *erased {
            let register = Note::sign(&self.register(erased, new.size), key).map_err(AnchorError::Sign)?;
            replace(&self.erased_path(), register.as_str())?;
        }
        replace(&self.checkpoint_path(), checkpoint.note.as_str())
    }

    /// Keeps a checkpoint for good, under its size: one that a dossier rests on can then be held against it for ever.
    ///
    /// # Errors
    /// [`AnchorError::NotSigned`] when it is not this log's, [`AnchorError::Unreadable`].
    pub fn keep(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError> {
        let folder = self.folder.join(KEPT_FOLDER);
        let path = folder.join(checkpoint.checkpoint.size.to_string());
        checkpoint
            .verify(&self.log_key)
            .map_err(|source| AnchorError::NotSigned { path: path.clone(), source })?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(unreadable(&folder))?;
        replace(&path, checkpoint.note.as_str())
    }

    fn register(&self, erased: &BTreeSet<SubjectId>, size: u64) -> String {
        let mut text = format!("{ERASED_FORMAT}\n{}\n{size}\n{}\n", self.log_key.name(), erased.len());
        for id in erased {
            text.push_str(id.as_str());
            text.push('\n');
        }
        text
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.folder.join("checkpoint")
    }

    fn erased_path(&self) -> PathBuf {
        self.folder.join("erased")
    }

    fn read_checkpoint(&self) -> Result<Option<SignedCheckpoint>, AnchorError> {
        let path = self.checkpoint_path();
        let Some(text) = read(&path)? else { return Ok(None) };
        let read = SignedCheckpoint::parse(&text).and_then(|signed| {
            signed.verify(&self.log_key)?;
            Ok(signed)
        });
        read.map(Some).map_err(|source| AnchorError::NotSigned { path, source })
    }

    fn read_erased(&self) -> Result<Option<(BTreeSet<SubjectId>, u64)>, AnchorError> {
        let path = self.erased_path();
        let Some(text) = read(&path)? else { return Ok(None) };
        let note = Note::parse(&text).and_then(|note| {
            note.verify(&self.log_key)?;
            Ok(note)
        });
        let note =
            note.map_err(|error| AnchorError::NotSigned { path: path.clone(), source: error.into() })?;
        let read = self.parse_register(note.text());
        read.map(Some).ok_or(AnchorError::Malformed { path })
    }

    fn parse_register(&self, text: &str) -> Option<(BTreeSet<SubjectId>, u64)> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.by_ref().take(HEADER_LINES).collect();
        let [ERASED_FORMAT, origin, size, _count] = header[..] else { return None };
        let size = size.parse().ok()?;
        let ids: Option<BTreeSet<SubjectId>> = lines.map(|line| SubjectId::parse(line).ok()).collect();
        let ids = ids?;
        // Written again it is the same text: sorted, each once, counted, of this log.
        (origin == self.log_key.name() && self.register(&ids, size) == text).then_some((ids, size))
    }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> AnchorError {
    let path = path.to_owned();
    move |source| AnchorError::Unreadable { path, source }
}

fn read(path: &Path) -> Result<Option<String>, AnchorError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path)(error)),
    };
    if file.metadata().map_err(unreadable(path))?.len() > FILE_BYTES_MAX {
        return Err(AnchorError::TooLong { path: path.to_owned() });
    }
    std::io::read_to_string(file).map(Some).map_err(unreadable(path))
}

fn replace(path: &Path, text: &str) -> Result<(), AnchorError> {
    let write = || {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(unreadable(path))
}

#[cfg(test)]
mod tests;
