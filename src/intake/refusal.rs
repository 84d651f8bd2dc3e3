//! Why an event was not recorded.

use subject_record_schemas::Revision;

use crate::error::{self, Code};
use crate::store::{AppendError, StoreError};
use crate::vault::VaultError;

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// JSON pointer to what is at fault.
    pub pointer: String,
    /// What it should be. Never repeats a value.
    pub detail: String,
}

/// Why an event was not recorded. Nothing of it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not JSON.
    #[error("the document is not JSON: {0}")]
    NotJson(String),
    /// Not a CloudEvent.
    #[error("the document is not a CloudEvent 1.0: {0}")]
    NotCloudEvent(&'static str),
    /// No such type.
    #[error("there is no event type of this name")]
    UnknownType,
    /// All faults against the type's schema.
    #[error("{} fault(s) against the schema of the type", .0.len())]
    Invalid(Vec<Fault>),
    /// Its time lies ahead.
    #[error("time lies more than five minutes ahead of this service's clock")]
    FromTheFuture,
    /// Only the service writes this type.
    #[error("events of this type are written by the service alone")]
    ReservedType,
    /// The role does not write this type.
    #[error("the role {0} does not write events of this type")]
    RoleForbids(crate::caller::Role),
    /// The token does not own the source.
    #[error("the token does not own this source")]
    ForeignSource,
    /// An atomic batch about more than one stream.
    #[error("an atomic batch is about one subject")]
    SeveralStreams,
    /// A second registration.
    #[error("the person is registered already")]
    AlreadyRegistered,
    /// Same source and id, other content.
    #[error("an event of this source and id has other content")]
    OtherContent,
    /// Personal data for an erased person.
    #[error("the person was erased: send the event without data.personal, and it is recorded")]
    Erased,
    /// The stream ends elsewhere.
    #[error("the stream ends at {}", .actual.map_or_else(|| "no event".into(), |r| r.to_string()))]
    WrongRevision {
        /// Where it ends.
        actual: Option<Revision>,
    },
    /// An event of the same name was recorded meanwhile, over and over.
    #[error("events of the same names keep coming in; send again")]
    NameTaken,
    /// Too long.
    #[error("the stored form has {bytes} bytes; 65535 is the most")]
    TooLarge {
        /// Bytes of the stored form.
        bytes: usize,
    },
    /// More events than can be recorded all or nothing.
    #[error("{events} events; at most {max} can be recorded all or nothing")]
    TooMany {
        /// Events sent.
        events: usize,
        /// Events of one commit.
        max: usize,
    },
    /// More bytes than the engine records all or nothing.
    #[error("{bytes} bytes; at most {max} can be recorded all or nothing here: send fewer events at once")]
    TooLargeTogether {
        /// Bytes of all events as they would be stored.
        bytes: usize,
        /// Bytes of one commit.
        max: usize,
    },
    /// Too much is waiting.
    #[error("too much is waiting to be written")]
    QueueFull,
    /// The service is stopping.
    #[error("the service is stopping")]
    Closing,
    /// The clock leapt.
    #[error("the service's clock leapt")]
    ClockLeapt,
    /// The store failed.
    #[error("the event store failed")]
    Store,
    /// The vault failed.
    #[error("the keys cannot be read or written")]
    Vault,
    /// Sealed data exists and its key does not.
    #[error("the person's key is missing although sealed data exists")]
    KeyLost,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotJson(_) => error::NOT_JSON,
            Self::NotCloudEvent(_) => error::NOT_CLOUDEVENT,
            Self::UnknownType => error::UNKNOWN_TYPE,
            Self::Invalid(_) => error::INVALID,
            Self::FromTheFuture => error::FROM_THE_FUTURE,
            Self::ReservedType => error::RESERVED_TYPE,
            Self::RoleForbids(_) => error::FORBIDDEN,
            Self::ForeignSource => error::FOREIGN_SOURCE,
            Self::SeveralStreams => error::BAD_REQUEST,
            Self::AlreadyRegistered => error::ALREADY_REGISTERED,
            Self::OtherContent => error::OTHER_CONTENT,
            Self::Erased => error::ERASED,
            Self::WrongRevision { .. } => error::WRONG_REVISION,
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::TooLargeTogether { .. } => error::TOO_LARGE,
            Self::QueueFull | Self::NameTaken => error::QUEUE_FULL,
            Self::Closing => error::DRAINING,
            Self::ClockLeapt => error::CLOCK_LEAPT,
            Self::Store => error::STORE_FAULT,
            Self::Vault => error::VAULT_FAULT,
            Self::KeyLost => error::KEY_LOST,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the event store failed");
        Self::Store
    }
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the vault failed");
        Self::Vault
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { actual } => Self::WrongRevision { actual },
            AppendError::AlreadyRegistered => Self::AlreadyRegistered,
            AppendError::Fenced => Self::Erased,
            AppendError::NameTaken => Self::NameTaken,
            AppendError::TooLarge { bytes } => Self::TooLarge { bytes },
            AppendError::TooMany { events, max } => Self::TooMany { events, max },
            AppendError::TooLargeTogether { bytes, max } => Self::TooLargeTogether { bytes, max },
            AppendError::ClockLeapt => Self::ClockLeapt,
            AppendError::QueueFull => Self::QueueFull,
            AppendError::Closing => Self::Closing,
            AppendError::Store(error) => error.into(),
        }
    }
}
