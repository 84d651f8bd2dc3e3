//! Why the service does not start, and what to do about it.

use std::path::PathBuf;

use crate::db::{DatabaseError, FolderLockError};
use crate::erasure::EraseError;
use crate::intake::Refusal;
use crate::outside::OutsideError;
use crate::store::StoreError;
use crate::store::place::PlaceError;
use crate::vault::VaultError;
use crate::vault::kek::KekError;
use crate::vault::tokens::TokenError;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made.
    #[error("cannot make the data folder {path}")]
    Folder {
        /// The data folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process owns the data folder.
    #[error(transparent)]
    Lock(#[from] FolderLockError),
    /// A database does not open.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The event store does not open.
    #[error(transparent)]
    Events(#[from] crate::store::place::OpenError),
    /// The URL of the events names no place.
    #[error("store.url is wrong: {0}")]
    Place(#[from] PlaceError),
    /// The key-encryption key does not read.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The signing key does not read.
    #[error("{path} does not hold a signing key: 64 hexadecimal digits; `subject-record init` makes one")]
    SigningKey {
        /// Which file.
        path: PathBuf,
    },
    /// The signing key is not that of the log.
    #[error("the signing key is not the one this log was opened with: set paths.signing_key to that one")]
    OtherSigningKey,
    /// The name of the log does not do.
    #[error(
        "notary.origin is {0:?}: it should be 1 to 64 letters, digits or . _ : / # - and look like no IIN, phone number or e-mail address"
    )]
    Origin(String),
    /// Who looks from outside is not set rightly.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The read models do not open.
    #[error(transparent)]
    Projector(#[from] crate::projector::OpenError),
    /// Events are shared by instances, and keys are not.
    #[error(
        "store.url is a PostgreSQL database and vault.url is not: several instances share the events, so they have to share the keys; set vault.url"
    )]
    KeysInFile,
    /// Files that the lock of the data folder does not guard.
    #[error(
        "store.url names a path: a service keeps its files in paths.data, so set that, and store.url to sqlite:"
    )]
    EventsElsewhere,
    /// There is no such place for keys.
    #[error("vault.url should be sqlite: (a file in the data folder) or postgres://role@host:5432/database")]
    KeysPlace,
    /// Keys lie where the events do.
    #[error(
        "vault.url is in the same PostgreSQL cluster as store.url, so that one base backup holds keys and boxes: put the keys into another cluster, or accept that with vault.shares_cluster = true"
    )]
    SharedCluster,
    /// Another instance does not come to an end with opening the log.
    #[error(
        "another instance has been opening the log for half a minute: see what it waits for, and start again"
    )]
    OthersOpening,
    /// Threads cannot be started.
    #[error("threads cannot be started")]
    Threads(#[source] std::io::Error),
    /// A token does not read.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first event is none that opens a log.
    #[error("the first event of the store does not open a log: this is no data folder of subject-record")]
    NoLog,
    /// The operator's BIN does not read.
    #[error("operator.bin is no BIN of twelve digits: set it in the settings")]
    OperatorBin,
    /// The first event could not be written.
    #[error("the log could not be opened: {0}")]
    Opening(Refusal),
    /// There is no log, and none was asked for.
    #[error("there is no log here yet: subject-record serve opens one")]
    NotOpened,
    /// The parts of a data folder do not belong together.
    #[error(transparent)]
    Unsound(#[from] UnsoundError),
    /// An erasure that a crash cut short could not be finished.
    #[error("an erasure that was cut short could not be finished")]
    Erasure(#[from] EraseError),
}

/// Why the parts of a data folder do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum UnsoundError {
    /// A secret lies inside the data folder, and so in its backups.
    #[error(
        "{secret} lies inside the data folder {data}, where every backup takes it along: move it out and say where with paths.kek or paths.signing_key"
    )]
    SecretInData {
        /// The secret's file.
        secret: PathBuf,
        /// The data folder.
        data: PathBuf,
    },
    /// Keys of people without any event.
    #[error(
        "keys.db knows people and events.db holds no event: events were lost, or this is the wrong folder; put back the events, or set paths.data"
    )]
    EventsLost,
    /// Boxes without any key.
    #[error(
        "events.db holds sealed boxes and keys.db no key: the keys were lost, or this is the wrong folder; put back keys.db, or set paths.data"
    )]
    KeysLost,
    /// A person is erased in the key file and not in the log.
    #[error(
        "keys.db says that {stream} was erased and events.db does not: events.db was rolled back; put back the newest copy of it"
    )]
    RolledBack {
        /// The person's stream.
        stream: String,
    },
    /// People are erased by the word of an anchor, and not in the log.
    #[error(
        "an anchor knows {missing} erased people whom events.db does not: events.db was rolled back, and they would come back; put back the newest copy of it"
    )]
    ErasedOutside {
        /// How many.
        missing: usize,
    },
    /// Keys wrapped under another key-encryption key.
    #[error(
        "keys.db is wrapped under the key-encryption key {wanted} and paths.kek holds {given}: set paths.kek to that one"
    )]
    OtherKek {
        /// Id of the one that is needed.
        wanted: String,
        /// Id of the one that is there.
        given: String,
    },
    /// The event store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file failed.
    #[error(transparent)]
    Keys(#[from] VaultError),
}
