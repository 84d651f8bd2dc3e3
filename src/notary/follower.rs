//! Follows the log: grows the tree, keeps the map of heads, signs checkpoints.
//!
//! Among several instances only the one that holds the lease does so, from taking it until it is lost; the others look
//! on ([`super::turns`], [`super::onlooker`]). A checkpoint is kept beside the key, then written through the session, then published. A
//! holder that loses its session in between has published nothing, and what it kept is over entries that were written
//! to the tables before, so that whoever holds the lease next extends it.

use std::sync::Arc;

use subject_record_schemas::{Position, StreamName};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::growth::Growth;
use super::heads::{StreamEnd, name_hash};
use super::heads_keeper::{HeadsKeeper, PENDING_MAX};
use super::kept::{Keeper, KeptError};
use super::note::SigningKey;
use super::source::{Entries, EntriesError, Entry};
use super::tables::{LogTables, TablesError};
use super::tree::{Hash, TreeError, leaf_hash};
use super::{HeadsCommitment, Refusal, Settings, State};
use crate::clock::Entropy;

/// What the follower is asked.
#[derive(Debug)]
pub(super) enum Command {
    /// To sign a checkpoint now over all that is recorded.
    Sign,
    /// The root over all heads now, and proofs for these streams.
    Heads { streams: Vec<StreamName>, reply: oneshot::Sender<Result<HeadsCommitment, Refusal>> },
}

pub(super) type Commands = mpsc::UnboundedReceiver<Command>;

/// Why the notary does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Entries(#[from] EntriesError),
    #[error(transparent)]
    Tables(#[from] TablesError),
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("the tree cannot be computed")]
    Tree(#[from] TreeError),
    #[error("a checkpoint cannot be signed, or is not signed by this log")]
    Sign(#[from] super::checkpoint::CheckpointError),
    /// Signing would be wrong. It is not tried again.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Follows one log.
pub(super) struct Follower {
    pub(super) entries: Arc<dyn Entries>,
    pub(super) tables: Arc<LogTables>,
    pub(super) key: Arc<SigningKey>,
    pub(super) origin: String,
    pub(super) kept: Keeper,
    /// What outside copies hold: the log must extend it.
    pub(super) outside: Vec<SignedCheckpoint>,
    pub(super) settings: Settings,
    pub(super) entropy: Arc<dyn Entropy>,
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
    /// Follows for as long as it goes well, and the session is held.
    pub(super) async fn follow(&self, commands: &mut Commands) -> Result<(), Fault> {
        let mut news = self.entries.head();
        let mut open = self.begin().await?;
        self.tables.session.lead().await?;
        self.state.send_if_modified(|state| state.refusal.take().is_some());
        loop {
            news.borrow_and_update();
            self.catch_up(&mut open).await?;
            self.sign(&mut open).await?;
            self.answer(&mut open).await?;
            let command = tokio::select! {
                changed = news.changed() => match changed {
                    Ok(()) => self.gather(commands).await,
                    Err(_) => return Ok(()),
                },
                command = commands.recv() => match command {
                    Some(command) => Some(command),
                    None => return Ok(()),
                },
                asked = self.tables.asked() => {
                    asked?;
                    None
                }
                () = self.tables.session.lost() => return Err(TablesError::Lost.into()),
            };
            if let Some(Command::Heads { streams, reply }) = command {
                let names: Vec<Hash> = streams.iter().map(|stream| name_hash(&stream.to_string())).collect();
                match self.commit_heads(&mut open, &names).await {
                    Ok(committed) => drop(reply.send(Ok(committed))),
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
    async fn gather(&self, commands: &mut Commands) -> Option<Command> {
        tokio::time::timeout(self.settings.checkpoint_every, commands.recv()).await.ok().flatten()
    }

    /// Takes up the tree where it was left and holds it against what was signed.
    async fn begin(&self) -> Result<Running, Fault> {
        let growth = self.tables.growth().await?;
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
        let heads = HeadsKeeper::open(&self.tables).await?;
        if heads.position > growth.position {
            return Err(TablesError::Row("the map of heads is ahead of the tree").into());
        }
        let mut open = Running { growth, heads, signed_size: 0, signed_at: None };
        self.read_heads_again(&mut open).await?;
        self.catch_up(&mut open).await?;
        let kept = self.kept.of_log(&self.key)?;
        // What this instance signed or looked at last may be long ago: another one may have signed since.
        let written = self.tables.newest_checkpoint().await?;
        let written = written.and_then(|note| SignedCheckpoint::parse(&note).ok());
        let written = written.filter(|signed| signed.verify(self.key.verifier_key()).is_ok());
        for held in kept.iter().chain(&written).chain(&self.outside) {
            self.extends(&open.growth, &held.checkpoint).await?;
        }
        // Of two that are equal the one that others may have signed too.
        if let Some(newest) = kept.into_iter().chain(written).max_by_key(|held| held.checkpoint.size) {
            open.signed_size = newest.checkpoint.size;
            self.publish(&open.growth, newest).await?;
        }
        self.tables.clear_refusal().await?;
        Ok(open)
    }

    /// Whether the log as it stands extends a checkpoint.
    async fn extends(&self, growth: &Growth, held: &Checkpoint) -> Result<(), Fault> {
        if held.size > growth.size {
            return Err(Refusal::RolledBack { signed: held.size, position: growth.position }.into());
        }
        let root =
            if held.size == growth.size { growth.root()? } else { self.tables.root(held.size).await? };
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
            self.tables.write(&open.growth, &grown).await?;
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
            open.heads.write(&self.tables, at).await?;
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
        self.kept.keep(&signed).await?;
        self.tables.put_checkpoint(size, &signed.note.to_string(), false).await?;
        open.signed_size = size;
        self.publish(&open.growth, signed).await
    }

    async fn publish(&self, growth: &Growth, signed: SignedCheckpoint) -> Result<(), Fault> {
        let position = if signed.checkpoint.size == growth.size {
            growth.position
        } else {
            self.tables.position_before(signed.checkpoint.size).await?
        };
        self.state.send_modify(|state| {
            state.position = position;
            state.checkpoint = Some(Arc::new(signed));
        });
        Ok(())
    }

    /// Answers what other instances ask.
    async fn answer(&self, open: &mut Running) -> Result<(), Fault> {
        for request in self.tables.requests().await? {
            let committed = self.commit_heads(open, &request.names).await?;
            self.tables.answer(request.number, &committed).await?;
        }
        Ok(())
    }

    /// The root over all heads now. The caller records it.
    async fn commit_heads(&self, open: &mut Running, names: &[Hash]) -> Result<HeadsCommitment, Fault> {
        self.catch_up(open).await?;
        let at_position = open.growth.position;
        open.heads.write(&self.tables, at_position).await?;
        let proofs = open.heads.prove(&self.tables, names).await?;
        let (root, streams) = (open.heads.root(), open.heads.streams);
        Ok(HeadsCommitment { root, streams, at_position, proofs })
    }
}

fn note_head(heads: &mut HeadsKeeper, entry: &Entry) {
    let end = StreamEnd { revision: entry.revision, leaf_hash: entry.leaf_hash };
    heads.note(name_hash(&entry.stream.to_string()), end);
}
