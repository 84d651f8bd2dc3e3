//! The log itself: opened, keyed, committed to, stamped, annotated, restored. Written by the service.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{Bin, CheckDigit, IdentifierWarning};
use crate::ids::{Position, SubjectId};
use crate::reference::{Reference, TextHash};
use crate::types::hex::{LogId, PublicKeyHex};
use crate::types::{EXACT_INTEGER_MAX, EventKey, FreeText, OrganisationName, PostalAddress};
use crate::vocabulary::{
    AnnotationReason, Engine, EventWithdrawalReason, KeyKind, LookupKind, NationalIdKind, RestoredStore,
};

/// A log was opened: always its first event. A dossier reads from it who the operator is and where a court sits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogOpened {
    /// Id of the log, random and fixed for ever.
    pub log_id: LogId,
    /// The operator's BIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_bin: Option<Bin>,
    /// Where the events lie.
    pub engine: Engine,
    /// Name of the key that signs checkpoints (C2SP signed-note).
    pub verifier_key_name: Reference,
    /// That key.
    pub verifier_key: PublicKeyHex,
    /// Whether it is filled under a simulated clock; every page and dossier says so.
    pub simulated: bool,
    /// Seed of the simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub simulated_seed: Option<u64>,
    /// The log before it, if that one lost entries for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<LostLog>,
}

/// Personal members of `log.opened.v1`: a sole proprietor's name and address are a person's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct LogOpenedPersonal {
    /// The operator's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<OrganisationName>,
    /// The operator's registered address: the venue (clause 5.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_address: Option<PostalAddress>,
}

/// A log that lost entries, and which: `kept_size` up to, not including, `checkpoint_size`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct LostLog {
    /// Its id.
    pub log_id: LogId,
    /// Entries under its newest signed checkpoint.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub checkpoint_size: u64,
    /// Root hash of that checkpoint (RFC 6962).
    pub checkpoint_root: TextHash,
    /// Entries that are left.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub kept_size: u64,
}

/// A key was replaced by a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRotated {
    /// What the key is for.
    pub kind: KeyKind,
    /// The old key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_key_id: Option<Reference>,
    /// The new key.
    pub new_key_id: Reference,
    /// Keys of people that were wrapped anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub keys_rewrapped: Option<u64>,
}

/// A key was destroyed: what only it could open stays shut, backups included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyDestroyed {
    /// What the key was for.
    pub kind: KeyKind,
    /// The key.
    pub key_id: Reference,
    /// The key that replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Reference>,
    /// Where a copy of it is still known to lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub copies_left: Vec<Reference>,
}

/// The root over the heads of all streams was written into the log, so that none can be cut short unseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamHeadsCommitted {
    /// Root hash over the 65,536 buckets of heads.
    pub root: TextHash,
    /// Streams under it.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub streams: u64,
    /// Last position it takes into account.
    pub at_position: Position,
}

/// An outside authority stamped a checkpoint (RFC 3161).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimestampObtained {
    /// Entries under the checkpoint.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub checkpoint_size: u64,
    /// Root hash of the checkpoint (RFC 6962).
    pub checkpoint_root: TextHash,
    /// Configured name of the authority.
    pub authority: Reference,
    /// SHA-256 of the token.
    pub token_hash: TextHash,
    /// Time in the token.
    pub stamped_at: DateTime<Utc>,
}

/// An IIN or BIN was checked as it came in: a fact without the number, so that pure code can use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentifierChecked {
    /// Which number.
    pub which: NationalIdKind,
    /// Event that carried it.
    pub event: EventKey,
    /// How its last digit stands to the others.
    pub check_digit: CheckDigit,
    /// Oddities that do not make it wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub warnings: Vec<IdentifierWarning>,
}

/// Two people were found to share an identifier: a fact without the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentifierMatched {
    /// Which identifier.
    pub kind: LookupKind,
    /// The other person.
    pub other_subject: SubjectId,
}

/// A mistaken or unclear event was explained. The event itself stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventAnnotated {
    /// Event that is explained.
    pub event: EventKey,
    /// Its position.
    pub position: Position,
    /// Why.
    pub reason: AnnotationReason,
}

/// Personal members of `event.annotated.v1`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct EventAnnotatedPersonal {
    /// Explanation in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<FreeText>,
}

/// The bytes of an event were withdrawn; position, sequence and hashes stay.
///
/// Named by position only: its id or source may be what had to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventWithdrawn {
    /// Its position.
    pub position: Position,
    /// Why.
    pub reason: EventWithdrawalReason,
    /// Two different people who decided it.
    #[schemars(length(min = 2, max = 2), extend("uniqueItems" = true))]
    pub decided_by: Vec<Reference>,
}

/// Stores were restored from a backup; every erasure since then was carried out again before anything opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupRestored {
    /// Name of the backup.
    pub backup_id: Reference,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// What was restored.
    #[schemars(length(min = 1, max = 4))]
    pub stores: Vec<RestoredStore>,
    /// Entries of the log after the restore.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub log_size: u64,
    /// Erasures carried out again.
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub erasures_reapplied: u64,
}
