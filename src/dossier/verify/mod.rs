//! Checks a dossier's evidence, with no network, server, database or secret (`docs/evidence-format.md`).
//!
//! Five axes, each with a verdict of its own, because each rests on other things: bytes, history, completeness,
//! witness, time. A fault counts on the axis whose claim it breaks, so that the others still say what they can.
//!
//! Invariants:
//! - **Nothing here reads a clock, a file or a network**, but for [`unpack`], which reads the file it is told to.
//! - **Nothing is trusted because it stands in the dossier.** Without a key from outside, history does not hold.

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::Position;

use super::evidence::KEY_FILE;
use crate::notary::note::VerifierKey;

mod bytes;
mod completeness;
mod files;
mod history;
mod reading;
mod require;
mod table;
mod time;
pub mod unpack;
mod verdict;
mod witness;

#[cfg(test)]
mod tests;

pub use require::{Requirement, RequirementError, Requirements};
pub use table::table;
pub use unpack::Attachments;
pub use verdict::{Axis, Fault, Level, Verdict};

use reading::Reading;
use verdict::Finding;

/// What the one who verifies holds from elsewhere, and believes.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The log's key. Without it the key inside is used, and history does not hold.
    pub log_key: Option<VerifierKey>,
    /// Keys of witnesses: they saw that the log only grows.
    pub witnesses: Vec<VerifierKey>,
    /// Keys of mirrors: witnesses that read every entry and derived the heads of all streams again.
    pub mirrors: Vec<VerifierKey>,
    /// Texts of checkpoint notes that were kept outside.
    pub anchors: Vec<String>,
}

/// Checks the answer of a time-stamping authority (RFC 3161) against the SHA-256 that was stamped: the time in it,
/// or why it does not hold.
pub type StampChecker<'a> = dyn Fn(&[u8], [u8; 32]) -> Result<DateTime<Utc>, String> + 'a;

/// What was found about a dossier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// What the dossier calls itself, as far as it could be read.
    pub dossier: Option<Named>,
    /// One for each axis, in the order of [`Axis::ALL`].
    pub verdicts: Vec<Verdict>,
}

/// What a dossier calls itself. None of this is proven by being here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its id.
    pub dossier_id: String,
    /// The person it is about.
    pub subject: String,
    /// Id of the log.
    pub log_id: String,
    /// Origin of the log.
    pub origin: String,
    /// Entries under its newest checkpoint.
    pub checkpoint_size: u64,
    /// Root of that checkpoint, in hexadecimal.
    pub checkpoint_root: String,
}

impl Verdicts {
    /// The verdict on one axis.
    #[must_use]
    pub fn on(&self, axis: Axis) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.axis == axis)
    }
}

/// Checks everything that the attachments allow. Pure: the same arguments give the same verdicts.
///
/// `stamps` checks the answers of time-stamping authorities; without it they are counted and not believed.
#[must_use]
pub fn verify(attachments: &Attachments, trust: &Trust, stamps: Option<&StampChecker<'_>>) -> Verdicts {
    let mut bytes = Finding::default();
    let manifest = files::check(attachments, &mut bytes);
    let dossier = manifest.as_ref().map(|manifest| Named {
        dossier_id: manifest.dossier_id.clone(),
        subject: manifest.subject.clone(),
        log_id: manifest.log_id.clone(),
        origin: manifest.origin.clone(),
        checkpoint_size: manifest.checkpoint.size,
        checkpoint_root: manifest.checkpoint.root.clone(),
    });
    let reading = match Reading::of(attachments, manifest.as_ref()) {
        Ok(reading) => reading,
        Err(error) => {
            bytes.fault(None, "evidence_unreadable", error.clone());
            let unread = |axis: Axis| {
                let mut finding = Finding::default();
                finding.fault(None, "evidence_unreadable", error.clone());
                finding.verdict(axis, axis.lowest(), false)
            };
            let mut verdicts: Vec<Verdict> = Axis::ALL.into_iter().map(unread).collect();
            verdicts[0] = bytes.verdict(Axis::Bytes, Level::Altered, false);
            return Verdicts { dossier, verdicts };
        }
    };
    bytes::check(&reading, attachments.get(KEY_FILE), &mut bytes);
    let intact = bytes.is_sound();
    let (history, proven) = history::check(&reading, trust);
    let mut verdicts = vec![
        bytes.verdict(Axis::Bytes, if intact { Level::Intact } else { Level::Altered }, intact),
        history,
        completeness::check(&reading, trust, &proven),
        witness::check(&reading, trust, &proven),
        time::check(&reading, attachments, stamps, &proven),
    ];
    let withdrawn: Vec<Position> =
        reading.evidence.entries.iter().filter(|entry| entry.withdrawn).map(|entry| entry.position).collect();
    if !withdrawn.is_empty() {
        let told = format!(
            "the bytes of {} were withdrawn: the leaf hash stands, what was said cannot be read",
            verdict::positions(&withdrawn)
        );
        verdicts.iter_mut().for_each(|verdict| verdict.details.push(told.clone()));
    }
    Verdicts { dossier, verdicts }
}
