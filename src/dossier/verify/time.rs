//! Axis *time*: since when the entries cannot have been made up, by a time-stamping authority (RFC 3161).

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::history::{Proven, Standing};
use super::reading::Reading;
use super::verdict::{Axis, Finding, Level, Verdict};
use super::{Attachments, StampChecker};
use crate::dossier::evidence::{EntryEvidence, StampEvidence, StreamRole, TIMESTAMP_PREFIX};
use crate::notary::checkpoint::SignedCheckpoint;

pub(super) fn check(
    reading: &Reading<'_>,
    attachments: &Attachments,
    stamps: Option<&StampChecker<'_>>,
    proven: &Proven,
) -> Verdict {
    let mut found = Finding::default();
    let told = &reading.evidence.timestamps;
    let mut stamped: Vec<(DateTime<Utc>, u64)> = Vec::new();
    match stamps {
        None if told.is_empty() => {
            found.detail("no time-stamps: times are the word of emitters and operator")
        }
        None => found.detail(format!(
            "{} time-stamps are not checked: no certificate of an authority was given",
            told.len()
        )),
        Some(checker) => {
            for stamp in told {
                match one(stamp, attachments, checker, proven) {
                    Ok((at, size)) => {
                        found.detail(format!(
                            "{} stamped size {size} at {}: before then there were {}",
                            stamp.authority,
                            at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                            reading.covered(size),
                        ));
                        stamped.push((at, size));
                    }
                    Err((code, text)) => found.fault(None, code, text),
                }
            }
            if told.is_empty() {
                found.detail("no time-stamps: times are the word of emitters and operator");
            }
        }
    }
    let largest = stamped.iter().map(|(_, size)| *size).max();
    let holds = found.is_sound() && largest.is_some_and(|size| covers_person(reading, size));
    let level = match (found.is_sound(), largest) {
        (false, _) => Level::Broken,
        (true, None) => Level::Asserted,
        (true, Some(_)) => Level::Stamped,
    };
    found.verdict(Axis::Time, level, holds)
}

/// Time of a stamp and size of the tree under it.
fn one(
    stamp: &StampEvidence,
    attachments: &Attachments,
    checker: &StampChecker<'_>,
    proven: &Proven,
) -> Result<(DateTime<Utc>, u64), (&'static str, String)> {
    let checkpoint = SignedCheckpoint::parse(&stamp.checkpoint)
        .map_err(|error| ("stamped_unreadable", format!("what {} stamped: {error}", stamp.authority)))?;
    let size = checkpoint.checkpoint.size;
    if proven.standing(&checkpoint.checkpoint) != Standing::Same {
        let text =
            format!("what {} stamped, of size {size}, is no checkpoint of this history", stamp.authority);
        return Err(("stamped_another", text));
    }
    let answer = attachments
        .get(&stamp.file)
        .filter(|_| stamp.file.starts_with(TIMESTAMP_PREFIX))
        .ok_or_else(|| ("stamp_missing", format!("the time-stamp {:?} is not attached", stamp.file)))?;
    let imprint = Sha256::digest(checkpoint.note.text()).into();
    let at = checker(answer, imprint).map_err(|error| {
        ("stamp_wrong", format!("the time-stamp {:?} does not hold: {error}", stamp.file))
    })?;
    Ok((at, size))
}

/// Whether a tree of this size holds all that is shown of the person. Looks and commitments go on for ever: the
/// very making of a dossier adds some.
fn covers_person(reading: &Reading<'_>, size: u64) -> bool {
    let is_person = |entry: &&EntryEvidence| {
        let mut streams = reading.evidence.streams.iter();
        streams.any(|stream| stream.role == StreamRole::Subject && stream.stream == entry.stream)
    };
    reading.evidence.entries.iter().filter(is_person).all(|entry| entry.index < size)
}
