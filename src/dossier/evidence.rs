//! `evidence.json`: what a verifier needs besides the events themselves (`docs/evidence-format.md`).
//!
//! Hashes of leaves and roots are hexadecimal, hashes inside proofs standard base64, as the C2SP texts write them.
//! Members that a reader does not know are ignored; the format string says whether it may read on at all.

use serde::{Deserialize, Serialize};
use subject_record_schemas::{LeafHash, Position};

use crate::notary::heads::HeadProof;

/// What `format` says in `evidence.json` and in `manifest.json`.
pub const FORMAT: &str = "subject-record/evidence@v1";
/// Name of the attachment with the evidence.
pub const EVIDENCE_FILE: &str = "evidence.json";
/// Name of the attachment with the exact bytes of each event, one a line.
pub const EVENTS_FILE: &str = "events.jsonl";
/// Name of the attachment with what the pages print.
pub const REPORT_FILE: &str = "report.json";
/// Name of the attachment with the log's verifier key.
pub const KEY_FILE: &str = "verifier-key.txt";
/// How the names of published texts begin; their SHA-256 follows. No name has a slash: `pdfdetach -saveall` makes no
/// folders, and stops at a name that needs one.
pub const TEXT_PREFIX: &str = "text-";
/// How the names of RFC 3161 answers begin; the size of the checkpoint that was stamped follows.
pub const TIMESTAMP_PREFIX: &str = "timestamp-";

/// Most entries of one dossier: one person's events, and looks at them, with room to spare.
pub const ENTRIES_MAX: usize = 1_000_000;
/// Most streams of one dossier.
pub const STREAMS_MAX: usize = 10_000;
/// Most older checkpoints, and most time-stamps, of one dossier.
pub const CHECKPOINTS_MAX: usize = 10_000;

/// The whole of `evidence.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Always [`FORMAT`].
    pub format: String,
    /// The log that the events stand in.
    pub log: LogEvidence,
    /// Newest checkpoint (C2SP tlog-checkpoint), with all signatures known when the dossier was made.
    pub checkpoint: String,
    /// One for each line of [`EVENTS_FILE`], by position.
    pub entries: Vec<EntryEvidence>,
    /// Which commitment to the ends of all streams the proofs of [`Evidence::streams`] lead to.
    pub heads: HeadsEvidence,
    /// Every stream that an entry stands in, or that is proven to be empty.
    pub streams: Vec<StreamEvidence>,
    /// Checkpoints published earlier, each proven to be a beginning of the newest.
    #[serde(default)]
    pub history: Vec<OlderCheckpoint>,
    /// Time-stamps over checkpoints.
    #[serde(default)]
    pub timestamps: Vec<StampEvidence>,
}

/// A log, by its own words. A verifier takes the key from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvidence {
    /// Its id, 32 hexadecimal digits.
    pub log_id: String,
    /// First line of its checkpoints, and name of its key.
    pub origin: String,
    /// Its key as a C2SP vkey.
    pub verifier_key: String,
    /// Whether the engine that holds it now gives positions with gaps, so that a position says nothing of an index.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub position_gaps: bool,
}

/// One event: where it stands, and the proof that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryEvidence {
    /// Place in the store.
    pub position: Position,
    /// Place among the leaves of the tree, from 0.
    pub index: u64,
    /// Name of its stream.
    pub stream: String,
    /// Place in its stream, from 0.
    pub revision: u64,
    /// `SHA-256(0x00 ‖ bytes)` of its line.
    pub leaf_hash: LeafHash,
    /// `c2sp.org/tlog-proof@v1` against the checkpoint of the evidence.
    pub proof: String,
    /// Whether its bytes were withdrawn: its line is then empty, and the leaf hash is all that is left of it.
    #[serde(default)]
    pub withdrawn: bool,
    /// Openings of its personal members (RFC 9901, section 4.2.1). None once they are erased, or when withheld.
    #[serde(default)]
    pub openings: Vec<String>,
}

