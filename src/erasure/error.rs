//! Why a person was not erased.

use crate::error::{self, Code};
use crate::intake::Refusal;
use crate::store::StoreError;
use crate::timeline::TimelineError;
use crate::vault::VaultError;

/// Why a person was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// No event names this person.
    #[error("no event names this person")]
    Unknown,
    /// An event of the erasure could not be appended.
    #[error(transparent)]
    Append(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The stream does not read.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

impl EraseError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown => error::NOT_FOUND,
            Self::Append(refusal) => refusal.code(),
            Self::Store(StoreError::NotScrubbed) | Self::Vault(VaultError::NotScrubbed) => {
                error::NOT_SCRUBBED
            }
            Self::Store(_) | Self::Timeline(_) => error::STORE_FAULT,
            Self::Vault(_) => error::VAULT_FAULT,
        }
    }
}
