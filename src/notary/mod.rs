//! The notary: a transparency log over the events (RFC 6962 tree, C2SP tiles and signed checkpoints).
//!
//! It follows the event store and is no part of an append: it works over any engine, and whatever befalls it, events
//! are taken. Within a second of an event it signs a checkpoint that covers it. It signs nothing that does not
//! extend what it signed before, nor what copies outside hold; then it says why, and what the way out is.
//!
//! The formats ([`tree`], [`tile`], [`note`], [`checkpoint`], [`proof`], [`heads`]) are pure and know no log.

pub mod checkpoint;
mod error;
mod file;
mod follower;
mod growth;
pub mod heads;
mod heads_keeper;
mod kept;
pub mod note;
pub mod proof;
pub mod source;
pub mod stored;
#[cfg(test)]
mod tests;
pub mod tile;
pub mod tree;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::{Position, StreamName};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::checkpoint::SignedCheckpoint;
pub use self::error::{NotaryError, Refusal};
use self::file::LogFile;
pub use self::file::{FileError, KeptStamp};
use self::follower::{Command, Follower};
use self::heads::HeadProof;
pub use self::kept::KeptCheckpoint;
use self::note::{SigningKey, VerifierKey};
use self::proof::TlogProof;
use self::source::Entries;
use self::tile::{TILE_WIDTH, TileId, TileSet, entry_bundle, tiles_needed};
use self::tree::{Hash, prove_consistency, prove_inclusion};
use crate::db::DatabaseError;

/// Bytes of a hash in a tile.
const HASH_BYTES: usize = 32;

/// How the notary runs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long new entries gather before they are put under a signed checkpoint.
    pub checkpoint_every: Duration,
    /// Entries that are read and written at a time.
    pub batch_events: u32,
}

/// What the notary is at.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The newest published checkpoint.
    pub checkpoint: Option<Arc<SignedCheckpoint>>,
    /// Last position under it.
    pub position: Position,
    /// Why nothing is signed any more.
    pub refusal: Option<Refusal>,
}

/// The root over the ends of all streams, to be recorded in the log.
#[derive(Clone, Debug)]
pub struct HeadsCommitment {
    /// Root over the 65,536 buckets.
    pub root: Hash,
    /// Streams under it.
    pub streams: u64,
    /// Last position it takes into account.
    pub at_position: Position,
    /// Proofs for the streams that were asked for, in the same order.
    pub proofs: Vec<HeadProof>,
}

/// What a notary is opened with.
#[derive(Debug)]
pub struct Opening<'a> {
    /// `log.db`.
    pub file: &'a Path,
    /// The signing key's file.
    pub signing_key_file: &'a Path,
    /// The signing key; its name is the origin of the log.
    pub key: Arc<SigningKey>,
    /// The log.
    pub entries: Arc<dyn Entries>,
    /// Checkpoints that copies outside hold.
    pub outside: Vec<SignedCheckpoint>,
    /// How it runs.
    pub settings: Settings,
}

/// The notary of one log.
#[derive(Debug)]
pub struct Notary {
    file: Arc<LogFile>,
    entries: Arc<dyn Entries>,
    verifier_key: VerifierKey,
    state: watch::Sender<State>,
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<()>,
}

impl Drop for Notary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Notary {
    /// Opens the file of the tree, or makes it, and follows the log.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the file.
    pub async fn open(opening: Opening<'_>) -> Result<Self, DatabaseError> {
        let file = Arc::new(LogFile::open(opening.file).await?);
        let verifier_key = opening.key.verifier_key().clone();
        let (state, _) = watch::channel(State::default());
        let (commands, inbox) = mpsc::unbounded_channel();
        let follower = Follower {
            entries: Arc::clone(&opening.entries),
            file: Arc::clone(&file),
            key: opening.key,
            origin: verifier_key.name().to_owned(),
            kept: KeptCheckpoint::beside(opening.signing_key_file),
            outside: opening.outside,
            settings: opening.settings,
            state: state.clone(),
        };
        let task = tokio::spawn(follower.run(inbox));
        Ok(Self { file, entries: opening.entries, verifier_key, state, commands, task })
    }