/// The event that committed to the ends of all streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsEvidence {
    /// Its position; it is one of the entries.
    pub position: Position,
    /// Last position that it takes into account: completeness is proven up to here, never further.
    pub at_position: Position,
    /// Root over all streams' ends, as it says, in hexadecimal.
    pub root: LeafHash,
}

/// What a stream is in a dossier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamRole {
    /// What happened with a person's data: complete, or with declared gaps.
    Subject,
    /// Who looked at a person's data: likewise.
    Access,
    /// Only some of its events are shown, because others refer to them. No claim of completeness.
    Cited,
}

/// A stream's end, with the proof that it is its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamEvidence {
    /// Its name.
    pub stream: String,
    /// What it is here.
    pub role: StreamRole,
    /// Revision of its last event up to [`HeadsEvidence::at_position`]; absent when it has none until there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Leaf hash of that event; absent together with the revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_hash: Option<LeafHash>,
    /// Revisions that the dossier does not show.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// The bucket of the heads map that the stream stands in, or would stand in. A cited stream needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<HeadProof>,
}

/// Revisions that are not shown, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// First revision not shown.
    pub from: u64,
    /// Last revision not shown.
    pub to: u64,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why events are not shown. This is the operator's word: what is not shown cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// Outside the period that was asked for.
    Period,
    /// Of another group of the catalogue than those asked for.
    Group,
}

impl LeftOutReason {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Group => "group",
        }
    }
}

/// A checkpoint published before the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OlderCheckpoint {
    /// The note as it was published, cosignatures included.
    pub checkpoint: String,
    /// Consistency proof to the newest checkpoint (RFC 9162, section 2.1.4), hashes in base64.
    pub consistency: Vec<String>,
}

/// A time-stamp over a checkpoint (RFC 3161).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampEvidence {
    /// The note that was stamped: the newest checkpoint, or one of the older ones.
    pub checkpoint: String,
    /// The authority's configured name.
    pub authority: String,
    /// The attachment that holds its answer.
    pub file: String,
}

/// Bytes that are no evidence of this format.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Not JSON, or not of the shape.
    #[error("{file} does not read as the format describes it: {source}")]
    Malformed {
        /// Which attachment.
        file: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Another format, or another version of it.
    #[error("{file} is of the format {found:?}; this verifier reads {FORMAT:?}")]
    Format {
        /// Which attachment.
        file: &'static str,
        /// What it says.
        found: String,
    },
    /// More than a verifier is willing to read.
    #[error("{file} names {found} {what}; at most {limit} are read")]
    TooMany {
        /// Which attachment.
        file: &'static str,
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl Evidence {
    /// Reads `evidence.json`.
    ///
    /// # Errors
    /// [`EvidenceError`], saying what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let file = EVIDENCE_FILE;
        let malformed = |source| EvidenceError::Malformed { file, source };
        check_format(file, bytes)?;
        let evidence: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        for (what, found, limit) in [
            ("entries", evidence.entries.len(), ENTRIES_MAX),
            ("streams", evidence.streams.len(), STREAMS_MAX),
            ("older checkpoints", evidence.history.len(), CHECKPOINTS_MAX),
            ("time-stamps", evidence.timestamps.len(), CHECKPOINTS_MAX),
        ] {
            if found > limit {
                return Err(EvidenceError::TooMany { file, what, found, limit });
            }
        }
        Ok(evidence)
    }

    /// Its bytes, the same for the same evidence.
    ///
    /// # Errors
    /// Never for evidence built from this crate's types; the signature is serde's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// The format is looked at before the shape, so that a later version is named rather than called broken.
pub(super) fn check_format(file: &'static str, bytes: &[u8]) -> Result<(), EvidenceError> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
    }
    let head: Head =
        serde_json::from_slice(bytes).map_err(|source| EvidenceError::Malformed { file, source })?;
    if head.format == FORMAT { Ok(()) } else { Err(EvidenceError::Format { file, found: head.format }) }
}
