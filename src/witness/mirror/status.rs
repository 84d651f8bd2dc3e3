//! What a mirror is at, for whoever asks.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::audit::Audit;
use super::state::Refused;
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::VerifierKey;

/// What a mirror is at.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Its verifier key (C2SP signed-note, type 0x04).
    pub verifier_key: String,
    /// Origin of the log.
    pub origin: String,
    /// Whether it reads every entry: always, for a mirror.
    pub reads_every_entry: bool,
    /// The newest checkpoint that it cosigned.
    pub cosigned: Option<Newest>,
    /// Entries it read so far; ahead of `cosigned` while it audits.
    pub entries: u64,
    /// Streams they stand in.
    pub streams: usize,
    /// Entries whose bytes were withdrawn.
    pub withdrawn: u64,
    /// Times that the log wrote down its heads and they were found right.
    pub heads_found_right: u64,
    /// Why nothing larger is cosigned any more.
    pub refused: Option<Refused>,
    /// What did not work the last time; it is tried again.
    pub last_failure: Option<Failure>,
    /// The newest cosigned checkpoint itself.
    #[serde(skip)]
    pub note: Option<SignedCheckpoint>,
}

/// A checkpoint that was cosigned.
#[derive(Clone, Debug, Serialize)]
pub struct Newest {
    /// Entries under it.
    pub size: u64,
    /// Its root, hexadecimal.
    pub root: String,
    /// When it was cosigned, in whole seconds; absent when another key did it.
    pub at: Option<DateTime<Utc>>,
}

/// Something that did not work.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub reason: String,
}

impl Status {
    pub(super) fn new(key: &VerifierKey, log_key: &VerifierKey) -> Self {
        Self {
            verifier_key: key.to_string(),
            origin: log_key.name().to_owned(),
            reads_every_entry: true,
            cosigned: None,
            entries: 0,
            streams: 0,
            withdrawn: 0,
            heads_found_right: 0,
            refused: None,
            last_failure: None,
            note: None,
        }
    }

    pub(super) fn audited(&mut self, audit: &Audit) {
        self.entries = audit.size();
        self.streams = audit.streams();
        self.withdrawn = audit.withdrawn;
        self.heads_found_right = audit.commitments;
    }

    pub(super) fn cosigned(&mut self, cosigned: Option<&SignedCheckpoint>, key: &VerifierKey) {
        self.cosigned = cosigned.map(|signed| Newest {
            size: signed.checkpoint.size,
            root: hex::encode(signed.checkpoint.root),
            at: signed.note.verify(key).ok().and_then(|verified| DateTime::from_timestamp(verified.at?, 0)),
        });
        self.note = cosigned.cloned();
    }
}