    /// The key that verifies this log's checkpoints (C2SP signed-note).
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    /// What it is at, as that changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// What it is at.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// A published checkpoint that covers a position, waited for if need be.
    ///
    /// # Errors
    /// [`NotaryError::Refused`] when nothing is signed any more, [`NotaryError::NotCovered`] when it takes longer
    /// than `at_most`.
    pub async fn covering(
        &self,
        position: Position,
        at_most: Duration,
    ) -> Result<Arc<SignedCheckpoint>, NotaryError> {
        let mut states = self.watch();
        let _ = self.commands.send(Command::Sign);
        let reached = states.wait_for(|state| state.refusal.is_some() || state.position >= position);
        match tokio::time::timeout(at_most, reached).await {
            Err(_) => Err(NotaryError::NotCovered(position)),
            Ok(Err(_)) => Err(NotaryError::Closed),
            Ok(Ok(state)) => match (&state.checkpoint, &state.refusal) {
                (Some(checkpoint), _) if state.position >= position => Ok(Arc::clone(checkpoint)),
                (_, Some(refusal)) => Err(refusal.clone().into()),
                _ => Err(NotaryError::NotCovered(position)),
            },
        }
    }

    /// The first `width` hashes of a tile, if a published checkpoint covers them.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn tile(&self, id: TileId, width: u16) -> Result<Option<Vec<u8>>, NotaryError> {
        if !self.covers(id, width) {
            return Ok(None);
        }
        let tile = self.file.tiles(&[id].into()).await?.remove(&id);
        Ok(tile.and_then(|tile| tile.get(..usize::from(width) * HASH_BYTES).map(<[u8]>::to_vec)))
    }

    /// The first `width` entries of a bundle (C2SP tlog-tiles), if a published checkpoint covers them.
    ///
    /// # Errors
    /// When the file or the log fails.
    pub async fn entries(&self, bundle: u64, width: u16) -> Result<Option<Vec<u8>>, NotaryError> {
        if !self.covers(TileId { level: 0, number: bundle }, width) {
            return Ok(None);
        }
        let Some(mut positions) = self.file.positions_under(bundle).await? else { return Ok(None) };
        positions.truncate(usize::from(width));
        let positions: Vec<Position> = positions.into_iter().map(Position::new).collect();
        let entries = self.entries.at(&positions).await?;
        // An entry whose bytes were withdrawn has no bytes here; its hash stands in the tile.
        let bytes =
            entries.iter().map(|entry| entry.as_ref().map_or(&[][..], |entry| entry.bytes.as_bytes()));
        Ok(Some(entry_bundle(bytes).map_err(|_| FileError::Row("an entry is too long"))?))
    }

    fn covers(&self, id: TileId, width: u16) -> bool {
        let size = self.state.borrow().checkpoint.as_ref().map_or(0, |signed| signed.checkpoint.size);
        let hashes = size.checked_shr(8 * u32::from(id.level)).unwrap_or(0);
        let wanted =
            id.number.checked_mul(u64::from(TILE_WIDTH)).and_then(|first| first.checked_add(width.into()));
        (1..=TILE_WIDTH).contains(&width) && wanted.is_some_and(|wanted| wanted <= hashes)
    }

    /// Places in the tree of the entries at these positions.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn indexes(&self, positions: &[Position]) -> Result<Vec<Option<u64>>, NotaryError> {
        Ok(self.file.indexes(positions).await?)
    }

    /// Proofs that the entries at these positions stand under a checkpoint (C2SP tlog-proof), in the same order.
    ///
    /// # Errors
    /// [`NotaryError::NoEntry`] for a position that has none, [`NotaryError::NotCovered`] for one above the
    /// checkpoint.
    pub async fn prove(
        &self,
        positions: &[Position],
        checkpoint: &SignedCheckpoint,
    ) -> Result<Vec<TlogProof>, NotaryError> {
        let size = checkpoint.checkpoint.size;
        let mut indexes = Vec::with_capacity(positions.len());
        for (position, index) in positions.iter().zip(self.file.indexes(positions).await?) {
            match index {
                Some(index) if index < size => indexes.push(index),
                Some(_) => return Err(NotaryError::NotCovered(*position)),
                None => return Err(NotaryError::NoEntry(*position)),
            }
        }
        let tiles = TileSet::new(self.file.tiles(&tiles_needed(&indexes, &[size])).await?);
        let prove = |index: u64| {
            let hashes = prove_inclusion(index, size, &tiles)?;
            Ok(TlogProof { extra: None, index, hashes, checkpoint: checkpoint.clone() })
        };
        indexes.into_iter().map(prove).collect()
    }

    /// Proof that the tree of one size is the beginning of that of another.
    ///
    /// # Errors
    /// When the file fails, or the sizes are not of this tree.
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, NotaryError> {
        let tiles = TileSet::new(self.file.tiles(&tiles_needed(&[], &[old, new])).await?);
        Ok(prove_consistency(old, new, &tiles)?)
    }

    /// The root over the ends of all streams now, with proofs for some. Whoever asks records it in the log.
    ///
    /// # Errors
    /// [`NotaryError::Refused`].
    pub async fn commit_heads(&self, streams: Vec<StreamName>) -> Result<HeadsCommitment, NotaryError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Heads { streams, reply }).map_err(|_| NotaryError::Closed)?;
        Ok(answer.await.map_err(|_| NotaryError::Closed)??)
    }

    /// Adds signatures of others to a checkpoint, keeps it, and publishes it if it is the newest still.
    ///
    /// # Errors
    /// When a line is no signature line, or the file fails.
    pub async fn add_signatures(
        &self,
        signed: &SignedCheckpoint,
        lines: &[String],
    ) -> Result<SignedCheckpoint, NotaryError> {
        let size = signed.checkpoint.size;
        // Somebody else may have signed it meanwhile.
        let mut signed = match self.file.checkpoint_at(size).await? {
            Some(note) => SignedCheckpoint::parse(&note)?,
            None => signed.clone(),
        };
        for line in lines {
            signed.note = signed.note.with_signature(line).map_err(checkpoint::CheckpointError::from)?;
        }
        self.keep(&signed).await?;
        self.state.send_if_modified(|state| {
            let is_newest = state.checkpoint.as_ref().is_some_and(|newest| newest.checkpoint.size == size);
            if is_newest {
                state.checkpoint = Some(Arc::new(signed.clone()));
            }
            is_newest
        });
        Ok(signed)
    }

    /// Keeps a checkpoint because somebody outside holds it.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn keep(&self, signed: &SignedCheckpoint) -> Result<(), NotaryError> {
        Ok(self.file.put_checkpoint(signed.checkpoint.size, &signed.note.to_string(), true).await?)
    }

    /// Checkpoints that somebody outside holds, up to a size, newest first.
    ///
    /// # Errors
    /// When the file fails, or one of them does not read.
    pub async fn kept_checkpoints(
        &self,
        up_to: u64,
        limit: u32,
    ) -> Result<Vec<SignedCheckpoint>, NotaryError> {
        let notes = self.file.kept_checkpoints(up_to, limit).await?;
        Ok(notes.iter().map(|note| SignedCheckpoint::parse(note)).collect::<Result<_, _>>()?)
    }

    /// Whether the log as it is kept extends a checkpoint.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn extends(&self, checkpoint: &checkpoint::Checkpoint) -> Result<bool, NotaryError> {
        let size = self.state.borrow().checkpoint.as_ref().map_or(0, |signed| signed.checkpoint.size);
        Ok(checkpoint.size <= size && self.file.root(checkpoint.size).await? == checkpoint.root)
    }

    /// Position of the last entry of a tree of this size.
    ///
    /// # Errors
    /// When the file fails or the tree is not that large.
    pub async fn position_before(&self, size: u64) -> Result<Position, NotaryError> {
        Ok(self.file.position_before(size).await?)
    }

    /// Keeps a stamp over a checkpoint.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn keep_stamp(&self, stamp: &KeptStamp) -> Result<(), NotaryError> {
        self.file.put_checkpoint(stamp.size, &stamp.note, true).await?;
        Ok(self.file.put_stamp(stamp).await?)
    }

    /// Stamps over checkpoints up to a size, newest first.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn stamps(&self, up_to: u64, limit: u32) -> Result<Vec<KeptStamp>, NotaryError> {
        Ok(self.file.stamps(up_to, limit).await?)
    }
}
