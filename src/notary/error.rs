//! Why the notary signs nothing any more, and why it could not answer.

use std::path::PathBuf;

use subject_record_schemas::Position;

use super::checkpoint;
use super::source::EntriesError;
use super::tables::TablesError;
use super::tree::TreeError;

/// Why no checkpoint is signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The log has fewer entries than were signed.
    #[error(
        "the log ends at position {position} and {signed} entries of it were signed or held outside: it was rolled back. Put back the newest copy of the events and of the tree (events.db and log.db, or the schemas events and log). If `store copy` brought it here from or to KurrentDB, where positions are others, the tree is made anew: begin with a data folder of its own. If entries are lost for good, open a new log whose first event names this one"
    )]
    RolledBack {
        /// Entries under the newest checkpoint.
        signed: u64,
        /// Where the log ends.
        position: Position,
    },
    /// The log's tree is another than the one that was signed.
    #[error(
        "the first {size} entries of the log have another root than the checkpoint over them: entries were altered, or the tree was. Run `subject-record log check`. If only the tree is wrong, remove log.db, or on PostgreSQL all rows of the schema log, and it is made anew; if entries are, put back an intact copy, or open a new log whose first event names this one"
    )]
    OtherRoot {
        /// Entries under the checkpoint.
        size: u64,
    },
    /// The newest entry under the tree is another one now.
    #[error(
        "the event at position {position} is another one than the tree was built of: events and tree are not of one log, or the log was rewritten. Run `subject-record log check`; put back the events, or remove the tree if that one is wrong (log.db, or on PostgreSQL all rows of the schema log)"
    )]
    Rewritten {
        /// Its position.
        position: Position,
    },
    /// An event's bytes do not have the hash that is stored beside them.
    #[error(
        "the bytes of the event at position {position} do not have its leaf hash: they were altered. Put back an intact copy of the events"
    )]
    Altered {
        /// Its position.
        position: Position,
    },
    /// The signing key signed for another log.
    #[error(
        "{path} is a checkpoint of the log {origin}: this signing key belongs to that log. Set paths.signing_key to the key of this one"
    )]
    OtherOrigin {
        /// The kept checkpoint.
        path: PathBuf,
        /// Whose it is.
        origin: String,
    },
    /// The kept checkpoint is not signed by the key.
    #[error(
        "{path} is not signed by the signing key beside it: put back a copy of it, or of the newest published checkpoint"
    )]
    KeptNotSigned {
        /// The kept checkpoint.
        path: PathBuf,
    },
    /// Another instance signs for the log, and refuses to.
    #[error("{0}")]
    Elsewhere(String),
    /// Something failed for now; the service's own log says what, and it is tried again.
    #[error("the notary does not get on at the moment")]
    Failed,
}

impl Refusal {
    /// Whether waiting for the end of it is in vain. Another instance's may end when that one does.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Failed | Self::Elsewhere(_))
    }
}

/// Why the notary could not answer.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// It refuses to sign.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its tables failed, or another instance signs for the log.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The log could not be read.
    #[error(transparent)]
    Entries(#[from] EntriesError),
    /// A proof could not be computed.
    #[error("a proof could not be computed")]
    Tree(#[from] TreeError),
    /// A signature to be added does not fit.
    #[error("a checkpoint could not be changed")]
    Checkpoint(#[from] checkpoint::CheckpointError),
    /// No checkpoint covers it yet.
    #[error("no signed checkpoint covers position {0} yet")]
    NotCovered(Position),
    /// The instance that signs for the log did not answer this one.
    #[error("no instance that signs for the log answered within {0} seconds: ask again")]
    Unanswered(u64),
    /// There is no such entry.
    #[error("there is no event at position {0}")]
    NoEntry(Position),
    /// The notary is stopping.
    #[error("the service is stopping")]
    Closed,
}
