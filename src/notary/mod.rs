//! The notary: a transparency log over the events (RFC 6962 tree, C2SP tiles and signed checkpoints).
//!
//! It follows the event store and is no part of an append: it works over any engine, and whatever befalls it, events
//! are taken. Within a second of an event it signs a checkpoint that covers it. It signs nothing that does not
//! extend what it signed before, nor what copies outside hold; then it says why, and what the way out is.
//!
//! Of several instances over PostgreSQL exactly one signs: whoever holds the lease, and through no other session can the
//! tree be written. The others publish what it wrote, prove from the same tables, and take over when it is gone.
//!
//! The formats ([`tree`], [`tile`], [`note`], [`checkpoint`], [`proof`], [`heads`]) are pure and know no log.

pub mod checkpoint;
mod error;
mod follower;
mod growth;
pub mod heads;
mod heads_keeper;
mod kept;
pub mod note;
mod onlooker;
pub mod proof;
mod requests;
mod serving;
mod session;
pub mod source;
pub mod stored;
mod tables;
pub mod tile;
pub mod tree;
mod turns;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::{Position, StreamName};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::checkpoint::SignedCheckpoint;
pub use self::error::{NotaryError, Refusal};
use self::follower::{Command, Follower};
use self::heads::HeadProof;
use self::kept::Keeper;
pub use self::kept::KeptCheckpoint;
use self::note::{SigningKey, VerifierKey};
use self::requests::{ANSWER_WAIT_MAX, LOOK_EVERY, LOOK_FIRST};
use self::source::Entries;
use self::tables::LogTables;
pub use self::tables::{KeptStamp, TablesError};
use self::tree::Hash;
use crate::clock::Entropy;
use crate::db::DatabaseError;
use crate::db::postgres::Postgres;

/// Where the tree is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a file, for one process.
    File(PathBuf),
    /// In a schema, for one instance or several.
    Postgres(Postgres),
}

impl Place {
    fn failed(&self, source: sqlx::Error) -> DatabaseError {
        match self {
            Self::File(path) => DatabaseError::Open { path: path.clone(), source },
            Self::Postgres(place) => DatabaseError::Connect { place: place.name(), source },
        }
    }
}

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
    /// Where the tree is.
    pub place: Place,
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
    /// Randomness, so that instances do not try in step.
    pub entropy: Arc<dyn Entropy>,
}

