//! Follows the log: grows the tree, keeps the map of heads, signs checkpoints.

use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::{Position, StreamName};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::file::{FileError, LogFile};
use super::growth::Growth;
use super::heads::{StreamEnd, name_hash};
use super::heads_keeper::{HeadsKeeper, PENDING_MAX};
use super::kept::{KeptCheckpoint, KeptError};
use super::note::SigningKey;
use super::source::{Entries, EntriesError, Entry};
use super::tree::{Hash, TreeError, leaf_hash};
use super::{HeadsCommitment, Refusal, Settings, State};

/// Pause before what failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What the follower is asked.
#[derive(Debug)]
pub(super) enum Command {
    /// To sign a checkpoint now over all that is recorded.
    Sign,
    /// The root over all heads now, and proofs for these streams.
    Heads { streams: Vec<StreamName>, reply: oneshot::Sender<Result<HeadsCommitment, Refusal>> },
}

/// Why the notary does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Entries(#[from] EntriesError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("the tree cannot be computed")]
    Tree(#[from] TreeError),
    #[error("a checkpoint cannot be signed")]
    Sign(#[from] super::checkpoint::CheckpointError),
    /// Signing would be wrong. It is not tried again.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Follows one log.
pub(super) struct Follower {
    pub(super) entries: Arc<dyn Entries>,
    pub(super) file: Arc<LogFile>,
    pub(super) key: Arc<SigningKey>,
    pub(super) origin: String,
    pub(super) kept: KeptCheckpoint,
    /// What outside copies hold: the log must extend it.
    pub(super) outside: Vec<SignedCheckpoint>,
    pub(super) settings: Settings,
    pub(super) state: watch::Sender<State>,
}

/// What is in memory while it runs.
struct Running {
    growth: Growth,
    heads: HeadsKeeper,
    signed_size: u64,
    signed_at: Option<Instant>,
}

impl Follower {
    /// Runs until the notary is let go, or refuses to sign.
    pub(super) async fn run(self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            match self.follow(&mut commands).await {
                Ok(()) => return,
                Err(Fault::Refused(refusal)) => {
                    tracing::error!(%refusal, "no checkpoint is signed any more");
                    self.state.send_modify(|state| state.refusal = Some(refusal.clone()));
                    while let Some(command) = commands.recv().await {
                        if let Command::Heads { reply, .. } = command {
                            let _ = reply.send(Err(refusal.clone()));
                        }
                    }
                    return;
                }
                Err(fault) => {
                    tell(&fault);
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    async fn follow(&self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Result<(), Fault> {
        let mut news = self.entries.head();
        let mut open = self.begin().await?;
        loop {
            news.borrow_and_update();
            self.catch_up(&mut open).await?;
            self.sign(&mut open).await?;
            let command = tokio::select! {
                changed = news.changed() => match changed {
                    Ok(()) => self.gather(commands).await,
                    Err(_) => return Ok(()),
                },
                command = commands.recv() => match command {
                    Some(command) => Some(command),
                    None => return Ok(()),
                },
            };
            if let Some(Command::Heads { streams, reply }) = command {
                let committed = self.commit_heads(&mut open, &streams).await;
                match committed {
                    Ok(committed) => {
                        let _ = reply.send(Ok(committed));
                    }
                    Err(fault) => {
                        let _ = reply.send(Err(Refusal::Failed));
                        return Err(fault);
                    }
                }
            }
        }
    }

    /// New entries gather for a while, so that under load a transaction and a signature serve many; whoever asks
    /// cuts it short.
    async fn gather(&self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Option<Command> {
        tokio::time::timeout(self.settings.checkpoint_every, commands.recv()).await.ok().flatten()
    }

    /// Takes up the tree where it was left and holds it against what was signed.
    async fn begin(&self) -> Result<Running, Fault> {
        let growth = self.file.growth().await?;
        if growth.size > 0 {
            let there = self.entries.at(&[growth.position]).await?.pop().flatten();
            match there {
                Some(entry) if entry.leaf_hash == growth.leaf => {}
                Some(_) => return Err(Refusal::Rewritten { position: growth.position }.into()),
                None => {
                    return Err(Refusal::RolledBack { signed: growth.size, position: growth.position }.into());
                }
            }
        }
        let heads = HeadsKeeper::open(&self.file).await?;
        if heads.position > growth.position {
            return Err(FileError::Row("the map of heads is ahead of the tree").into());
        }
        let mut open = Running { growth, heads, signed_size: 0, signed_at: None };
        self.read_heads_again(&mut open).await?;
        self.catch_up(&mut open).await?;
        let kept = self.kept.read()?;
        if let Some(kept) = &kept {
            if kept.checkpoint.origin != self.origin {
                let (path, origin) = (self.kept.path().to_owned(), kept.checkpoint.origin.clone());
                return Err(Refusal::OtherOrigin { path, origin }.into());
            }
            if kept.verify(self.key.verifier_key()).is_err() {
                return Err(Refusal::KeptNotSigned { path: self.kept.path().to_owned() }.into());
            }
        }
        for held in kept.iter().chain(&self.outside) {
            self.extends(&open.growth, &held.checkpoint).await?;
        }
        if let Some(kept) = kept {
            open.signed_size = kept.checkpoint.size;
            let note = self.file.checkpoint_at(kept.checkpoint.size).await?;
            let published = note.and_then(|note| SignedCheckpoint::parse(&note).ok()).unwrap_or(kept);
            self.publish(&open.growth, published).await?;
        }
        Ok(open)
    }

    /// Whether the log as it stands extends a checkpoint.
    async fn extends(&self, growth: &Growth, held: &Checkpoint) -> Result<(), Fault> {
        if held.size > growth.size {
            return Err(Refusal::RolledBack { signed: held.size, position: growth.position }.into());
        }
        let root = if held.size == growth.size { growth.root()? } else { self.file.root(held.size).await? };
        if root == held.root { Ok(()) } else { Err(Refusal::OtherRoot { size: held.size }.into()) }
    }

    /// Entries between what the map of heads holds and what the tree holds.
    async fn read_heads_again(&self, open: &mut Running) -> Result<(), Fault> {
        let (mut at, until) = (open.heads.position, open.growth.position);
        while at < until {
            let entries = self.entries.after(at, self.settings.batch_events).await?;
            let Some(last) = entries.last() else { break };
            at = last.position;
            for entry in entries.iter().filter(|entry| entry.position <= until) {
                note_head(&mut open.heads, entry);
            }
            self.write_heads_if_many(open, at.min(until)).await?;
        }
        Ok(())
    }

    async fn catch_up(&self, open: &mut Running) -> Result<(), Fault> {
        loop {
            let entries = self.entries.after(open.growth.position, self.settings.batch_events).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in &entries {
                if leaf_hash(entry.bytes.as_bytes()) != entry.leaf_hash {
                    return Err(Refusal::Altered { position: entry.position }.into());
                }
                open.growth.push(entry.position, entry.leaf_hash);
                note_head(&mut open.heads, entry);
            }
            let grown = open.growth.grown();
            self.file.write(&open.growth, &grown).await?;
            let at = open.growth.position;
            self.write_heads_if_many(open, at).await?;
            // A log that never rests is signed all the same; one that is read for the first time is not, half read.
            let due = open.signed_at.is_some_and(|at| at.elapsed() >= self.settings.checkpoint_every);
            if due && open.growth.size > open.signed_size {
                self.sign(open).await?;
            }
        }
    }

    async fn write_heads_if_many(&self, open: &mut Running, at: Position) -> Result<(), Fault> {
        if open.heads.pending() >= PENDING_MAX {
            open.heads.write(&self.file, at).await?;
        }
        Ok(())
    }

    /// Signs the tree as it stands, if it grew.
    async fn sign(&self, open: &mut Running) -> Result<(), Fault> {
        open.signed_at = Some(Instant::now());
        if open.growth.size <= open.signed_size {
            return Ok(());
        }
        let (size, root) = (open.growth.size, open.growth.root()?);
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root };
        let signed = SignedCheckpoint::sign(checkpoint, &self.key)?;
        let (kept, to_keep) = (self.kept.clone(), signed.clone());
        let written = tokio::task::spawn_blocking(move || kept.write(&to_keep)).await;
        written.map_err(|_| Refusal::Failed)??;
        self.file.put_checkpoint(size, &signed.note.to_string(), false).await?;
        open.signed_size = size;
        self.publish(&open.growth, signed).await
    }

    async fn publish(&self, growth: &Growth, signed: SignedCheckpoint) -> Result<(), Fault> {
        let position = if signed.checkpoint.size == growth.size {
            growth.position
        } else {
            self.file.position_before(signed.checkpoint.size).await?
        };
        self.state.send_modify(|state| {
            state.position = position;
            state.checkpoint = Some(Arc::new(signed));
        });
        Ok(())
    }

    /// The root over all heads now. The caller records it.
    async fn commit_heads(
        &self,
        open: &mut Running,
        streams: &[StreamName],
    ) -> Result<HeadsCommitment, Fault> {
        self.catch_up(open).await?;
        let at_position = open.growth.position;
        open.heads.write(&self.file, at_position).await?;
        let names: Vec<Hash> = streams.iter().map(|stream| name_hash(&stream.to_string())).collect();
        let proofs = open.heads.prove(&self.file, &names).await?;
        let (root, streams) = (open.heads.root(), open.heads.streams);
        Ok(HeadsCommitment { root, streams, at_position, proofs })
    }
}

fn note_head(heads: &mut HeadsKeeper, entry: &Entry) {
    let end = StreamEnd { revision: entry.revision, leaf_hash: entry.leaf_hash };
    heads.note(name_hash(&entry.stream.to_string()), end);
}

fn tell(fault: &Fault) {
    let error = fault as &dyn std::error::Error;
    tracing::error!(error, "the notary does not go on; it tries again");
}
