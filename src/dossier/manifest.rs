//! `manifest.json`: what a dossier is, for whom it was made, and the hash of every other attachment.
//!
//! Who asked and why is the operator's word and stands in no log; the verifier only holds it against the pages
//! (`report.json`). Log, checkpoint and files are held against the evidence.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subject_record_schemas::Position;
use subject_record_schemas::vocabulary::{AccessPurpose, EvidenceAsker, Language};

use super::evidence::{EvidenceError, check_format};
use super::report::Values;

/// Name of the attachment with the manifest, the only one that the manifest does not list.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Most attachments of one dossier.
pub const FILES_MAX: usize = 20_000;

/// The whole of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`](super::evidence::FORMAT).
    pub format: String,
    /// The dossier's id, as in its `evidence.exported.v1`.
    pub dossier_id: String,
    /// Program and version that made it.
    pub made_by: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Id of the log.
    pub log_id: String,
    /// Origin of the log's checkpoints.
    pub origin: String,
    /// The person it is about, by the platform's opaque id.
    pub subject: String,
    /// Who asked and why.
    pub case: Case,
    /// What was asked for.
    pub scope: Scope,
    /// The newest checkpoint, in short.
    pub checkpoint: CheckpointSummary,
    /// Every other attachment, sorted by name.
    pub files: Vec<FileEntry>,
}

/// Who asked for a dossier, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Who asked.
    pub asked_by: EvidenceAsker,
    /// The provision it is asked under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_ref: Option<String>,
    /// What for.
    pub purpose: AccessPurpose,
    /// Reference of the case or request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_ref: Option<String>,
}

/// What part of the record a dossier shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// State as it was at this instant, by `time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Nothing after this position is shown.
    pub known_at: Position,
    /// Only what happened in this period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Only these groups of the catalogue; all when empty.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What became of personal values.
    pub values: Values,
    /// Language of the pages.
    pub locale: Language,
}

/// A period, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// From.
    pub from: DateTime<Utc>,
    /// To.
    pub to: DateTime<Utc>,
}

/// A checkpoint in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointSummary {
    /// Entries under it.
    pub size: u64,
    /// Root hash in hexadecimal.
    pub root: String,
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name, folder included.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its media type, as [`media_type`] gives it.
    pub media_type: String,
}

impl FileEntry {
    /// The line of the manifest for an attachment.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            sha256: hex::encode(Sha256::digest(bytes)),
            bytes: bytes.len() as u64,
            media_type: media_type(name).to_owned(),
        }
    }
}

/// Media type of an attachment, by the ending of its name.
#[must_use]
pub fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("json") => "application/json",
        Some("jsonl") => "application/x-ndjson",
        Some("txt") => "text/plain",
        Some("tsr") => "application/timestamp-reply",
        _ => "application/octet-stream",
    }
}

impl Manifest {
    /// Reads `manifest.json`.
    ///
    /// # Errors
    /// [`EvidenceError`], saying what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let file = MANIFEST_FILE;
        check_format(file, bytes)?;
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|source| EvidenceError::Malformed { file, source })?;
        let found = manifest.files.len();
        if found > FILES_MAX {
            return Err(EvidenceError::TooMany { file, what: "attachments", found, limit: FILES_MAX });
        }
        Ok(manifest)
    }

    /// Its bytes, the same for the same manifest, and readable by people.
    ///
    /// # Errors
    /// Never for a manifest built from this crate's types; the signature is serde's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