/// The notary of one log.
#[derive(Debug)]
pub struct Notary {
    tables: Arc<LogTables>,
    entries: Arc<dyn Entries>,
    verifier_key: VerifierKey,
    state: watch::Sender<State>,
    commands: mpsc::UnboundedSender<Command>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Notary {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Notary {
    /// Opens the tables of the tree, or makes them, and follows the log.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the place.
    pub async fn open(opening: Opening<'_>) -> Result<Self, DatabaseError> {
        let tables = Arc::new(LogTables::open(opening.place).await?);
        let verifier_key = opening.key.verifier_key().clone();
        let (state, _) = watch::channel(State::default());
        let (commands, inbox) = mpsc::unbounded_channel();
        let follower = Arc::new(Follower {
            entries: Arc::clone(&opening.entries),
            tables: Arc::clone(&tables),
            key: opening.key,
            origin: verifier_key.name().to_owned(),
            kept: Keeper::new(KeptCheckpoint::beside(opening.signing_key_file)),
            outside: opening.outside,
            settings: opening.settings,
            entropy: opening.entropy,
            state: state.clone(),
        });
        let mut tasks = vec![tokio::spawn(Arc::clone(&follower).run(inbox))];
        if tables.session.is_among_several() {
            tasks.push(tokio::spawn(follower.look_on()));
            let lives = Arc::clone(&tables);
            tasks.push(tokio::spawn(async move { lives.session.live().await }));
        }
        Ok(Self { tables, entries: opening.entries, verifier_key, state, commands, tasks })
    }

    /// The key that verifies this log's checkpoints (C2SP signed-note).
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    /// Whether this instance is the one that signs, as that changes. Over a file it always is.
    #[must_use]
    pub fn leads(&self) -> watch::Receiver<bool> {
        self.tables.session.leads()
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
    /// [`NotaryError::Refused`] when nothing is signed any more, or nobody gets on, [`NotaryError::NotCovered`] when it
    /// takes longer than `at_most`.
    pub async fn covering(
        &self,
        position: Position,
        at_most: Duration,
    ) -> Result<Arc<SignedCheckpoint>, NotaryError> {
        let mut states = self.watch();
        let _ = self.commands.send(Command::Sign);
        let is_refused = |state: &State| state.refusal.as_ref().is_some_and(Refusal::is_final);
        let reached = states.wait_for(|state| is_refused(state) || state.position >= position);
        match tokio::time::timeout(at_most, reached).await {
            Err(_) => match self.state.borrow().refusal.clone() {
                Some(refusal) => Err(refusal.into()),
                None => Err(NotaryError::NotCovered(position)),
            },
            Ok(Err(_)) => Err(NotaryError::Closed),
            Ok(Ok(state)) => match (&state.checkpoint, &state.refusal) {
                (Some(checkpoint), _) if state.position >= position => Ok(Arc::clone(checkpoint)),
                (_, Some(refusal)) => Err(refusal.clone().into()),
                _ => Err(NotaryError::NotCovered(position)),
            },
        }
    }

    /// The root over the ends of all streams now, with proofs for some. Whoever asks records it in the log.
    ///
    /// # Errors
    /// [`NotaryError::Refused`]; among several instances also [`NotaryError::Unanswered`], when none of them signs.
    pub async fn commit_heads(&self, streams: Vec<StreamName>) -> Result<HeadsCommitment, NotaryError> {
        if self.tables.session.is_among_several() {
            return self.ask_for_heads(&streams).await;
        }
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Heads { streams, reply }).map_err(|_| NotaryError::Closed)?;
        Ok(answer.await.map_err(|_| NotaryError::Closed)??)
    }

    /// Asks the instance that signs, be it this one or another: which one it is may change in between.
    async fn ask_for_heads(&self, streams: &[StreamName]) -> Result<HeadsCommitment, NotaryError> {
        let until = Instant::now() + ANSWER_WAIT_MAX;
        let number = self.tables.ask(streams).await?;
        let _ = self.commands.send(Command::Sign);
        let mut pause = LOOK_FIRST;
        loop {
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(LOOK_EVERY);
            match self.tables.answer_to(number, streams.len()).await {
                Ok(Some(heads)) => return Ok(heads),
                // The database may be back in time.
                Ok(None) | Err(TablesError::Engine(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let (is_late, refusal) = (Instant::now() >= until, self.state.borrow().refusal.clone());
            match refusal {
                Some(refusal) if is_late || refusal.is_final() => return Err(refusal.into()),
                None if is_late => return Err(NotaryError::Unanswered(ANSWER_WAIT_MAX.as_secs())),
                _ => {}
            }
        }
    }

    /// Adds signatures of others to a checkpoint, keeps it, and publishes it if it is the newest still.
    ///
    /// # Errors
    /// When a line is no signature line, the tables fail, or another instance signs for the log.
    pub async fn add_signatures(
        &self,
        signed: &SignedCheckpoint,
        lines: &[String],
    ) -> Result<SignedCheckpoint, NotaryError> {
        let size = signed.checkpoint.size;
        // Somebody else may have signed it meanwhile.
        let mut signed = match self.tables.checkpoint_at(size).await? {
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
    /// When the tables fail, or another instance signs for the log.
    pub async fn keep(&self, signed: &SignedCheckpoint) -> Result<(), NotaryError> {
        Ok(self.tables.put_checkpoint(signed.checkpoint.size, &signed.note.to_string(), true).await?)
    }

    /// Keeps a stamp over a checkpoint.
    ///
    /// # Errors
    /// When the tables fail, or another instance signs for the log.
    pub async fn keep_stamp(&self, stamp: &KeptStamp) -> Result<(), NotaryError> {
        self.tables.put_checkpoint(stamp.size, &stamp.note, true).await?;
        Ok(self.tables.put_stamp(stamp).await?)
    }
}
