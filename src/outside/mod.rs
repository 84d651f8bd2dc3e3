//! Outside eyes: witnesses that cosign checkpoints, anchors that keep copies, an authority that stamps them.
//!
//! What is missing or does not answer lowers what a dossier can show. It never stops an append, nor a checkpoint.

mod running;
mod stamping;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::{Position, StreamName, SubjectId};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::anchors::{Anchor, AnchorError, Anchored};
use crate::clock::{Clock, Entropy};
use crate::config;
use crate::intake::Intake;
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::{NoteError, SigningKey, VerifierKey};
use crate::notary::{Notary, NotaryError};
use crate::stamps;
use crate::store::{EventStore, StoreError};
use crate::witness::client::{WitnessClient, WitnessError};

use self::running::{Intervals, run};
pub use self::stamping::roots;
use self::stamping::{Authority, authority};

/// Times a witness is asked again because it knew another size.
const WITNESS_TRIES_MAX: u32 = 3;

/// Settings that do not do.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// A witness's key does not read.
    #[error("notary.witnesses: {url} has no verifier key of a cosigner (name+0123abcd+base64, type 4)")]
    WitnessKey {
        /// Whose.
        url: String,
        /// Why.
        #[source]
        source: NoteError,
    },
    /// A witness cannot be asked.
    #[error("notary.witnesses: {url} cannot be asked")]
    Witness {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: WitnessError,
    },
    /// The authority's certificates do not read.
    #[error("notary.timestamp_roots: {path} cannot be read as certificates (PEM)")]
    Roots {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The authority cannot be asked.
    #[error("notary.timestamp_url cannot be asked")]
    Authority(#[source] stamps::NewClientError),
    /// The authority's name is no reference.
    #[error("notary.timestamp_authority is 1 to 64 letters, digits or . _ : / # -")]
    AuthorityName,
}

/// What copies outside hold of this log.
#[derive(Debug, Default)]
pub struct HeldOutside {
    /// Their newest checkpoints.
    pub checkpoints: Vec<SignedCheckpoint>,
    /// Everybody whose erasure is anchored.
    pub erased: BTreeSet<SubjectId>,
}

/// Reads all anchors. One that cannot be read is left out, loudly.
#[must_use]
pub fn held(anchors: &[PathBuf], log_key: &VerifierKey) -> HeldOutside {
    let mut held = HeldOutside::default();
    for folder in anchors {
        match Anchor::new(folder, log_key.clone()).read() {
            Ok(Anchored { checkpoint, erased, .. }) => {
                held.checkpoints.extend(checkpoint);
                held.erased.extend(erased);
            }
            Err(error) => warn(&error, "an anchor cannot be read; what it holds is not held against the log"),
        }
    }
    held
}

fn warn(error: &(dyn std::error::Error + 'static), what: &'static str) {
    tracing::warn!(error, "{what}");
}

/// A witness, and the size it is known to have seen.
#[derive(Debug)]
struct Witness {
    client: WitnessClient,
    known: Mutex<u64>,
}

/// What it is made from.
#[derive(Debug)]
pub struct Parts {
    /// The notary.
    pub notary: Arc<Notary>,
    /// Records stamps.
    pub intake: Arc<Intake>,
    /// The store.
    pub store: Arc<dyn EventStore>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for nonces.
    pub entropy: Arc<dyn Entropy>,
    /// The log's key, which signs the register of erased people.
    pub key: Arc<SigningKey>,
}

/// Everybody outside.
#[derive(Debug)]
pub struct Outside {
    parts: Parts,
    witnesses: Vec<Witness>,
    anchors: Vec<Anchor>,
    authority: Option<Authority>,
    task: std::sync::OnceLock<JoinHandle<()>>,
}

impl Drop for Outside {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Outside {
    /// Asks everybody outside every so often.
    ///
    /// # Errors
    /// [`OutsideError`], naming the setting.
    pub fn start(parts: Parts, settings: &config::Notary) -> Result<Arc<Self>, OutsideError> {
        let patience = Duration::from_secs(settings.outside_seconds_max);
        let mut witnesses = Vec::new();
        for witness in &settings.witnesses {
            let url = witness.url.clone();
            let key = VerifierKey::parse(&witness.verifier_key);
            let key = key.map_err(|source| OutsideError::WitnessKey { url: url.clone(), source })?;
            let client = WitnessClient::new(&url, key, patience);
            let client = client.map_err(|source| OutsideError::Witness { url, source })?;
            witnesses.push(Witness { client, known: Mutex::new(0) });
        }
        let authority = authority(settings, patience)?;
        let log_key = parts.notary.verifier_key().clone();
        let anchors = settings.anchors.iter().map(|folder| Anchor::new(folder, log_key.clone())).collect();
        let outside =
            Arc::new(Self { parts, witnesses, anchors, authority, task: std::sync::OnceLock::new() });
        let intervals = Intervals {
            witnesses: Duration::from_secs(settings.witness_seconds),
            anchors: Duration::from_secs(settings.anchor_seconds),
            stamps: Duration::from_secs(settings.timestamp_seconds),
        };
        let is_alone =
            outside.witnesses.is_empty() && outside.anchors.is_empty() && outside.authority.is_none();
        if !is_alone {
            let running = tokio::spawn(run(Arc::downgrade(&outside), intervals));
            let _ = outside.task.set(running);
        }
        Ok(outside)
    }

    /// Whether this instance is the one that signs, and so the one that asks outside.
    fn leads(&self) -> bool {
        *self.parts.notary.leads().borrow()
    }

    /// A checkpoint that covers a position, with the cosignatures of all witnesses that answer, kept for good by all
    /// anchors that can be written. An instance that does not sign asks no witness: it takes the cosignatures that the
    /// one which does was given so far.
    ///
    /// # Errors
    /// As for [`Notary::covering`]. A witness that does not answer is no error, nor is an anchor.
    pub async fn attest(
        &self,
        position: Position,
        at_most: Duration,
    ) -> Result<Arc<SignedCheckpoint>, NotaryError> {
        let checkpoint = self.parts.notary.covering(position, at_most).await?;
        let checkpoint = if self.witnesses.is_empty() || !self.leads() {
            checkpoint
        } else {
            match self.cosign(&checkpoint).await {
                Ok(cosigned) => Arc::new(cosigned),
                // Another instance took over while the witnesses answered.
                Err(error) if !self.leads() => {
                    warn(&error, "cosignatures are not kept; another instance asks for them");
                    checkpoint
                }
                Err(error) => return Err(error),
            }
        };
        for anchor in &self.anchors {
            let (anchor, checkpoint) = (anchor.clone(), Arc::clone(&checkpoint));
            let folder = anchor.folder().to_owned();
            let kept = tokio::task::spawn_blocking(move || anchor.keep(&checkpoint)).await;
            if let Ok(Err(error)) = kept {
                let error = &error as &(dyn std::error::Error + 'static);
                tracing::error!(error, folder = %folder.display(), "an anchor did not keep a checkpoint");
            }
        }
        Ok(checkpoint)
    }

    /// Asks all witnesses at once to cosign a checkpoint.
    async fn cosign(&self, checkpoint: &SignedCheckpoint) -> Result<SignedCheckpoint, NotaryError> {
        let asked = self.witnesses.iter().map(|witness| self.ask(witness, checkpoint));
        let mut lines = Vec::new();
        for (witness, answer) in self.witnesses.iter().zip(futures::future::join_all(asked).await) {
            match answer {
                Ok(signed) => lines.extend(signed),
                Err(error) => {
                    let (error, witness) = (&*error as &dyn std::error::Error, witness.client.key().name());
                    tracing::warn!(error, witness, "a witness did not cosign");
                }
            }
        }
        if lines.is_empty() {
            return Ok(checkpoint.clone());
        }
        self.parts.notary.add_signatures(checkpoint, &lines).await
    }

    async fn ask(
        &self,
        witness: &Witness,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
        let size = checkpoint.checkpoint.size;
        let mut known = witness.known.lock().await;
        for _ in 0..WITNESS_TRIES_MAX {
            if *known > size {
                // It has seen a newer checkpoint, and older ones are not cosigned any more.
                return Ok(Vec::new());
            }
            let proof = self.parts.notary.prove_consistency(*known, size).await?;
            match witness.client.add_checkpoint(*known, &proof, checkpoint).await {
                Ok(lines) => {
                    *known = size;
                    return Ok(lines);
                }
                Err(WitnessError::KnowsSize { known: size }) => *known = size,
                Err(error) => return Err(error.into()),
            }
        }
        Err(WitnessError::Answer("it knew another size each time").into())
    }

    /// Copies the newest checkpoint and the register of erased people to all anchors.
    ///
    /// # Errors
    /// When the store or the notary fails; an anchor that fails is told of and does not keep the others waiting.
    pub async fn anchor(&self) -> Result<(), NotaryError> {
        let Some(checkpoint) = self.parts.notary.state().checkpoint else { return Ok(()) };
        let fenced = self.parts.store.fenced_streams().await.map_err(unreadable)?;
        let erased: BTreeSet<SubjectId> = fenced.iter().filter_map(StreamName::subject).cloned().collect();
        let mut is_held = false;
        for anchor in &self.anchors {
            match self.anchor_at(anchor, &checkpoint, &erased).await {
                Ok(()) => is_held = true,
                Err(error) => {
                    let error = &*error as &dyn std::error::Error;
                    tracing::error!(error, folder = %anchor.folder().display(), "an anchor was not written");
                }
            }
        }
        if is_held { self.parts.notary.keep(&checkpoint).await } else { Ok(()) }
    }

    async fn anchor_at(
        &self,
        anchor: &Anchor,
        checkpoint: &Arc<SignedCheckpoint>,
        erased: &BTreeSet<SubjectId>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let there = anchor.read()?.checkpoint.map(|there| there.checkpoint);
        let is_extended = match &there {
            Some(there) => self.parts.notary.extends(there).await?,
            None => false,
        };
        let (anchor, checkpoint, erased) = (anchor.clone(), Arc::clone(checkpoint), erased.clone());
        let key = Arc::clone(&self.parts.key);
        let write = move || {
            let extends = |old: &_| is_extended && there.as_ref() == Some(old);
            anchor.write(&checkpoint, &erased, &key, extends)
        };
        let written: Result<(), AnchorError> = tokio::task::spawn_blocking(write).await?;
        Ok(written?)
    }
}

fn unreadable(error: StoreError) -> NotaryError {
    NotaryError::Entries(error.into())
}
